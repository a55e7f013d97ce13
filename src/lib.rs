#![doc = include_str!("../README.md")]

#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "check")]
mod command;
mod event;
#[cfg(feature = "check")]
pub mod explain;
#[cfg(feature = "format")]
pub mod format;
mod history;
mod memory;
pub mod model;
mod packed;
pub mod recorder;
#[cfg(feature = "stress")]
pub mod stress;
mod sync;

#[cfg(feature = "statistics")]
#[doc(inline)]
pub use self::history::{Kinds, Latency, Longest, OperationStatistics, Statistics};
#[doc(inline)]
pub use self::{
    event::{Event, EventKind, EventRef, ProcessId, Text},
    history::{
        Breach, Breaches, Cut, CutReason, Events, History, HistoryBuilder, IntoEvents, JoinError,
        Operation, Operations, Outcome, Overlap, Rule, View, ViewEvents,
    },
    recorder::{Builder, Call, Failure, Process, ProcessesAlive, Recorder, Tail},
};
