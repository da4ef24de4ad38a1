//! What a customer does in the plugin's window (flexshopper.md 6): sign up or in, apply, look at the contract, sign. The
//! lease comes to be once the customer is approved for the cart.

use serde::Deserialize;
use serde_json::{Value, json};

use super::cart;
use super::errors::Refusal;
use super::fields::Fields;
use super::lease;
use super::person::{PaymentKind, PaymentMethod};
use super::rules::Verdict;
use super::state::{Sim, Store};
use super::transaction::{Cart, Signature, Way};
use super::users;
use lendport_simulation::Json;

/// Who signs in a window that nobody typed a name into.
pub(super) const USUAL_EMAIL: &str = "john@example.com";

/// One open window.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) account: usize,
    pub(super) cart: Cart,
    pub(super) user: Option<String>,
}

/// What the window shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody has said who it is.
    Apply,
    Deciding,
    Declined,
    /// Approved, but not for this cart; says why.
    NotThisCart(String),
    Contract(u64),
    /// The lease was not signed in time, or was canceled.
    Expired,
    Signed(u64),
}

impl Stage {
    fn word(&self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Deciding => "deciding",
            Self::Declined => "declined",
            Self::NotThisCart(_) => "not_this_cart",
            Self::Contract(_) => "contract",
            Self::Expired => "expired",
            Self::Signed(_) => "signed",
        }
    }
}

/// How somebody says who it is.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) email: String,
    pub(super) date_of_birth: String,
    /// What pays takes no money.
    pub(super) declining_card: bool,
}

impl Person {
    pub(super) fn usual(email: Option<&str>) -> Self {
        Self {
            first_name: "John".to_owned(),
            last_name: "Doe".to_owned(),
            email: email.unwrap_or(USUAL_EMAIL).to_owned(),
            date_of_birth: "1990-10-10".to_owned(),
            declining_card: false,
        }
    }
}

/// Opens a window for an order.
pub(super) fn open(sim: &Sim, account: usize, order: &Json) -> Result<String, Refusal> {
    let mut strange = Vec::new();
    let cart = cart::of_plugin(&Fields::root(order), &mut strange)?;
    let id = sim.hex(32);
    let mut store = sim.store();
    store.note_strange(super::endpoint::Endpoint::Order, strange);
    store.open_session(Session { id: id.clone(), account, cart, user: None });
    Ok(id)
}

/// What a window shows now. `None`: there is no such window. Makes the lease when it is time for it.
pub(super) fn stage(sim: &Sim, id: &str) -> Option<(Session, Stage)> {
    let session = sim.store().session(id)?.clone();
    let stage = reached(sim, &session);
    Some((session, stage))
}

fn reached(sim: &Sim, session: &Session) -> Stage {
    let now = sim.clock.now();
    let Some(user) = &session.user else { return Stage::Apply };
    let earlier = {
        let store = sim.store();
        let serial = store.serial(session.account, &session.cart.transaction_id);
        serial.and_then(|serial| store.get(serial)).filter(|transaction| transaction.user == *user).map(|transaction| {
            let same = transaction.cart.same_goods(&session.cart);
            (transaction.serial, transaction.signed.is_some(), transaction.expired(now), same)
        })
    };
    match earlier {
        Some((serial, true, _, _)) => return Stage::Signed(serial),
        Some((_, _, true, true)) => return Stage::Expired,
        _ => {}
    }
    let verdict = sim.store().people.get(user).and_then(|user| user.verdict(now));
    match verdict {
        None => return Stage::Apply,
        Some(Verdict::Pending) => return Stage::Deciding,
        Some(Verdict::Deny | Verdict::Error) => return Stage::Declined,
        Some(Verdict::Approve) => {}
    }
    match lease::make(sim, session.account, user, session.cart.clone(), Way::Plugin) {
        Ok(serial) => Stage::Contract(serial),
        Err(refusal) => Stage::NotThisCart(refusal.why().to_owned()),
    }
}

/// Signs up or in, applies when that is needed, and leaves something to pay with.
pub(super) fn apply(sim: &Sim, id: &str, person: Person) -> Option<()> {
    let (application_id, prequal_id, method_id) = (sim.uuid(), sim.hex(24), sim.hex(24));
    let now = sim.clock.now();
    let mut store = sim.store();
    let account = store.session(id)?.account;
    let known = store.people.id_of_email(&person.email);
    let user_id = match known {
        Some(known) => known,
        None => users::enter(sim, &mut store, account, person.first_name, person.last_name, person.email),
    };
    let rules = store.rules.clone();
    let user = store.people.get_mut(&user_id)?;
    if !user.accounts.contains(&account) {
        user.accounts.push(account);
    }
    user.date_of_birth = Some(person.date_of_birth);
    if matches!(user.verdict(now), None | Some(Verdict::Deny | Verdict::Error)) {
        user.decide(&rules, application_id, prequal_id, now);
    }
    user.add(card(method_id, person.declining_card));
    store.session(id)?.user = Some(user_id);
    Some(())
}

