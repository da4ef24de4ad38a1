//! Who asks, and how it is kept that they did.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::{Actor, AuditAction, AuditEntry, AuditId, IdSource, KeyId, MerchantId, RequestId, Scope, Scopes};
use lendport_storage::Tenant;

use crate::error::EngineError;

/// Who asks: whose rows they act on, with which key, and what it may do.
#[derive(Clone, Debug)]
pub struct By {
    /// The merchant they act for, in the key's mode. Their idempotency keys are this one's.
    pub tenant: Tenant,
    /// The merchant whose key it is.
    pub home: MerchantId,
    /// The key.
    pub key: KeyId,
    /// What may be done with it here.
    pub scopes: Arc<Scopes>,
    /// The request.
    pub request: Option<RequestId>,
}

impl By {
    /// Refuses what takes a right that is not there.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), EngineError> {
        if self.scopes.allow(scope) { Ok(()) } else { Err(EngineError::MissingScope(scope)) }
    }

    /// Refuses to hand out, or to take over, more rights than the asker has.
    pub(crate) fn require_all(&self, scopes: &Scopes) -> Result<(), EngineError> {
        scopes.beyond(&self.scopes).map_or(Ok(()), |scope| Err(EngineError::MissingScope(scope)))
    }

    /// As the audit log of a merchant names them.
    pub fn doer(&self, merchant: MerchantId) -> Doer {
        let actor = if self.home == merchant { Actor::Key(self.key) } else { Actor::Platform(self.key) };
        Doer { actor, request: self.request }
    }
}

/// Who does something that the audit log keeps. Put the entry into the change that does it: `Change::audit`,
/// `AdminChange::audit`, or the same statement in the transaction of another part.
#[derive(Clone, Copy, Debug)]
pub struct Doer {
    /// Who.
    pub actor: Actor,
    /// The request that asked for it; none without one.
    pub request: Option<RequestId>,
}

impl Doer {
    /// Somebody with access to the machine.
    pub const COMMAND_LINE: Self = Self { actor: Actor::CommandLine, request: None };
    /// The configuration file.
    pub const CONFIGURATION: Self = Self { actor: Actor::Configuration, request: None };
    /// The gateway by itself.
    pub(crate) const GATEWAY: Self = Self { actor: Actor::Gateway, request: None };

    /// The entry that they did this to `subject`. What is about a merchant as such is about both modes.
    pub fn did(
        self,
        ids: &dyn IdSource,
        at: Timestamp,
        tenant: Tenant,
        action: AuditAction,
        subject: impl ToString,
    ) -> AuditEntry {
        let of_both = matches!(action, AuditAction::MerchantCreated | AuditAction::MerchantUpdated);
        AuditEntry {
            id: AuditId::mint(ids),
            merchant: Some(tenant.merchant),
            mode: (!of_both).then_some(tenant.mode),
            actor: self.actor,
            action,
            subject: subject.to_string(),
            facts: BTreeMap::new(),
            request: self.request,
            at,
        }
    }
}
