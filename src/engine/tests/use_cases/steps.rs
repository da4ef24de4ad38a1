//! The steps of an application that the merchant's pages carry, when all is well or the lender says no.

use std::net::IpAddr;
use std::sync::Arc;

use lendport_core::{
    Application, AttemptState, CheckoutId, Clock as _, Consent, FinancingProvider, MeansOfPayment, NextActionKind,
    OperationKind, Phase, ProviderAccount, ProviderAccountId, ProviderId, Secret,
};
use lendport_engine::{Engine, EngineError, Reply, StepAsk, StepWork, UpkeepSettings};

use crate::fake_lender::{Fault, Lender, Stepping, document};
use crate::world::{World, asked, body, id_of, push_through, ticket, word};

/// A checkout at the lender, and the process that carries it.
pub(crate) struct Walk {
    pub(crate) world: World,
    pub(crate) lender: Arc<Lender>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) id: CheckoutId,
}

pub(crate) type Stepped = Result<(Reply, Option<StepWork>), EngineError>;

pub(crate) fn application() -> StepAsk {
    StepAsk::Apply(Box::new(Application {
        home: None,
        mobile_phone: Secret::from("7325550186"),
        date_of_birth: Secret::from("1971-03-19"),
        ssn: Some(Secret::from("471198362")),
        drivers_license: None,
        employment: None,
        pay_with: None,
        device_fingerprint: None,
        customer_ip: None,
    }))
}

impl Walk {
    pub(crate) async fn new() -> Self {
        Self::after(World::new().await, None).await
    }

    /// A checkout that others were asked for first.
    async fn after(world: World, earlier: Option<CheckoutId>) -> Self {
        let lender = Stepping::default();
        let provider = ProviderId::parse("stepped").unwrap();
        let account = ProviderAccount {
            id: ProviderAccountId::mint(&world.ids),
            merchant: world.tenant.merchant,
            provider,
            mode: world.tenant.mode,
            settings: lendport_core::AccountSettings::default(),
        };
        world.store.put_account(&account).await.unwrap();
        let known: Arc<dyn FinancingProvider> = Arc::new(lender.clone());
        let engine = world.with_providers("steps", UpkeepSettings::default(), &[known]);
        let id = match earlier {
            Some(id) => {
                let next = ticket("POST /attempts", "next", "stepped");
                let asked = Some("stepped".to_owned());
                let reply = engine.start_attempt(world.tenant, id, asked, None, next).await.unwrap();
                assert_eq!(reply.status, 201, "{}", reply.body);
                id
            }
            None => {
                let open = ticket(crate::world::OPEN, "open", "stepped");
                let invalid = lendport_core::Invalid::none();
                id_of(&engine.open_checkout(world.tenant, asked("stepped"), invalid, open).await.unwrap())
            }
        };
        Self { world, lender: lender.0, engine, id }
    }

    /// Another process on the same database.
    pub(crate) fn restarted(&self, owner: &str) -> Arc<Engine> {
        let known: Arc<dyn FinancingProvider> = Arc::new(Stepping(Arc::clone(&self.lender)));
        self.world.with_providers(owner, UpkeepSettings::default(), &[known])
    }

    /// Asks for a step; an application is not sent yet.
    pub(crate) async fn ask(&self, step: StepAsk, key: &str) -> Stepped {
        let route = match &step {
            StepAsk::Apply(_) => "POST /application",
            StepAsk::AddPayment(_) => "POST /payment_methods",
            StepAsk::Agree => "POST /agreement",
            StepAsk::Sign(_) => "POST /agreement/sign",
        };
        self.engine.take_step(self.world.tenant, self.id, None, step, ticket(route, key, "")).await
    }

    /// Asks for a step and takes it.
    pub(crate) async fn take(&self, step: StepAsk, key: &str) -> Result<Reply, EngineError> {
        let (reply, work) = self.ask(step, key).await?;
        if let Some(work) = work {
            work.run().await;
        }
        Ok(reply)
    }

    pub(crate) fn consent(&self, document: String) -> Consent {
        Consent { document_sha256: document, ip: IpAddr::from([203, 0, 113, 7]), at: self.world.clock.now() }
    }

