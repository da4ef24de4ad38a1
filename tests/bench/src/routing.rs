//! How long a routing decision takes: random carts over a large profile, decided by the compiled profile alone. Beside the time
//! it looks whether the same carts are decided the same way again, and whether a split keeps its weights.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lendport_core::routing::{Router, check};
use lendport_core::{MerchantId, Pointer};
use lendport_testkit::routing::{Dice, RandomCase, case, profile};

use crate::{Fault, say};

/// Carts that are made at a time; making them is not measured.
const BATCH: u64 = 1_000;
/// Percentages of the last rule's shares, as the profile has them.
const WEIGHTS: [u64; 4] = [50, 30, 15, 5];
/// From so many carts on each share has to be within a hundredth of its own weight. Of fewer, and with an unlucky seed of as
/// many, chance may move the smallest share by more.
const MANY: u64 = 1_000_000;

/// Random carts, and the profile they are decided by.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RoutingCommand {
    /// Carts.
    #[arg(long, default_value_t = 1_000_000)]
    pub carts: u64,
    /// Rules of the profile; the last one fits every cart.
    #[arg(long, default_value_t = 200)]
    pub rules: usize,
    /// Another number makes other carts and other rules.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    decisions: u64,
    spent: Duration,
    rules: BTreeMap<String, u64>,
    arms: BTreeMap<usize, u64>,
    slowest_batch: Duration,
}

impl RoutingCommand {
    /// Decides all carts and says how long it took.
    ///
    /// # Errors
    /// When two processes would decide differently, no cart came to the split, or a share is off its weight: by more than a
    /// hundredth of it where there are [`MANY`] carts, by more than one percentage point where there are fewer.
    pub fn play(self) -> Result<(), Fault> {
        let router = self.router()?;
        let compiled = Instant::now();
        let again = self.router()?;
        let compiling = compiled.elapsed();
        let seen = self.decide(&router, &again)?;
        let each = seen.spent.as_nanos() / u128::from(seen.decisions.max(1));
        let slowest = seen.slowest_batch.as_nanos() / u128::from(BATCH);
        say(&format!("{} random carts over a profile of {} rules, seed {}", seen.decisions, self.rules, self.seed));
        say(&format!("profile checked and compiled in {} us", compiling.as_micros()));
        say(&format!("{each} ns per decision; {slowest} ns in the slowest {BATCH} of them"));
        say(&format!("{} rules decided something", seen.rules.len()));
        seen.judge_split()
    }

    fn router(self) -> Result<Router, Fault> {
        let profile = profile(self.rules, &mut Dice::new(self.seed));
        Ok(check(&profile, None, &Pointer::root())?.router)
    }

    fn decide(self, router: &Router, again: &Router) -> Result<Seen, Fault> {
        let (mut dice, merchant) = (Dice::new(self.seed.wrapping_add(1)), MerchantId::of_bytes([3; 16]));
        let mut seen = Seen::default();
        let mut customer = 0;
        while seen.decisions < self.carts {
            let count = BATCH.min(self.carts - seen.decisions);
            let carts: Vec<RandomCase> =
                (0..count).map(|number| case(&mut dice, merchant, customer + number)).collect();
            customer += count;
            let started = Instant::now();
            let decided: Vec<_> = carts.iter().map(|cart| router.decide(&cart.case())).collect();
            let spent = started.elapsed();
            seen.spent += spent;
            seen.slowest_batch = seen.slowest_batch.max(spent);
            seen.decisions += count;
            for (cart, decision) in carts.iter().zip(&decided) {
                if again.decide(&cart.case()) != *decision {
                    return Err("the same cart was decided differently by another copy of the profile".into());
                }
                *seen.rules.entry(decision.word().to_owned()).or_default() += 1;
                if decision.word() == "everybody" {
                    *seen.arms.entry(decision.arm.unwrap_or(usize::MAX)).or_default() += 1;
                }
            }
        }
        Ok(seen)
    }
}

impl Seen {
    fn judge_split(&self) -> Result<(), Fault> {
        let all: u64 = self.arms.values().sum();
        if all == 0 {
            return Err("no cart came to the split".into());
        }
        for (arm, weight) in WEIGHTS.into_iter().enumerate() {
            let count = self.arms.get(&arm).copied().unwrap_or_default();
            let hundredths = count * 10_000 / all;
            say(&format!("share of {weight} %: {}.{:02} % of {all}", hundredths / 100, hundredths % 100));
            let (off, allowed) =
                ((count * 100).abs_diff(all * weight), if self.decisions < MANY { all } else { all * weight / 100 });
            if off > allowed {
                return Err(format!("the share of {weight} % has {count} of {all}").into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_run_holds_what_it_promises() {
        RoutingCommand { carts: 20_000, rules: 200, seed: 1 }.play().unwrap();
    }

    #[test]
    fn what_is_off_its_weights_or_was_never_split_is_told() {
        let judged = |decisions, counts: [u64; 4]| {
            let arms = (0..).zip(counts).filter(|(_, count)| *count > 0).collect();
            Seen { decisions, arms, ..Seen::default() }.judge_split().is_ok()
        };
        assert!(!judged(20_000, [0; 4]));
        assert!(judged(20_000, [5_000, 3_000, 1_600, 400]) && !judged(20_000, [5_000, 3_000, 1_610, 390]));
        assert!(judged(MANY, [500_000, 300_000, 150_500, 49_500]));
        assert!(
            !judged(MANY, [500_000, 300_000, 150_501, 49_499]),
            "five hundredths of a percentage point are too much"
        );
    }
}
