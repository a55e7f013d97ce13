//! How each configuration came about: which operations took effect, in which order.

use rustc_hash::FxHashSet;

/// A tree of operations, each with the one that took effect before it. Its leaves are where the configurations are.
///
/// What all configurations have in common is taken out of the tree from time to time, and with it all that no
/// configuration came from: the tree is as large as what the configurations disagree about.
#[derive(Default)]
pub(super) struct Trail {
    nodes: Vec<Node>,
    /// The entries of those that took effect first in every configuration.
    agreed: Vec<u64>,
    /// At so many nodes the tree is made compact.
    long: usize,
}

#[derive(Clone, Copy)]
struct Node {
    before: u32,
    /// The index of the invocation; there may be a [`PERHAPS`] with it, or an [`AFTER_ALL`].
    entry: u64,
}

/// That the operation took effect here, unless it did so [after all](after_all) later on.
pub(super) fn perhaps(invocation: u64) -> u64 {
    invocation | PERHAPS
}

/// That the operation took effect here, and not where it perhaps did.
pub(super) fn after_all(invocation: u64) -> u64 {
    invocation | AFTER_ALL
}

const PERHAPS: u64 = 1 << 63;
const AFTER_ALL: u64 = 1 << 62;

/// The invocations in the order that these entries tell of.
pub(super) fn order(mut entries: Vec<u64>) -> Vec<u64> {
    let mut elsewhere = FxHashSet::default();
    // From behind, since what is behind tells what is before.
    let mut free = entries.len();
    for place in (0..entries.len()).rev() {
        let entry = entries[place];
        let invocation = entry & !(PERHAPS | AFTER_ALL);
        if entry & PERHAPS != 0 && elsewhere.remove(&invocation) {
            continue;
        }
        if entry & AFTER_ALL != 0 {
            elsewhere.insert(invocation);
        }
        free -= 1;
        entries[free] = invocation;
    }
    entries.drain(..free);
    entries
}

/// A tree this small is left alone.
const SHORT: usize = 1 << 14;

impl Trail {
    /// Where nothing has taken effect beyond what was agreed upon.
    pub(super) const ROOT: u32 = u32::MAX;

    /// The operation took effect after `last`.
    #[inline]
    pub(super) fn push(&mut self, last: u32, entry: u64) -> u32 {
        let node = self.nodes.len() as u32;
        self.nodes.push(Node {
            before: last,
            entry,
        });
        node
    }

    /// The memory of all that took effect.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.agreed.capacity() * size_of::<u64>()
    }

    /// All that took effect up to `last`, in order, by the indices of the invocations.
    pub(super) fn up_to(&self, last: u32) -> Vec<u64> {
        let mut entries = self.agreed.clone();
        let mut node = last;
        while node != Self::ROOT {
            let Node { before, entry } = self.nodes[node as usize];
            entries.push(entry);
            node = before;
        }
        entries[self.agreed.len()..].reverse();
        order(entries)
    }

    /// Makes the tree compact if it has grown much since the last time. O(nodes), so in all O(1) a node.
    ///
    /// `leaves` are all that will be used again; they are told where they are now.
    pub(super) fn compact_if_long<'a>(&mut self, leaves: impl Iterator<Item = &'a mut u32>) {
        if self.nodes.len() > self.long.max(SHORT) {
            self.compact(leaves.collect());
            self.long = 4 * self.nodes.len();
        }
    }

    fn compact(&mut self, mut leaves: Vec<&mut u32>) {
        // How many ways lead on from each node: configurations that end here, and nodes behind it.
        let mut ways = vec![0u32; self.nodes.len()];
        let mut from_root = 0;
        for leaf in &leaves {
            let mut node = **leaf;
            loop {
                if node == Self::ROOT {
                    from_root += 1;
                    break;
                }
                ways[node as usize] += 1;
                if ways[node as usize] > 1 {
                    break; // the way to it is counted
                }
                node = self.nodes[node as usize].before;
            }
        }
        // Nodes come after those before them, so that one pass renames all.
        let mut names = vec![Self::ROOT; self.nodes.len()];
        let mut kept = Vec::new();
        let mut last_agreed = Self::ROOT;
        let mut all_agree = from_root == 1;
        for node in 0..self.nodes.len() {
            if ways[node] == 0 {
                continue;
            }
            let Node { before, entry } = self.nodes[node];
            if all_agree && before == last_agreed {
                // The only way from the last on which all agree: all agree on this one, too.
                self.agreed.push(entry);
                last_agreed = node as u32;
                all_agree = ways[node] == 1; // if that is a configuration, no node comes behind this one
                continue;
            }
            names[node] = kept.len() as u32;
            let before = match before {
                Self::ROOT => Self::ROOT,
                before => names[before as usize],
            };
            kept.push(Node { before, entry });
        }
        for leaf in &mut leaves {
            if **leaf != Self::ROOT {
                **leaf = names[**leaf as usize];
            }
        }
        self.nodes = kept;
    }
}
