//! What became of the operations that are open, in one explanation of the events so far.

use std::hash::{Hash, Hasher};

/// Which of the open operations need not take effect any more, by slot.
///
/// Hardly ever are more than 64 open: for these it takes no memory of its own.
#[derive(Clone, Default)]
pub(super) struct Progress {
    first: Word,
    /// The slots behind, up to the last one of which there is something to tell. One pointer, to keep configurations small.
    rest: Option<Box<Rest>>,
}

#[derive(Clone, Default)]
struct Rest(Vec<Word>);

/// A bit for each of these slots.
#[derive(Clone, Copy, Default)]
struct Word {
    /// Which of the operations have taken effect.
    applied: u64,
    /// Which of the others need not: something overwrote them, and they may have taken effect right before it.
    overwritten: u64,
}

impl Word {
    /// Tests have few operations, and some are to be behind the first word.
    const SLOTS: usize = if cfg!(test) { 2 } else { 64 };

    /// Those that need not take effect any more.
    fn done(self) -> u64 {
        self.applied | self.overwritten
    }

    fn is_overwritten_where(self, other: Self) -> bool {
        other.overwritten & !self.overwritten == 0
    }

    fn leave(&mut self, bit: u64) {
        self.applied &= !bit;
        self.overwritten &= !bit;
    }
}

impl Progress {
    #[inline]
    pub(super) fn is_applied(&self, slot: usize) -> bool {
        self.has(slot, |word| word.applied)
    }

    #[inline]
    pub(super) fn is_overwritten(&self, slot: usize) -> bool {
        self.has(slot, |word| word.overwritten)
    }

    pub(super) fn has_overwritten(&self) -> bool {
        self.words().any(|word| word.overwritten != 0)
    }

    pub(super) fn applied(&self) -> u32 {
        self.words().map(|word| word.applied.count_ones()).sum()
    }

    /// The operation in this slot takes effect.
    #[inline]
    pub(super) fn apply(&mut self, slot: usize) {
        let word = self.word_mut(slot);
        word.applied |= bit(slot);
        word.overwritten &= !bit(slot);
    }

    /// The operation in this slot may have taken effect.
    #[inline]
    pub(super) fn overwrite(&mut self, slot: usize) {
        self.word_mut(slot).overwritten |= bit(slot);
    }

    /// Forgets the operation in this slot.
    #[inline]
    pub(super) fn leave(&mut self, slot: usize) {
        if slot < Word::SLOTS {
            self.first.leave(bit(slot));
        } else if let Some(rest) = self.rest.take() {
            self.rest = rest.without(slot);
        }
    }

    /// Whether the same ones need not take effect any more.
    #[inline]
    pub(super) fn has_as_much_done_as(&self, other: &Self) -> bool {
        self.first.done() == other.first.done()
            && match (&self.rest, &other.rest) {
                (None, None) => true,
                (Some(mine), Some(its)) => mine.has_as_much_done_as(its),
                _ => false,
            }
    }

    /// Whether the same is true of those that something overwrote in the other, where [as much is
    /// done](Self::has_as_much_done_as).
    pub(super) fn is_overwritten_where(&self, other: &Self) -> bool {
        self.first.is_overwritten_where(other.first)
            && match (&self.rest, &other.rest) {
                (Some(mine), Some(its)) => mine.is_overwritten_where(its),
                _ => true,
            }
    }

    /// What is [done](Self::has_as_much_done_as) alike has the same hash.
    pub(super) fn hash_done(&self, hasher: &mut impl Hasher) {
        self.first.done().hash(hasher);
        if let Some(rest) = &self.rest {
            rest.0.iter().for_each(|word| word.done().hash(hasher));
        }
    }

    /// The memory beside itself that it may take where there are so many slots.
    pub(super) fn bytes_beside(slots: usize) -> usize {
        match slots.div_ceil(Word::SLOTS) {
            0 | 1 => 0,
            words => size_of::<Rest>() + (words - 1) * size_of::<Word>(),
        }
    }

    fn words(&self) -> impl Iterator<Item = Word> {
        let rest = self.rest.iter().flat_map(|rest| rest.0.iter());
        std::iter::once(self.first).chain(rest.copied())
    }

    /// The bit of this slot. It is faster than to hand out the word.
    #[inline]
    fn has(&self, slot: usize, bits: impl Fn(Word) -> u64) -> bool {
        let has = |word| bits(word) & bit(slot) != 0;
        match (slot / Word::SLOTS, &self.rest) {
            (0, _) => has(self.first),
            (_, Some(rest)) => has(rest.word(slot)),
            (_, None) => false,
        }
    }

    #[inline]
    fn word_mut(&mut self, slot: usize) -> &mut Word {
        match slot / Word::SLOTS {
            0 => &mut self.first,
            _ => self.rest.get_or_insert_default().word_mut(slot),
        }
    }
}

