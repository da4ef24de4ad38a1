//! States, provinces and territories: code or full name in, two-letter code out.
//!
//! The US list is the 50 states and DC (`wegetfinancing.md` 4.2); overseas territories are not in it.

use crate::country::Country;

/// A region of a country as it is written on an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(String);

impl Region {
    /// Normalises a code or an English or French name; for other countries any non-blank text is kept.
    pub fn parse(country: Country, text: &str) -> Option<Self> {
        let text = text.trim();
        let table: &[(&str, &str)] = match country {
            Country::Us => US,
            Country::Ca => CANADA,
            Country::Other(_) => return (!text.is_empty()).then(|| Self(text.to_owned())),
        };
        // What is stored, and most of what is sent, are the codes themselves.
        if let Some((code, _)) = table.iter().find(|(code, _)| code.eq_ignore_ascii_case(text)) {
            return Some(Self((*code).to_owned()));
        }
        let wanted = fold(text);
        let known = table.iter().find(|(code, name)| code.eq_ignore_ascii_case(&wanted) || fold(name) == wanted);
        let french = || FRENCH.iter().find(|(_, name)| country == Country::Ca && fold(name) == wanted);
        known.or_else(french).map(|(code, _)| Self((*code).to_owned()))
    }

    /// Two letters for the US and Canada.
    pub fn code(&self) -> &str {
        &self.0
    }
}

fn fold(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            'é' | 'É' | 'è' | 'È' => Some('e'),
            'ô' | 'Ô' => Some('o'),
            'Î' | 'î' => Some('i'),
            '’' => Some('\''),
            '.' => None,
            _ => Some(c.to_ascii_lowercase()),
        })
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

const US: &[(&str, &str)] = &[
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "District of Columbia"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
];

const CANADA: &[(&str, &str)] = &[
    ("AB", "Alberta"),
    ("BC", "British Columbia"),
    ("MB", "Manitoba"),
    ("NB", "New Brunswick"),
    ("NL", "Newfoundland and Labrador"),
    ("NS", "Nova Scotia"),
    ("NT", "Northwest Territories"),
    ("NU", "Nunavut"),
    ("ON", "Ontario"),
    ("PE", "Prince Edward Island"),
    ("QC", "Quebec"),
    ("SK", "Saskatchewan"),
    ("YT", "Yukon"),
];

const FRENCH: &[(&str, &str)] = &[
    ("BC", "Colombie-Britannique"),
    ("NB", "Nouveau-Brunswick"),
    ("NL", "Terre-Neuve-et-Labrador"),
    ("NS", "Nouvelle-Écosse"),
    ("NT", "Territoires du Nord-Ouest"),
    ("PE", "Île-du-Prince-Édouard"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_documents() {
        assert_eq!(US.len(), 51);
        assert_eq!(CANADA.len(), 13);
    }

    #[test]
    fn names_and_cases_become_codes() {
        for (country, text, code) in [
            (Country::Us, "nj", "NJ"),
            (Country::Us, " new  jersey ", "NJ"),
            (Country::Us, "D.C.", "DC"),
            (Country::Ca, "Québec", "QC"),
            (Country::Ca, "nouvelle-écosse", "NS"),
            (Country::Ca, "on", "ON"),
        ] {
            assert_eq!(Region::parse(country, text).unwrap().code(), code, "{text}");
        }
        for (country, text) in [
            (Country::Us, "PR"),
            (Country::Us, "ON"),
            (Country::Ca, "NJ"),
            (Country::Us, ""),
            (Country::Us, "Nouvelle-Écosse"),
        ] {
            assert_eq!(Region::parse(country, text), None, "{text}");
        }
    }
}
