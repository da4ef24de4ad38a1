//! What a key or a token may do (`api.md`, Conventions, Auth).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// One right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Read checkouts and what belongs to them: events, deliveries, attention, eligibility, routing.
    #[serde(rename = "checkouts:read")]
    CheckoutsRead,
    /// Create and move checkouts; settle what needs a person; change routing.
    #[serde(rename = "checkouts:write")]
    CheckoutsWrite,
    /// Create and change webhook endpoints; have deliveries sent again.
    #[serde(rename = "webhooks:write")]
    WebhooksWrite,
    /// Change provider accounts and keys of one's own merchant.
    #[serde(rename = "accounts:write")]
    AccountsWrite,
    /// Administer all merchants, and act for each of them.
    #[serde(rename = "platform:admin")]
    PlatformAdmin,
}

impl Scope {
    /// All of them, in the order of the document.
    pub const ALL: [Self; 5] =
        [Self::CheckoutsRead, Self::CheckoutsWrite, Self::WebhooksWrite, Self::AccountsWrite, Self::PlatformAdmin];

    /// The word used in requests, answers and tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckoutsRead => "checkouts:read",
            Self::CheckoutsWrite => "checkouts:write",
            Self::WebhooksWrite => "webhooks:write",
            Self::AccountsWrite => "accounts:write",
            Self::PlatformAdmin => "platform:admin",
        }
    }

    /// The scope with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// Several rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything within one merchant: what keys had before there were scopes.
    pub fn of_merchant() -> Self {
        Scope::ALL.into_iter().filter(|scope| *scope != Scope::PlatformAdmin).collect()
    }

    /// Whether the right is among them.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether what needs this right may be done. Who administers all merchants may do everything for each of them.
    pub fn allow(&self, scope: Scope) -> bool {
        self.has(scope) || self.has(Scope::PlatformAdmin)
    }

    /// The first of these rights that somebody with the other ones may not hand out; none where all may be.
    pub fn beyond(&self, holder: &Self) -> Option<Scope> {
        self.iter().find(|scope| !holder.allow(*scope))
    }

    /// Whether all of these are rights of the other, too: nobody hands out more than they have.
    pub fn within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them, in the order of the document.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Reads words with blanks between them, as a token's `scope` is written (RFC 6749, 3.3). The first word that is no
    /// scope is the error.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split_ascii_whitespace().map(|word| Scope::parse(word).ok_or_else(|| word.to_owned())).collect()
    }

    /// The words with blanks between them.
    pub fn to_text(&self) -> String {
        self.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        let all: Scopes = Scope::ALL.into_iter().collect();
        assert_eq!(Scopes::parse(&all.to_text()), Ok(all.clone()));
        assert_eq!(
            Scopes::parse(" webhooks:write  checkouts:read ").unwrap().to_text(),
            "checkouts:read webhooks:write"
        );
        assert_eq!(Scopes::parse("checkouts:read admin"), Err("admin".to_owned()));
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_string(&scope).unwrap(), format!("\"{}\"", scope.as_str()));
        }
        assert!(Scopes::of_merchant().within(&all) && !all.within(&Scopes::of_merchant()));
        assert!(!Scopes::of_merchant().has(Scope::PlatformAdmin));
    }

    #[test]
    fn who_administers_all_merchants_may_do_everything_and_nobody_hands_out_more_than_they_have() {
        let platform: Scopes = [Scope::PlatformAdmin].into_iter().collect();
        let reader: Scopes = [Scope::CheckoutsRead].into_iter().collect();
        assert!(Scope::ALL.into_iter().all(|scope| platform.allow(scope)));
        assert!(reader.allow(Scope::CheckoutsRead) && !reader.allow(Scope::CheckoutsWrite));
        assert_eq!(Scopes::of_merchant().beyond(&reader), Some(Scope::CheckoutsWrite));
        assert_eq!(platform.beyond(&Scopes::of_merchant()), Some(Scope::PlatformAdmin));
        assert_eq!(Scopes::of_merchant().beyond(&platform), None);
        assert_eq!(reader.beyond(&Scopes::of_merchant()), None);
    }
}
