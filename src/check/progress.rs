//! What became of the operations, in one explanation of the events so far.

use std::{
    hash::{Hash, Hasher},
    rc::Rc,
};

/// Which of the open operations need not take effect any more, by slot, and which of those of unknown outcome have taken effect.
///
/// Hardly ever are more than 64 open, or of unknown outcome: that takes no memory of its own.
#[derive(Clone, Default)]
pub(super) struct Progress {
    first: Word,
    /// One pointer, to keep configurations small; and shared, to clone them fast.
    more: Option<Rc<More>>,
}

#[derive(Clone, Default)]
struct More {
    /// Those of the slots behind, up to the last one of which there is something to tell.
    rest: Vec<Word>,
    /// The operations of unknown outcome that have taken effect, by class, ascending.
    used: Vec<Used>,
}

/// Two bits for each of these slots.
#[derive(Clone, Copy, Default)]
struct Word {
    /// Which of the operations have taken effect.
    applied: u64,
    /// Which of these are reads; and which of the others need not take effect: something overwrote them, and they may have right before it.
    marked: u64,
}

/// How often an operation of unknown outcome has taken effect.
#[derive(Clone, Copy)]
pub(super) struct Used {
    class: u32,
    times: u32,
}

impl Word {
    /// Tests have few operations, and some are to be behind the first word.
    const SLOTS: usize = if cfg!(test) { 2 } else { 64 };

    /// Those that need not take effect any more.
    fn done(self) -> u64 {
        self.applied | self.marked
    }

    /// Those of them that are reads.
    fn reads(self) -> u64 {
        self.applied & self.marked
    }

    /// Those that are not.
    fn changes(self) -> u64 {
        self.applied ^ self.marked
    }

    fn overwritten(self) -> u64 {
        self.marked & !self.applied
    }

    /// Where the same changes are done.
    fn is_as_good_as(self, other: Self) -> bool {
        other.overwritten() & !self.overwritten() | other.reads() & !self.reads() == 0
    }

    fn leave(&mut self, bit: u64) {
        self.applied &= !bit;
        self.marked &= !bit;
    }
}

impl Progress {
    #[inline]
    pub(super) fn is_applied(&self, slot: usize) -> bool {
        self.has(slot, |word| word.applied)
    }

    #[inline]
    pub(super) fn is_overwritten(&self, slot: usize) -> bool {
        self.has(slot, Word::overwritten)
    }

    /// Whether it need not take effect any more.
    #[inline]
    pub(super) fn is_done(&self, slot: usize) -> bool {
        self.has(slot, Word::done)
    }

    pub(super) fn has_overwritten(&self) -> bool {
        self.words().any(|word| word.overwritten() != 0)
    }

    /// So many have taken effect that are no reads.
    pub(super) fn applied(&self) -> u32 {
        let applied = |word: Word| word.applied & !word.marked;
        self.words().map(|word| applied(word).count_ones()).sum()
    }

    /// The operation in this slot takes effect.
    #[inline]
    pub(super) fn apply(&mut self, slot: usize) {
        let word = self.word_mut(slot);
        word.applied |= bit(slot);
        word.marked &= !bit(slot);
    }

    /// The same of a read.
    #[inline]
    pub(super) fn read(&mut self, slot: usize) {
        let word = self.word_mut(slot);
        word.applied |= bit(slot);
        word.marked |= bit(slot);
    }

    /// The operation in this slot, which has not taken effect, may have.
    #[inline]
    pub(super) fn overwrite(&mut self, slot: usize) {
        self.word_mut(slot).marked |= bit(slot);
    }

    /// Forgets the operation in this slot.
    #[inline]
    pub(super) fn leave(&mut self, slot: usize) {
        if slot < Word::SLOTS {
            self.first.leave(bit(slot));
        } else if self.has(slot, Word::done) {
            self.leave_behind(slot);
        }
    }

    /// Whether, but for reads, the same ones need not take effect any more.
    #[inline]
    pub(super) fn has_as_much_done_as(&self, other: &Self) -> bool {
        self.first.changes() == other.first.changes()
            && match (&self.more, &other.more) {
                (None, None) => true,
                _ => self.has_as_much_done_behind_as(other),
            }
    }

