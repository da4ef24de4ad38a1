//! A unit of work as a value: everything one transaction writes about one checkout.
//!
//! The engine decides, storage writes. A decision is a pure function of what was loaded inside the transaction, so it
//! runs on SQLite's writer thread and under PostgreSQL's row lock alike, and no transaction waits for the engine.

use jiff::Timestamp;
use lendport_core::{
    Attempt, AttemptId, AttentionId, AttentionKind, AuditEntry, Checkout, CheckoutId, CheckoutRecord, CheckoutStatus,
    Event, LedgerEntry, Observation, ObservationId, Operation, OperationId, Resolution,
};

use crate::idempotency::ClaimWrite;

/// What a decision may look at.
#[derive(Debug)]
pub struct Loaded<'a> {
    /// The checkout as it stands in this transaction.
    pub record: &'a CheckoutRecord,
    /// The earlier observation with the asked dedupe key, if there is one, and how often it was told again so far.
    pub seen: Option<(ObservationId, u64)>,
    /// How many facts moved neither the attempt of the asked dedupe key nor an amount of it, and the latest of them.
    pub idle: Option<(u64, ObservationId)>,
    /// The asked operation as it stands in this transaction.
    pub operation: Option<Operation>,
    /// The asked item as it stands in this transaction.
    pub attention: Option<AttentionItem>,
    /// The checkout's open items; filled only when an item or `open_items` was asked for.
    pub open_items: Vec<AttentionItem>,
}

/// Decides what to write. May be run again when the transaction has to be repeated.
pub type Decide<'a> = dyn FnMut(Loaded<'_>) -> Change + Send + 'a;

/// Everything one transaction writes. Rows are inserted, or replaced where their id is known.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Write nothing at all, claim included.
    pub abort: bool,
    /// The checkout's row with its new `version`, `sequence` and `updated_at`.
    pub checkout: Option<Box<Checkout>>,
    /// The derived status, kept for filters. Written whenever `checkout` is.
    pub status: Option<CheckoutStatus>,
    /// Attempts, new or changed.
    pub attempts: Vec<Attempt>,
    /// Operations, new or changed.
    pub operations: Vec<Operation>,
    /// New movements.
    pub ledger: Vec<LedgerEntry>,
    /// New observations.
    pub observations: Vec<ObservationRow>,
    /// An earlier observation that was told again.
    pub repeated: Option<ObservationId>,
    /// The delivery that brought it.
    pub push: Option<PushRecord>,
    /// New events, in order of sequence.
    pub events: Vec<Event>,
    /// Items for a person, new or settled.
    pub attention: Vec<AttentionItem>,
    /// Entries of the audit log: who decided, where somebody did.
    pub audit: Vec<AuditEntry>,
    /// The operation the claim of this change belongs to.
    pub claimed_operation: Option<OperationId>,
    /// What becomes of a claim made earlier.
    pub claim: Option<ClaimWrite>,
}

impl Change {
    /// Writes nothing; a claim asked for with it is given up too.
    pub fn abort() -> Self {
        Self { abort: true, ..Self::default() }
    }
}

/// An observation with what it led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservationRow {
    /// The fact.
    pub observation: Observation,
    /// `moved`, `changed_amounts`, `nothing`, or the word of the refusal.
    pub outcome: String,
    /// Both ends and the reason of a move or of a refused one, such as `awaiting_customer -> authorized`.
    pub outcome_detail: Option<String>,
}

/// One delivery of a provider's push, accepted or not. The body is sealed at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRecord {
    /// The checkout its token named.
    pub checkout: CheckoutId,
    /// The attempt its token named.
    pub attempt: AttemptId,
    /// The observation it became, when accepted.
    pub observation: Option<ObservationId>,
    /// `stored`, `unauthentic`, `unreadable`, `contradicts`.
    pub verdict: String,
    /// Allow-listed headers, `name: value` per line.
    pub headers: String,
    /// Bytes as received.
    pub body: Vec<u8>,
    /// When.
    pub received_at: Timestamp,
}

/// Something a person must settle, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionItem {
    /// Ours.
    pub id: AttentionId,
    /// The checkout it is about.
    pub checkout: CheckoutId,
    /// The attempt it is about.
    pub attempt: AttemptId,
    /// What is wrong.
    pub kind: AttentionKind,
    /// A sentence for the person.
    pub detail: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Until when it should be settled; nothing happens by itself when it passes.
    pub deadline: Option<Timestamp>,
    /// How it was settled; none while it is open.
    pub resolution: Option<Resolution>,
}