    /// The signature under what was read.
    pub(crate) async fn signature(&self) -> StepAsk {
        let read = self.engine.agreement(self.world.tenant, self.id).await.unwrap();
        StepAsk::Sign(self.consent(read.document_sha256))
    }

    /// Goes as far as an agreement that waits for its signature.
    pub(crate) async fn agreed() -> Self {
        let walk = Self::new().await;
        walk.take(application(), "apply").await.unwrap();
        assert_eq!(walk.take(StepAsk::Agree, "agree").await.unwrap().status, 200);
        assert_eq!(walk.stands().await, (AttemptState::AwaitingCustomer, Some(NextActionKind::SignAgreement)));
        walk
    }

    pub(crate) async fn stands(&self) -> (AttemptState, Option<NextActionKind>) {
        let attempt = self.world.attempt(self.id).await;
        (attempt.state, attempt.next_action.map(|action| action.kind))
    }

    pub(crate) async fn phase(&self, kind: OperationKind) -> Phase {
        self.world.operation(self.id, kind).await.phase
    }

    /// Lets time pass; the worker comes.
    pub(crate) async fn later(&self, seconds: i64) {
        self.world.clock.advance(jiff::SignedDuration::from_secs(seconds));
        self.engine.settle_due().await.unwrap();
    }

    pub(crate) fn times(&self, what: &str) -> usize {
        self.lender.sent().iter().filter(|sent| sent.starts_with(what)).count()
    }
}

#[tokio::test]
async fn an_application_is_carried_to_its_commitment() {
    let walk = Walk::agreed().await;
    let signature = walk.signature().await;
    assert_eq!(walk.take(signature, "sign").await.unwrap().status, 201);
    assert_eq!(walk.stands().await, (AttemptState::AwaitingMerchant, None));
    walk.later(10).await;
    assert_eq!(walk.stands().await.0, AttemptState::Authorized);
    assert_eq!(walk.lender.sent()[..2], ["apply", "agree"]);
    assert_eq!((walk.times("sign"), walk.times("finalize"), walk.lender.sent().len()), (1, 1, 4));
    let events = walk.world.events(walk.id).await;
    for told in ["attempt.preapproved", "checkout.ready_to_fulfill"] {
        assert_eq!(events.iter().filter(|kind| **kind == told).count(), 1, "{told} of {events:?}");
    }
}

#[tokio::test]
async fn a_second_application_is_refused_while_one_is_under_way() {
    let walk = Walk::new().await;
    walk.lender.fail(OperationKind::Apply, Fault::Silent);
    let (_, work) = walk.ask(application(), "first").await.unwrap();
    let deciding = tokio::spawn(work.unwrap().run());
    while walk.lender.sent().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(word(&walk.ask(application(), "second").await.unwrap_err()), "wrong_state");
    assert_eq!(walk.lender.sent(), ["apply"]);
    deciding.abort();
}

#[tokio::test]
async fn one_key_takes_a_step_once() {
    let walk = Walk::new().await;
    let first = walk.take(application(), "key").await.unwrap();
    let (again, work) = walk.ask(application(), "key").await.unwrap();
    assert!(again.replayed && work.is_none() && again.body == first.body);
    let agreed = walk.take(StepAsk::Agree, "key").await.unwrap();
    assert!(body(&agreed).get("document").is_none(), "the answer is kept, and names nobody");
    assert!(walk.take(StepAsk::Agree, "key").await.unwrap().replayed);
    let signature = walk.signature().await;
    walk.take(signature, "key").await.unwrap();
    let signature = StepAsk::Sign(walk.consent(document(&walk.world.attempt(walk.id).await)));
    assert!(walk.take(signature, "key").await.unwrap().replayed);
    assert_eq!((walk.times("apply"), walk.times("agree"), walk.times("sign")), (1, 1, 1));
}