    /// Whether it can do whatever the other can, where [as much is done](Self::has_as_much_done_as) and the state is the same:
    /// nothing that something overwrote there took effect here, no read that has taken effect there has to yet, and no class was used more
    /// often.
    #[inline]
    pub(super) fn is_as_good_as(&self, other: &Self) -> bool {
        self.first.is_as_good_as(other.first)
            && match (&self.more, &other.more) {
                (None, None) => true,
                _ => self.is_as_good_behind_as(other),
            }
    }

    /// Where as much is [done](Self::has_as_much_done_as), and the same reads with it, is the same hash.
    pub(super) fn hash_done(&self, hasher: &mut impl Hasher) {
        self.first.done().hash(hasher);
        self.rest().iter().for_each(|word| word.done().hash(hasher));
    }

    /// The memory beside itself that it may take where there are so many slots, and perhaps operations of unknown outcome, of which some
    /// few have taken effect.
    pub(super) fn bytes_beside(slots: usize, has_unknown: bool) -> usize {
        const FEW: usize = 4;
        let rest = slots.saturating_sub(1) / Word::SLOTS * size_of::<Word>();
        let used = if has_unknown {
            FEW * size_of::<Used>()
        } else {
            0
        };
        match rest + used {
            0 => 0,
            bytes => 2 * size_of::<usize>() + size_of::<More>() + bytes, // it is counted who shares it
        }
    }

    /// The operations of unknown outcome that have taken effect, by class, ascending.
    #[inline]
    pub(super) fn used(&self) -> &[Used] {
        self.more.as_deref().map_or(&[], |more| &more.used)
    }

    pub(super) fn times_used(&self) -> u32 {
        self.used().iter().map(|used| used.times).sum()
    }

    /// One of this class takes effect.
    pub(super) fn use_one(&mut self, class: u32) {
        // It is mostly shared, so it is made anew.
        self.more = Some(Rc::new(More {
            rest: self.rest().to_vec(),
            used: one_more(self.used(), class),
        }));
    }

    /// Forgets how often those were used that no longer matter.
    pub(super) fn forget(&mut self, matters: impl Fn(u32) -> bool) {
        if self.used().iter().any(|used| !matters(used.class)) {
            self.change_more(|more| more.used.retain(|used| matters(used.class)));
        }
    }

    fn words(&self) -> impl Iterator<Item = Word> {
        std::iter::once(self.first).chain(self.rest().iter().copied())
    }

    fn rest(&self) -> &[Word] {
        self.more.as_deref().map_or(&[], |more| &more.rest)
    }

    /// The bit of this slot. It is faster than to hand out the word.
    #[inline]
    fn has(&self, slot: usize, bits: impl Fn(Word) -> u64) -> bool {
        let has = |word| bits(word) & bit(slot) != 0;
        match (slot / Word::SLOTS, &self.more) {
            (0, _) => has(self.first),
            (_, Some(more)) => has(more.word(slot)),
            (_, None) => false,
        }
    }

    #[inline]
    fn word_mut(&mut self, slot: usize) -> &mut Word {
        match slot / Word::SLOTS {
            0 => &mut self.first,
            _ => Rc::make_mut(self.more.get_or_insert_default()).word_mut(slot),
        }
    }
}

impl Progress {
    #[cold]
    fn leave_behind(&mut self, slot: usize) {
        self.change_more(|more| more.leave(slot));
    }

    fn has_as_much_done_behind_as(&self, other: &Self) -> bool {
        let mut words = self.words_behind(other);
        words.all(|(mine, its)| mine.changes() == its.changes())
    }

    fn is_as_good_behind_as(&self, other: &Self) -> bool {
        let mut words = self.words_behind(other);
        words.all(|(mine, its)| mine.is_as_good_as(its)) && is_within(self.used(), other.used())
    }

