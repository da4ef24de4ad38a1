//! A financer made up for these tests: it does as it was told before.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use async_trait::async_trait;
use lendport_core::provider::{Market, Retrieved, ShipmentConfirmed};
use lendport_core::{
    Ability, AccountField, AccountSettings, Attempt, AttemptState, CallContext, Capability, CaptureMode, Checkout,
    Claim, CreateRequest, Created, Descriptor, Details, ErrorKind, FieldKind, FinancingProvider, Frames, Grade,
    Invalid, Money, NextAction, NextActionKind, Notice, NoticeContext, NoticeRefusal, ProviderError, ProviderRef, Push,
    Reason, ReturnUrls, Shipment, Support, Verification,
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
    account_fields: &[
        AccountField::credential("password", "from the back office"),
        AccountField::setting("shop_number", FieldKind::Integer { min: 1, max: 9_999 }, "of the shop"),
        AccountField::setting("strict", FieldKind::Boolean, "whether it is strict"),
        AccountField { secret: true, ..AccountField::setting("push_key", FieldKind::Text, "signs pushes") },
    ],
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

/// The same, that can be told to give money back.
static REFUNDING: Descriptor = Descriptor {
    capabilities: &[
        Capability { ability: Ability::Create, support: Support::Native, note: "answers with a page" },
        Capability { ability: Ability::Retrieve, support: Support::Native, note: "may be asked" },
        Capability { ability: Ability::CancelFull, support: Support::Native, note: "before capture" },
        Capability { ability: Ability::ConfirmShipment, support: Support::Native, note: "takes shipments" },
        Capability { ability: Ability::RefundFull, support: Support::Native, note: "gives it back" },
    ],
    ..DESCRIPTOR
};

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
    /// Whether it gives money back when it is told to.
    pub(crate) refunds: AtomicBool,
    /// The next check or verification waits until the other end is dropped.
    pub(crate) held: Mutex<Option<Receiver<()>>>,
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
            refunds: AtomicBool::new(false),
            held: Mutex::default(),
        }
    }

    pub(crate) fn next(&self, create: Create) {
        *self.create.lock().unwrap() = create;
    }

    pub(crate) fn count(&self) -> usize {
        self.creates.load(Ordering::SeqCst)
    }

    /// Needs a runtime of several threads where it is to wait.
    fn wait_where_held(&self) {
        let held = self.held.lock().unwrap().take();
        if let Some(held) = held {
            let _ = tokio::task::block_in_place(|| held.recv());
        }
    }
}

#[async_trait]
impl FinancingProvider for Fake {
    fn descriptor(&self) -> &'static Descriptor {
        if self.refunds.load(Ordering::SeqCst) {
            return &REFUNDING;
        }
        if self.leads_on.load(Ordering::SeqCst) { &MANY } else { &DESCRIPTOR }
    }

    fn check(&self, _: &Checkout, _: &AccountSettings) -> Result<(), Invalid> {
        self.wait_where_held();
        Ok(())
    }

    fn may_repeat_create(&self, _: &Checkout) -> bool {
        self.repeats.load(Ordering::SeqCst)
    }

    /// What the account's password says.
    async fn verify_account(&self, ctx: CallContext<'_>) -> Result<Verification, ProviderError> {
        self.wait_where_held();
        match ctx.account.get("password").map(|password| password.expose().as_str()) {
            Some("right") => Ok(Verification::Works),
            Some("nobody home") => Err(ProviderError::new(ErrorKind::Unavailable, "Acme does not answer.")),
            Some("ask me not") => Ok(Verification::CannotBeVerified("Acme has no such call")),
            _ => Err(ProviderError::new(ErrorKind::Credentials, "Acme does not accept the password.")),
        }
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
            Create::Echoes(text) => amount = Money::parse(text, amount.currency()).unwrap(),
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

    async fn refund(
        &self,
        _: CallContext<'_>,
        _: &Attempt,
        _: Money,
        _: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        Ok(Retrieved::of(Claim::state(AttemptState::Refunded)))
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
