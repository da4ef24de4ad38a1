//! A financer made up for these tests: it does as it was told before.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lendport_core::provider::{Market, Retrieved, ShipmentConfirmed};
use lendport_core::{
    Ability, Attempt, AttemptState, CallContext, Capability, CaptureMode, Checkout, Claim, CreateRequest, Created,
    Descriptor, Details, FinancingProvider, Frames, Grade, NextAction, NextActionKind, Notice, NoticeContext,
    NoticeRefusal, ProviderError, ProviderRef, Push, Reason, ReturnUrls, Shipment, Support,
};

static DESCRIPTOR: Descriptor = Descriptor {
    id: "acme",
    name: "Acme",
    product: "loan",
    summary: "Made up for tests.",
    documents: "none",
    markets: &[Market { country: "US", currency: "USD" }, Market { country: "CA", currency: "USD" }],
    dialects: &["1"],
    required_fields: &["/customer/email"],
    account_fields: &[lendport_core::AccountField {
        name: "password",
        secret: true,
        required: true,
        choices: &[],
        description: "from the back office",
    }],
    capabilities: &[
        Capability { ability: Ability::Create, support: Support::Native, note: "answers with a page" },
        Capability { ability: Ability::Retrieve, support: Support::Native, note: "may be asked" },
        Capability { ability: Ability::CancelFull, support: Support::Native, note: "before capture" },
        Capability { ability: Ability::ConfirmShipment, support: Support::Native, note: "takes shipments" },
        Capability { ability: Ability::RefundFull, support: Support::Portal, note: "give it back in the back office" },
    ],
    capture: CaptureMode::ProviderManaged,
    frames: Frames::OwnHost,
    repeated_create_is_harmless: true,
    resend: None,
    reconcile: &[],
    pauses: &[],
    sweep: None,
};

/// The same, with lenders behind it.
static MANY: Descriptor = Descriptor { frames: Frames::ManyHosts, ..DESCRIPTOR };

/// What create does next.
#[derive(Clone)]
pub(crate) enum Create {
    Works,
    Fails(ProviderError),
    Takes(Duration),
    Echoes(&'static str),
    Panics,
}

pub(crate) struct Fake {
    pub(crate) create: Mutex<Create>,
    pub(crate) creates: AtomicUsize,
    /// The latest callback token.
    pub(crate) token: Mutex<String>,
    /// Where the latest create wants the browser to come back to.
    pub(crate) return_urls: Mutex<ReturnUrls>,
    /// What its references end with.
    pub(crate) reference: Mutex<String>,
    /// Whether another create in the place of an unknown one does no harm.
    pub(crate) repeats: AtomicBool,
    /// Whether its page leads on to other hosts.
    pub(crate) leads_on: AtomicBool,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            create: Mutex::new(Create::Works),
            creates: AtomicUsize::new(0),
            token: Mutex::new(String::new()),
            return_urls: Mutex::default(),
            reference: Mutex::default(),
            repeats: AtomicBool::new(true),
            leads_on: AtomicBool::new(false),
        }
    }

    pub(crate) fn next(&self, create: Create) {
        *self.create.lock().unwrap() = create;
    }

    pub(crate) fn count(&self) -> usize {
        self.creates.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl FinancingProvider for Fake {
    fn descriptor(&self) -> &'static Descriptor {
        if self.leads_on.load(Ordering::SeqCst) { &MANY } else { &DESCRIPTOR }
    }

    fn may_repeat_create(&self, _: &Checkout) -> bool {
        self.repeats.load(Ordering::SeqCst)
    }

    async fn create(&self, _: CallContext<'_>, asked: CreateRequest<'_>) -> Result<Created, ProviderError> {
        self.creates.fetch_add(1, Ordering::SeqCst);
        let address = asked.callback_url.expose();
        *self.token.lock().unwrap() = address.rsplit('/').next().unwrap().to_owned();
        self.return_urls.lock().unwrap().clone_from(&asked.checkout.return_urls);
        let create = self.create.lock().unwrap().clone();
        let mut amount = asked.attempt.amount;
        match create {
            Create::Works => {}
            Create::Fails(error) => return Err(error),
            Create::Takes(time) => tokio::time::sleep(time).await,
            Create::Echoes(text) => amount = lendport_core::Money::parse(text, amount.currency()).unwrap(),
            Create::Panics => panic!("made up"),
        }
        Ok(Created {
            reference: ProviderRef(format!("ref-{}{}", asked.attempt.id, self.reference.lock().unwrap())),
            state: AttemptState::AwaitingCustomer,
            raw_status: None,
            next_action: Some(NextAction {
                kind: NextActionKind::Redirect,
                url: "https://financer.example/apply?a=1&b=2".to_owned(),
                also: Vec::new(),
                expires_at: None,
            }),
            amount_echoed: Some(amount),
            mismatch_stops: true,
            details: Details::default(),
            expires_at: None,
            capture_by: None,
        })
    }

    /// The body is the name of a state, and where it has more lines the reason and the financer's own word.
    fn read_notification(&self, _: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        let text = std::str::from_utf8(push.body).map_err(|_| NoticeRefusal::Unreadable("not text"))?;
        if text == "forged" || push.header("x-signature").is_some_and(|signature| signature != "right") {
            return Err(NoticeRefusal::Unauthentic("wrong signature"));
        }
        let mut lines = text.lines();
        let state = lines.next().and_then(AttemptState::parse).ok_or(NoticeRefusal::Unreadable("no state"))?;
        let reason = lines.next().map(Reason::new);
        Ok(Notice {
            grade: Grade::Token,
            claim: Claim::State { state, reason },
            details: Details::default(),
            raw_status: Some(lines.next().unwrap_or(text).to_owned()),
            reference: None,
            dedupe_key: text.to_owned(),
            fetch: false,
        })
    }

    async fn retrieve(&self, _: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        Ok(Retrieved::of(Claim::state(attempt.state)))
    }

    async fn cancel(&self, _: CallContext<'_>, _: &Attempt, _: Option<&str>) -> Result<Retrieved, ProviderError> {
        Ok(Retrieved::of(Claim::state(AttemptState::Canceled)))
    }

    async fn confirm_shipment(
        &self,
        _: CallContext<'_>,
        _: &Checkout,
        _: &Attempt,
        _: &Shipment,
    ) -> Result<ShipmentConfirmed, ProviderError> {
        Ok(ShipmentConfirmed::default())
    }
}
