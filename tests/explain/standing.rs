//! What was shrunk, against all that can be put back.

use std::fmt::Debug;

use tachograph::{
    Event, EventKind, History, HistoryBuilder, Operation, Outcome, ProcessId,
    explain::{Effort, Shrunk, shrink},
    model::{About, Specification},
};

use super::oracle;

pub type HistoryOf<S> = History<<S as Specification>::Op, <S as Specification>::Ret>;

pub const EFFORT: Effort = Effort {
    time: None,
    check: tachograph::check::Budget::unlimited(),
    configurations: None,
    from_start: true,
};

/// The operations that are invoked at these indices, up to (not with) the event `end`.
pub fn select<O: Clone, R: Clone>(
    history: &History<O, R>,
    invocations: &[u64],
    end: u64,
) -> History<O, R> {
    let events = history.events().filter(|event| {
        let operation = history.operation(event.index);
        event.index < end && operation.is_some_and(|it| invocations.contains(&it.invocation))
    });
    let events = events.zip(0..).map(|(event, index)| Event {
        index,
        ..event.cloned()
    });
    History::from_events(events).unwrap()
}

/// The same operations, with the last completion's operation invoked before all others by a process of its own.
fn roaming<O: Clone, R: Clone>(history: &History<O, R>) -> History<O, R> {
    let last = history.operation(history.end() - 1).unwrap();
    let other = ProcessId(1 << 40);
    let mut builder = HistoryBuilder::new();
    builder.invoke(other, last.op.clone());
    for event in history.events() {
        let of_last = [Some(last.invocation), last.completion].contains(&Some(event.index));
        match event.kind {
            EventKind::Invoke(_) if of_last => {}
            EventKind::Invoke(op) => drop(builder.invoke(event.process, op.clone())),
            EventKind::Ok(ret) if of_last => drop(builder.ok(other, ret.clone())),
            EventKind::Ok(ret) => drop(builder.ok(event.process, ret.clone())),
            EventKind::Fail if of_last => drop(builder.fail(other)),
            EventKind::Fail => drop(builder.fail(event.process)),
            _ => drop(builder.info(event.process)),
        }
    }
    builder.finish().unwrap()
}

fn subsets(of: &[u64]) -> impl Iterator<Item = Vec<u64>> {
    (0..1u64 << of.len()).map(|choice| {
        let chosen = (0..of.len()).filter(|it| choice >> it & 1 == 1);
        chosen.map(|it| of[it]).collect()
    })
}

/// Whether it is a violation with these, whatever is put back.
fn stands<S>(specification: &S, history: &HistoryOf<S>, kept: &[u64]) -> bool
where
    S: Specification<Op: Clone, Ret: Clone>,
{
    let all = history.operations().map(|operation| operation.invocation);
    let others: Vec<u64> = all.filter(|it| !kept.contains(it)).collect();
    subsets(&others).all(|back| {
        let with = [kept, &back].concat();
        !oracle::is_linearizable(specification, &select(history, &with, history.end()))
    })
}

fn returned<'h, O, R>(operation: &Operation<'h, O, R>) -> Option<&'h R> {
    match operation.outcome {
        Outcome::Ok(ret) => Some(ret),
        _ => None,
    }
}

/// What may be left once what is not about the culprit is dropped, for it says nothing about it: other parts, reads of all values, whole
/// values.
fn without_values<S: Specification>(
    specification: &S,
    history: &HistoryOf<S>,
    culprit: u64,
) -> Vec<Vec<u64>> {
    let its_own = history.operation(culprit).unwrap();
    let parts = || history.operations().map(|it| specification.part(it.op));
    let is_whole = parts().any(|part| part.is_none());
    let (reads_of_all, others): (Vec<_>, Vec<_>) = history
        .operations()
        .filter(|it| !matches!(it.outcome, Outcome::Fail) || it.invocation == culprit)
        .filter(|it| is_whole || specification.part(it.op) == specification.part(its_own.op))
        .partition(|it| specification.about(it.op, returned(it)) == About::All);
    let may_go = |it: &Operation<'_, S::Op, S::Ret>| {
        let changes_nothing = match returned(it) {
            Some(ret) => specification.changes_nothing(it.op, ret),
            None => specification.is_read(it.op),
        };
        it.invocation != culprit && changes_nothing
    };
    if !reads_of_all.iter().all(may_go) {
        return Vec::new();
    }
    let values = |it: &Operation<'_, S::Op, S::Ret>| match specification.about(it.op, returned(it))
    {
        About::Value(value) => vec![value],
        About::Values(values) => values,
        About::All | About::Nothing => Vec::new(),
    };
    let mut all: Vec<u64> = others.iter().flat_map(values).collect();
    all.sort_unstable();
    all.dedup();
    let its_values = values(&its_own);
    let left = subsets(&all).map(|kept| {
        let is_left = |value: &u64| kept.contains(value) || its_values.contains(value);
        let left = others.iter().filter(|it| values(it).iter().all(is_left));
        left.map(|it| it.invocation).collect()
    });
    left.collect()
}

