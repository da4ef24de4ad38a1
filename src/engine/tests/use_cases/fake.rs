//! A financer whose answers are written by the test, and who can look around while it is being called.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lendport_core::provider::{Found, Retrieved, ShipmentConfirmed};
use lendport_core::{
    Ability, AccountSettings, AmountLimits, Attempt, AttemptState, CallContext, CallRecord, Checkout, Claim,
    CreateRequest, Created, Descriptor, Details, Dispute, Finalized, FinancingProvider, Grade, Invalid, LineReport,
    LineStanding, LineUnits, Money, NextAction, NextActionKind, Notice, NoticeContext, NoticeRefusal, Pointer,
    ProviderError, ProviderRef, Push, Reason, Secret, Shipment, SweepAsk, Swept,
};
use serde_json::Value;
use tokio::sync::Notify;

use crate::fake_list::FakeList;

/// What a create call carried.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) checkout: Checkout,
    pub(crate) attempt: Attempt,
    /// The secret part of the callback address.
    pub(crate) token: String,
}

pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send>>;
type OnCreate = dyn Fn(Asked) -> Answer<Created> + Send + Sync;
type OnLines = dyn Fn(&[LineUnits]) -> Result<LineReport, ProviderError> + Send + Sync;
type OnShip = dyn Fn(Shipment) -> Answer<ShipmentConfirmed> + Send + Sync;

/// How a request stands.
pub(crate) fn stands(claim: Claim) -> Retrieved {
    Retrieved::of(claim)
}

/// Nothing new about the state, and so much given back altogether.
pub(crate) fn with_total(total: Money) -> Retrieved {
    Retrieved { details: Details { refunded: Some(total), ..Details::default() }, ..stands(Claim::Nothing) }
}

/// The scripted financer.
pub(crate) struct Fake {
    descriptor: &'static Descriptor,
    on_create: Mutex<Arc<OnCreate>>,
    pub(crate) on_ship: Mutex<Arc<OnShip>>,
    pub(crate) on_lines: Mutex<Arc<OnLines>>,
    command: Mutex<Result<Retrieved, ProviderError>>,
    finalized: Mutex<Result<Finalized, ProviderError>>,
    pub(crate) retrieved: Mutex<Result<Retrieved, ProviderError>>,
    pub(crate) found: Mutex<Option<Found>>,
    looks: AtomicU32,
    pub(crate) gate: Mutex<Option<Arc<Notify>>>,
    pub(crate) look_gate: Mutex<Option<Arc<Notify>>>,
    commanded: Mutex<Vec<String>>,
    asked: Mutex<Vec<Asked>>,
    pub(crate) list: FakeList,
    shipped: Mutex<Vec<Shipment>>,
}

/// What a create answers when nothing is wrong.
pub(crate) fn created(asked: &Asked) -> Created {
    Created {
        reference: ProviderRef(format!("ref-{}-{}", asked.checkout.id, asked.attempt.number)),
        state: AttemptState::AwaitingCustomer,
        raw_status: Some("created".to_owned()),
        next_action: Some(NextAction {
            kind: NextActionKind::Lightbox,
            url: format!("https://financer.example/{}", asked.attempt.number),
            also: vec![NextActionKind::Redirect],
            expires_at: None,
        }),
        amount_echoed: Some(asked.attempt.amount),
        mismatch_stops: true,
        details: Details::default(),
        expires_at: None,
        capture_by: None,
    }
}

impl Fake {
    pub(crate) fn new(descriptor: &'static Descriptor) -> Self {
        Self {
            descriptor,
            on_create: Mutex::new(Arc::new(|asked| Box::pin(async move { Ok(created(&asked)) }))),
            on_ship: Mutex::new(Arc::new(|_| Box::pin(async { Ok(ShipmentConfirmed::default()) }))),
            on_lines: Mutex::new(Arc::new(|asked| Ok(LineReport { done: asked.to_vec(), ..LineReport::default() }))),
            command: Mutex::new(Ok(stands(Claim::Nothing))),
            finalized: Mutex::new(Ok(Finalized { retrieved: stands(Claim::Nothing), attention: None })),
            retrieved: Mutex::new(Ok(stands(Claim::Nothing))),
            found: Mutex::new(None),
            looks: AtomicU32::new(0),
            gate: Mutex::new(None),
            look_gate: Mutex::new(None),
            commanded: Mutex::new(Vec::new()),
            asked: Mutex::new(Vec::new()),
            list: FakeList::default(),
            shipped: Mutex::new(Vec::new()),
        }
    }

    /// From now on create is answered so.
    pub(crate) fn answer_create<F, T>(&self, answer: F)
    where
        F: Fn(Asked) -> T + Send + Sync + 'static,
        T: Future<Output = Result<Created, ProviderError>> + Send + 'static,
    {
        *self.on_create.lock().unwrap() = Arc::new(move |asked| Box::pin(answer(asked)));
    }

    /// From now on create fails so.
    pub(crate) fn fail_create(&self, error: ProviderError) {
        self.answer_create(move |_| std::future::ready(Err(error.clone())));
    }

