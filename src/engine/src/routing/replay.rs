//! Decisions counted: who began where, and would begin where.

use std::collections::BTreeMap;

use lendport_core::{Money, ProviderId};
use rust_decimal::Decimal;

use crate::view::{MoveView, RuleCountView, SumView};

/// Examples of each move.
const EXAMPLES_MAX: usize = 5;

#[derive(Default)]
struct Moved {
    count: u64,
    sums: BTreeMap<&'static str, (u32, Decimal)>,
    examples: Vec<String>,
}

/// Decisions so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) considered: u64,
    pub(super) unchanged: u64,
    moves: BTreeMap<(Option<ProviderId>, Option<ProviderId>), Moved>,
    rules: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts one decision.
    pub(super) fn count(
        &mut self,
        (from, to): (Option<ProviderId>, Option<ProviderId>),
        rule: &str,
        total: Money,
        example: Option<String>,
    ) {
        self.considered += 1;
        match self.rules.get_mut(rule) {
            Some(count) => *count += 1,
            None => _ = self.rules.insert(rule.to_owned(), 1),
        }
        if from == to {
            self.unchanged += 1;
            return;
        }
        let moved = self.moves.entry((from, to)).or_default();
        moved.count += 1;
        let currency = total.currency();
        let (_, sum) = moved.sums.entry(currency.code()).or_insert((currency.minor_digits(), Decimal::ZERO));
        // Ten thousand of the largest totals are far from what a decimal holds.
        *sum = sum.checked_add(total.amount()).unwrap_or(*sum);
        if moved.examples.len() < EXAMPLES_MAX {
            moved.examples.extend(example);
        }
    }

    pub(super) fn moved(&self) -> u64 {
        self.considered - self.unchanged
    }

    /// The moves, the most frequent first.
    pub(super) fn moves(&self) -> Vec<MoveView> {
        let mut moves: Vec<MoveView> = self
            .moves
            .iter()
            .map(|((from, to), moved)| MoveView {
                from: from.as_ref().map(ToString::to_string),
                to: to.as_ref().map(ToString::to_string),
                count: moved.count,
                amounts: moved.sums.iter().map(|(code, sum)| shown(code, *sum)).collect(),
                examples: moved.examples.clone(),
            })
            .collect();
        moves.sort_by_key(|one| std::cmp::Reverse(one.count));
        moves
    }

    /// How often each rule decided, the most frequent first.
    pub(super) fn rules(&self) -> Vec<RuleCountView> {
        let each = self.rules.iter().map(|(rule, count)| RuleCountView { rule: rule.clone(), count: *count });
        let mut rules: Vec<RuleCountView> = each.collect();
        rules.sort_by_key(|one| std::cmp::Reverse(one.count));
        rules
    }
}

fn shown(code: &str, (digits, mut sum): (u32, Decimal)) -> SumView {
    sum.rescale(digits);
    SumView { currency: code.to_owned(), total: sum.to_string() }
}
