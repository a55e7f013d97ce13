//! What may go where: checked by the compiler.
#![cfg(not(loom))]

use std::{
    cell::Cell,
    panic::{RefUnwindSafe, UnwindSafe},
};

use tachograph::{Call, Event, Events, History, Process, Recorder, Tail};

fn send<T: Send>() {}
fn shared<T: Send + Sync>() {}
fn unwind<T: UnwindSafe + RefUnwindSafe>() {}
fn lives<T: 'static>() {}

#[test]
fn recorders_are_shared_and_processes_are_sent() {
    // A cell may be sent and not shared; so may what records it.
    type Op = Cell<u64>;
    shared::<Recorder<Op, Op>>();
    send::<Process<Op, Op>>();
    lives::<Process<Op, Op>>();
    send::<Call<'_, Op, Op>>();
    shared::<Tail<'_, Op, Op>>();
    send::<History<Op, Op>>();
    shared::<History<u64, u64>>();
    shared::<Events<'_, u64, u64>>();
    shared::<Event<u64, u64>>();
}

#[test]
fn recorders_survive_unwinding() {
    unwind::<Recorder<u64, u64>>();
    unwind::<History<u64, u64>>();
}

#[test]
fn a_future_that_records_can_be_spawned() {
    fn spawn(_: impl Future<Output = u64> + Send) {}
    let recorder = Recorder::<&str, u64>::new();
    let mut process = recorder.process();
    spawn(process.op_async("op", async { 1 }));
}
