//! Operations that are futures, on a runtime that moves them between threads.
#![cfg(not(loom))]

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tachograph::{EventKind, Failure, Overlap, ProcessId, Recorder};
use tokio::{sync::Mutex, time::timeout};

type Kinds<'a> = Vec<EventKind<&'a &'static str, &'a u64, &'a str>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_record_wherever_they_run() {
    let recorder = Arc::new(Recorder::<&str, u64>::new());
    let register = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (mut process, register) = (recorder.process(), Arc::clone(&register));
            tokio::spawn(async move {
                for _ in 0..200 {
                    let increment = async {
                        let mut register = register.lock().await;
                        tokio::task::yield_now().await;
                        *register += 1;
                        *register
                    };
                    process.op_async("increment", increment).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let history = recorder.snapshot();
    assert_eq!(history.len(), 16 * 200 * 2);
    let Overlap {
        operations,
        overlapping,
    } = history.overlap();
    assert_eq!(operations, 16 * 200);
    assert!(overlapping > operations / 2);
    // The lock puts the increments in order, and each lies within its operation.
    let mut results: Vec<u64> = Vec::new();
    results.extend(history.events().filter_map(|event| match event.kind {
        EventKind::Ok(&ret) => Some(ret),
        _ => None,
    }));
    results.sort_unstable();
    assert!(results.into_iter().eq(1..=16 * 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_future_dropped_half_way_is_an_info() {
    let recorder = Recorder::<&str, u64>::new();
    let mut process = recorder.process();

    let sleep = async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        7
    };
    let result = timeout(Duration::from_millis(5), process.op_async("sleep", sleep)).await;
    assert!(result.is_err());
    assert_eq!(process.id(), ProcessId(1));

    tokio::select! {
        biased;
        _ = process.op_async("select", async { std::future::pending::<u64>().await }) => unreachable!(),
        () = tokio::task::yield_now() => {}
    }

    // Never polled: never invoked.
    drop(process.op_async("never", async { 1 }));

    assert_eq!(process.op_async("done", async { 3 }).await, 3);
    let history = recorder.snapshot();
    let kinds: Kinds<'_> = history.events().map(|event| event.kind).collect();
    use EventKind::{Info, Invoke, Ok};
    assert_eq!(
        kinds,
        [
            Invoke(&"sleep"),
            Info,
            Invoke(&"select"),
            Info,
            Invoke(&"done"),
            Ok(&3)
        ]
    );
    let processes: Vec<u64> = history.events().map(|event| event.process.0).collect();
    assert_eq!(processes, [0, 0, 1, 1, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_or_panicking_task_leaves_an_info() {
    let recorder = Recorder::<&str, u64>::new();
    let started = Arc::new(AtomicU64::new(0));

    let (mut process, flag) = (recorder.process(), Arc::clone(&started));
    let task = tokio::spawn(async move {
        let forever = async {
            flag.store(1, Ordering::Release);
            std::future::pending().await
        };
        process.op_async("abort", forever).await
    });
    while started.load(Ordering::Acquire) == 0 {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    let mut process = recorder.process();
    let task = tokio::spawn(async move {
        process
            .op_async("panic", async { resume_unwind(Box::new("op")) })
            .await
    });
    assert!(task.await.unwrap_err().is_panic());

    let history = recorder.into_history();
    let kinds: Kinds<'_> = history.events().map(|event| event.kind).collect();
    use EventKind::{Info, Invoke};
    assert_eq!(kinds, [Invoke(&"abort"), Info, Invoke(&"panic"), Info]);
}

#[tokio::test]
async fn errors_of_futures_are_judged() {
    let recorder = Recorder::<&str, u64>::new();
    let mut process = recorder.process();
    for outcome in [Ok(1), Err("refused"), Err("timed out")] {
        let judge = |error: &&'static str| match *error {
            "refused" => Failure::fail().with(*error),
            error => Failure::info().with(error),
        };
        assert_eq!(
            process.try_op_async("op", async { outcome }, judge).await,
            outcome
        );
    }
    let history = recorder.snapshot();
    let said: Vec<_> = history
        .events()
        .map(|event| (event.kind.name(), event.error))
        .collect();
    let invoke = ("invoke", None);
    let ends = [
        ("ok", None),
        ("fail", Some("refused")),
        ("info", Some("timed out")),
    ];
    assert_eq!(said, [invoke, ends[0], invoke, ends[1], invoke, ends[2]]);
}
