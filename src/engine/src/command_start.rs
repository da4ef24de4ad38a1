//! A command is stored before it is sent: one at a time per attempt, and only where its state lets it make sense.

use std::sync::Arc;

use lendport_core::{
    Ability, Attempt, Checkout, CheckoutId, CheckoutRecord, LineStanding, LineWork, Money, Operation, OperationKind,
    Phase, ProviderAccount, Secret, command_states,
};
use lendport_storage::{Change, ChangeAsk, ChangeOutcome, Tenant};

use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::take_in::Draft;
use crate::ticket::Ticket;

/// Commands that bind or move money, of which only one may be under way on an attempt.
pub(crate) const EXCLUSIVE: &[OperationKind] =
    &[OperationKind::Capture, OperationKind::Cancel, OperationKind::Refund, OperationKind::Finalize];
/// Looks at a checkout that changes all the time before the caller is asked to look again.
pub(crate) const STARTS_MAX: u32 = 8;

const UNDER_WAY: &str = "another command to the financer is under way, or its outcome is not known yet; look at the \
                         checkout's timeline and at what needs a person";

/// A command with its content worked out.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// Of the whole, with its lines as they are afterwards where the financer's money follows lines.
    Cancel {
        reason: Option<String>,
        lines: Vec<LineStanding>,
    },
    Capture,
    Refund {
        amount: Money,
        reason: Option<String>,
    },
    /// Of units of lines, as it is stored with its operation.
    Lines {
        checkout: Box<Checkout>,
        work: LineWork,
        reason: Option<String>,
        /// The caller's body names them.
        named: bool,
    },
    /// With the digest of the address's token.
    Amend {
        callback_url: Secret<String>,
        callback_digest: String,
    },
}

/// Works the content out, against the checkout as it is, and its lines where the financer's money follows them.
pub(crate) type Plan<'p> =
    dyn Fn(&CheckoutRecord, &Attempt, Option<Vec<LineStanding>>) -> Result<Command, EngineError> + Send + Sync + 'p;

/// What a caller asks for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'p> {
    pub(crate) kind: OperationKind,
    pub(crate) ability: Ability,
    /// What the financer has to be able to do where it does it by line; none where lines have nothing to do with it.
    pub(crate) by_line: Option<Ability>,
    pub(crate) if_match: Option<u64>,
    pub(crate) plan: &'p Plan<'p>,
}

/// A command that is stored and may be sent.
pub(crate) struct Started {
    pub(crate) attempt: Attempt,
    pub(crate) operation: Operation,
    pub(crate) command: Command,
    /// Read before anything was stored: what cannot be sent leaves nothing behind.
    pub(crate) account: ProviderAccount,
}

impl Engine {
    /// Stores the command, unless the attempt's state refuses it or another one is under way.
    ///
    /// Every start grows the checkout's version, and a start that meets another version than it looked at looks again:
    /// so of two at once, the second one sees the first.
    pub(crate) async fn start_command(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        asked: Asked<'_>,
        ticket: &Ticket,
        claims: bool,
    ) -> Result<Started, EngineError> {
        for _ in 0..STARTS_MAX {
            let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
            let attempt = record.leading_attempt().ok_or(EngineError::NotFound)?.clone();
            let lines = match asked.by_line {
                Some(ability) => self.lines_of(tenant, &record, &attempt, ability).await?,
                None => None,
            };
            let by_line = lines.is_some();
            if !by_line {
                self.require(&attempt.provider, asked.ability)?;
            }
            if let Some(wanted) = command_states::refuses(asked.kind, &attempt) {
                return Err(EngineError::WrongState { checkout: reference_to(&record), wanted });
            }
            let command = (asked.plan)(&record, &attempt, lines)?;
            if by_line && !matches!(command, Command::Lines { .. }) {
                self.require(&attempt.provider, asked.ability)?;
            }
            // Units that are on their way out must not be stopped at the same time.
            for kind in EXCLUSIVE.iter().chain(by_line.then_some(&OperationKind::Shipment)) {
                let known = self.store.operations(tenant, id, *kind).await?;
                let under_way =
                    |one: &Operation| one.attempt == attempt.id && !matches!(one.phase, Phase::Settled | Phase::Failed);
                if known.iter().any(under_way) {
                    return Err(EngineError::WrongState { checkout: reference_to(&record), wanted: UNDER_WAY });
                }
            }
            let account = self.account(tenant, &attempt.provider).await?;
            let address = match &command {
                Command::Amend { callback_digest, .. } => Some(callback_digest.clone()),
                _ => None,
            };
            let whole_cancel = matches!(command, Command::Cancel { .. });
            let mut operation = self.new_operation(id, attempt.id, asked.kind);
            if let Command::Lines { work, .. } = &command {
                operation.lines = Some(work.clone());
            }
            let ask = ChangeAsk { claim: claims.then(|| ticket.claim(self)), ..ChangeAsk::default() };
            // Going on with a key: it has to name this operation from now on.
            let held = (!claims).then(|| ticket.hold(self));
            let (stored, tools) = (operation.clone(), self.tools.clone());
            let (seen, if_match) = (record.checkout.version, asked.if_match);
            let (outcome, result) = self
                .change(tenant, id, ask, move |loaded| {
                    let version = loaded.record.checkout.version;
                    if if_match.is_some_and(|wanted| wanted != version) {
                        return (Change::abort(), Err(EngineError::PreconditionFailed));
                    }
                    if version != seen {
                        return (Change::abort(), Ok(false));
                    }
                    let mut draft = Draft::of(&tools, loaded.record);
                    draft.touch();
                    if let Some(address) = &address {
                        // A push to it may come before the answer does.
                        draft.amend(stored.attempt, |attempt| attempt.callback_digest.clone_from(address));
                    }
                    if whole_cancel {
                        // A notice of it may come before the answer does.
                        draft.amend(stored.attempt, |attempt| attempt.awaited = Some(OperationKind::Cancel));
                    }
                    draft.change.operations.push(stored.clone());
                    draft.change.claimed_operation = Some(stored.id);
                    draft.change.claim.clone_from(&held);
                    (draft.finish(), Ok(true))
                })
                .await?;
            match (outcome, result) {
                (ChangeOutcome::Done, Some(Ok(true))) => {
                    return Ok(Started { attempt, operation, command, account });
                }
                (ChangeOutcome::Done, Some(Ok(false))) => {}
                (ChangeOutcome::Done, Some(Err(error))) => return Err(error),
                (ChangeOutcome::Claimed(_), _) => return Err(EngineError::KeyInFlight),
                _ => return Err(EngineError::NotFound),
            }
        }
        Err(EngineError::PreconditionFailed)
    }
}
