//! What stands in a file for a value that was kept out: `<s:…>` for a string, `<u:…>` for an address, `<n:…>` for a
//! number.

use std::collections::HashMap;

use url::Url;

use super::number::same_number;
use crate::json::Json;

/// Hexadecimal digits in a token.
pub(super) const DIGITS: usize = 16;

/// The kind of a value behind a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Text,
    Url,
    Number,
}

impl TokenKind {
    /// The kind for a string: an adapter may have to use an address as one, so that it must stay one in playback.
    pub(super) fn of_text(text: &str) -> Self {
        let web = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if Url::parse(text).is_ok_and(web) { Self::Url } else { Self::Text }
    }

    pub(super) fn mark(self) -> char {
        match self {
            Self::Text => 's',
            Self::Url => 'u',
            Self::Number => 'n',
        }
    }
}

/// Recognises a token.
pub(super) fn kind_of(text: &str) -> Option<TokenKind> {
    let inner = text.strip_prefix('<')?.strip_suffix('>')?;
    let (mark, digits) = inner.split_once(':')?;
    let shape = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match (mark, shape) {
        ("s", true) => Some(TokenKind::Text),
        ("u", true) => Some(TokenKind::Url),
        ("n", true) => Some(TokenKind::Number),
        _ => None,
    }
}

/// Which value each token has stood for so far: equal tokens must keep standing for equal values.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings(HashMap<String, Json>);

impl Bindings {
    /// Compares a value with a token, and remembers it when the token is new.
    pub(super) fn accept(&mut self, token: &str, kind: TokenKind, got: &Json) -> bool {
        let right_kind = match got {
            Json::Text(text) => kind == TokenKind::Text || kind == TokenKind::of_text(text),
            Json::Number(_) => kind == TokenKind::Number,
            _ => false,
        };
        match (right_kind, self.0.get(token)) {
            (false, _) => false,
            (true, None) => {
                self.0.insert(token.to_owned(), got.clone());
                true
            }
            (true, Some(Json::Number(before))) => matches!(got, Json::Number(now) if same_number(before, now)),
            (true, Some(before)) => before == got,
        }
    }

    /// Puts known values back in place of their tokens, so that an echo in a recorded answer is a true echo. An address
    /// that nobody knows becomes one that leads nowhere.
    pub(super) fn fill(&self, json: &Json) -> Json {
        match json {
            Json::Text(text) => match (self.0.get(text), kind_of(text)) {
                (Some(known), _) => known.clone(),
                (None, Some(TokenKind::Url)) => {
                    let digits = text.trim_matches(|c: char| !c.is_ascii_hexdigit());
                    Json::Text(format!("https://recorded.invalid/{digits}"))
                }
                (None, _) => json.clone(),
            },
            Json::Array(items) => Json::Array(items.iter().map(|item| self.fill(item)).collect()),
            Json::Object(members) => {
                Json::Object(members.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect())
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_for_one_value_of_its_kind() {
        let mut bindings = Bindings::default();
        let token = "<s:0123456789abcdef>";
        assert_eq!(kind_of(token), Some(TokenKind::Text));
        let text = |text: &str| Json::Text(text.to_owned());
        assert!(!bindings.accept(token, TokenKind::Text, &Json::Number("1".to_owned())));
        assert!(bindings.accept(token, TokenKind::Text, &text("a")));
        assert!(bindings.accept(token, TokenKind::Text, &text("a")));
        assert!(!bindings.accept(token, TokenKind::Text, &text("b")));
        let number = "<n:0123456789abcdef>";
        assert!(bindings.accept(number, TokenKind::Number, &Json::Number("1.0".to_owned())));
        assert!(bindings.accept(number, TokenKind::Number, &Json::Number("1".to_owned())));
        assert_eq!(bindings.fill(&Json::Array(vec![text(token), text("x")])), Json::Array(vec![text("a"), text("x")]));
    }

    #[test]
    fn an_address_stays_one() {
        let address = |text: &str| Json::Text(text.to_owned());
        let token = "<u:0123456789abcdef>";
        let mut bindings = Bindings::default();
        assert_eq!(bindings.fill(&address(token)), address("https://recorded.invalid/0123456789abcdef"));
        assert!(!bindings.accept(token, TokenKind::Url, &address("not an address")));
        assert!(bindings.accept(token, TokenKind::Url, &address("https://shop.example/ok")));
        assert_eq!(bindings.fill(&address(token)), address("https://shop.example/ok"));
    }

    #[test]
    fn what_only_looks_like_a_token_is_text() {
        for text in ["<s:0123>", "s:0123456789abcdef", "<x:0123456789abcdef>", "<s:0123456789ABCDEF>", "<>", ""] {
            assert_eq!(kind_of(text), None, "{text}");
        }
    }
}
