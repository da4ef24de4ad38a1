//! What a routing profile would do: with the merchant's past checkouts, or with carts that are handed in. No financer is
//! called and nothing is written.

use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::routing::{Case, Profile, Router, customer_key};
use lendport_core::{
    Checkout, CheckoutId, CheckoutRecord, FieldError, Invalid, Pointer, ProviderAccount, ProviderId, limits,
};
use lendport_storage::{CheckoutFilter, PageAsk, Tenant};

use super::ask::NOBODY;
use super::eligible::Scope;
use super::known_profiles::ActiveProfile;
use super::replay::Tally;
use crate::customer::CUSTOMER_CHOICE;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::open_checkout::{OpenCheckout, merged};
use crate::view::{SimulationView, UnknownView, WarningView};

/// Which past checkouts.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Stored at or after.
    pub created_after: Option<Timestamp>,
    /// Stored before.
    pub created_before: Option<Timestamp>,
    /// At most so many, the newest; [`limits::SIMULATED_CHECKOUTS_MAX`] when absent.
    pub limit: Option<u32>,
    /// Those that named their financers as well, as if they had not.
    pub include_named: bool,
}

/// A cart that might come.
#[derive(Clone, Debug)]
pub struct SampleCart {
    /// As a checkout would be asked for.
    pub asked: OpenCheckout,
    /// When; now when absent.
    pub at: Option<Timestamp>,
}

/// What is to be simulated.
#[derive(Clone, Debug, Default)]
pub struct SimulateAsk {
    /// A draft; the active profile when absent.
    pub profile: Option<Profile>,
    /// Past checkouts. Not together with carts; those of any time when neither is named.
    pub past: Option<Past>,
    /// Carts in the request.
    pub carts: Option<Vec<SampleCart>>,
}

/// How often something was met that is not known.
#[derive(Default)]
struct Unknown {
    customer: u64,
    limits: u64,
}

/// What decides, what it is judged with, and what came of it so far.
struct Replay {
    engine: Arc<Engine>,
    tenant: Tenant,
    router: Router,
    /// What decides now, where carts are compared with it.
    active: Option<Arc<ActiveProfile>>,
    accounts: Arc<[ProviderAccount]>,
    include_named: bool,
    tally: Tally,
    unknown: Unknown,
    named: u64,
    customer_chose: u64,
}

impl Engine {
    /// Replays a profile. What is wrong with it is named with pointers below `/profile`.
    pub async fn simulate_routing(
        self: &Arc<Self>,
        tenant: Tenant,
        ask: SimulateAsk,
        shape: Invalid,
    ) -> Result<SimulationView, EngineError> {
        let active = self.active_profile(tenant).await?;
        let mut invalid = Invalid::none();
        let known = self.known_financers(tenant).await?;
        let at = Pointer::root().child("profile");
        let draft = ask.profile.as_ref();
        let tried = draft.or(active.as_ref().map(|active| &active.profile));
        if tried.is_none() {
            invalid.note(&at, "missing", "no profile is active; send a draft");
        }
        let checked = match tried {
            None => None,
            Some(profile) => {
                invalid.keep(self.judge_profile(profile, Some(known).filter(|_| draft.is_some()), at).await?)
            }
        };
        if ask.past.is_some() && ask.carts.is_some() {
            invalid.note(&Pointer::root().child("carts"), "conflict", "name either past or carts, not both");
        }
        let carts = ask.carts.map(|carts| self.imagined(tenant, carts, &mut invalid));
        merged(shape, invalid.clone()).finish()?;
        let Some(checked) = checked else { return Err(invalid.into()) };

        let version = if draft.is_some() { None } else { active.as_ref().map(|active| active.version) };
        let past = ask.past.unwrap_or_default();
        let mut replay = Replay {
            engine: Arc::clone(self),
            tenant,
            router: checked.router,
            active,
            accounts: self.accounts(tenant).await?,
            include_named: past.include_named,
            tally: Tally::default(),
            unknown: Unknown::default(),
            named: 0,
            customer_chose: 0,
        };
        let mut walk = Walk::of(&past);
        match carts {
            Some(carts) => replay = replay.beside(move |replay| replay.judge_carts(&carts)).await?,
            None => {
                while let Some(records) = self.next_page(tenant, &mut walk).await? {
                    replay = replay.beside(move |replay| replay.judge_past(&records)).await?;
                }
            }
        }
        let Replay { tally, unknown, named, customer_chose, .. } = replay;
        Ok(SimulationView {
            object: "routing_simulation",
            version,
            considered: tally.considered,
            unchanged: tally.unchanged,
            moved: tally.moved(),
            named,
            customer_chose,
            has_more: walk.has_more,
            moves: tally.moves(),
            rules: tally.rules(),
            unknown: unknown.views(tally.considered, tally.moved()),
            warnings: checked.warnings.into_iter().map(WarningView::of).collect(),
        })
    }

    fn imagined(&self, tenant: Tenant, carts: Vec<SampleCart>, invalid: &mut Invalid) -> Vec<Checkout> {
        let at = Pointer::root().child("carts");
        let mut imagined = Vec::new();
        for (position, SampleCart { asked, at: moment }) in carts.into_iter().enumerate() {
            let prefix = at.index(position);
            match self.imagine(tenant, asked, Invalid::none()) {
                Ok(cart) => {
                    let created_at = moment.unwrap_or(cart.created_at);
                    imagined.push(Checkout { created_at, ..cart });
                }
                Err(wrong) => invalid.0.extend(
                    wrong
                        .0
                        .into_iter()
                        .map(|error| FieldError { pointer: format!("{prefix}{}", error.pointer), ..error }),
                ),
            }
        }
        imagined
    }