#[tokio::test]
async fn a_decision_that_comes_later_is_told_when_it_is_seen() {
    let walk = Walk::new().await;
    walk.lender.there().decides = Some("pending");
    walk.take(application(), "apply").await.unwrap();
    assert_eq!(walk.stands().await.0, AttemptState::UnderReview);
    assert_eq!(word(&walk.ask(StepAsk::Agree, "early").await.unwrap_err()), "wrong_state");
    walk.later(300).await;
    assert_eq!(walk.stands().await.0, AttemptState::UnderReview);
    walk.lender.there().decision = Some("approved");
    walk.later(300).await;
    assert_eq!(walk.stands().await, (AttemptState::Preapproved, Some(NextActionKind::SignAgreement)));
    let events = walk.world.events(walk.id).await;
    assert!(events.ends_with(&["checkout.updated", "attempt.preapproved"]), "{events:?}");
    assert_eq!(walk.times("apply"), 1);
}

#[tokio::test]
async fn an_agreement_is_made_once_however_often_it_is_asked_for() {
    let walk = Walk::agreed().await;
    let again = walk.take(StepAsk::Agree, "again").await.unwrap();
    assert_eq!(body(&again)["document_sha256"], document(&walk.world.attempt(walk.id).await));
    assert_eq!(walk.times("agree"), 1);
}

#[tokio::test]
async fn a_payment_that_is_due_is_made_and_then_it_is_signed() {
    let walk = Walk::agreed().await;
    walk.lender.there().unpaid = true;
    let signature = walk.signature().await;
    assert_eq!(walk.take(signature, "first").await.unwrap().status, 409);
    assert_eq!(walk.stands().await, (AttemptState::AwaitingCustomer, Some(NextActionKind::Pay)));
    walk.later(3_600).await;
    assert_eq!(walk.stands().await.1, Some(NextActionKind::Pay), "a look does not forget it");
    let card = MeansOfPayment::Card(lendport_core::application::Card {
        tokens: vec![("clover".to_owned(), Secret::from("tok"))],
        expires: None,
        brand: None,
        last_four: None,
        first_six: None,
        billing_zip: None,
    });
    walk.take(StepAsk::AddPayment(Box::new(card)), "pay").await.unwrap();
    let signature = walk.signature().await;
    assert_eq!(walk.take(signature, "second").await.unwrap().status, 201);
    assert_eq!((walk.stands().await.0, walk.times("sign")), (AttemptState::AwaitingMerchant, 2));
}

#[tokio::test]
async fn an_agreement_that_has_expired_ends_the_attempt() {
    let walk = Walk::agreed().await;
    let signature = walk.signature().await;
    walk.lender.there().lease = Some("expired");
    let refused = walk.take(signature, "sign").await.unwrap();
    assert_eq!((refused.status, walk.times("sign")), (409, 0), "{}", refused.body);
    assert!(refused.body.contains("expired"), "{}", refused.body);
    assert_eq!(walk.stands().await.0, AttemptState::Expired);
    let over = walk.ask(StepAsk::Agree, "more").await.unwrap_err();
    assert_eq!(word(&over), "wrong_state");
}

#[tokio::test]
async fn who_only_reads_hears_that_the_agreement_has_expired() {
    let walk = Walk::agreed().await;
    walk.lender.there().lease = Some("expired");
    let refused = walk.engine.agreement(walk.world.tenant, walk.id).await.unwrap_err();
    assert!(format!("{refused:?}").contains("the agreement has expired"), "{refused:?}");
    assert_eq!(walk.stands().await.0, AttemptState::Expired);
}

#[tokio::test]
async fn nothing_is_signed_once_another_financer_has_committed() {
    let world = World::new().await;
    let id = world.opened("key").await;
    let first = world.easy.last().token;
    world.push(serde_json::json!({ "state": "declined" })).await;
    let walk = Walk::after(world, Some(id)).await;
    walk.take(application(), "apply").await.unwrap();
    walk.take(StepAsk::Agree, "agree").await.unwrap();
    let signature = walk.signature().await;
    // The one that said no approves after all.
    let late = push_through(&walk.engine, &first, serde_json::json!({ "state": "authorized" })).await;
    assert_eq!(late.status, 200);
    assert_eq!(word(&walk.ask(signature, "sign").await.unwrap_err()), "commit_fence");
    assert_eq!(word(&walk.ask(StepAsk::Agree, "more").await.unwrap_err()), "commit_fence");
    assert_eq!(walk.times("sign"), 0);
}
