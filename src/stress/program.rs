//! What threads do, said beforehand: of a fuzzer, or of somebody who has a race in mind.

use super::Plan;

/// What each thread does in a round, one operation after the other.
///
/// With the feature `arbitrary` it is made of a fuzzer's bytes: of two to four threads, with up to eight operations each.
/// So little finds more than long programs do; see the [module](super).
///
/// ```
/// use std::sync::Mutex;
/// use tachograph::{model::{Register, register::Op::{self, Read, Write}}, stress::{Plan, Program, Stress}};
///
/// let program = Program { threads: vec![vec![Write(1), Read], vec![Write(2), Read]] };
/// Stress::new(Register::new(), || Mutex::new(None)).plan(Plan::new().rounds(100)).run_program(
///     &program,
///     |register, op: &Op<u64>| match op {
///         Read => *register.lock().unwrap(),
///         Write(value) => { *register.lock().unwrap() = Some(*value); None }
///     },
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program<O> {
    /// The operations of each thread.
    pub threads: Vec<Vec<O>>,
}

impl<O> Program<O> {
    /// The same without the operations that are not wanted, such as those that an object does not have.
    #[must_use]
    pub fn only(mut self, mut wanted: impl FnMut(&O) -> bool) -> Self {
        for operations in &mut self.threads {
            operations.retain(&mut wanted);
        }
        self
    }
}

impl<O: Clone> Program<O> {
    /// The plan with as many threads as this has.
    pub(super) fn plan(&self, plan: Plan) -> Plan {
        let longest = self.threads.iter().map(Vec::len).max();
        plan.threads(self.threads.len())
            .operations(longest.unwrap_or(0))
    }

    /// What one thread does.
    pub(super) fn of(&self, process: usize) -> impl Iterator<Item = O> {
        self.threads.get(process).into_iter().flatten().cloned()
    }
}

#[cfg(feature = "arbitrary")]
impl<'a, O: arbitrary::Arbitrary<'a>> arbitrary::Arbitrary<'a> for Program<O> {
    fn arbitrary(bytes: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let threads = bytes.int_in_range(2..=4)?;
        let operations = |bytes: &mut arbitrary::Unstructured<'a>| {
            let operations: u8 = bytes.int_in_range(0..=8)?;
            (0..operations).map(|_| O::arbitrary(bytes)).collect()
        };
        let threads: arbitrary::Result<_> = (0..threads).map(|_| operations(bytes)).collect();
        Ok(Self { threads: threads? })
    }
}
