//! Three financers of three kinds that say whatever a signal has them say, true or not: the fence must hold all the same.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use lendport_core::provider::{Found, Market, Retrieved};
use lendport_core::{
    Ability, Attempt, AttemptState, CallContext, Capability, CaptureMode, Checkout, Claim, CommitClass, CreateRequest,
    Created, Descriptor, Details, ErrorKind, Finalized, FinancingProvider, Frames, Grade, Money, NextAction,
    NextActionKind, Notice, NoticeContext, NoticeRefusal, ProviderError, ProviderRef, Push, Reason, Support,
};

use super::memory::{Memory, Rows};
use crate::engine::Engine;
use crate::push::IncomingPush;

const fn native(ability: Ability) -> Capability {
    Capability { ability, support: Support::Native, note: "has the call" }
}

/// Tells by pushes alone, and has no call that ends a request: a loan as WeGetFinancing's.
static PUSHER: Descriptor = Descriptor {
    id: "pusher",
    name: "Pusher",
    product: "loan",
    summary: "Made up for the fence.",
    documents: "none",
    markets: &[Market { country: "US", currency: "USD" }],
    dialects: &["1"],
    required_fields: &[],
    account_fields: &[],
    capabilities: &[
        native(Ability::Create),
        native(Ability::Notifications),
        Capability { ability: Ability::CancelFull, support: Support::Portal, note: "in its back office" },
    ],
    capture: CaptureMode::ProviderManaged,
    frames: Frames::OwnHost,
    repeated_create_is_harmless: true,
    resend: None,
    reconcile: &[],
    pauses: &[],
    sweep: None,
};

/// Pushes and is asked, cancels and gives back: a payment as WePay's.
static PAYER: Descriptor = Descriptor {
    id: "payer",
    name: "Payer",
    capabilities: &[
        native(Ability::Create),
        native(Ability::Notifications),
        native(Ability::Retrieve),
        native(Ability::Find),
        native(Ability::CancelFull),
        native(Ability::RefundFull),
    ],
    capture: CaptureMode::Manual,
    repeated_create_is_harmless: false,
    ..PUSHER
};

/// Is asked for everything and has its signatures confirmed: a lease as FlexShopper's.
static LESSOR: Descriptor = Descriptor {
    id: "lessor",
    name: "Lessor",
    capabilities: &[
        native(Ability::Create),
        native(Ability::Retrieve),
        native(Ability::Find),
        native(Ability::CancelFull),
        native(Ability::Finalize),
    ],
    ..PAYER
};

/// All three; signals name them by their place here.
pub(super) const KINDS: [&Descriptor; 3] = [&PUSHER, &PAYER, &LESSOR];

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    /// It does what it was asked for.
    Done,
    /// It says no, and nothing happened.
    Refused,
    /// Nobody knows.
    Unknown,
    /// The customer is declined at once; of creates only.
    Declined,
    /// Nothing to end there yet; of cancels only.
    Locally,
    /// Its page ran out before; of cancels only.
    Over,
}

/// What it says from now on.
#[derive(Clone, Debug)]
pub(super) struct Says {
    /// The attempt whose create is answered, and how; every other one is not answered.
    pub(super) create: Option<(u32, Answer)>,
    pub(super) command: Answer,
    pub(super) look: AttemptState,
    /// A message that arrives while a command is under way: whose, and what.
    pub(super) meanwhile: Option<(String, String, String)>,
}

impl Default for Says {
    fn default() -> Self {
        Self { create: None, command: Answer::Done, look: AttemptState::AwaitingCustomer, meanwhile: None }
    }
}

/// A call that may bind somebody, with everything stored when it was made.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) what: &'static str,
    pub(super) attempt: u32,
    pub(super) rows: Rows,
}

/// What all three have in common.
pub(super) struct Desk {
    pub(super) says: Mutex<Says>,
    pub(super) sent: Mutex<Vec<Sent>>,
    /// Attempts that were asked after.
    pub(super) asked: Mutex<Vec<u32>>,
    pub(super) memory: Arc<Memory>,
    pub(super) engine: Mutex<Option<Arc<Engine>>>,
}

pub(super) struct Financer {
    pub(super) descriptor: &'static Descriptor,
    pub(super) desk: Arc<Desk>,
}

impl Financer {
    fn says(&self) -> Says {
        self.desk.says.lock().unwrap().clone()
    }

    fn note(&self, what: &'static str, attempt: &Attempt) {
        let rows = self.desk.memory.rows();
        let sent = Sent { what, attempt: attempt.number, rows };
        self.desk.sent.lock().unwrap().push(sent);
    }

