//! Form bodies as parameters: `hosted_checkout[mode]=iframe` is a member of an object, `funding_sources[]=x` of a list.

use lendport_simulation::Json;

/// Deeper names than any documented call has.
const DEPTH_MAX: usize = 6;

/// Reads a form; `None` when a name is malformed or one name means two things.
pub(super) fn parse(body: &[u8]) -> Option<Json> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
    let mut root = Json::Object(Vec::new());
    for (name, value) in pairs {
        put(&mut root, &path(&name)?, value)?;
    }
    Some(root)
}

/// `a[b][]` as `a`, `b` and an empty step.
fn path(name: &str) -> Option<Vec<String>> {
    let (first, mut rest) = match name.find('[') {
        Some(place) => name.split_at_checked(place)?,
        None => (name, ""),
    };
    let mut steps = vec![first.to_owned()];
    while !rest.is_empty() {
        let (step, after) = rest.strip_prefix('[')?.split_once(']')?;
        steps.push(step.to_owned());
        rest = after;
    }
    (!first.is_empty() && steps.len() <= DEPTH_MAX).then_some(steps)
}

fn put(into: &mut Json, steps: &[String], value: String) -> Option<()> {
    let (step, rest) = steps.split_first()?;
    let listed = step.is_empty() || step.bytes().all(|b| b.is_ascii_digit());
    if let Json::List(entries) = into {
        // Forms number the entries of a list in order, or leave the number out.
        entries.push(Json::Text(value));
        return (listed && rest.is_empty()).then_some(());
    }
    let Json::Object(members) = into else { return None };
    let place = match members.iter().position(|(known, _)| known == step) {
        Some(place) => place,
        None => {
            let made = match rest.first() {
                None => Json::Null,
                Some(next) if next.bytes().all(|b| b.is_ascii_digit()) => Json::List(Vec::new()),
                Some(_) => Json::Object(Vec::new()),
            };
            members.push((step.clone(), made));
            members.len() - 1
        }
    };
    let (_, member) = members.get_mut(place)?;
    if rest.is_empty() {
        *member = Json::Text(value);
        return Some(());
    }
    put(member, rest, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest() {
        let body = b"checkout_id=12&hosted_checkout%5Bmode%5D=iframe&hosted_checkout[funding_sources][]=a\
                     &hosted_checkout[funding_sources][1]=b&short_description=a+b%26c&x=1&x=2";
        let read = parse(body).unwrap();
        assert_eq!(
            read.write(),
            r#"{"checkout_id":"12","hosted_checkout":{"mode":"iframe","funding_sources":["a","b"]},"short_description":"a b&c","x":"2"}"#
        );
    }

    #[test]
    fn what_means_two_things_is_refused() {
        for wrong in ["a=1&a[b]=2", "a[b=1", "[a]=1", "=1", "a[b]c=1", "a[][b]=1", "a[b][c][d][e][f][g]=1"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(parse(b"").unwrap().write(), "{}");
    }
}
