//! Decisions that a seed repeats: one stream for each who decides, so that nobody's timing changes another's luck.

/// A stream of random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The stream of the `number`-th of those who are called `who`.
    pub(crate) fn new(seed: u64, who: &str, number: u64) -> Self {
        let named = who.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut dice = Self(named ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        dice.next();
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `least` up to and including `most`.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most.saturating_sub(least) + 1)
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.next() % 100 < share
    }

    /// One of them, by weight.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(u64, T)], otherwise: T) -> T {
        let total: u64 = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.next() % total.max(1);
        for (weight, choice) in choices {
            if left < *weight {
                return *choice;
            }
            left -= weight;
        }
        otherwise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_decisions_and_streams_differ() {
        let draw = |seed, who, number| {
            let mut dice = Dice::new(seed, who, number);
            (0..8).map(|_| dice.between(0, 999_999)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, "kills", 0), draw(7, "kills", 0));
        let streams = [draw(7, "kills", 0), draw(8, "kills", 0), draw(7, "shop", 0), draw(7, "kills", 1)];
        assert!((0..4).all(|one| (0..one).all(|other| streams[one] != streams[other])));
    }

    #[test]
    fn every_choice_is_drawn_about_as_often_as_it_weighs() {
        let mut dice = Dice::new(1, "test", 0);
        let mut seen = [0_u32; 2];
        for _ in 0..1_000 {
            seen[dice.weighted(&[(3, 0_usize), (1, 1)], 0)] += 1;
        }
        assert!((650..850).contains(&seen[0]), "{seen:?}");
    }
}
