//! Countries, states and provinces, ZIP and postal codes (wegetfinancing.md 4.2).

/// A country whose customers may apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Country {
    Us,
    Ca,
}

impl Country {
    /// Reads the code exactly as the documents print it.
    pub(super) fn parse(code: &str) -> Option<Self> {
        match code {
            "US" => Some(Self::Us),
            "CA" => Some(Self::Ca),
            _ => None,
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Us => "US",
            Self::Ca => "CA",
        }
    }

    /// The two-letter code of a state or province given as code or full name, in any case.
    pub(super) fn state(self, given: &str) -> Option<&'static str> {
        let given = given.trim();
        let table = match self {
            Self::Us => STATES,
            Self::Ca => PROVINCES,
        };
        let same = |text: &str| text.to_lowercase() == given.to_lowercase();
        let known = |&&(code, name): &&(&str, &str)| same(code) || same(name);
        table.iter().find(known).map(|&(code, _)| code).or_else(|| match self {
            Self::Ca if same("Québec") => Some("QC"),
            Self::Ca if same("Newfoundland") => Some("NL"),
            _ => None,
        })
    }

    /// A five-digit ZIP, or a Canadian postal code brought to the form `M5V 2T6`.
    pub(super) fn zipcode(self, given: &str) -> Option<String> {
        match self {
            Self::Us => (given.len() == 5 && given.bytes().all(|b| b.is_ascii_digit())).then(|| given.to_owned()),
            Self::Ca => postal_code(given),
        }
    }

    pub(super) fn state_reason(self) -> &'static str {
        match self {
            Self::Us => "Not a US state",
            Self::Ca => "Not a Canadian province or territory",
        }
    }

    pub(super) fn zipcode_reason(self) -> &'static str {
        match self {
            Self::Us => "Not a 5-digit ZIP code",
            Self::Ca => "Not a Canadian postal code",
        }
    }
}

/// Letter digit letter, digit letter digit. D F I O Q U are never used, W and Z not in front.
fn postal_code(given: &str) -> Option<String> {
    let plain = given.to_ascii_uppercase().replace(' ', "");
    let fits = plain.chars().count() == 6
        && plain.chars().enumerate().all(|(place, c)| match place {
            0 => c.is_ascii_uppercase() && !"DFIOQUWZ".contains(c),
            2 | 4 => c.is_ascii_uppercase() && !"DFIOQU".contains(c),
            _ => c.is_ascii_digit(),
        });
    let (area, unit) = plain.split_at_checked(3)?;
    fits.then(|| format!("{area} {unit}"))
}

const STATES: &[(&str, &str)] = &[
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

const PROVINCES: &[(&str, &str)] = &[
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_by_code_and_name() {
        assert_eq!(STATES.len(), 51);
        assert_eq!(PROVINCES.len(), 13);
        assert_eq!(Country::Us.state("nj"), Some("NJ"));
        assert_eq!(Country::Us.state("new jersey"), Some("NJ"));
        assert_eq!(Country::Ca.state("québec"), Some("QC"));
        assert_eq!(Country::Ca.state("ontario"), Some("ON"));
        for territory in ["PR", "GU", "ON", "", "N", "New"] {
            assert_eq!(Country::Us.state(territory), None, "{territory}");
        }
        assert_eq!(Country::Ca.state("NJ"), None);
    }

    #[test]
    fn zip_and_postal_codes() {
        assert_eq!(Country::Us.zipcode("07740").as_deref(), Some("07740"));
        for wrong in ["0774", "07740-1234", "M5V 2T6", "０７７４０", ""] {
            assert_eq!(Country::Us.zipcode(wrong), None, "{wrong}");
        }
        assert_eq!(Country::Ca.zipcode("m5v2t6").as_deref(), Some("M5V 2T6"));
        for wrong in ["07740", "Z5V 2T6", "M5V 2T", "M5O 2T6", "MéV 2T6", ""] {
            assert_eq!(Country::Ca.zipcode(wrong), None, "{wrong}");
        }
    }
}
