#![doc = include_str!("../README.md")]

mod event;
mod history;
mod memory;
mod packed;
pub mod recorder;
mod sync;

#[doc(inline)]
pub use self::{
    event::{Event, EventKind, EventRef, ProcessId, Text},
    history::{Cut, CutReason, Events, History, Overlap},
    recorder::{Builder, Call, Failure, Process, ProcessesAlive, Recorder, Tail},
};
