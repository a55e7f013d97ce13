//! A document that is being read: what both readers do with an event once they have it.

use super::{Document, Extra, FileEvent, Options, ReadError};
use crate::history::{Cut, HistoryBuilder, Incoming};

pub(super) struct Draft<O, R> {
    pub(super) builder: HistoryBuilder<O, R>,
    /// What events say besides, by their place: the index of the first is known only when it was read.
    extra: Vec<(usize, super::edn::Map)>,
}

impl<O, R> Draft<O, R> {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            builder: options.builder(),
            extra: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, event: FileEvent<O, R>) {
        self.add_as(event, false);
    }

    /// Adds an event that may say itself that it does not belong to the operation that its process has open.
    pub(super) fn add_as(&mut self, event: FileEvent<O, R>, of_another: bool) {
        if !event.extra.is_empty() {
            self.extra.push((self.builder.len(), event.extra));
        }
        self.builder.add(Incoming {
            line: Some(event.line),
            index: event.index,
            process: event.process,
            time: event.time,
            kind: event.kind,
            error: event.error,
            of_another,
        });
    }

    /// What to say where reading stopped before the end.
    pub(super) fn broken_off(mut self, mut error: ReadError) -> ReadError {
        if let Err(breaches) = self.builder.finish_lenient() {
            error.breaches = breaches;
        }
        error
    }

    /// The document, whose last line this is.
    pub(super) fn finish(
        mut self,
        line: u64,
        cut: Option<Cut>,
    ) -> Result<Document<O, R>, ReadError> {
        let (mut history, mended) = self
            .builder
            .finish_lenient()
            .map_err(|breaches| ReadError::breaches(line, breaches))?;
        if let Some(mut cut) = cut {
            // Of an empty history, only its cut says where it starts.
            let start = match history.is_empty() {
                true => cut.index,
                false => history.start(),
            };
            let end = start + history.len() as u64;
            if cut.index != end && mended.is_empty() {
                let what = format!(
                    "cut at index {}, but the events end before {end}",
                    cut.index
                );
                return Err(ReadError::syntax(line, 1, what));
            }
            cut.index = end; // where events were numbered anew, that is not what the file says
            history.describe(start, Some(cut));
        }
        let start = history.start();
        let mut extra = Extra::default();
        for (place, keys) in self.extra {
            extra.insert(start + place as u64, keys);
        }
        Ok(Document {
            history,
            extra,
            mended,
        })
    }
}
