//! How often each of many points is covered, by intervals that go one after the other.

/// A tree over the points: each node knows the least and the most of what is under it.
pub(super) struct Coverage {
    /// The nodes of the tree, the root first and the children of node `n` at `2 n` and `2 n + 1`.
    nodes: Vec<Node>,
    points: usize,
}

#[derive(Clone, Copy, Default)]
struct Node {
    least: i32,
    most: i32,
    /// What has to be taken off all that is under the node, and is off its own numbers.
    off: i32,
}

impl Coverage {
    pub(super) fn new(counts: &[i32]) -> Self {
        let points = counts.len().next_power_of_two();
        let mut nodes = vec![Node::default(); 2 * points];
        for (node, &count) in nodes[points..].iter_mut().zip(counts) {
            (node.least, node.most) = (count, count);
        }
        for node in (1..points).rev() {
            nodes[node] = Node::over(nodes[2 * node], nodes[2 * node + 1]);
        }
        Self { nodes, points }
    }

    /// The memory that it takes for so many points.
    pub(super) fn bytes(points: usize) -> usize {
        2 * points.next_power_of_two() * size_of::<Node>()
    }

    /// Takes an interval away, its first and its last point included.
    pub(super) fn uncover(&mut self, first: u32, last: u32) {
        self.uncover_under(1, 0, self.points, first as usize, last as usize + 1);
    }

    // As deep as the tree is high: at most 32.
    fn uncover_under(&mut self, node: usize, from: usize, to: usize, first: usize, end: usize) {
        if end <= from || to <= first {
            return;
        }
        if first <= from && to <= end {
            let node = &mut self.nodes[node];
            node.least -= 1;
            node.most -= 1;
            node.off += 1;
            return;
        }
        let middle = from + (to - from) / 2;
        self.uncover_under(2 * node, from, middle, first, end);
        self.uncover_under(2 * node + 1, middle, to, first, end);
        let off = self.nodes[node].off;
        let over = Node::over(self.nodes[2 * node], self.nodes[2 * node + 1]);
        self.nodes[node] = Node {
            least: over.least - off,
            most: over.most - off,
            off,
        };
    }

    /// The first point from here on that is covered.
    pub(super) fn next_covered(&self, from: u32) -> Option<u32> {
        self.next(from, |node, off| node.most > off)
    }

    /// The first point from here on that is not covered.
    pub(super) fn next_uncovered(&self, from: u32) -> Option<u32> {
        self.next(from, |node, off| node.least <= off)
    }

    /// The first point from here on of which something is so, if it is so of a node where it is so of a point under it.
    fn next(&self, from: u32, is: impl Fn(&Node, i32) -> bool) -> Option<u32> {
        let mut node = self.points + from as usize;
        if node >= self.nodes.len() {
            return None;
        }
        // What is to be taken off the node, on behalf of those above it.
        let mut above = node;
        let mut off = 0;
        while above > 1 {
            above /= 2;
            off += self.nodes[above].off;
        }
        loop {
            if is(&self.nodes[node], off) {
                break;
            }
            // Up, until there is something to the right.
            while node % 2 == 1 {
                if node == 1 {
                    return None;
                }
                node /= 2;
                off -= self.nodes[node].off;
            }
            if node == 0 {
                return None;
            }
            node += 1;
        }
        while node < self.points {
            off += self.nodes[node].off;
            node *= 2;
            if !is(&self.nodes[node], off) {
                node += 1;
            }
        }
        Some((node - self.points) as u32)
    }
}

impl Node {
    fn over(left: Self, right: Self) -> Self {
        Self {
            least: left.least.min(right.least),
            most: left.most.max(right.most),
            off: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_knows_what_is_covered(
            intervals in vec((0u32..40, 0u32..12), 1..30), points in 1usize..60, gone in vec(any::<bool>(), 30)
        ) {
            let mut counts = vec![0; points];
            let intervals: Vec<_> = intervals
                .into_iter()
                .map(|(first, length)| (first.min(points as u32 - 1), (first + length).min(points as u32 - 1)))
                .collect();
            for &(first, last) in &intervals {
                counts[first as usize..=last as usize].iter_mut().for_each(|count| *count += 1);
            }
            let mut coverage = Coverage::new(&counts);
            for (&(first, last), _) in intervals.iter().zip(&gone).filter(|(_, gone)| **gone) {
                counts[first as usize..=last as usize].iter_mut().for_each(|count| *count -= 1);
                coverage.uncover(first, last);
                for from in 0..points {
                    let covered = (from..points).find(|point| counts[*point] > 0);
                    prop_assert_eq!(coverage.next_covered(from as u32), covered.map(|point| point as u32));
                    let uncovered = (from..points).find(|point| counts[*point] == 0);
                    let uncovered = uncovered.or((points < points.next_power_of_two()).then_some(points));
                    prop_assert_eq!(coverage.next_uncovered(from as u32), uncovered.map(|point| point as u32));
                }
            }
        }
    }
}
