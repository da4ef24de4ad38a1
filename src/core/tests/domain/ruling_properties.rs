//! Whatever a person chooses, in whatever story: what a ruling may never do.

use lendport_core::fence::Fence;
use lendport_core::{
    AttemptState, AttentionKind, Case, Choice, Claim, Currency, Grade, LedgerKind, OperationKind, RulingError,
};
use proptest::prelude::*;

use crate::reducer_properties::{judge_step, judge_sums, stories};
use crate::world::{ASKED_CENTS, Told, World, cases, cents};

/// What a person does at some point of a story.
#[derive(Clone, Debug)]
struct Decided {
    attempt: usize,
    kind: AttentionKind,
    choice: Choice,
    amount: Option<u64>,
    command: Option<OperationKind>,
}

fn decided() -> impl Strategy<Value = Decided> {
    let amount = prop_oneof![
        3 => Just(None),
        2 => (0..=ASKED_CENTS).prop_map(Some),
        2 => Just(Some(ASKED_CENTS)),
        1 => (ASKED_CENTS..900_000_000).prop_map(Some),
    ];
    let command = proptest::option::of(proptest::sample::select(OperationKind::COMMANDS.to_vec()));
    let kinds = proptest::sample::select(AttentionKind::ALL.to_vec());
    (0_usize..3, kinds, any::<prop::sample::Index>(), amount, command).prop_map(
        |(attempt, kind, at, amount, command)| {
            let choice = *at.get(kind.choices());
            let amount = if choice.needs_amount() { Some(amount.unwrap_or(ASKED_CENTS)) } else { None };
            Decided { attempt, kind, choice, amount, command }
        },
    )
}