    /// From now on create works.
    pub(crate) fn accept_create(&self) {
        self.answer_create(|asked| async move { Ok(created(&asked)) });
    }

    /// From now on shipments are answered so.
    pub(crate) fn answer_ship(&self, answer: Result<ShipmentConfirmed, ProviderError>) {
        *self.on_ship.lock().unwrap() = Arc::new(move |_| Box::pin(std::future::ready(answer.clone())));
    }

    /// From now on captures, cancels and refunds are answered so.
    pub(crate) fn answer_command(&self, answer: Result<Claim, ProviderError>) {
        *self.command.lock().unwrap() = answer.map(stands);
    }

    /// From now on confirmations are answered so.
    pub(crate) fn answer_finalize(&self, answer: Result<Finalized, ProviderError>) {
        *self.finalized.lock().unwrap() = answer;
    }

    /// From now on captures, cancels and refunds are answered with all of this.
    pub(crate) fn answer_command_with(&self, told: Retrieved) {
        *self.command.lock().unwrap() = Ok(told);
    }

    /// From now on, asked how a request stands, it says so.
    pub(crate) fn answer_retrieve(&self, claim: Claim) {
        *self.retrieved.lock().unwrap() = Ok(stands(claim));
    }

    /// From now on, asked how a request stands, it says how much was given back altogether.
    pub(crate) fn answer_refunded(&self, total: Money) {
        *self.retrieved.lock().unwrap() = Ok(with_total(total));
    }

    /// From now on, asked how a request stands, it says all of this.
    pub(crate) fn answer_look(&self, retrieved: Retrieved) {
        *self.retrieved.lock().unwrap() = Ok(retrieved);
    }

    /// How often it was asked how a request stands, or whether there is one.
    pub(crate) fn looks(&self) -> u32 {
        self.looks.load(Ordering::SeqCst)
    }

    /// Every capture, cancel and refund so far, with its amount.
    pub(crate) fn commanded(&self) -> Vec<String> {
        self.commanded.lock().unwrap().clone()
    }

    pub(crate) async fn obey(&self, word: String) -> Result<Retrieved, ProviderError> {
        self.commanded.lock().unwrap().push(word);
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.notified().await;
        }
        self.command.lock().unwrap().clone()
    }

    /// Every create call so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The latest create call.
    pub(crate) fn last(&self) -> Asked {
        self.asked().last().unwrap().clone()
    }

    /// Every shipment call so far.
    pub(crate) fn shipped(&self) -> Vec<Shipment> {
        self.shipped.lock().unwrap().clone()
    }
}