    /// Where one has no word, nothing is done there.
    fn words_behind(&self, other: &Self) -> impl Iterator<Item = (Word, Word)> {
        let words = self.rest().len().max(other.rest().len());
        let word = |of: &Self, at: usize| of.rest().get(at).copied().unwrap_or_default();
        (0..words).map(move |at| (word(self, at), word(other, at)))
    }

    /// There is none where it would tell nothing.
    fn change_more(&mut self, change: impl FnOnce(&mut More)) {
        let Some(more) = &mut self.more else { return };
        let changed = Rc::make_mut(more);
        change(changed);
        if changed.rest.is_empty() && changed.used.is_empty() {
            self.more = None;
        }
    }
}

// Cold: it is for few.
impl More {
    #[cold]
    fn word(&self, slot: usize) -> Word {
        let place = slot / Word::SLOTS - 1;
        self.rest.get(place).copied().unwrap_or_default()
    }

    #[cold]
    fn word_mut(&mut self, slot: usize) -> &mut Word {
        let place = slot / Word::SLOTS - 1;
        if self.rest.len() <= place {
            self.rest.reserve_exact(place + 1 - self.rest.len()); // as it is counted
            self.rest.resize(place + 1, Word::default());
        }
        &mut self.rest[place]
    }

    /// Forgets the operation in this slot, and with it what tells nothing behind the last word that does: only so is it the same
    /// wherever the same is done.
    fn leave(&mut self, slot: usize) {
        self.word_mut(slot).leave(bit(slot));
        let last = self.rest.iter().rposition(|word| word.done() != 0);
        self.rest.truncate(last.map_or(0, |last| last + 1));
    }
}

#[inline]
fn bit(slot: usize) -> u64 {
    1 << (slot % Word::SLOTS)
}

/// How often one of this class was used.
pub(super) fn times(used: &[Used], class: u32) -> u32 {
    let place = used.binary_search_by_key(&class, |used| used.class);
    place.map_or(0, |place| used[place].times)
}

fn one_more(used: &[Used], class: u32) -> Vec<Used> {
    let at = used.partition_point(|other| other.class < class);
    let (before, behind) = used.split_at(at);
    let (times, behind) = match behind {
        [first, rest @ ..] if first.class == class => (first.times + 1, rest),
        _ => (1, behind),
    };
    [before, &[Used { class, times }], behind].concat()
}

/// Whether each class was used by `few` no more often than by `many`. Both ascend.
fn is_within(few: &[Used], many: &[Used]) -> bool {
    let mut many = many.iter();
    few.len() <= many.len()
        && few.iter().all(|one| {
            let other = many.find(|other| other.class >= one.class);
            other.is_some_and(|other| other.class == one.class && other.times >= one.times)
        })
}

