//! An event squeezed into one word and one payload: how the recorder's slots and the history's rows hold it.
//!
//! The invariant of the whole module: **the tag in the word says which field of the payload is there**, and
//! a payload whose word says [`Tag::Vacant`] or [`Tag::Lease`] has nothing in it to drop.

use std::mem::{ManuallyDrop, MaybeUninit, needs_drop};

use crate::event::{EventKind, ProcessId, Text};

/// What a payload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Tag {
    /// Nothing.
    Vacant = 0,
    /// An operation.
    Invoke = 1,
    /// A result.
    Ok = 2,
    /// Perhaps an error.
    Fail = 3,
    /// Perhaps an error.
    Info = 4,
    /// A text.
    Mark = 5,
    /// The process that the following slots belong to. Not an event.
    Lease = 6,
}

impl Tag {
    /// Whether there may be a text, which needs dropping whatever `O` and `R` are.
    pub(crate) fn has_text(self) -> bool {
        matches!(self, Self::Fail | Self::Info | Self::Mark)
    }
}

const TAG_BITS: u32 = 3;

/// A number below 2^61 and a tag. An all-zero word is vacant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Word(pub(crate) u64);

impl Word {
    pub(crate) const VACANT: Self = Self(0);
    pub(crate) const MAX_NUMBER: u64 = u64::MAX >> TAG_BITS;

    #[inline(always)]
    pub(crate) fn new(number: u64, tag: Tag) -> Self {
        debug_assert!(number <= Self::MAX_NUMBER);
        Self(number << TAG_BITS | tag as u64)
    }

    #[inline(always)]
    pub(crate) fn number(self) -> u64 {
        self.0 >> TAG_BITS
    }

    #[inline(always)]
    pub(crate) fn tag(self) -> Tag {
        match self.0 & ((1 << TAG_BITS) - 1) {
            1 => Tag::Invoke,
            2 => Tag::Ok,
            3 => Tag::Fail,
            4 => Tag::Info,
            5 => Tag::Mark,
            6 => Tag::Lease,
            _ => Tag::Vacant,
        }
    }
}

/// A text that takes one word, so that it never makes a payload larger.
pub(crate) type BoxedText = Option<Box<Text>>;

/// Boxes a text, if there is one.
pub(crate) fn boxed(text: Option<Text>) -> BoxedText {
    text.map(Box::new)
}

/// One of the things a [`Tag`] names.
#[repr(C)]
pub(crate) union Payload<O, R> {
    op: ManuallyDrop<O>,
    ret: ManuallyDrop<R>,
    text: ManuallyDrop<BoxedText>,
    pub(crate) process: ProcessId,
}

impl<O, R> Payload<O, R> {
    pub(crate) fn of_op(op: O) -> Self {
        Self {
            op: ManuallyDrop::new(op),
        }
    }

    pub(crate) fn of_ret(ret: R) -> Self {
        Self {
            ret: ManuallyDrop::new(ret),
        }
    }

    pub(crate) fn of_text(text: BoxedText) -> Self {
        Self {
            text: ManuallyDrop::new(text),
        }
    }

    pub(crate) fn of_process(process: ProcessId) -> Self {
        Self { process }
    }

    /// Whether dropping a payload does anything where none carries a text.
    pub(crate) const NEEDS_DROP: bool = needs_drop::<O>() || needs_drop::<R>();

    /// Drops what `tag` says is there.
    ///
    /// # Safety
    ///
    /// `tag` names the field that was written; the payload is not used afterwards.
    #[inline]
    pub(crate) unsafe fn drop_as(&mut self, tag: Tag) {
        // SAFETY: the caller vouches for the tag, and that this is the last use.
        unsafe {
            match tag {
                Tag::Invoke => ManuallyDrop::drop(&mut self.op),
                Tag::Ok => ManuallyDrop::drop(&mut self.ret),
                Tag::Fail | Tag::Info | Tag::Mark => ManuallyDrop::drop(&mut self.text),
                Tag::Vacant | Tag::Lease => {}
            }
        }
    }
}

/// What an event says, and the reason given for it.
type Said<O, R, T> = (EventKind<O, R, T>, Option<T>);

/// A row of a history: the process and the tag in the word, the rest in the payload. Vacant when zeroed.
pub(crate) struct Packed<O, R> {
    word: Word,
    payload: MaybeUninit<Payload<O, R>>,
}

impl<O, R> Packed<O, R> {
    pub(crate) const VACANT: Self = Self {
        word: Word::VACANT,
        payload: MaybeUninit::uninit(),
    };

    /// # Safety
    ///
    /// `tag` names the field of `payload` that is written; this row now owns it.
    #[inline(always)]
    pub(crate) unsafe fn new(
        process: ProcessId,
        tag: Tag,
        payload: MaybeUninit<Payload<O, R>>,
    ) -> Self {
        Self {
            word: Word::new(process.0, tag),
            payload,
        }
    }

    /// A row that says this. Only a `fail` and an `info` keep the error.
    pub(crate) fn of(process: ProcessId, kind: EventKind<O, R>, error: Option<Text>) -> Self {
        let (tag, payload) = match kind {
            EventKind::Invoke(op) => (Tag::Invoke, Payload::of_op(op)),
            EventKind::Ok(ret) => (Tag::Ok, Payload::of_ret(ret)),
            EventKind::Fail => (Tag::Fail, Payload::of_text(boxed(error))),
            EventKind::Info => (Tag::Info, Payload::of_text(boxed(error))),
            EventKind::Mark(text) => (Tag::Mark, Payload::of_text(boxed(Some(text)))),
        };
        // SAFETY: each arm writes the field that its tag names.
        unsafe { Self::new(process, tag, MaybeUninit::new(payload)) }
    }

