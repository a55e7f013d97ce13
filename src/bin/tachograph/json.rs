//! What `--json` says, as far as several commands say it.

use serde_json::{Value as Json, json};
use tachograph::{Breach, Breaches, Cut, CutReason, ProcessId, format::ReadError};

use crate::{input::Failure, object::Object};

/// What is said of a file that cannot be read.
pub fn failure(name: &str, failure: &Failure) -> Json {
    match failure {
        Failure::Open(error) => json!({ "file": name, "error": error.to_string() }),
        Failure::Read { error, hint } => {
            let ReadError { line, column, .. } = error;
            json!({
                "file": name,
                "error": error.to_string(),
                "hint": hint,
                "line": line,
                "column": column,
                "breaches": breaches(&error.breaches),
                "breach_count": error.breaches.count(),
            })
        }
    }
}

/// The same where it was to be held against an object, in the words of those that were.
pub fn not_checked(name: &str, object: &Object, failure: &Failure) -> Json {
    let mut json = self::failure(name, failure);
    json["model"] = object.name().into();
    json["consistency"] = object.consistency().name().into();
    json["verdict"] = "error".into();
    json
}

pub fn breaches(breaches: &Breaches) -> Vec<Json> {
    let json = |breach: &Breach| {
        json!({
            "rule": breach.rule.name(),
            "index": breach.index,
            "line": breach.line,
            "process": process(breach.process),
            "earlier": breach.earlier,
            "renamed": breach.renamed.map(process),
            "message": breach.to_string(),
        })
    };
    breaches.listed().iter().map(json).collect()
}

/// A client's id; `null` for the nemesis, whose id is ours and means nothing to others.
pub fn process(process: ProcessId) -> Option<u64> {
    (process != ProcessId::NEMESIS).then_some(process.0)
}

/// As JSON Lines have it.
pub fn cut(cut: Cut) -> Json {
    let reason = match cut.reason {
        CutReason::Limit => "limit",
        CutReason::OutOfMemory => "out-of-memory",
        _ => "unknown",
    };
    json!({ "index": cut.index, "lost": cut.lost, "reason": reason })
}