#[async_trait]
impl FinancingProvider for Fake {
    fn descriptor(&self) -> &'static Descriptor {
        self.descriptor
    }

    fn check(&self, checkout: &Checkout, _: &AccountSettings) -> Result<(), Invalid> {
        let refused = checkout.metadata.get("refused by").map_or("", String::as_str);
        if refused.split(' ').any(|name| name == self.descriptor.id) {
            return Err(Invalid::one(&Pointer::root().child("currency"), "not_funded", self.descriptor.id));
        }
        if checkout.billing.country.code() == "US" {
            return Ok(());
        }
        Err(Invalid::one(&Pointer::root().child("billing_address").child("country"), "not_served", "only the US"))
    }

    fn asks_for_limits(&self) -> bool {
        self.descriptor.sweep.is_some()
    }

    async fn ask_limits(&self, _: CallContext<'_>) -> Result<AmountLimits, ProviderError> {
        Ok(self.list.limits())
    }

    fn plugin_order(
        &self,
        checkout: &Checkout,
        attempt: &Attempt,
        _: &AccountSettings,
    ) -> Result<Option<String>, ProviderError> {
        let asked_for = attempt.reference.as_ref().map(|reference| reference.0.as_str());
        Ok(Some(format!(r#"{{"for":"{}","cost":{}}}"#, asked_for.unwrap_or_default(), checkout.cart.total)))
    }

    fn may_repeat_create(&self, checkout: &Checkout) -> bool {
        self.descriptor.repeated_create_is_harmless && !checkout.metadata.contains_key("customer was mailed")
    }

    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        let token = request.callback_url.expose().rsplit('/').next().unwrap().to_owned();
        let asked = Asked { checkout: request.checkout.clone(), attempt: request.attempt.clone(), token };
        self.asked.lock().unwrap().push(asked.clone());
        ctx.calls.push(CallRecord {
            method: "POST".to_owned(),
            target: "financer.example/requests".to_owned(),
            status: Some(200),
            duration_ms: 1,
            failure: None,
            fields: Vec::new(),
        });
        let answer = Arc::clone(&self.on_create.lock().unwrap());
        answer(asked).await
    }

    fn read_notification(&self, _: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        let body: Value = serde_json::from_slice(push.body).map_err(|_| NoticeRefusal::Unreadable("not JSON"))?;
        let word = |name: &str| body[name].as_str();
        let grade = match push.header("x-signature") {
            Some("right") => Grade::Signed,
            Some(_) => return Err(NoticeRefusal::Unauthentic("wrong")),
            None => Grade::Token,
        };
        let claim = match (word("state"), word("refund")) {
            (Some(state), _) => match AttemptState::parse(state) {
                Some(state) => Claim::State { state, reason: word("reason").map(Reason::new) },
                None => Claim::UnknownStatus,
            },
            (None, Some(amount)) => Claim::Refund {
                amount: Money::parse(amount, lendport_core::Currency::USD).ok(),
                distinguishable: word("refund_id").is_some(),
            },
            (None, None) => Claim::Nothing,
        };
        Ok(Notice {
            grade,
            claim,
            details: Details {
                review_open: body["review_open"].as_bool(),
                refunded: word("refunded").and_then(|text| Money::parse(text, lendport_core::Currency::USD).ok()),
                charged_back: None,
                dispute: word("dispute").and_then(Dispute::parse),
                lines: Vec::new(),
            },
            raw_status: word("state").map(str::to_owned),
            reference: word("reference").map(|text| ProviderRef(text.to_owned())),
            // Whatever tells two messages apart is in the body.
            dedupe_key: body.to_string(),
            fetch: body["look"] == true,
        })
    }

    async fn retrieve(&self, _: CallContext<'_>, _: &Attempt) -> Result<Retrieved, ProviderError> {
        self.descriptor.require(Ability::Retrieve)?;
        let answer = self.retrieved.lock().unwrap().clone();
        self.looks.fetch_add(1, Ordering::SeqCst);
        let gate = self.look_gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.notified().await;
        }
        answer
    }

    async fn find(&self, _: CallContext<'_>, _: &Attempt) -> Result<Option<Found>, ProviderError> {
        self.descriptor.require(Ability::Find)?;
        self.looks.fetch_add(1, Ordering::SeqCst);
        Ok(self.found.lock().unwrap().clone())
    }

    fn sweep_marks(&self, checkout: &Checkout, _: &Attempt) -> Vec<String> {
        vec![format!("email {}", checkout.customer.email.expose())]
    }

    async fn sweep(&self, _: CallContext<'_>, ask: SweepAsk<'_>) -> Result<Swept, ProviderError> {
        self.list.page(ask).await
    }

    async fn finalize(
        &self,
        _: CallContext<'_>,
        checkout: &Checkout,
        _: &Attempt,
        sent_before: bool,
    ) -> Result<Finalized, ProviderError> {
        let again = if sent_before { " again" } else { "" };
        self.obey(format!("finalize {}{again}", checkout.cart.total)).await?;
        self.finalized.lock().unwrap().clone()
    }

    async fn capture(&self, _: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        self.obey(format!("capture {}", attempt.amount)).await
    }

    async fn cancel(
        &self,
        _: CallContext<'_>,
        attempt: &Attempt,
        reason: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        self.obey(format!("cancel {}{reason}", attempt.amount)).await
    }

    async fn refund(
        &self,
        _: CallContext<'_>,
        _: &Attempt,
        amount: Money,
        reason: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        self.obey(format!("refund {amount} {}", reason.unwrap_or("-"))).await
    }

    fn lines_financed(&self, checkout: &Checkout, _: &AccountSettings) -> Option<Vec<LineStanding>> {
        let line = |line: &lendport_core::Line| LineStanding::of(line.id, line.quantity, line.unit_gross);
        checkout.metadata.contains_key("paid by line").then(|| checkout.cart.lines.iter().map(line).collect())
    }

    async fn cancel_lines(
        &self,
        _: CallContext<'_>,
        _: &Checkout,
        _: &Attempt,
        lines: &[LineUnits],
        _: Option<&str>,
    ) -> Result<LineReport, ProviderError> {
        self.obey_lines("cancel", lines).await
    }

    async fn return_lines(
        &self,
        _: CallContext<'_>,
        _: &Checkout,
        _: &Attempt,
        lines: &[LineUnits],
        _: Option<&str>,
    ) -> Result<LineReport, ProviderError> {
        self.obey_lines("return", lines).await
    }

    async fn amend_callback(
        &self,
        _: CallContext<'_>,
        _: &Attempt,
        callback_url: &Secret<String>,
    ) -> Result<Retrieved, ProviderError> {
        self.descriptor.require(Ability::AmendCallback)?;
        let token = callback_url.expose().rsplit('/').next().unwrap();
        self.obey(format!("amend {token}")).await
    }

    fn may_repeat_shipment(&self) -> bool {
        self.descriptor.id != "strict"
    }

    async fn confirm_shipment(
        &self,
        _: CallContext<'_>,
        _: &Checkout,
        _: &Attempt,
        shipment: &Shipment,
    ) -> Result<ShipmentConfirmed, ProviderError> {
        self.shipped.lock().unwrap().push(shipment.clone());
        let answer = Arc::clone(&self.on_ship.lock().unwrap());
        answer(shipment.clone()).await
    }
}