    pub(crate) fn is_vacant(&self) -> bool {
        self.word == Word::VACANT
    }

    /// Makes the row vacant without dropping what it held: that has another owner.
    pub(crate) fn forget(&mut self) {
        self.word = Word::VACANT;
    }

    pub(crate) fn process(&self) -> ProcessId {
        ProcessId(self.word.number())
    }

    pub(crate) fn tag(&self) -> Tag {
        self.word.tag()
    }

    /// Gives the row to another process.
    pub(crate) fn rename(&mut self, process: ProcessId) {
        self.word = Word::new(process.0, self.word.tag());
    }

    /// What the row says, and the reason given for it. `None` of a vacant row.
    #[inline]
    pub(crate) fn view(&self) -> Option<Said<&O, &R, &str>> {
        // SAFETY: the tag says which field was written.
        unsafe {
            let payload = self.payload.as_ptr();
            Some(match self.word.tag() {
                Tag::Invoke => (EventKind::Invoke(&*(*payload).op), None),
                Tag::Ok => (EventKind::Ok(&*(*payload).ret), None),
                Tag::Fail => (EventKind::Fail, as_str(&(*payload).text)),
                Tag::Info => (EventKind::Info, as_str(&(*payload).text)),
                Tag::Mark => (
                    EventKind::Mark(as_str(&(*payload).text).unwrap_or_default()),
                    None,
                ),
                Tag::Vacant | Tag::Lease => return None,
            })
        }
    }

    /// What the row says, and the reason given for it, moved out. `None` of a vacant row.
    pub(crate) fn into_kind(self) -> Option<Said<O, R, Text>> {
        let mut row = ManuallyDrop::new(self);
        let payload = row.payload.as_mut_ptr();
        // SAFETY: the tag says which field was written, and the row is not dropped: it is moved out once.
        unsafe {
            let text = || ManuallyDrop::take(&mut (*payload).text).map(|text| *text);
            Some(match row.word.tag() {
                Tag::Invoke => (
                    EventKind::Invoke(ManuallyDrop::take(&mut (*payload).op)),
                    None,
                ),
                Tag::Ok => (EventKind::Ok(ManuallyDrop::take(&mut (*payload).ret)), None),
                Tag::Fail => (EventKind::Fail, text()),
                Tag::Info => (EventKind::Info, text()),
                Tag::Mark => (EventKind::Mark(text().unwrap_or_default()), None),
                Tag::Vacant | Tag::Lease => return None,
            })
        }
    }
}

fn as_str(text: &BoxedText) -> Option<&str> {
    text.as_deref().map(AsRef::as_ref)
}

impl<O: Clone, R: Clone> Clone for Packed<O, R> {
    fn clone(&self) -> Self {
        // SAFETY: the tag says which field was written, and the clone goes under the same tag.
        let payload = unsafe { Cloning::take(self.word.tag(), self.payload.as_ptr()) };
        Self {
            word: self.word,
            payload,
        }
    }
}

impl<O, R> Drop for Packed<O, R> {
    fn drop(&mut self) {
        // SAFETY: the tag says which field was written; nothing uses it after this.
        unsafe { (*self.payload.as_mut_ptr()).drop_as(self.word.tag()) }
    }
}

/// How a walker takes a payload out of a slot.
pub(crate) trait Take<O, R> {
    /// Whether the slot's payload is gone afterwards.
    const MOVES: bool;

    /// # Safety
    ///
    /// `payload` is what `tag` says, and nobody writes it meanwhile. Where this [moves](Self::MOVES), the
    /// slot's payload is neither used nor dropped again, or else the result is forgotten.
    unsafe fn take(tag: Tag, payload: *const Payload<O, R>) -> MaybeUninit<Payload<O, R>>;
}

/// Leaves the payload where it is and takes a clone.
pub(crate) struct Cloning;

impl<O: Clone, R: Clone> Take<O, R> for Cloning {
    const MOVES: bool = false;

    #[inline(always)]
    unsafe fn take(tag: Tag, payload: *const Payload<O, R>) -> MaybeUninit<Payload<O, R>> {
        // SAFETY: the caller vouches that the field named by the tag is there.
        unsafe {
            MaybeUninit::new(match tag {
                Tag::Invoke => Payload {
                    op: (*payload).op.clone(),
                },
                Tag::Ok => Payload {
                    ret: (*payload).ret.clone(),
                },
                Tag::Fail | Tag::Info | Tag::Mark => Payload {
                    text: (*payload).text.clone(),
                },
                Tag::Vacant | Tag::Lease => return MaybeUninit::uninit(),
            })
        }
    }
}

/// Takes the payload itself.
pub(crate) struct Moving;

impl<O, R> Take<O, R> for Moving {
    const MOVES: bool = true;

    #[inline(always)]
    unsafe fn take(_: Tag, payload: *const Payload<O, R>) -> MaybeUninit<Payload<O, R>> {
        // SAFETY: the caller vouches for the pointer; a copy of maybe uninitialised bytes is always sound.
        unsafe { payload.cast::<MaybeUninit<Payload<O, R>>>().read() }
    }
}
