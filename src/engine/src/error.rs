//! Why a use case did not do what was asked; `http` turns each into a problem document.

use lendport_core::{
    Ability, AttemptState, AttentionId, CheckoutId, CheckoutStatus, CommitClass, ErrorKind, Invalid, Money,
    ProviderError, ProviderId, Quota, Scope,
};
use lendport_storage::StoreError;

use crate::tenancy::KeyRefusal;
use crate::webhooks::EndpointRefusal;

/// The checkout an error is about, so that the caller can go and look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckoutRef {
    /// Its id.
    pub id: CheckoutId,
    /// Its status after the failed operation.
    pub status: CheckoutStatus,
}

/// A refused or failed use case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The request is wrong; nothing was stored and no provider was called.
    #[error("{0}")]
    Invalid(Invalid),
    /// No such resource of this tenant.
    #[error("not found")]
    NotFound,
    /// A provider call failed.
    #[error("{provider}: {error}")]
    Provider {
        /// Which one.
        provider: ProviderId,
        /// How. Boxed: it is by far the largest part of any error.
        error: Box<ProviderError>,
        /// The checkout it was for.
        checkout: Option<CheckoutRef>,
    },
    /// The provider was asked for one sum and says another; the customer was not sent there.
    #[error("{provider} was asked for {asked} and says {answered}")]
    AmountMismatch {
        /// Which provider.
        provider: ProviderId,
        /// Our sum.
        asked: Money,
        /// Its sum.
        answered: Money,
        /// The checkout it was for.
        checkout: CheckoutRef,
    },
    /// The provider has no such operation.
    #[error("{provider}: {note}")]
    NotSupported {
        /// Which provider.
        provider: ProviderId,
        /// What was asked.
        ability: Ability,
        /// Why not, and what to do instead.
        note: &'static str,
    },
    /// The checkout's state does not allow it.
    #[error("the checkout is {}; {wanted}", checkout.status.as_str())]
    WrongState {
        /// The checkout and its status.
        checkout: CheckoutRef,
        /// What it would have to be.
        wanted: &'static str,
    },
    /// Another attempt is committed, or may be.
    #[error("attempt is {}: no other financer may be started", holder.as_str())]
    CommitFence {
        /// The checkout and its status.
        checkout: CheckoutRef,
        /// The state of the attempt that holds the fence.
        holder: AttemptState,
    },
    /// An endpoint for events cannot do it as things are.
    #[error(transparent)]
    Endpoint(#[from] EndpointRefusal),
    /// The key of the request lacks a right.
    #[error("this needs a key with the scope {}", .0.as_str())]
    MissingScope(Scope),
    /// A test key may not change what live shoppers see.
    #[error("the merchant has a live key or a live account; only a live key changes what its shoppers see")]
    LiveKeyNeeded,
    /// A key cannot be what was asked of it.
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    /// Something that is open needs the account.
    #[error("{checkout} is {} and needs the account at this financer", status.as_str())]
    AccountInUse {
        /// One that needs it.
        checkout: CheckoutId,
        /// How it stands.
        status: CheckoutStatus,
    },
    /// The merchant has as much as it may have.
    #[error("{} may be {limit}, and are {used}", quota.as_str())]
    Quota {
        /// Of what.
        quota: Quota,
        /// As many as there may be.
        limit: u32,
        /// As many as there are.
        used: u32,
    },
    /// The item was settled before.
    #[error("the item was settled before, by {choice}")]
    AlreadySettled {
        /// Which one.
        item: AttentionId,
        /// How.
        choice: String,
    },
    /// `If-Match` names another version.
    #[error("the resource changed meanwhile")]
    PreconditionFailed,
    /// The idempotency key was used with another request.
    #[error("idempotency key used with another request")]
    KeyReused,
    /// A request with this key is being worked on.
    #[error("a request with this idempotency key is being worked on")]
    KeyInFlight,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mistake of ours; the text goes to the log only.
    #[error("internal: {0}")]
    Internal(String),
}

impl EngineError {
    /// False when a repeat of the same request should go on where this one stopped instead of hearing the same again:
    /// the provider was not reached, or nobody knows what it did.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Provider { error, .. } => {
                error.commit == CommitClass::Rejected
                    && !matches!(error.kind, ErrorKind::Unavailable | ErrorKind::NotNow)
            }
            Self::Store(_)
            | Self::Internal(_)
            | Self::KeyInFlight
            | Self::CommitFence { .. }
            | Self::Endpoint(_)
            | Self::MissingScope(_)
            | Self::LiveKeyNeeded
            | Self::Key(_)
            | Self::Quota { .. }
            | Self::AccountInUse { .. }
            | Self::WrongState { .. } => false,
            _ => true,
        }
    }

    /// True where storage alone failed, in a way that may be over at the next try.
    pub(crate) const fn may_pass(&self) -> bool {
        use StoreError::{Full, InUse, ReadOnly, Unavailable, Uncertain};
        matches!(self, Self::Store(InUse(_) | Full | ReadOnly(_) | Unavailable(_) | Uncertain(_)))
    }
}

impl From<Invalid> for EngineError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

/// Amounts that were checked on their way in do not overflow; when they do, it is ours.
impl From<lendport_core::MoneyError> for EngineError {
    fn from(error: lendport_core::MoneyError) -> Self {
        Self::Internal(format!("amount {error}"))
    }
}
