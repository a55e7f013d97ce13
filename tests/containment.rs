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

/// Records an operation that returns how many events there are while it runs.
fn assert_contains(record: impl Fn(&mut Process<(), u64>, &Recorder<(), u64>)) {
    // The limit is not reached: also where the second event is the last that is kept.
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