    /// The next page of past checkouts, newest first; nothing when there are enough.
    async fn next_page(&self, tenant: Tenant, walk: &mut Walk) -> Result<Option<Vec<CheckoutRecord>>, EngineError> {
        if walk.left == 0 || walk.done {
            return Ok(None);
        }
        let ask = PageAsk { limit: walk.left.min(limits::PAGE_MAX), after: walk.after };
        let page = self.store.checkouts(tenant, &walk.filter, ask).await?;
        let count = u32::try_from(page.rows.len()).unwrap_or(u32::MAX);
        walk.left = walk.left.saturating_sub(count);
        walk.after = page.rows.last().map(|record| record.checkout.id);
        (walk.done, walk.has_more) = (!page.has_more, page.has_more);
        Ok(Some(page.rows))
    }
}

/// A walk through past checkouts.
struct Walk {
    filter: CheckoutFilter,
    left: u32,
    after: Option<CheckoutId>,
    done: bool,
    has_more: bool,
}

impl Walk {
    fn of(past: &Past) -> Self {
        let filter = CheckoutFilter {
            created_after: past.created_after,
            created_before: past.created_before,
            ..CheckoutFilter::default()
        };
        let left = past.limit.unwrap_or(limits::SIMULATED_CHECKOUTS_MAX).min(limits::SIMULATED_CHECKOUTS_MAX);
        Self { filter, left, after: None, done: false, has_more: false }
    }
}

/// The financer that a checkout began at.
fn began_at(record: &CheckoutRecord) -> Option<ProviderId> {
    let first = record.attempts.first().map(|attempt| &attempt.provider);
    first.or(record.checkout.route.providers.first()).cloned()
}

impl Replay {
    /// Works on a thread that may be kept: many lines against many rules take a while, in which requests are to be answered.
    async fn beside(mut self, work: impl FnOnce(&mut Self) + Send + 'static) -> Result<Self, EngineError> {
        let ran = tokio::task::spawn_blocking(move || {
            work(&mut self);
            self
        });
        ran.await.map_err(|error| EngineError::Internal(format!("a simulation: {error}")))
    }

    fn judge_carts(&mut self, carts: &[Checkout]) {
        for cart in carts {
            let before = self.active.as_ref().and_then(|active| self.first_of(&active.router, cart).1);
            self.count(cart, before, cart.reference.clone());
        }
    }

    fn judge_past(&mut self, records: &[CheckoutRecord]) {
        for record in records {
            let route = &record.checkout.route;
            match route.rule.as_str() {
                CUSTOMER_CHOICE => self.customer_chose += 1,
                _ if route.customer_chooses => self.customer_chose += 1,
                "explicit" if !self.include_named => self.named += 1,
                _ => {
                    let (from, id) = (began_at(record), record.checkout.id.to_string());
                    self.count(&record.checkout, from, Some(id));
                }
            }
        }
    }

    /// The rule that decides, and the first financer that could serve it.
    fn first_of(&self, router: &Router, checkout: &Checkout) -> (String, Option<ProviderId>) {
        let customer = key_of(checkout);
        let decided = router.decide(&Case::of(checkout, customer.as_deref()));
        let serves = |id: &&ProviderId| {
            self.engine.can_take(self.tenant, checkout, id, &self.accounts, Scope::WithoutHealth).is_ok()
        };
        let word = if decided.providers.is_empty() && decided.rule.is_none() { "none" } else { decided.word() };
        (word.to_owned(), decided.providers.iter().find(serves).cloned())
    }

    fn count(&mut self, checkout: &Checkout, from: Option<ProviderId>, example: Option<String>) {
        let (rule, to) = self.first_of(&self.router, checkout);
        if self.router.asks_for_customer() && key_of(checkout).is_none() {
            self.unknown.customer += 1;
        }
        let asks = |id: &ProviderId| self.engine.providers.get(id).is_some_and(|adapter| adapter.asks_for_limits());
        if to.as_ref().is_some_and(asks) {
            self.unknown.limits += 1;
        }
        self.tally.count((from, to), &rule, checkout.cart.total, example);
    }
}

fn key_of(checkout: &Checkout) -> Option<String> {
    let email = Some(checkout.customer.email.expose().as_str()).filter(|email| *email != NOBODY);
    customer_key(email, checkout.reference.as_deref())
}

impl Unknown {
    fn views(&self, considered: u64, moved: u64) -> Vec<UnknownView> {
        let each = [
            ("health", "how each financer stood at that moment is not kept; all are taken as working", considered),
            ("accounts", "judged with the accounts and settings as they are now", considered),
            ("outcome", "whether the other financer would have approved", moved),
            (
                "provider_limits",
                "the financer that would be tried has limits of its own that it would have to be asked for",
                self.limits,
            ),
            (
                "customer",
                "neither e-mail nor reference is known, and the profile has shares of customers",
                self.customer,
            ),
        ];
        let met = each.into_iter().filter(|(_, _, count)| *count > 0);
        met.map(|(code, detail, count)| UnknownView { code, detail, count }).collect()
    }
}
