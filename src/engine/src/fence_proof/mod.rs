//! The commit fence under every order of signals up to a depth: the use cases of production, over a store that is a value,
//! against financers that may say anything at any time. Whatever happens to two or three attempts, no more than one of them is
//! committed, nothing is started beside what is committed or unknown, nor after the merchant gave it up, no yes and no
//! signature is lost, and what a policy has undone is come back to. How deep and with how many words each goes is written
//! below.

mod explore;
mod financer;
mod laws;
mod memory;
mod signals;
mod world;

use lendport_core::AttemptState::{self, *};

use explore::{Explored, explore};
use financer::Answer;
use signals::Scope;
use world::World;

/// Goes through it and says how much that was.
fn proven(name: &str, scope: &Scope) -> Explored {
    let explored = explore(&World::new(1, scope.policies()), scope);
    println!(
        "{name}: {} states, {} steps, {} orders of at most {} signals; {} late approvals took over, {} were refused \
         with an item, {} starts were kept back",
        explored.states,
        explored.steps,
        explored.orders,
        scope.depth,
        explored.taken_over,
        explored.refused,
        explored.kept_back
    );
    assert!(explored.taken_over > 0 && explored.refused > 0 && explored.kept_back > 0, "{explored:?}");
    assert!(explored.states >= scope.states, "{explored:?}: what was tried before?");
    explored
}

const CREATES: &[Answer] = &[Answer::Done, Answer::Declined, Answer::Unknown, Answer::Refused];
const COMMANDS: &[Answer] = &[Answer::Done, Answer::Locally, Answer::Unknown, Answer::Refused];
const PUSHES: &[AttemptState] = &[Preapproved, Authorized, Captured, Declined, Canceled, Refunded, ChargedBack];
const LOOKS: &[AttemptState] = &[Preapproved, AwaitingMerchant, Authorized, Captured, Declined, Canceled, Expired];

/// Any of the three financers.
const ANY: &[usize] = &[0, 1, 2];

#[test]
fn two_attempts_with_everything_that_can_be_said() {
    let (attempts, depth) = (&[ANY, ANY][..], 4);
    let all = Scope { attempts, depth, pushes: PUSHES, looks: LOOKS, creates: CREATES, commands: COMMANDS, ..DEEP };
    proven("two attempts, everything", &Scope { states: 4_200, ..all });
}

/// What decides about commitments, for longer.
const DEEP: Scope = Scope {
    attempts: &[],
    depth: 6,
    at_once: false,
    by_itself: false,
    unwinds: false,
    states: 0,
    pushes: &[Authorized, Declined],
    looks: &[AwaitingMerchant, Authorized, Canceled],
    creates: &[Answer::Done, Answer::Unknown],
    commands: &[Answer::Done, Answer::Unknown],
};

#[test]
fn two_attempts_for_longer() {
    proven("a loan, then any", &Scope { attempts: &[&[0], ANY], states: 4_200, ..DEEP });
    proven("a payment, then a loan", &Scope { attempts: &[&[1], &[0]], states: 4_300, ..DEEP });
    proven("a lease, then a loan", &Scope { attempts: &[&[2], &[0]], depth: 7, states: 9_400, ..DEEP });
}

#[test]
fn two_attempts_whose_creates_are_answered_at_once() {
    proven(
        "a loan, then any, answered at once",
        &Scope { attempts: &[&[0], ANY], at_once: true, states: 8_200, ..DEEP },
    );
}

#[test]
fn three_attempts_whose_creates_are_answered_at_once() {
    let attempts: &[&[usize]] = &[&[0], &[2], &[1]];
    proven(
        "three attempts, answered at once",
        &Scope { attempts, at_once: true, depth: 7, commands: &[Answer::Done], states: 22_000, ..DEEP },
    );
}

#[test]
fn three_attempts_whose_creates_are_answered_at_any_time() {
    let attempts: &[&[usize]] = &[&[0], &[2], &[1]];
    let looks = &[AwaitingMerchant, Authorized];
    proven("three attempts", &Scope { attempts, depth: 7, looks, commands: &[Answer::Done], states: 7_700, ..DEEP });
}

#[test]
fn late_approvals_that_a_policy_has_undone() {
    let scope = Scope { unwinds: true, at_once: true, states: 3_600, ..DEEP };
    proven("undone by policy, a payment first", &Scope { attempts: &[&[1], &[0]], ..scope });
    proven("undone by policy, a lease first", &Scope { attempts: &[&[2], &[0]], ..scope });
}

#[test]
fn attempts_that_follow_by_themselves() {
    let pushes: &[AttemptState] = &[Authorized, Declined, Failed];
    let (creates, attempts): (&[Answer], &[&[usize]]) =
        (&[Answer::Done, Answer::Declined, Answer::Unknown], &[&[0], &[1]]);
    let scope = Scope { attempts, by_itself: true, at_once: true, pushes, creates, looks: &[Authorized], ..DEEP };
    proven("the next ones follow by themselves", &Scope { commands: &[Answer::Done], states: 19_000, ..scope });
    let commands: &[Answer] = &[Answer::Done, Answer::Over, Answer::Locally];
    let (attempts, pushes): (&[&[usize]], &[AttemptState]) = (&[&[1], &[0]], &[Authorized, Declined]);
    proven("nobody follows what was given up", &Scope { attempts, pushes, commands, depth: 5, states: 5_500, ..scope });
}
