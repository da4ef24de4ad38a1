//! A financer whose create asks it for nothing, or does without what it could not ask for: whether it works is told by looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::SignedDuration;
use lendport_core::provider::{Found, Retrieved};
use lendport_core::{
    Ability, AccountSettings, Attempt, CallContext, CallRecord, Capability, Checkout, CheckoutId, Claim, CreateRequest,
    Created, Descriptor, FinancingProvider, Invalid, Notice, NoticeContext, NoticeRefusal, ProviderAccount,
    ProviderAccountId, ProviderError, ProviderId, Push, Support,
};
use lendport_engine::{BreakerState, Engine, UpkeepSettings};

use crate::breaker::{SETTINGS, down, open_at};
use crate::fake::{Asked, created, stands};
use crate::financers::{ABLE, native};
use crate::world::{World, id_of, word};

static PAPER: Descriptor = Descriptor {
    id: "paper",
    name: "Paper",
    capabilities: &[
        Capability { ability: Ability::Create, support: Support::Emulated, note: "makes an order for its script" },
        native(Ability::Retrieve),
        native(Ability::Find),
    ],
    ..ABLE
};

#[derive(Default)]
struct Paper {
    is_down: AtomicBool,
    /// A create asks for its minimum, and goes without.
    asks: AtomicBool,
}

impl Paper {
    fn call(&self, ctx: CallContext<'_>) -> Result<Retrieved, ProviderError> {
        let is_down = self.is_down.load(Ordering::SeqCst);
        let status = (!is_down).then_some(200);
        ctx.calls.push(CallRecord { status, ..CallRecord::beforehand(&[]) });
        if is_down { Err(down()) } else { Ok(stands(Claim::Nothing)) }
    }
}

#[async_trait]
impl FinancingProvider for Paper {
    fn descriptor(&self) -> &'static Descriptor {
        &PAPER
    }

    fn check(&self, _: &Checkout, _: &AccountSettings) -> Result<(), Invalid> {
        Ok(())
    }

    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        if self.asks.load(Ordering::SeqCst) {
            let _ = self.call(ctx);
        }
        let (checkout, attempt) = (request.checkout.clone(), request.attempt.clone());
        Ok(created(&Asked { checkout, attempt, token: String::new() }))
    }

    fn read_notification(&self, _: NoticeContext<'_>, _: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        Err(NoticeRefusal::Unreadable("it sends none"))
    }

    async fn retrieve(&self, ctx: CallContext<'_>, _: &Attempt) -> Result<Retrieved, ProviderError> {
        self.call(ctx)
    }

    async fn find(&self, ctx: CallContext<'_>, _: &Attempt) -> Result<Option<Found>, ProviderError> {
        self.call(ctx).map(|_| None)
    }
}

struct Story {
    world: World,
    paper: Arc<Paper>,
    engine: Arc<Engine>,
    carts: u32,
}

impl Story {
    async fn new() -> Self {
        let (world, paper) = (World::new().await, Arc::new(Paper::default()));
        let upkeep = UpkeepSettings { breaker: SETTINGS, ..UpkeepSettings::default() };
        let provider: Arc<dyn FinancingProvider> = Arc::<Paper>::clone(&paper);
        let engine = world.with_providers("guarded", upkeep, &[provider]);
        let account = ProviderAccount {
            id: ProviderAccountId::mint(&world.ids),
            merchant: world.tenant.merchant,
            provider: ProviderId::parse(PAPER.id).unwrap(),
            mode: world.tenant.mode,
            settings: AccountSettings::default(),
        };
        world.store.put_account(&account).await.unwrap();
        Self { world, paper, engine, carts: 0 }
    }

    async fn open(&mut self) -> CheckoutId {
        self.carts += 1;
        let reply = open_at(&self.world, &self.engine, "paper", &format!("cart {}", self.carts)).await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        id_of(&reply)
    }

    async fn look(&self, id: CheckoutId, works: bool) {
        self.paper.is_down.store(!works, Ordering::SeqCst);
        assert_eq!(self.engine.refresh(self.world.tenant, id).await.is_ok(), works);
    }

    fn state(&self) -> BreakerState {
        self.engine.breaker(self.world.tenant, "paper").state
    }
}

#[tokio::test]
async fn a_create_that_asks_for_nothing_neither_closes_it_nor_counts_and_a_look_decides() {
    let mut story = Story::new().await;
    let id = story.open().await;
    for _ in 0..10 {
        story.open().await;
    }
    assert_eq!(story.engine.breaker(story.world.tenant, "paper").calls, 0, "nothing was heard of it");
    for _ in 0..3 {
        story.look(id, false).await;
    }
    assert_eq!(story.state(), BreakerState::Open);
    assert_eq!(word(&open_at(&story.world, &story.engine, "paper", "no").await.unwrap_err()), "provider");

    story.world.clock.advance(SignedDuration::from_secs(31));
    for _ in 0..3 {
        story.open().await;
        assert_eq!(story.state(), BreakerState::HalfOpen, "it has not said a word");
    }
    story.look(id, false).await;
    assert_eq!(story.state(), BreakerState::Open);
    story.look(id, true).await;
    assert_eq!(story.state(), BreakerState::Open, "not before its time");
    story.world.clock.advance(SignedDuration::from_secs(31));
    story.look(id, true).await;
    assert_eq!(story.state(), BreakerState::Closed);
}

#[tokio::test]
async fn a_create_that_goes_without_an_answer_to_its_question_counts_as_a_failure() {
    let mut story = Story::new().await;
    story.paper.asks.store(true, Ordering::SeqCst);
    story.open().await;
    let heard = story.engine.breaker(story.world.tenant, "paper");
    assert_eq!((heard.calls, heard.failed), (1, 0));
    story.paper.is_down.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(story.state(), BreakerState::Closed);
        story.open().await;
    }
    assert_eq!(story.state(), BreakerState::Open);
    story.world.clock.advance(SignedDuration::from_secs(31));
    story.open().await;
    assert_eq!(story.state(), BreakerState::Open, "the one that tried heard nothing");
}
