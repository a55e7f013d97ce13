//! Treiber's stack, with nodes that are used again.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use super::{Outcome, Subject, test};
use crate::{
    model::{
        Stack,
        stack::{Op, Ret},
    },
    stress::{Plan, point},
};

pub(super) const BROKEN: Subject = Subject::broken(
    "broken-stack",
    "a Treiber stack with ABA: a node that was taken and put back looks as if it had been there all the time",
    |plan| stress(plan, 0),
);

pub(super) const CORRECT: Subject = Subject::correct(
    "stack",
    "a Treiber stack that counts the changes of its head",
    |plan| stress(plan, 1),
);

/// No node.
const NONE: u64 = u32::MAX as u64;
/// The changes of the head are counted in the bits above the node's index.
const COUNT: u64 = 1 << 32;

struct Node {
    value: AtomicU64,
    next: AtomicU64,
}

struct Treiber {
    nodes: Vec<Node>,
    head: AtomicU64,
    /// The longest free first.
    free: Mutex<VecDeque<u64>>,
    fresh: AtomicU64,
    /// How much is counted for a change of the head: 1, or, which is the bug, 0.
    count: u64,
}

impl Treiber {
    fn new(nodes: usize, count: u64) -> Self {
        let node = || Node {
            value: AtomicU64::new(0),
            next: AtomicU64::new(NONE),
        };
        Self {
            nodes: std::iter::repeat_with(node).take(nodes).collect(),
            head: AtomicU64::new(NONE),
            free: Mutex::default(),
            fresh: AtomicU64::new(0),
            count,
        }
    }

    fn node(&self, index: u64) -> &Node {
        &self.nodes[index as usize]
    }

    /// Makes the node the head, if the head is still what it was.
    fn swing(&self, head: u64, index: u64) -> bool {
        let counted = (head / COUNT).wrapping_add(self.count) % COUNT;
        let new = counted * COUNT + index;
        self.head
            .compare_exchange(head, new, SeqCst, SeqCst)
            .is_ok()
    }

    fn push(&self, value: u64) {
        let reused = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let index = reused.unwrap_or_else(|| self.fresh.fetch_add(1, SeqCst));
        let node = self.node(index);
        node.value.store(value, SeqCst);
        loop {
            let head = self.head.load(SeqCst);
            node.next.store(head % COUNT, SeqCst);
            point();
            if self.swing(head, index) {
                return;
            }
        }
    }

    fn pop(&self) -> Option<u64> {
        loop {
            let head = self.head.load(SeqCst);
            let index = head % COUNT;
            if index == NONE {
                return None;
            }
            let next = self.node(index).next.load(SeqCst);
            point();
            if self.swing(head, next) {
                let value = self.node(index).value.load(SeqCst);
                self.free
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_back(index);
                return Some(value);
            }
        }
    }
}

fn stress(plan: &Plan, count: u64) -> Outcome {
    // A node for each push, so that there is always one.
    let nodes = plan.threads.saturating_mul(plan.operations);
    Outcome::from(
        test(Stack::new(), move || Treiber::new(nodes, count), plan)
            .settle(|last| match last {
                Some((_, Ret::Value(None))) => None,
                _ => Some(Op::Pop),
            })
            .report(
                |stack, op| match op {
                    Op::Push(value) => {
                        stack.push(*value);
                        Ret::Done
                    }
                    Op::Pop => Ret::Value(stack.pop()),
                    Op::Peek => unreachable!("not drawn"),
                },
                |draw| match draw.chance(1, 2) {
                    true => Op::Push(draw.unique()),
                    false => Op::Pop,
                },
            ),
    )
}
