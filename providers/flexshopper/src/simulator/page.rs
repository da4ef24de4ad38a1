//! Pages of lists (flexshopper.md 4.6 and 4.17): `page` and `limit`, both at most 1,000.

use super::api::Call;
use super::errors::Refusal;
use lendport_simulation::Json;

/// The largest page and the largest number of one.
const MAX: usize = 1_000;
/// Entries of a page when nobody says.
const LIMIT: usize = 20;

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    number: usize,
    limit: usize,
}

/// The page that a call asks for.
pub(super) fn asked(call: &Call<'_>) -> Result<Page, Refusal> {
    Ok(Page {
        number: number("page", call.parameter("page"), 1)?,
        limit: number("limit", call.parameter("limit"), LIMIT)?,
    })
}

fn number(name: &str, given: Option<&str>, usual: usize) -> Result<usize, Refusal> {
    let Some(given) = given else { return Ok(usual) };
    match given.parse::<usize>() {
        Ok(0) => Err(Refusal::Invalid(format!("\"{name}\" must be larger than or equal to 1"))),
        Ok(number) if number > MAX => Err(Refusal::Invalid(format!("\"{name}\" must be less than or equal to {MAX}"))),
        Ok(number) => Ok(number),
        Err(_) => Err(Refusal::Invalid(format!("\"{name}\" must be a number"))),
    }
}

impl Page {
    /// The entries of this page, and `meta`.
    pub(super) fn cut<'a, T>(&self, all: &'a [T]) -> (&'a [T], Json) {
        let from = (self.number - 1).saturating_mul(self.limit).min(all.len());
        let to = from.saturating_add(self.limit).min(all.len());
        let meta = Json::object([
            ("count", all.len().into()),
            ("totalPages", all.len().div_ceil(self.limit).into()),
            ("page", self.number.into()),
            ("limit", self.limit.into()),
        ]);
        (all.get(from..to).unwrap_or_default(), meta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_and_counted() {
        let all = [1, 2, 3, 4, 5];
        let cut = |number, limit| {
            let (part, meta) = Page { number, limit }.cut(&all);
            (part.to_vec(), meta.write())
        };
        assert_eq!(cut(1, 2), (vec![1, 2], r#"{"count":5,"totalPages":3,"page":1,"limit":2}"#.to_owned()));
        assert_eq!(cut(3, 2).0, [5]);
        assert!(cut(4, 2).0.is_empty() && cut(1_000, 1_000).0.is_empty());
        assert_eq!(Page { number: 1, limit: 20 }.cut::<u8>(&[]).1.get("totalPages"), Some(&Json::from(0_u32)));
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!((number("page", None, 1), number("limit", Some("1000"), 20)), (Ok(1), Ok(1_000)));
        for wrong in ["0", "1001", "-1", "x", "1.5"] {
            assert!(number("page", Some(wrong), 1).is_err(), "{wrong}");
        }
    }
}
