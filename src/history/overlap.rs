//! How concurrent a history really was.

use super::{ByProcess, History};
use crate::event::EventKind;

/// How many operations of a history ran at the same time as another.
///
/// A history in which nothing overlaps is in order whatever the object does, so checking it proves little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Overlap {
    /// The operations: one for each invocation.
    pub operations: u64,
    /// Those that were open while another one was.
    pub overlapping: u64,
}

impl Overlap {
    /// The share of operations that overlapped another, from 0 to 1; 0 where there are none.
    pub fn share(self) -> f64 {
        if self.operations == 0 {
            0.0
        } else {
            self.overlapping as f64 / self.operations as f64
        }
    }
}

impl<O, R> History<O, R> {
    /// Counts the operations that overlapped another one. O(events).
    ///
    /// An operation counts as open from its invocation to its completion, be that an `info`, or to the end
    /// of the history. What was invoked before a [drained](crate::Recorder::drain) piece begins is not known to it.
    pub fn overlap(&self) -> Overlap {
        struct Open {
            /// Whether another operation was open when this one was invoked.
            met_another: bool,
            /// The number of invocations up to and with its own: one more by its end means that it was met.
            invocations: u64,
        }
        let mut open = ByProcess::<Open>::new();
        let (mut invocations, mut overlapping) = (0, 0);
        let overlaps = |op: &Open, invocations| op.met_another || op.invocations < invocations;
        for event in self.events() {
            let ended = match event.kind {
                EventKind::Invoke(_) => {
                    invocations += 1;
                    open.insert(
                        event.process,
                        Open {
                            met_another: open.len() > 0,
                            invocations,
                        },
                    )
                }
                EventKind::Ok(_) | EventKind::Fail | EventKind::Info => open.remove(event.process),
                EventKind::Mark(_) => None,
            };
            overlapping += u64::from(ended.is_some_and(|op| overlaps(&op, invocations)));
        }
        overlapping += open.values().filter(|op| overlaps(op, invocations)).count() as u64;
        Overlap {
            operations: invocations,
            overlapping,
        }
    }
}
