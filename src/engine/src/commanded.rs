//! A person does not keep what the gateway, or the merchant, is just ending at the financer.

use lendport_core::{AttentionKind, CheckoutRecord, Operation, Phase};
use lendport_storage::{AttentionItem, Tenant};

use crate::command_start::EXCLUSIVE;
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;

const UNDER_WAY: &str = "a command that may end it at the financer is under way, or its outcome is not known yet; wait until \
                         the checkout's timeline says what became of it";

/// Whether a command to the financer is under way on what an item is about, and of which version of the checkout that is so;
/// no version where it does not matter to the item.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Commanded {
    version: Option<u64>,
    under_way: bool,
}

impl Commanded {
    /// Refuses while nobody knows whether what the person wants to keep is just ending.
    pub(crate) fn lets_it_hold(self, record: &CheckoutRecord) -> Result<(), EngineError> {
        match self.version {
            Some(seen) if seen != record.checkout.version => Err(EngineError::PreconditionFailed),
            Some(_) if self.under_way => {
                Err(EngineError::WrongState { checkout: reference_to(record), wanted: UNDER_WAY })
            }
            _ => Ok(()),
        }
    }
}

impl Engine {
    /// What is under way at the financer, for an item about what may be being ended there. A command that is stored grows the
    /// checkout's version, so that one that comes after this look is seen by it.
    pub(crate) async fn commanded(&self, tenant: Tenant, item: &AttentionItem) -> Result<Commanded, EngineError> {
        if !matches!(item.kind, AttentionKind::PaidAfterCancel | AttentionKind::LateApproval) {
            return Ok(Commanded::default());
        }
        let record = self.store.checkout(tenant, item.checkout).await?.ok_or(EngineError::NotFound)?;
        let mut under_way = false;
        for kind in EXCLUSIVE {
            let known = self.store.operations(tenant, item.checkout, *kind).await?;
            let open = |one: &Operation| !matches!(one.phase, Phase::Settled | Phase::Failed);
            under_way |= known.iter().any(|one| one.attempt == item.attempt && open(one));
        }
        Ok(Commanded { version: Some(record.checkout.version), under_way })
    }
}