fn card(id: String, declines: bool) -> PaymentMethod {
    let kind = PaymentKind::Card {
        brand: "Visa".to_owned(),
        last_four: if declines { "0002" } else { "4242" }.to_owned(),
        first_six: "411111".to_owned(),
    };
    PaymentMethod { id, label: "Card".to_owned(), primary: true, declines, kind }
}

/// Signs. The refusal of a payment that is due is 402.
pub(super) fn sign(sim: &Sim, id: &str, other_card: bool) -> Result<(), Refusal> {
    let (_, stage) = stage(sim, id).ok_or(Refusal::NO_LEASE)?;
    let Stage::Contract(serial) = stage else {
        return Err(Refusal::Rejected(format!("there is nothing to sign: {}", stage.word())));
    };
    let (at, method_id) = (sim.clock.now(), sim.hex(24));
    let mut store = sim.store();
    if other_card
        && let Some(user) = store.get(serial).map(|transaction| transaction.user.clone())
        && let Some(user) = store.people.get_mut(&user)
    {
        user.add(card(method_id, false));
    }
    lease::put_signature(&mut store, serial, Signature { at, ip_address: None, timestamp: None })
}

/// Begins again with a lease that ended: what was made of the cart is forgotten.
pub(super) fn renew(sim: &Sim, id: &str) -> Option<()> {
    let mut store = sim.store();
    let session = store.session(id)?.clone();
    let serial = store.serial(session.account, &session.cart.transaction_id)?;
    if store.get(serial).is_some_and(|transaction| transaction.signed.is_none()) {
        store.remove(serial);
    }
    Some(())
}

/// Decides whatever was decided before: for buttons that end a story at once.
pub(super) fn decide(sim: &Sim, id: &str, verdict: Verdict) -> Option<()> {
    let now = sim.clock.now();
    let mut store = sim.store();
    let user = store.session(id)?.user.clone()?;
    let decision = store.people.get_mut(&user)?.decision.as_mut()?;
    decision.verdict = verdict;
    decision.due = decision.due.min(now);
    Some(())
}

/// How far a story is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Until {
    Opened,
    Applied,
    #[default]
    Signed,
}

/// Where a story ended.
pub(super) struct Played {
    pub(super) id: String,
    pub(super) transaction_id: String,
    pub(super) stage: Stage,
    pub(super) number: Option<String>,
}

impl Played {
    /// As the control API shows it; with a signature its two members are what the page's `onSign` is called with.
    pub(super) fn shown(&self, base: &str) -> Value {
        let mut shown = json!({
            "stage": self.stage.word(),
            "page": format!("{base}/sdk/session/{}", self.id),
            "transactionId": self.transaction_id,
        });
        if let (Some(members), Some(number)) = (shown.as_object_mut(), &self.number) {
            members.insert("leaseNumber".to_owned(), number.as_str().into());
        }
        shown
    }
}

/// Opens a window and goes through it as far as asked; the customer's decision may end it earlier.
pub(super) fn play(
    sim: &Sim,
    account: usize,
    order: &Json,
    email: Option<&str>,
    until: Until,
) -> Result<Played, Refusal> {
    let id = open(sim, account, order)?;
    if until != Until::Opened {
        apply(sim, &id, Person::usual(email));
    }
    let (session, reached) = stage(sim, &id).ok_or(Refusal::NO_LEASE)?;
    if until == Until::Signed && matches!(reached, Stage::Contract(_)) {
        sign(sim, &id, false)?;
    }
    let (_, reached) = stage(sim, &id).ok_or(Refusal::NO_LEASE)?;
    let number = signed_number(&sim.store(), &reached);
    Ok(Played { id, transaction_id: session.cart.transaction_id, stage: reached, number })
}

/// The `leaseNumber` of a signed lease.
pub(super) fn signed_number(store: &Store, stage: &Stage) -> Option<String> {
    match stage {
        Stage::Signed(serial) => store.get(*serial).map(|transaction| transaction.number.clone()),
        _ => None,
    }
}
