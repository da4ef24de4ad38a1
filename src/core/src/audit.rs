//! The audit log: who changed what about a merchant, or about the keys of the gateway itself, and when. No entry holds a
//! secret.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::clock::IdSource;
use crate::id::{AuditId, KeyId, MerchantId, RequestId};
use crate::mode::Mode;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A key of the merchant's own.
    Key(KeyId),
    /// A key of the platform's, for the merchant.
    Platform(KeyId),
    /// Somebody with access to the machine, on the command line.
    CommandLine,
    /// The configuration file, at a start.
    Configuration,
    /// The gateway by itself, as its settings say.
    Gateway,
}

impl Actor {
    /// The word for its kind.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Platform(_) => "platform_key",
            Self::CommandLine => "command_line",
            Self::Configuration => "configuration",
            Self::Gateway => "gateway",
        }
    }

    /// The key, where it was one.
    pub fn key(self) -> Option<KeyId> {
        match self {
            Self::Key(key) | Self::Platform(key) => Some(key),
            Self::CommandLine | Self::Configuration | Self::Gateway => None,
        }
    }

    /// Puts the two together again.
    pub fn of(kind: &str, key: Option<KeyId>) -> Option<Self> {
        match (kind, key) {
            ("key", Some(key)) => Some(Self::Key(key)),
            ("platform_key", Some(key)) => Some(Self::Platform(key)),
            ("command_line", None) => Some(Self::CommandLine),
            ("configuration", None) => Some(Self::Configuration),
            ("gateway", None) => Some(Self::Gateway),
            _ => None,
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named by its word in `as_str`")]
pub enum AuditAction {
    MerchantCreated,
    MerchantUpdated,
    KeyCreated,
    KeyRotated,
    KeyRevoked,
    AccountPut,
    AccountDeleted,
    RoutingChanged,
    AttentionResolved,
    SigningKeyCreated,
    DataKeyCreated,
    DataKeysRewrapped,
    DataKeyDeleted,
}

impl AuditAction {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::MerchantCreated,
        Self::MerchantUpdated,
        Self::KeyCreated,
        Self::KeyRotated,
        Self::KeyRevoked,
        Self::AccountPut,
        Self::AccountDeleted,
        Self::RoutingChanged,
        Self::AttentionResolved,
        Self::SigningKeyCreated,
        Self::DataKeyCreated,
        Self::DataKeysRewrapped,
        Self::DataKeyDeleted,
    ];

    /// The word used in answers, filters and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MerchantCreated => "merchant.created",
            Self::MerchantUpdated => "merchant.updated",
            Self::KeyCreated => "key.created",
            Self::KeyRotated => "key.rotated",
            Self::KeyRevoked => "key.revoked",
            Self::AccountPut => "account.put",
            Self::AccountDeleted => "account.deleted",
            Self::RoutingChanged => "routing.changed",
            Self::AttentionResolved => "attention.resolved",
            Self::SigningKeyCreated => "signing_key.created",
            Self::DataKeyCreated => "data_key.created",
            Self::DataKeysRewrapped => "data_keys.rewrapped",
            Self::DataKeyDeleted => "data_key.deleted",
        }
    }

    /// The action with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Ours; sorts by time.
    pub id: AuditId,
    /// About whom; none where it is about the gateway as a whole.
    pub merchant: Option<MerchantId>,
    /// In which world; none where it is about both.
    pub mode: Option<Mode>,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: AuditAction,
    /// Id or name of what it was done to.
    pub subject: String,
    /// A few facts by name. Never a secret, and nothing about a shopper.
    pub facts: BTreeMap<String, String>,
    /// The request that asked for it; none without one.
    pub request: Option<RequestId>,
    /// When.
    pub at: Timestamp,
}

impl AuditEntry {
    /// An entry about the gateway as a whole, of both worlds. Its subject is not known yet.
    pub fn of_gateway(ids: &dyn IdSource, at: Timestamp, actor: Actor, action: AuditAction) -> Self {
        let (merchant, mode, request) = (None, None, None);
        let (subject, facts) = (String::new(), BTreeMap::new());
        Self { id: AuditId::mint(ids), merchant, mode, actor, action, subject, facts, request, at }
    }

    /// The same about this id or name.
    pub fn about(mut self, subject: impl ToString) -> Self {
        self.subject = subject.to_string();
        self
    }

    /// The same with one more fact. Callers hand in nothing secret and nothing about a shopper.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_and_actions_are_read_as_they_are_written() {
        let key = KeyId::of_bytes([7; 16]);
        for actor in [Actor::Key(key), Actor::Platform(key), Actor::CommandLine, Actor::Configuration, Actor::Gateway] {
            assert_eq!(Actor::of(actor.kind(), actor.key()), Some(actor));
        }
        assert_eq!((Actor::of("key", None), Actor::of("command_line", Some(key))), (None, None));
        for action in AuditAction::ALL {
            assert_eq!(AuditAction::parse(action.as_str()), Some(action));
        }
        assert_eq!(AuditAction::parse("key.stolen"), None);
    }
}