    /// What arrives while a command is under way.
    async fn meanwhile(&self) {
        let told = self.desk.says.lock().unwrap().meanwhile.take();
        let engine = self.desk.engine.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some((provider, token, body)), Some(engine)) = (told, engine) {
            let heard = engine.take_in_push(&provider, &token, push_of(&body)).await;
            assert_eq!(heard.status, 200);
        }
    }

    fn look(&self, attempt: &Attempt) -> Retrieved {
        self.desk.asked.lock().unwrap().push(attempt.number);
        Retrieved { amount_echoed: Some(attempt.amount), ..Retrieved::of(Claim::state(self.says().look)) }
    }

    async fn command(&self, what: &'static str, attempt: &Attempt, done: Claim) -> Result<Retrieved, ProviderError> {
        self.note(what, attempt);
        self.meanwhile().await;
        match self.says().command {
            Answer::Done => Ok(Retrieved { amount_echoed: Some(attempt.amount), ..Retrieved::of(done) }),
            Answer::Locally => {
                let reason = Some(Reason::new(Reason::CANCELED_LOCALLY));
                Ok(Retrieved::of(Claim::State { state: AttemptState::Canceled, reason }))
            }
            Answer::Over => Ok(Retrieved::of(Claim::state(AttemptState::Expired))),
            other => Err(failure(other)),
        }
    }
}

/// A message as it arrives.
pub(super) fn push_of(body: &str) -> IncomingPush {
    IncomingPush {
        method: "POST".to_owned(),
        headers: Vec::new(),
        query: String::new(),
        body: body.as_bytes().to_vec(),
    }
}

fn failure(answer: Answer) -> ProviderError {
    match answer {
        Answer::Unknown => ProviderError::new(ErrorKind::NoAnswer, "silence").committed_as(CommitClass::Unknown),
        Answer::Declined => ProviderError::new(ErrorKind::Declined, "no").committed_as(CommitClass::Rejected),
        _ => ProviderError::new(ErrorKind::Invalid, "no").committed_as(CommitClass::Rejected),
    }
}

#[async_trait]
impl FinancingProvider for Financer {
    fn descriptor(&self) -> &'static Descriptor {
        self.descriptor
    }

    async fn create(&self, _: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        let attempt = request.attempt;
        match self.says().create.filter(|(answered, _)| *answered == attempt.number).map(|(_, answer)| answer) {
            None => {
                self.note("create", attempt);
                std::future::pending().await
            }
            Some(Answer::Done) => Ok(Created {
                reference: ProviderRef(format!("ref-{}", attempt.number)),
                state: AttemptState::AwaitingCustomer,
                raw_status: None,
                next_action: Some(NextAction {
                    kind: NextActionKind::Redirect,
                    url: "https://financer.example/".to_owned(),
                    also: Vec::new(),
                    expires_at: None,
                }),
                amount_echoed: Some(attempt.amount),
                mismatch_stops: true,
                details: Details::default(),
                expires_at: None,
                capture_by: None,
            }),
            Some(other) => Err(failure(other)),
        }
    }

    /// `state number`; the number tells messages apart.
    fn read_notification(&self, _: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        let text = String::from_utf8(push.body.to_vec()).unwrap();
        let state = AttemptState::parse(text.split(' ').next().unwrap()).unwrap();
        Ok(Notice {
            grade: Grade::Signed,
            claim: Claim::state(state),
            details: Details::default(),
            raw_status: None,
            reference: None,
            dedupe_key: text,
            fetch: false,
        })
    }

    async fn retrieve(&self, _: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        Ok(self.look(attempt))
    }

    async fn find(&self, _: CallContext<'_>, attempt: &Attempt) -> Result<Option<Found>, ProviderError> {
        let reference = ProviderRef(format!("ref-{}", attempt.number));
        Ok(Some(Found { reference, retrieved: self.look(attempt), others: 0 }))
    }

    async fn finalize(
        &self,
        _: CallContext<'_>,
        _: &Checkout,
        attempt: &Attempt,
        _: bool,
    ) -> Result<Finalized, ProviderError> {
        let retrieved = self.command("finalize", attempt, Claim::state(AttemptState::Authorized)).await?;
        Ok(Finalized { retrieved, attention: None })
    }

    async fn cancel(&self, _: CallContext<'_>, attempt: &Attempt, _: Option<&str>) -> Result<Retrieved, ProviderError> {
        self.command("cancel", attempt, Claim::state(AttemptState::Canceled)).await
    }

    async fn refund(
        &self,
        _: CallContext<'_>,
        attempt: &Attempt,
        amount: Money,
        _: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        self.command("refund", attempt, Claim::Refund { amount: Some(amount), distinguishable: true }).await
    }
}
