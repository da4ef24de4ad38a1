//! A lender whose customers apply and sign through the merchant's pages. It keeps what was done there, and a step may lose its
//! answer, never arrive, or wait for ever.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use lendport_core::application::Terms;
use lendport_core::provider::{Found, Retrieved};
use lendport_core::{
    Ability, AccountSettings, Agreement, Attempt, AttemptState, CallContext, CallRecord, Checkout, Claim, CommitClass,
    CreateRequest, Created, Descriptor, Details, ErrorKind, Finalized, FinancingProvider, Invalid, Mode, NextAction,
    NextActionKind, Notice, NoticeContext, NoticeRefusal, OperationKind, Personal, ProviderError, ProviderRef, Push,
    Reason, Step, Stepped, Stepwise,
};
use tokio::sync::Notify;

use crate::financers::{ABLE, native};

/// Seconds that a step may take.
pub(crate) const LIMIT_S: u32 = 120;

pub(crate) static STEPPED: Descriptor = Descriptor {
    id: "stepped",
    name: "Stepped",
    capabilities: &[
        native(Ability::Create),
        native(Ability::Retrieve),
        native(Ability::Find),
        native(Ability::Finalize),
        native(Ability::Application),
    ],
    ..ABLE
};

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is done, and the answer lost.
    LostAnswer,
    /// It is not done, and nobody can tell.
    NeverArrived,
    /// It is done, and the answer does not come until [`Lender::hang_up`].
    DoneAndSilent,
    /// It is not done, and likewise.
    Silent,
}

/// How a customer's request stands there.
#[derive(Clone, Debug, Default)]
pub(crate) struct There {
    /// `pending`, `approved`, `declined`.
    pub(crate) decision: Option<&'static str>,
    /// What an application is answered with.
    pub(crate) decides: Option<&'static str>,
    /// `unsigned`, `signed`, `expired`.
    pub(crate) lease: Option<&'static str>,
    /// A means of payment comes first.
    pub(crate) unpaid: bool,
    /// The next one of a kind ends so.
    pub(crate) fault: Option<(OperationKind, Fault)>,
    /// How often it was looked at.
    pub(crate) looks: u32,
    /// Every step that changes something, as it was sent.
    pub(crate) sent: Vec<String>,
}

/// The lender. Clones of the `Arc` are the same one.
#[derive(Debug, Default)]
pub(crate) struct Lender(Mutex<There>, Notify);

impl Lender {
    pub(crate) fn there(&self) -> MutexGuard<'_, There> {
        self.0.lock().unwrap()
    }

    /// From now on the next step of a kind ends so.
    pub(crate) fn fail(&self, kind: OperationKind, fault: Fault) {
        self.there().fault = Some((kind, fault));
    }

    /// Who waits for an answer is told that there is none.
    pub(crate) fn hang_up(&self) {
        self.1.notify_one();
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        self.there().sent.clone()
    }

    fn standing(&self, attempt: &Attempt) -> Retrieved {
        let there = self.there();
        let pays = attempt.next_action.as_ref().is_some_and(|action| action.kind == NextActionKind::Pay);
        let (state, raw, next) = match (there.lease, there.decision) {
            (Some("signed"), _) => (AttemptState::AwaitingMerchant, "signed", None),
            (Some("expired"), _) => (AttemptState::Expired, "expired", None),
            (Some(_), _) if pays && there.unpaid => {
                (AttemptState::AwaitingCustomer, "unsigned", Some(NextActionKind::Pay))
            }
            (Some(_), _) => (AttemptState::AwaitingCustomer, "unsigned", Some(NextActionKind::SignAgreement)),
            (None, Some("approved")) => (AttemptState::Preapproved, "approved", Some(NextActionKind::SignAgreement)),
            (None, Some("declined")) => (AttemptState::Declined, "declined", None),
            (None, Some(_)) => (AttemptState::UnderReview, "pending", None),
            (None, None) => (AttemptState::AwaitingCustomer, "none", Some(NextActionKind::Apply)),
        };
        Retrieved {
            raw_status: Some(raw.to_owned()),
            next_action: next.map(NextAction::step),
            ..Retrieved::of(Claim::state(state))
        }
    }

    /// Does what the step is for.
    fn carry_out(&self, step: Step<'_>) {
        let mut there = self.there();
        match step {
            Step::Apply(..) => there.decision = Some(there.decides.unwrap_or("approved")),
            Step::AddPayment(_) => there.unpaid = false,
            Step::Agree => there.lease = Some("unsigned"),
            Step::Sign(_) if !there.unpaid => there.lease = Some("signed"),
            _ => {}
        }
    }
}

/// The document of an attempt and its digest, which is no digest.
pub(crate) fn document(attempt: &Attempt) -> String {
    format!("{:0>64}", attempt.number)
}

