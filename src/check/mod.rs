//! Whether a history is what a [specification](crate::model) allows.
//!
//! ```
//! use tachograph::{HistoryBuilder, ProcessId, check, model::{CasRegister, cas_register::{Op, Ret}}};
//!
//! let [a, b] = [0, 1].map(ProcessId);
//! let mut builder = HistoryBuilder::new();
//! builder.invoke(a, Op::Write(4)).invoke(b, Op::Read).ok(a, Ret::Done).ok(b, Ret::Value(None));
//! let history = builder.finish().unwrap();
//! let report = check::linearizable(&CasRegister::new(), &history, &check::Budget::unlimited());
//! assert!(report.verdict.is_linearizable()); // the read came first
//! ```

mod budget;
mod collection;
mod configuration;
mod consistency;
mod depth_first;
mod frontier;
mod linearizable;
mod moments;
mod parts;
mod progress;
mod search;
mod sequential;
mod trail;
mod verdict;
mod window;
mod witness;

#[cfg(feature = "stress")]
pub(crate) use self::linearizable::linearizable_to;
pub use self::{
    budget::{Budget, Spent},
    consistency::Consistency,
    linearizable::linearizable,
    sequential::sequentially_consistent,
    verdict::{Blocked, Explained, Reason, Report, Verdict, Violation, Witness},
    witness::Flaw,
};
pub(crate) use self::{
    linearizable::linearizable_as_one,
    moments::{Moment, moments},
};