// Cold: it is for few.
impl Rest {
    #[cold]
    fn word(&self, slot: usize) -> Word {
        let place = slot / Word::SLOTS - 1;
        self.0.get(place).copied().unwrap_or_default()
    }

    #[cold]
    fn word_mut(&mut self, slot: usize) -> &mut Word {
        let place = slot / Word::SLOTS - 1;
        if self.0.len() <= place {
            self.0.reserve_exact(place + 1 - self.0.len()); // as it is counted
            self.0.resize(place + 1, Word::default());
        }
        &mut self.0[place]
    }

    /// Forgets the operation in this slot, and with it what tells nothing behind the last word that does: only so is it the same
    /// wherever the same is done.
    #[cold]
    fn without(mut self: Box<Self>, slot: usize) -> Option<Box<Self>> {
        self.word_mut(slot).leave(bit(slot));
        let last = self.0.iter().rposition(|word| word.done() != 0)?;
        self.0.truncate(last + 1);
        Some(self)
    }

    #[cold]
    fn has_as_much_done_as(&self, other: &Self) -> bool {
        let (mine, its) = (self.0.iter(), other.0.iter());
        mine.map(|word| word.done()).eq(its.map(|word| word.done()))
    }

    #[cold]
    fn is_overwritten_where(&self, other: &Self) -> bool {
        let mut words = self.0.iter().zip(&other.0);
        words.all(|(mine, its)| mine.is_overwritten_where(*its))
    }
}

#[inline]
fn bit(slot: usize) -> u64 {
    1 << (slot % Word::SLOTS)
}

/// Against what became of each operation, in a list.
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustc_hash::FxHasher;

    const SLOTS: usize = 9;

    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Fate {
        Open,
        Applied,
        Overwritten,
    }

    fn step() -> impl Strategy<Value = (usize, u8)> {
        (0..SLOTS, 0..4u8)
    }

    /// As the search does: what has taken effect is not overwritten.
    fn made_of(steps: &[(usize, u8)]) -> (Progress, [Fate; SLOTS]) {
        let (mut progress, mut fates) = (Progress::default(), [Fate::Open; SLOTS]);
        for &(slot, step) in steps {
            match step {
                0 => {
                    progress.apply(slot);
                    fates[slot] = Fate::Applied;
                }
                1 if fates[slot] == Fate::Open => {
                    progress.overwrite(slot);
                    fates[slot] = Fate::Overwritten;
                }
                1 => {}
                _ => {
                    progress.leave(slot);
                    fates[slot] = Fate::Open;
                }
            }
        }
        (progress, fates)
    }

    fn hash(progress: &Progress) -> u64 {
        let mut hasher = FxHasher::default();
        progress.hash_done(&mut hasher);
        hasher.finish()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_became_of_each_operation_is_told(
            steps in prop::collection::vec(step(), 0..12),
            others in prop::collection::vec(step(), 0..12),
            is_to_be_alike in any::<bool>(),
            is_overwritten in any::<[bool; SLOTS]>(),
        ) {
            let (progress, fates) = made_of(&steps);
            for (slot, fate) in fates.into_iter().enumerate() {
                prop_assert_eq!(progress.is_applied(slot), fate == Fate::Applied);
                prop_assert_eq!(progress.is_overwritten(slot), fate == Fate::Overwritten);
            }
            let number = |which| fates.iter().filter(|fate| **fate == which).count();
            prop_assert_eq!(progress.applied() as usize, number(Fate::Applied));
            prop_assert_eq!(progress.has_overwritten(), number(Fate::Overwritten) > 0);

            // By chance, or so that the same is done, in another way.
            let alike = (0..SLOTS).filter(|&slot| fates[slot] != Fate::Open);
            let alike = alike.map(|slot| (slot, u8::from(is_overwritten[slot])));
            let nothing = (0..SLOTS).map(|slot| (slot, 2));
            let mut steps = others;
            if is_to_be_alike {
                steps.extend(nothing.chain(alike));
            }
            let (other, other_fates) = made_of(&steps);
            let done = |fates: [Fate; SLOTS]| fates.map(|fate| fate != Fate::Open);
            let is_alike = done(fates) == done(other_fates);
            prop_assert!(is_alike || !is_to_be_alike);
            prop_assert_eq!(progress.has_as_much_done_as(&other), is_alike);
            if is_alike {
                prop_assert_eq!(hash(&progress), hash(&other));
                let mut both = fates.into_iter().zip(other_fates);
                let is_so = both.all(|(mine, its)| {
                    its != Fate::Overwritten || mine == Fate::Overwritten
                });
                prop_assert_eq!(progress.is_overwritten_where(&other), is_so);
            }
        }
    }
}
