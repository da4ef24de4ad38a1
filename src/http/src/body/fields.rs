//! Takes an object's fields one by one, noting everything that does not fit, and goes on.

use jiff::Timestamp;
use lendport_core::{Invalid, MoneyError, Personal, Pointer, parse_decimal};
use rust_decimal::Decimal;

use super::node::{KEPT_ERRORS_MAX, Node, shown};

/// An object being read. An absent field and `null` mean the same.
pub(crate) struct Fields<'n, 'b> {
    entries: &'n [(String, Node<'b>)],
    at: Pointer,
}

/// Spellings nearer than this count as a slip of the same word (0 to 1).
const SIMILAR: f64 = 0.84;

impl<'n, 'b> Fields<'n, 'b> {
    /// Opens an object, noting names that are not among `known`. Anything but an object is noted and read as empty.
    pub(crate) fn open(node: &'n Node<'b>, at: Pointer, known: &[&str], notes: &mut Invalid) -> Self {
        let entries: &[(String, Node<'b>)] = match node {
            Node::Object(entries) => entries,
            Node::Unreadable => &[],
            other => {
                wrong_type(&at, "an object", other, notes);
                &[]
            }
        };
        for (name, _) in entries.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            if notes.0.len() >= KEPT_ERRORS_MAX {
                break;
            }
            notes.note(&at.child(&shown(name)), "unknown_field", unknown(name, known));
        }
        Self { entries, at }
    }

    /// Where a field is.
    pub(crate) fn pointer(&self, name: &str) -> Pointer {
        self.at.child(name)
    }

    /// The value of a field that is neither absent, `null` nor unreadable.
    pub(crate) fn node(&self, name: &str) -> Option<&'n Node<'b>> {
        let (_, node) = self.entries.iter().find(|(known, _)| known == name)?;
        (!matches!(node, Node::Null | Node::Unreadable)).then_some(node)
    }

    /// True when the field is there and is `null`: in a change that means something else than leaving it out.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.entries.iter().any(|(known, node)| known == name && *node == Node::Null)
    }

    /// A string.
    pub(crate) fn text(&self, name: &str, notes: &mut Invalid) -> Option<String> {
        match self.node(name)? {
            Node::Text(text) => Some(text.clone()),
            other => {
                wrong_type(&self.pointer(name), "a string", other, notes);
                None
            }
        }
    }

    /// A string about a person.
    pub(crate) fn personal(&self, name: &str, notes: &mut Invalid) -> Option<Personal<String>> {
        self.text(name, notes).map(Personal::new)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &str, notes: &mut Invalid) -> Option<bool> {
        match self.node(name)? {
            Node::Bool(flag) => Some(*flag),
            other => {
                wrong_type(&self.pointer(name), "true or false", other, notes);
                None
            }
        }
    }

    /// A whole number written without fraction or exponent.
    pub(crate) fn count(&self, name: &str, notes: &mut Invalid) -> Option<u32> {
        let at = self.pointer(name);
        match self.node(name)? {
            Node::Number(digits) => {
                let unsigned = digits.strip_prefix('-').unwrap_or(digits);
                if !unsigned.bytes().all(|b| b.is_ascii_digit()) {
                    notes.note(&at, "not_whole", "must be a whole number, written without fraction or exponent");
                    return None;
                }
                let count = digits.parse().ok();
                if count.is_none() {
                    notes.note(&at, "out_of_range", "is out of range");
                }
                count
            }
            other => {
                wrong_type(&at, "a whole number", other, notes);
                None
            }
        }
    }

    /// An amount: a decimal string such as `"1370.00"`, or a JSON number, both read exactly.
    pub(crate) fn amount(&self, name: &str, notes: &mut Invalid) -> Option<Decimal> {
        let at = self.pointer(name);
        let read = match self.node(name)? {
            Node::Number(digits) => parse_decimal(digits),
            Node::Text(text) if text.contains(['e', 'E']) => Err(MoneyError::NotANumber),
            Node::Text(text) => parse_decimal(text),
            other => {
                wrong_type(&at, "a decimal string such as \"1370.00\" or a number", other, notes);
                return None;
            }
        };
        match read {
            Ok(amount) if amount.is_sign_negative() && !amount.is_zero() => {
                notes.note(&at, MoneyError::Negative.code(), MoneyError::Negative.to_string());
                None
            }
            Ok(amount) => Some(amount),
            Err(error) => {
                notes.note(&at, error.code(), error.to_string());
                None
            }
        }
    }

    /// A moment, RFC 3339.
    pub(crate) fn moment(&self, name: &str, notes: &mut Invalid) -> Option<Timestamp> {
        let text = self.text(name, notes)?;
        let moment = text.parse().ok();
        if moment.is_none() {
            notes.note(&self.pointer(name), "invalid_time", "use a moment such as 2026-11-21T09:30:00Z");
        }
        moment
    }

    /// One of a few words.
    pub(crate) fn word<T>(
        &self,
        name: &str,
        choices: &[&str],
        parse: impl Fn(&str) -> Option<T>,
        notes: &mut Invalid,
    ) -> Option<T> {
        let text = self.text(name, notes)?;
        let found = choices.contains(&text.as_str()).then(|| parse(&text)).flatten();
        if found.is_none() {
            let detail = format!("use one of {}", choices.join(", "));
            notes.note(&self.pointer(name), "unknown_choice", detail);
        }
        found
    }

    /// The elements of an array.
    pub(crate) fn list(&self, name: &str, notes: &mut Invalid) -> Option<&'n [Node<'b>]> {
        match self.node(name)? {
            Node::Array(items) => Some(items),
            other => {
                wrong_type(&self.pointer(name), "an array", other, notes);
                None
            }
        }
    }

    /// The entries of an object whose names are the caller's.
    pub(crate) fn map(&self, name: &str, notes: &mut Invalid) -> Option<&'n [(String, Node<'b>)]> {
        match self.node(name)? {
            Node::Object(entries) => Some(entries),
            other => {
                wrong_type(&self.pointer(name), "an object", other, notes);
                None
            }
        }
    }
}