fn agreement(attempt: &Attempt) -> Agreement {
    Agreement {
        document: Personal::new("PGI+".to_owned()),
        media_type: "text/html",
        document_sha256: document(attempt),
        terms: Terms::default(),
    }
}

#[async_trait]
impl Stepwise for Lender {
    fn carries(&self, _: &AccountSettings, _: Mode) -> Result<(), &'static str> {
        Ok(())
    }

    fn limit_s(&self, _: OperationKind) -> u32 {
        LIMIT_S
    }

    fn calls_of_look(&self, _: &Attempt) -> u32 {
        2
    }

    async fn look(&self, ctx: CallContext<'_>, _: &Checkout, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        called(ctx);
        self.there().looks += 1;
        Ok(self.standing(attempt))
    }

    async fn step(
        &self,
        ctx: CallContext<'_>,
        _: &Checkout,
        attempt: &Attempt,
        step: Step<'_>,
    ) -> Result<Stepped, ProviderError> {
        called(ctx);
        let next = self.standing(attempt).next_action.map(|action| action.kind);
        let leased = self.there().lease.is_some();
        let wanted = match step {
            Step::Apply(..) => next == Some(NextActionKind::Apply),
            Step::AddPayment(_) => true,
            Step::Agree => !leased && next == Some(NextActionKind::SignAgreement),
            Step::Sign(_) => leased && next.is_some(),
            Step::Offer | Step::Read => false,
        };
        let mut pays = false;
        if wanted {
            let word = match step {
                Step::Sign(consent) => format!("sign {} {} {}", consent.document_sha256, consent.ip, consent.at),
                other => other.kind().as_str().to_owned(),
            };
            self.there().sent.push(word);
            let fault = self.there().fault.take_if(|(kind, _)| *kind == step.kind()).map(|(_, fault)| fault);
            if !matches!(fault, Some(Fault::NeverArrived | Fault::Silent)) {
                self.carry_out(step);
            }
            match fault {
                Some(Fault::LostAnswer | Fault::NeverArrived) => return Err(lost()),
                Some(Fault::DoneAndSilent | Fault::Silent) => {
                    self.1.notified().await;
                    return Err(lost());
                }
                None => {}
            }
            pays = matches!(step, Step::Sign(_)) && self.there().unpaid;
        }
        let mut now = self.standing(attempt);
        if pays {
            now.next_action = Some(NextAction::step(NextActionKind::Pay));
        }
        let shown = matches!(step, Step::Agree | Step::Read) && self.there().lease == Some("unsigned");
        Ok(Stepped { agreement: shown.then(|| agreement(attempt)), ..Stepped::of(now) })
    }
}

fn called(ctx: CallContext<'_>) {
    ctx.calls.push(CallRecord {
        method: "POST".to_owned(),
        target: "lender.example/steps".to_owned(),
        status: Some(200),
        ..CallRecord::beforehand(&[])
    });
}

pub(crate) fn lost() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "no answer").committed_as(CommitClass::Unknown)
}

/// The same lender as a provider.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stepping(pub(crate) Arc<Lender>);

#[async_trait]
impl FinancingProvider for Stepping {
    fn descriptor(&self) -> &'static Descriptor {
        &STEPPED
    }

    fn check(&self, _: &Checkout, _: &AccountSettings) -> Result<(), Invalid> {
        Ok(())
    }

    fn steps(&self) -> Option<&dyn Stepwise> {
        Some(self.0.as_ref())
    }

    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        called(ctx);
        self.0.there().lease = None;
        Ok(Created {
            reference: ProviderRef(request.attempt.merchant_reference.clone()),
            state: AttemptState::AwaitingCustomer,
            raw_status: None,
            next_action: self.0.standing(request.attempt).next_action,
            amount_echoed: Some(request.attempt.amount),
            mismatch_stops: true,
            details: Details::default(),
            expires_at: None,
            capture_by: None,
        })
    }

    fn read_notification(&self, _: NoticeContext<'_>, _: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        Err(NoticeRefusal::Unreadable("it sends none"))
    }

    async fn retrieve(&self, _: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        let committed = attempt.state.is_committed();
        Ok(if committed { Retrieved::of(Claim::state(attempt.state)) } else { self.0.standing(attempt) })
    }

    async fn find(&self, _: CallContext<'_>, _: &Attempt) -> Result<Option<Found>, ProviderError> {
        Ok(None)
    }

    async fn finalize(
        &self,
        ctx: CallContext<'_>,
        _: &Checkout,
        _: &Attempt,
        _: bool,
    ) -> Result<Finalized, ProviderError> {
        called(ctx);
        self.0.there().sent.push("finalize".to_owned());
        let reason = Some(Reason::new("signed"));
        let claim = Claim::State { state: AttemptState::Authorized, reason };
        Ok(Finalized { retrieved: Retrieved::of(claim), attention: None })
    }
}