impl World {
    /// As the engine does it: the ruling's own part, then the claim to the reducer; a refusal undoes it all.
    fn decide(&mut self, decided: &Decided, key: String) -> Result<(), TestCaseError> {
        let at = decided.attempt % self.attempts.len();
        let before = self.attempts[at].clone();
        let announced = self.ledger.pending_refunds(before.id, Currency::USD).unwrap();
        let case = Case {
            kind: decided.kind,
            attempt: &before,
            ledger: &self.ledger,
            announced: Some(announced),
            command: decided.command,
            by_line: false,
        };
        let ruling = match case.rule(decided.choice, decided.amount.map(cents)) {
            Ok(ruling) => ruling,
            Err(RulingError::Money(error)) => return Err(TestCaseError::fail(error.to_string())),
            Err(_) => return Ok(()),
        };
        let (held, ledger, expected) = (self.fence_of(at), self.ledger.clone(), self.expected[at]);
        let about = &mut self.attempts[at];
        if ruling.amount_read.is_some() {
            about.amount_echoed = ruling.amount_read;
            about.amount_accepted = false;
            self.expected[at].accepted = None;
        }
        about.amount_accepted |= ruling.accepts_amount;
        about.approval_confirmed |= ruling.confirms_approval;
        if ruling.accepts_amount {
            let sum = about.amount_echoed.unwrap_or(about.amount);
            self.expected[at].accept(sum.minor(), before.state.is_committed());
        }
        for (kind, amount) in &ruling.corrections {
            prop_assert!(!amount.is_zero(), "an empty movement");
            self.post(at, *kind, *amount, false);
        }
        if let Some(settled) = ruling.settles.filter(|amount| !amount.is_zero()) {
            self.post(at, LedgerKind::RefundSettled, settled, false);
        }
        let Some(claim) = ruling.claim else { return Ok(()) };
        let told = Told::new(at, Grade::Operator, claim, key);
        let Some(step) = self.tell(&told) else { return Ok(()) };
        judge_step(&step, &told)?;
        if step.decision.refused.is_some() {
            prop_assert_eq!(step.after, before.state, "a refused choice moved something");
            self.attempts[at] = before;
            self.ledger = ledger;
            self.expected[at] = expected;
        } else if step.after.is_committed() && !step.before.is_committed() {
            prop_assert_eq!(held, Fence::Free, "a person authorised a fenced attempt");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn no_choice_breaks_the_fence_the_table_or_the_sums(
        (attempts, story) in stories(),
        decisions in proptest::collection::vec((any::<prop::sample::Index>(), decided()), 0..12),
        echoed in proptest::option::of(1..2 * ASKED_CENTS),
    ) {
        let mut world = World::with(&vec![AttemptState::Initiating; attempts]);
        world.attempts.iter_mut().for_each(|attempt| attempt.amount_echoed = echoed.map(cents));
        for (at, told) in story.iter().enumerate() {
            world.tell(told);
            judge_sums(&world)?;
            let due = decisions.iter().enumerate().filter(|(_, (when, _))| when.index(story.len()) == at);
            for (number, (_, decided)) in due {
                world.decide(decided, format!("decided {number}"))?;
                judge_sums(&world)?;
            }
        }
    }

    /// What a person accepted is what is authorized and captured from then on, and all that can be given back.
    #[test]
    fn an_accepted_sum_is_what_the_books_say(
        sum in 1..2 * ASKED_CENTS,
        captured in any::<bool>(),
        given_back in 1..ASKED_CENTS,
        named in any::<bool>(),
    ) {
        let mut world = World::with(&[AttemptState::Initiating]);
        world.attempts[0].amount_echoed = named.then(|| cents(sum));
        let state = if captured { AttemptState::Captured } else { AttemptState::Authorized };
        world.tell(&Told::new(0, Grade::Signed, Claim::state(state), "committed"));
        let refund = |minor| Claim::Refund { amount: Some(cents(minor)), distinguishable: true };
        world.tell(&Told::new(0, Grade::Signed, refund(given_back), "part"));
        let (kind, choice, amount) = match named {
            true => (AttentionKind::AmountMismatch, Choice::AcceptAmount, None),
            false => (AttentionKind::AmountUnverified, Choice::AcceptOtherAmount, Some(sum)),
        };
        let before = world.ledger.clone();
        world.decide(&Decided { attempt: 0, kind, choice, amount, command: None }, "decided".to_owned())?;
        judge_sums(&world)?;
        let amounts = world.ledger.amounts(Currency::USD).unwrap();
        if sum < given_back {
            prop_assert_eq!(&world.ledger, &before, "more went back than that");
            return Ok(());
        }
        prop_assert!(world.ledger.0.starts_with(&before.0), "a movement was written over");
        prop_assert_eq!(amounts.authorized.minor(), sum);
        prop_assert_eq!(amounts.captured.minor(), if captured { sum } else { 0 });
        prop_assert_eq!(world.attempts[0].state == AttemptState::Refunded, sum == given_back);
        world.tell(&Told::new(0, Grade::Signed, refund(3 * ASKED_CENTS), "all the rest and more"));
        prop_assert_eq!(world.sum(0, LedgerKind::Refunded), sum);
        prop_assert_eq!(world.attempts[0].state, AttemptState::Refunded);
        judge_sums(&world)?;
    }

    /// What a person vouched for ends with the commitment it was said of.
    #[test]
    fn a_confirmation_ends_with_its_commitment((attempts, story) in stories(), decided in decided()) {
        let mut world = World::with(&vec![AttemptState::Initiating; attempts]);
        for (at, told) in story.iter().enumerate() {
            world.decide(&decided, format!("decided {at}"))?;
            let Some(step) = world.tell(told) else { continue };
            let about = &world.attempts[step.attempt];
            if step.before.is_committed() && !step.after.is_committed() {
                prop_assert!(!about.amount_accepted && !about.approval_confirmed);
            }
        }
    }
}

#[test]
fn nobody_commits_again_to_a_sum_that_was_given_back() {
    let mut world = World::with(&[AttemptState::Initiating]);
    world.attempts[0].amount_echoed = Some(cents(ASKED_CENTS + 1));
    let decide = |world: &mut World, kind, choice, amount| {
        let decided = Decided { attempt: 0, kind, choice, amount, command: None };
        world.decide(&decided, format!("{kind:?}")).unwrap();
        judge_sums(world).unwrap();
    };
    world.tell(&Told::new(0, Grade::Signed, Claim::state(AttemptState::Authorized), "yes"));
    decide(&mut world, AttentionKind::AmountMismatch, Choice::AcceptAmount, None);
    decide(&mut world, AttentionKind::RefundNotApproved, Choice::CountRefund, Some(ASKED_CENTS));
    world.tell(&Told::new(0, Grade::Signed, Claim::state(AttemptState::Declined), "no"));
    decide(&mut world, AttentionKind::UnknownOutcome, Choice::Committed, Some(ASKED_CENTS));
    assert_eq!(world.attempts[0].state, AttemptState::Canceled);
}

#[test]
fn what_is_not_offered_or_not_complete_is_refused() {
    for (kind, state) in AttentionKind::ALL.into_iter().flat_map(|kind| AttemptState::ALL.map(|state| (kind, state))) {
        let world = World::with(&[state]);
        let case = Case {
            kind,
            attempt: &world.attempts[0],
            ledger: &world.ledger,
            announced: None,
            command: None,
            by_line: false,
        };
        for choice in Choice::ALL {
            let offered = kind.choices_in(state).contains(&choice);
            let (with, without) = (case.rule(choice, Some(cents(ASKED_CENTS))), case.rule(choice, None));
            if !offered {
                assert!(matches!(with, Err(RulingError::NotOffered)), "{kind:?} {choice:?}");
                assert!(matches!(without, Err(RulingError::NotOffered)), "{kind:?} {choice:?}");
            } else if choice.needs_amount() {
                assert!(matches!(without, Err(RulingError::AmountMissing)), "{kind:?} {choice:?}");
            } else {
                assert!(matches!(with, Err(RulingError::AmountUnused)), "{kind:?} {choice:?}");
            }
        }
    }
}