/// Notes a value of another type.
pub(crate) fn wrong_type(at: &Pointer, wanted: &str, found: &Node<'_>, notes: &mut Invalid) {
    if *found != Node::Unreadable {
        notes.note(at, "wrong_type", format!("must be {wanted}, not {}", found.kind()));
    }
}

/// Says that a name is not known, with the one that was probably meant.
pub(crate) fn unknown(name: &str, known: &[&str]) -> String {
    // Longer names are never a slip of ours, and comparing them costs.
    let near = (name.chars().count() <= 40).then(|| nearest(name, known)).flatten();
    match near {
        Some(meant) => format!("is not known here; did you mean {meant}?"),
        None if known.is_empty() => "is not known here; no fields are".to_owned(),
        None => format!("is not known here; known are {}", known.join(", ")),
    }
}

fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = name.to_lowercase();
    let scored = known.iter().map(|candidate| (strsim::jaro_winkler(&lower, candidate), *candidate));
    scored.filter(|(score, _)| *score >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["unit_price", "quantity"];

    fn opened(body: &str, read: impl Fn(&Fields<'_, '_>, &mut Invalid)) -> Vec<(String, String)> {
        let mut notes = Invalid::none();
        let node = super::super::node::parse(body.as_bytes(), &mut notes).unwrap();
        read(&Fields::open(&node, Pointer::root(), KNOWN, &mut notes), &mut notes);
        notes.0.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn amounts_are_exact_and_strict() {
        for good in ["1.1", "\"1.10\"", "1e2", "0", "-0", "null"] {
            let body = format!(r#"{{"unit_price":{good}}}"#);
            assert_eq!(opened(&body, |fields, notes| _ = fields.amount("unit_price", notes)), [], "{good}");
        }
        for (wrong, code) in [
            ("1e400", "out_of_range"),
            ("\"1e2\"", "not_a_number"),
            ("\"NaN\"", "not_a_number"),
            ("\" 1\"", "not_a_number"),
            ("\"\"", "not_a_number"),
            ("-1", "negative"),
            ("true", "wrong_type"),
            ("[1]", "wrong_type"),
        ] {
            let body = format!(r#"{{"unit_price":{wrong}}}"#);
            let found = opened(&body, |fields, notes| _ = fields.amount("unit_price", notes));
            assert_eq!(found, [("/unit_price".to_owned(), code.to_owned())], "{wrong}");
        }
    }

    #[test]
    fn counts_are_whole() {
        for (wrong, code) in [
            ("1.5", "not_whole"),
            ("1e1", "not_whole"),
            ("-1", "out_of_range"),
            ("99999999999", "out_of_range"),
            ("\"1\"", "wrong_type"),
        ] {
            let body = format!(r#"{{"quantity":{wrong}}}"#);
            let found = opened(&body, |fields, notes| _ = fields.count("quantity", notes));
            assert_eq!(found, [("/quantity".to_owned(), code.to_owned())], "{wrong}");
        }
    }

    #[test]
    fn a_slip_is_recognised() {
        assert_eq!(unknown("unit_pirce", KNOWN), "is not known here; did you mean unit_price?");
        assert_eq!(unknown("unitPrice", KNOWN), "is not known here; did you mean unit_price?");
        assert_eq!(unknown("colour", KNOWN), "is not known here; known are unit_price, quantity");
    }
}
