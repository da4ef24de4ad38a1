//! Every order of signals up to a depth. Equal states are gone through once; how many orders of signals that stands for is
//! counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lendport_core::{AttemptId, AttemptState, AttentionKind, LedgerKind, OperationKind, Phase};

use super::laws;
use super::signals::{Scope, Signal};
use super::world::{Point, World};

/// Everything of a state that a later decision can depend on. Ids, times and texts for people are not among it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Known {
    attempts: Vec<KnownAttempt>,
    books: BTreeMap<(u32, &'static str, bool), u64>,
    operations: Vec<(u32, OperationKind, Phase, bool)>,
    /// Commands that were refused: after so many of them a person is asked.
    refused: BTreeMap<(u32, &'static str), usize>,
    open: Vec<(u32, AttentionKind, String)>,
    /// Settled by a person, so that the same word of a look is not asked about again.
    settled: BTreeSet<(u32, &'static str)>,
    turned_down: BTreeSet<(u32, String)>,
    under_way: BTreeSet<u32>,
    checkout: (bool, bool, bool, bool, &'static str),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct KnownAttempt {
    provider: String,
    state: AttemptState,
    reason: Option<String>,
    grade: Option<&'static str>,
    facts: [bool; 6],
    awaited: Option<OperationKind>,
}

impl Known {
    fn of(point: &Point) -> Self {
        let rows = &point.rows;
        let number = |id: AttemptId| rows.record.attempt(id).unwrap().number;
        let mut books = BTreeMap::new();
        for entry in &rows.record.ledger.0 {
            *books.entry((number(entry.attempt), entry.kind.as_str(), entry.pending)).or_insert(0) +=
                entry.amount.minor();
        }
        // Given and released again: how often is no question of any decision.
        for one in &rows.record.attempts {
            let of = |kind: LedgerKind| (one.number, kind.as_str(), false);
            let released = books.get(&of(LedgerKind::AuthorizationReleased)).copied().unwrap_or(0);
            if released > one.amount.minor() {
                let more = released - one.amount.minor();
                books.insert(of(LedgerKind::AuthorizationReleased), one.amount.minor());
                *books.entry(of(LedgerKind::Authorized)).or_insert(0) -= more;
            }
        }
        let done = |phase: Phase| matches!(phase, Phase::Settled | Phase::Failed);
        let mut operations: Vec<_> = rows.operations.iter().filter(|one| one.kind != OperationKind::Retrieve).collect();
        operations.retain(|one| one.kind == OperationKind::Create || !done(one.phase));
        let mut refused = BTreeMap::new();
        for one in
            rows.operations.iter().filter(|one| one.phase == Phase::Failed && one.kind == OperationKind::Finalize)
        {
            *refused.entry((number(one.attempt), one.kind.as_str())).or_insert(0) += 1;
        }
        let old = |one: &lendport_core::Operation| point.late && one.updated_at == lendport_testkit::clock::START;
        let mut operations: Vec<_> =
            operations.iter().map(|one| (number(one.attempt), one.kind, one.phase, old(one))).collect();
        operations.sort_by_key(|(attempt, kind, phase, old)| (*attempt, kind.as_str(), phase.as_str(), *old));
        let contradiction = |item: &lendport_storage::AttentionItem| match item.kind {
            AttentionKind::ContradictingEvidence => item.detail.clone(),
            _ => String::new(),
        };
        let mut open: Vec<_> =
            rows.open_items().map(|item| (number(item.attempt), item.kind, contradiction(item))).collect();
        open.sort_by(|one, other| (one.0, one.1.as_str(), &one.2).cmp(&(other.0, other.1.as_str(), &other.2)));
        let by_person = rows.items.iter().filter(|item| item.resolution.as_ref().is_some_and(|one| one.by.is_some()));
        let looks = rows.heard.iter().filter(|heard| heard.key.starts_with("look:"));
        let checkout = &rows.record.checkout;
        Self {
            attempts: rows.record.attempts.iter().map(KnownAttempt::of).collect(),
            books,
            operations,
            refused,
            open,
            settled: by_person.map(|item| (number(item.attempt), item.kind.as_str())).collect(),
            turned_down: looks.map(|heard| (number(heard.attempt), heard.key.clone())).collect(),
            under_way: point.under_way.iter().map(|start| start.attempt.number).collect(),
            checkout: (
                point.late,
                point.given_up,
                checkout.route.closed,
                checkout.ready_announced,
                checkout.dispute.as_str(),
            ),
        }
    }
}

impl KnownAttempt {
    fn of(one: &lendport_core::Attempt) -> Self {
        Self {
            provider: one.provider.to_string(),
            state: one.state,
            reason: one.reason.as_ref().map(|reason| reason.0.clone()),
            grade: one.evidence.map(|evidence| evidence.grade.as_str()),
            facts: [
                one.reference.is_some(),
                one.amount_echoed.is_some(),
                one.amount_accepted,
                one.approval_confirmed,
                one.review_open,
                one.next_action.is_some(),
            ],
            awaited: one.awaited,
        }
    }
}

/// What was gone through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Explored {
    /// Different states.
    pub(super) states: usize,
    /// Signals carried out.
    pub(super) steps: usize,
    /// Orders of signals that this stands for.
    pub(super) orders: u128,
    /// Late approvals that took the checkout back.
    pub(super) taken_over: usize,
    /// Yeses that were refused with an item for a person.
    pub(super) refused: usize,
    /// Attempts that the fence kept from being started.
    pub(super) kept_back: usize,
}

/// How a state was come to, first.
type Origin = Option<(usize, Signal)>;

/// Goes through everything; fails with the order of signals that broke a law.
pub(super) fn explore(world: &World, scope: &Scope) -> Explored {
    let mut numbers = HashMap::from([(Known::of(&world.root), 0_usize)]);
    let mut origins: Vec<Origin> = vec![None];
    let mut next: Vec<Vec<usize>> = vec![Vec::new()];
    let mut edge = vec![(0, world.root.clone())];
    let mut explored = Explored::default();
    for _ in 0..scope.depth {
        for (from, point) in std::mem::take(&mut edge) {
            for signal in scope.signals(&point) {
                let step = world.step(&point, signal);
                let looked = !matches!(signal, Signal::Push { .. });
                let mut wrong: Vec<String> = step.sent.iter().flat_map(laws::of_a_call).collect();
                wrong.extend(laws::of_a_step(&point, &step, looked));
                let by_the_merchant = matches!(signal, Signal::Start { .. });
                wrong.extend(laws::of_what_was_given_up(&point, &step, by_the_merchant));
                assert!(wrong.is_empty(), "{wrong:#?}\nafter {:#?}", way(&origins, from, signal));
                explored.count(&point, signal, &step.after);
                let fresh = numbers.len();
                let to = *numbers.entry(Known::of(&step.after)).or_insert(fresh);
                if to == fresh {
                    origins.push(Some((from, signal)));
                    next.push(Vec::new());
                    edge.push((fresh, step.after));
                }
                next[from].push(to);
            }
        }
    }
    explored.states = numbers.len();
    explored.orders = orders(&next, scope.depth);
    explored
}

impl Explored {
    fn count(&mut self, before: &Point, signal: Signal, after: &Point) {
        self.steps += 1;
        let late = lendport_core::EventType::AttemptLateApproval;
        let told = |point: &Point| point.rows.events.iter().filter(|kind| **kind == late).count();
        self.taken_over += told(after) - told(before);
        let asked =
            |point: &Point| point.rows.items.iter().filter(|item| item.kind == AttentionKind::LateApproval).count();
        self.refused += asked(after) - asked(before);
        let starts = matches!(signal, Signal::Start { .. } | Signal::Choose { .. } | Signal::Open { .. });
        let none = before.rows.record.attempts.len() == after.rows.record.attempts.len();
        self.kept_back += usize::from(starts && none);
    }
}

/// How many orders of signals lead through this, the shorter ones counted too.
fn orders(next: &[Vec<usize>], depth: usize) -> u128 {
    let mut here = vec![0_u128; next.len()];
    here[0] = 1;
    let mut all = 0;
    for _ in 0..depth {
        let mut there = vec![0_u128; next.len()];
        for (from, count) in here.iter().enumerate().filter(|(_, count)| **count > 0) {
            for to in &next[from] {
                there[*to] += count;
            }
        }
        all += there.iter().sum::<u128>();
        here = there;
    }
    all
}

fn way(origins: &[Origin], mut from: usize, last: Signal) -> Vec<Signal> {
    let mut way = vec![last];
    while let Some((earlier, signal)) = origins[from] {
        way.push(signal);
        from = earlier;
    }
    way.reverse();
    way
}