/// Whether it was a violation; and if so, that what it is shrunk to is one, whatever is put back, and that none can be spared.
pub fn assert_shrunk<S>(specification: &S, history: &HistoryOf<S>, context: &dyn Debug) -> bool
where
    S: Specification<Op: Clone + Sync, Ret: Clone + Sync, State: Send> + Sync,
{
    let Ok(shrunk) = shrink(specification, history, &EFFORT) else {
        assert!(
            oracle::is_linearizable(specification, history),
            "{context:?}: {history}"
        );
        return false;
    };
    let again = shrink(specification, history, &EFFORT).unwrap();
    assert_eq!(
        (&again.history, &again.indices),
        (&shrunk.history, &shrunk.indices)
    );
    let Shrunk {
        history: small,
        indices,
        ..
    } = &shrunk;
    let context = format!("{context:?}:\n{history}\nshrunk to\n{small}\n{indices:?}");
    // A part of what was recorded, well formed (or it would not be a history).
    for (event, &was) in small.events().zip(indices) {
        let recorded = history.get(was).unwrap();
        assert_eq!(
            (event.process, &event.kind),
            (recorded.process, &recorded.kind),
            "{context}"
        );
    }
    let tachograph::check::Verdict::Violation(whole) = &shrunk.whole.verdict else {
        unreachable!()
    };
    assert_eq!(indices.last(), Some(&whole.event), "{context}");
    let tachograph::check::Verdict::Violation(found) = &shrunk.report.verdict else {
        panic!("no violation: {context}")
    };
    assert_eq!(found.event, small.end() - 1, "{context}");
    assert!(shrunk.is_smallest, "{context}");
    // So few can always be told so.
    assert!(shrunk.stands, "{context}");

    let kept: Vec<u64> = small
        .operations()
        .map(|it| indices[it.invocation as usize])
        .collect();
    let end = whole.event + 1;
    let mut known = history.clone();
    known.truncate(end);
    assert!(
        stands(specification, &known, &kept),
        "it is the omission: {context}"
    );
    let all: Vec<u64> = history.operations().map(|it| it.invocation).collect();
    let possible = |these: &[u64]| {
        oracle::is_linearizable(specification, &roaming(&select(history, these, end)))
    };
    let was_possible = possible(&all);
    if was_possible {
        assert!(
            possible(&kept),
            "what it returned comes from nowhere: {context}"
        );
    }
    // Some of these and the last, which is the last of them.
    let sourced = |these: &[u64]| {
        let others: Vec<u64> = these
            .iter()
            .copied()
            .filter(|&it| it != whole.invocation)
            .collect();
        subsets(&others).any(|some| possible(&[&some[..], &[whole.invocation]].concat()))
    };
    let was_sourced = sourced(&all);
    if was_sourced {
        assert!(
            sourced(&kept),
            "nothing says where what it returned comes from: {context}"
        );
    }
    let well_before =
        |these: &[u64]| oracle::is_linearizable(specification, &select(history, these, end - 1));
    assert!(well_before(&kept), "{context}");
    let is_possible = was_possible
        || possible(&kept)
            && without_values(specification, &known, whole.invocation)
                .iter()
                .any(|left| possible(left));
    let sense = |these: &[u64]| match (is_possible, was_sourced) {
        (true, _) => possible(these),
        (false, true) => sourced(these),
        (false, false) => true,
    };
    for &spared in kept.iter().filter(|&&it| it != whole.invocation) {
        let less: Vec<u64> = kept.iter().copied().filter(|&it| it != spared).collect();
        assert!(
            !(well_before(&less) && sense(&less) && stands(specification, &known, &less)),
            "{spared} can be spared: {context}"
        );
    }
    true
}
