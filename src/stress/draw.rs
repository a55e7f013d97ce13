//! Where operations are drawn from.

/// Draws what an operation is made of, from the seed of the test.
///
/// Everything that is drawn of one seed is the same in every run with the same versions of this crate and of `fastrand`, whose
/// generator it is.
pub struct Draw {
    pub(super) random: fastrand::Rng,
    pub(super) unique: u64,
    pub(super) process: usize,
}

impl std::fmt::Debug for Draw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draw")
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            unique: 0,
            process: 0,
        }
    }

    /// Any number. Also the seed for a generator of another kind.
    pub fn u64(&mut self) -> u64 {
        self.random.u64(..)
    }

    /// A number from 0 up to one less than `end`.
    ///
    /// # Panics
    ///
    /// If `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        assert!(end > 0, "there is no number below 0");
        self.random.u64(..end)
    }

    /// `true` in `times` of `of` cases.
    ///
    /// # Panics
    ///
    /// If `of` is 0.
    pub fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    /// One of these, each as often as its weight says.
    ///
    /// ```
    /// # use tachograph::{model::{Register, register::Op}, stress::{Plan, Stress}};
    /// # Stress::new(Register::new(), || ()).plan(Plan::new().rounds(0)).report(|(), _| None::<u64>, |draw| {
    /// let write = Op::Write(draw.unique());
    /// draw.weighted([(3, Op::Read), (1, write)])
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// If the weights are all 0, or there are none.
    pub fn weighted<T, const N: usize>(&mut self, choices: [(u32, T); N]) -> T {
        let all = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
        assert!(all > 0, "there is nothing to choose from");
        let mut left = self.below(all);
        for (weight, choice) in choices {
            match left.checked_sub(u64::from(weight)) {
                None => return choice,
                Some(rest) => left = rest,
            }
        }
        unreachable!("what was drawn is below the sum of the weights")
    }

    /// A number that is not drawn again in this round, by whatever process: 1, 2, 3 and so on. Where one object is kept
    /// ([`Plan::soak`](super::Plan::soak)), not in the whole test.
    ///
    /// Values that are all different tell the most: each that comes back out says where it was put in.
    pub fn unique(&mut self) -> u64 {
        self.unique += 1;
        self.unique
    }

    /// Which of the threads the operation is for, from 0: so that some may be producers and others consumers.
    pub fn process(&self) -> usize {
        self.process
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_shares() {
        let mut draw = Draw::new(1);
        let mut counts = [0_u32; 3];
        (0..4000).for_each(|_| counts[draw.weighted([(3, 0), (0, 1), (1, 2)])] += 1);
        assert_eq!(counts[1], 0);
        assert!((2800..3200).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn what_is_unique_comes_once_and_a_seed_says_all() {
        let drawn = |seed| {
            let mut draw = Draw::new(seed);
            [(); 4].map(|()| (draw.unique(), draw.below(1000)))
        };
        assert_eq!(drawn(5).map(|(unique, _)| unique), [1, 2, 3, 4]);
        assert_eq!(drawn(5), drawn(5));
        assert_ne!(drawn(5), drawn(6));
    }
}
