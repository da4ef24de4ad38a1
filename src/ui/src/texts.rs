//! The catalogue of texts, `texts.toml`, in the page's language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::locale::Locale;

/// One text in every language. A language that is missing does not parse.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    en: String,
    es: String,
    fr: String,
}

pub(crate) const SOURCE: &str = include_str!("../texts.toml");

// A test holds that it parses; a catalogue that does not would leave the keys in the page, not stop it.
static CATALOGUE: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

/// The text as it stands in the catalogue; the key itself when there is none.
pub(crate) fn raw(locale: Locale, key: &str) -> &str {
    let Some(entry) = CATALOGUE.get(key) else { return key };
    match locale {
        Locale::En => &entry.en,
        Locale::Es => &entry.es,
        Locale::FrCa => &entry.fr,
    }
}

/// Puts values in the place of `{name}`. What a value holds is not looked at again.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after
            .split_once('}')
            .and_then(|(name, tail)| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, tail)));
        match known {
            Some((value, tail)) => {
                filled.push_str(value);
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// The texts of one page: in its language, with the names it is about.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    locale: Locale,
    shop: String,
    financer: String,
}

impl Words {
    pub(crate) fn new(locale: Locale, shop: &str, financer: &str) -> Self {
        Self { locale, shop: shop.to_owned(), financer: financer.to_owned() }
    }

    /// The text of a key.
    pub(crate) fn say(&self, key: &str) -> String {
        self.say_of(key, &self.financer)
    }

    /// The text of a key, about another financer.
    pub(crate) fn say_of(&self, key: &str, financer: &str) -> String {
        fill(raw(self.locale, key), &[("shop", &self.shop), ("financer", financer)])
    }

    /// The text of a key with one more value.
    pub(crate) fn say_with(&self, key: &str, name: &str, value: &str) -> String {
        fill(raw(self.locale, key), &[("shop", &self.shop), ("financer", &self.financer), (name, value)])
    }

    /// The text of a key that may not be there.
    pub(crate) fn find(&self, key: &str) -> Option<String> {
        CATALOGUE.contains_key(key).then(|| self.say(key))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).map(|part| part.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_text_is_there_in_every_language_with_the_same_placeholders() {
        let catalogue: BTreeMap<String, Entry> = toml::from_str(SOURCE).unwrap();
        assert!(catalogue.len() > 60);
        for (key, entry) in &catalogue {
            let known = BTreeSet::from(["shop", "financer", "reference"]);
            assert!(placeholders(&entry.en).is_subset(&known), "{key}: a placeholder that nobody fills");
            for text in [&entry.en, &entry.es, &entry.fr] {
                assert!(!text.trim().is_empty() && text.trim() == text, "{key}");
                assert!(!text.contains("--") && !text.contains('\u{2014}') && !text.contains('\''), "{key}: {text}");
                assert_eq!(placeholders(text), placeholders(&entry.en), "{key}: {text}");
            }
            let differs = entry.es != entry.en || entry.fr != entry.en;
            assert!(differs || key == "order.total", "{key} is not translated");
        }
    }

    #[test]
    fn every_text_is_used_and_every_used_text_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut used = String::new();
        for folder in ["src", "templates"] {
            for file in fs::read_dir(root.join(folder)).unwrap() {
                used.push_str(&fs::read_to_string(file.unwrap().path()).unwrap());
            }
        }
        for key in CATALOGUE.keys() {
            let made = ["kind.", "previous.", "notice.", "in_shop."].iter().any(|start| key.starts_with(start));
            let stage = crate::Stage::ALL.iter().any(|stage| key.starts_with(stage.as_str()));
            assert!(made || stage || used.contains(&format!("\"{key}\"")), "{key} is used nowhere");
        }
        for call in ["say(\"", "say_of(\"", "say_with(\"", "raw(locale, \""] {
            for part in used.split(call).skip(1) {
                let key = part.split_once('"').unwrap().0;
                assert!(CATALOGUE.contains_key(key), "the catalogue has no {key:?}");
            }
        }
        for stage in crate::Stage::ALL {
            for part in ["heading", "body"] {
                assert!(CATALOGUE.contains_key(&format!("{}.{part}", stage.as_str())), "{stage:?} {part}");
            }
        }
    }

    #[test]
    fn a_name_is_put_in_as_it_is() {
        let words = Words::new(Locale::En, "{financer} & {shop}", "Bank");
        assert_eq!(words.say("back"), "Back to {financer} & {shop}");
        assert_eq!(fill("{a}{b}{", &[("a", "{b}")]), "{b}{b}{");
    }
}
