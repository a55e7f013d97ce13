//! Every operation lies between its two events, whichever way it is recorded: the invocation has its index before the
//! operation starts, and the completion takes one after it has returned.
#![cfg(not(loom))]

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use tachograph::{EventKind, Failure, Process, Recorder};

/// Returns, of a future that need not wait.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// Records an operation that returns how many events have an index while it runs: its invocation, and no more.
fn assert_contains(record: impl Fn(&mut Process<(), u64>, &Recorder<(), u64>)) {
    // Also where there is a limit, which the two events just reach, and where times are kept.
    for recorder in [
        Recorder::new(),
        Recorder::builder().limit(2).build(),
        Recorder::builder().timestamps(true).room(100).build(),
    ] {
        let mut process = recorder.process();
        record(&mut process, &recorder);
        let history = recorder.snapshot();
        assert_eq!(history.get(1).unwrap().kind, EventKind::Ok(&1));
    }
}

#[test]
fn an_operation_lies_between_its_events() {
    let never = |_: &()| -> Failure { unreachable!("it succeeds") };
    assert_contains(|process, recorder| {
        let call = process.invoke(());
        call.ok(recorder.len());
    });
    assert_contains(|process, recorder| {
        process.op((), || recorder.len());
    });
    assert_contains(|process, recorder| {
        process
            .try_op((), || Ok::<_, ()>(recorder.len()), never)
            .unwrap();
    });
    assert_contains(|process, recorder| {
        ready(process.op_async((), async { recorder.len() }));
    });
    assert_contains(|process, recorder| {
        let operation = async { Ok::<_, ()>(recorder.len()) };
        ready(process.try_op_async((), operation, never)).unwrap();
    });
}