/// Against what became of each operation, in a list.
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustc_hash::FxHasher;

    const SLOTS: usize = 9;
    const CLASSES: usize = 3;

    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Fate {
        Open,
        Applied,
        Read,
        Overwritten,
    }

    /// What became of the operation in each slot, and how often each class was used.
    #[derive(Clone, Copy)]
    struct Fates([Fate; SLOTS], [u32; CLASSES]);

    fn is_read(slot: usize) -> bool {
        slot >= SLOTS - 4
    }

    fn step() -> impl Strategy<Value = (usize, u8)> {
        (0..SLOTS, 0..7u8)
    }

    /// As the search does: what has taken effect is not overwritten, and only in the last slots are there reads.
    fn made_of(steps: &[(usize, u8)]) -> (Progress, Fates) {
        let mut progress = Progress::default();
        let Fates(mut fates, mut used) = Fates([Fate::Open; SLOTS], [0; CLASSES]);
        for &(slot, step) in steps {
            let class = slot % CLASSES;
            match step {
                0 if is_read(slot) => {
                    progress.read(slot);
                    fates[slot] = Fate::Read;
                }
                0 => {
                    progress.apply(slot);
                    fates[slot] = Fate::Applied;
                }
                1 if is_read(slot) => {}
                1 if fates[slot] == Fate::Open => {
                    progress.overwrite(slot);
                    fates[slot] = Fate::Overwritten;
                }
                1 => {}
                2..5 => {
                    progress.leave(slot);
                    fates[slot] = Fate::Open;
                }
                5 => {
                    progress.use_one(class as u32);
                    used[class] += 1;
                }
                _ => {
                    progress.forget(|other| other != class as u32);
                    used[class] = 0;
                }
            }
            // Nobody else has it.
            let more = progress.more.iter();
            assert!(more.into_iter().all(|more| Rc::strong_count(more) == 1));
        }
        (progress, Fates(fates, used))
    }

    fn hash(progress: &Progress) -> u64 {
        let mut hasher = FxHasher::default();
        progress.hash_done(&mut hasher);
        hasher.finish()
    }

    fn is_told(progress: &Progress, fates: Fates) {
        let Fates(fates, uses) = fates;
        for (slot, fate) in fates.into_iter().enumerate() {
            let is_applied = matches!(fate, Fate::Applied | Fate::Read);
            assert_eq!(progress.is_applied(slot), is_applied);
            assert_eq!(progress.is_overwritten(slot), fate == Fate::Overwritten);
            assert_eq!(progress.is_done(slot), fate != Fate::Open);
        }
        let number = |which| fates.iter().filter(|fate| **fate == which).count();
        assert_eq!(progress.applied() as usize, number(Fate::Applied));
        assert_eq!(progress.has_overwritten(), number(Fate::Overwritten) > 0);
        for (class, uses) in (0..).zip(uses) {
            assert_eq!(times(progress.used(), class), uses);
        }
        assert_eq!(progress.times_used(), uses.iter().sum::<u32>());
        let used = uses.iter().filter(|uses| **uses > 0).count();
        assert_eq!(progress.used().len(), used);
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
            let (progress, all) = made_of(&steps);
            is_told(&progress, all);
            let Fates(fates, used) = all;

            // By chance, or so that the same is done, in another way.
            let alike = (0..SLOTS).filter(|&slot| fates[slot] != Fate::Open && !is_read(slot));
            let alike = alike.map(|slot| (slot, u8::from(is_overwritten[slot])));
            let changes = (0..SLOTS).filter(|&slot| !is_read(slot));
            let nothing = changes.map(|slot| (slot, 2));
            let mut steps = others;
            if is_to_be_alike {
                steps.extend(nothing.chain(alike));
            }
            let (other, Fates(other_fates, other_used)) = made_of(&steps);
            let done = |fates: [Fate; SLOTS]| {
                fates.map(|fate| !matches!(fate, Fate::Open | Fate::Read))
            };
            let is_alike = done(fates) == done(other_fates);
            prop_assert!(is_alike || !is_to_be_alike);
            prop_assert_eq!(progress.has_as_much_done_as(&other), is_alike);
            if is_alike {
                let are_reads_alike =
                    fates.map(|fate| fate == Fate::Read) == other_fates.map(|fate| fate == Fate::Read);
                if are_reads_alike {
                    prop_assert_eq!(hash(&progress), hash(&other));
                }
                let mut both = fates.into_iter().zip(other_fates);
                let is_as_good = both.all(|(mine, its)| {
                    !matches!(its, Fate::Overwritten | Fate::Read) || mine == its
                });
                let is_used_less = used.iter().zip(other_used).all(|(mine, its)| *mine <= its);
                prop_assert_eq!(progress.is_as_good_as(&other), is_as_good && is_used_less);
            }
        }

        // What is cloned is shared until it is changed.
        #[test]
        fn what_becomes_of_one_changes_no_other(
            steps in prop::collection::vec(step(), 0..12),
            more in prop::collection::vec(step(), 1..6),
        ) {
            let (progress, fates) = made_of(&steps);
            let mut other = progress.clone();
            for (slot, step) in more {
                match step {
                    0 if is_read(slot) => other.read(slot),
                    0 => other.apply(slot),
                    1 if is_read(slot) => {}
                    1 => other.overwrite(slot),
                    2..5 => other.leave(slot),
                    5 => other.use_one((slot % CLASSES) as u32),
                    _ => other.forget(|class| class as usize != slot % CLASSES),
                }
            }
            is_told(&progress, fates);
        }
    }
}
