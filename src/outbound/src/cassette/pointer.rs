//! JSON Pointers with `*` for any one step, as used for volatile and kept fields.

/// A parsed pointer such as `/cart_items/*/sku`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PointerPattern(Vec<String>);

impl PointerPattern {
    /// Reads a pointer; the whole document and text without a leading slash are refused.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let body =
            text.strip_prefix('/').ok_or_else(|| format!("`{text}` is not a JSON Pointer: it must begin with /"))?;
        Ok(Self(body.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()))
    }

    pub(super) fn matches(&self, path: &[String]) -> bool {
        self.0.len() == path.len() && self.0.iter().zip(path).all(|(want, step)| want == "*" || want == step)
    }
}

/// The text form of a path.
pub(super) fn show(path: &[String]) -> String {
    path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[&str]) -> Vec<String> {
        steps.iter().map(|step| (*step).to_owned()).collect()
    }

    #[test]
    fn escapes_and_wildcards() {
        let plain = PointerPattern::parse("/a~1b/~0").unwrap();
        assert!(plain.matches(&path(&["a/b", "~"])));
        assert!(!plain.matches(&path(&["a/b"])));
        let any = PointerPattern::parse("/items/*/sku").unwrap();
        assert!(any.matches(&path(&["items", "7", "sku"])));
        assert!(!any.matches(&path(&["items", "sku"])));
        assert_eq!(show(&path(&["a/b", "~"])), "/a~1b/~0");
        assert!(PointerPattern::parse("").is_err() && PointerPattern::parse("a").is_err());
    }
}
