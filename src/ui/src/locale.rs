//! In which language a page speaks.

/// A language that the catalogue has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
    /// French as in Canada.
    FrCa,
}

impl Locale {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::En, Self::Es, Self::FrCa];

    /// The tag, as `lang` and settings have it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::FrCa => "fr-CA",
        }
    }

    /// What the language calls itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Es => "Español",
            Self::FrCa => "Français",
        }
    }

    /// The language of a tag such as `es-MX`; none when the catalogue has no such language.
    pub fn parse(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|known| known.tag().split('-').next().is_some_and(|one| one.eq_ignore_ascii_case(language)))
    }

    /// What the address asks for, then what the merchant set, then what the browser prefers, then English.
    pub fn choose(asked: Option<&str>, setting: Option<&str>, accept_language: Option<&str>) -> Self {
        let preferred =
            || accept_language.unwrap_or_default().split(',').find_map(|one| Self::parse(one.split(';').next()?));
        asked.and_then(Self::parse).or_else(|| setting.and_then(Self::parse)).or_else(preferred).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_known_wins() {
        for (asked, setting, browser, chosen) in [
            (None, None, None, Locale::En),
            (Some("es"), Some("fr-CA"), Some("en"), Locale::Es),
            (Some("xx"), Some("fr-ca"), Some("es"), Locale::FrCa),
            (None, None, Some("de, fr;q=0.8, es;q=0.7"), Locale::FrCa),
            (None, Some(""), Some("ES-mx"), Locale::Es),
            (None, None, Some("zh"), Locale::En),
        ] {
            assert_eq!(Locale::choose(asked, setting, browser), chosen, "{asked:?} {setting:?} {browser:?}");
        }
    }
}
