//! Histories as [Jepsen](https://github.com/jepsen-io/history) writes them, in [EDN], the notation of Clojure's data; and
//! values in EDN.
//!
//! # Histories
//!
//! An event is a map. [`write()`] puts each on a line; [`read`] takes them on lines, several on a line, or in one or more
//! vectors or lists, perhaps with the tag `#jepsen.history.Op`.
//!
//! ```text
//! {:index 0, :time 120, :process 0, :type :invoke, :f :write, :value 4}
//! {:index 1, :time 310, :process 0, :type :ok, :f :write, :value 4}
//! {:index 2, :time 400, :process 1, :type :invoke, :f :read, :value nil}
//! {:index 3, :time 500, :process 1, :type :info, :f :read, :value nil, :error "timed out"}
//! {:index 4, :time 600, :process :nemesis, :type :info, :f :mark, :value "partition healed"}
//! ```
//!
//! | key | |
//! |---|---|
//! | `:index` | dense, ascending; may be left out, or `nil` |
//! | `:time` | nanoseconds; may be left out, or `nil` |
//! | `:process` | an integer is a client; a keyword or symbol, such as `:nemesis`, makes [marks](crate::EventKind::Mark) |
//! | `:type` | `:invoke`, `:ok`, `:fail` or `:info` |
//! | `:f`, `:value` | what [`Jepsen`] makes of operations and results; those of a `:fail` and an `:info` repeat the invocation's |
//! | `:error` | of a `:fail` or an `:info`: the reason |
//! | any other | is kept in [`Extra`](super::Extra), and written again |
//!
//! So is in `Extra` what an [`Event`](crate::Event) cannot hold: an `:error` that is no string, a `:value` of a `:fail` or an
//! `:info` that is not the invocation's, the `:f` and `:value` of what is no client's. The text of its mark is
//! made of them. A mark that a client made says which under `:tachograph/by`.
//!
//! Where a history was [cut](crate::History::cut) is written as a comment, which is not read.
//!
//! # Values
//!
//! A [`Value`] reads and prints what Clojure's own reader, [`clojure.edn`], reads and prints, and has a
//! [form in JSON](Value#json). Nothing is lost on the way: **what is printed reads back as the same value**, in
//! either form, of everything that is nested no deeper than [`MAX_DEPTH`].
//!
//! ```
//! use tachograph::format::edn::Value;
//!
//! let value: Value = "{:f :cas, :value [1 2] #_ ignored}".parse()?;
//! assert_eq!(value.to_string(), "{:f :cas, :value [1 2]}");
//!
//! let error = "{:f :cas\n :value [1 2)}".parse::<Value>().unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "line 2, column 13: `)` does not close the `[` at line 2, column 9"
//! );
//! # Ok::<(), tachograph::format::edn::ParseError>(())
//! ```
//!
//! # Where this reader differs from Clojure's
//!
//! - A float that is too large for 64 bits is an error, not infinity; and so is half a surrogate pair.
//! - An integer in hexadecimal, octal or another radix has at most 127 bits; one in decimal has no bound.
//! - Metadata (`^`) is not read, and white space is ASCII.
//! - Nesting is bounded, by [`MAX_DEPTH`].
//! - Two values are equal if they are written alike, so `#{1.0M 1.00M}`, `#{0.0 -0.0}` and `#{[1] (1)}` are sets of
//!   two; to Clojure each of them names one element twice.
//! - [Names](Name) that EDN cannot write are read from three tags of this crate's own.
//!
//! [EDN]: https://github.com/edn-format/edn
//! [`clojure.edn`]: https://clojure.github.io/clojure/clojure.edn-api.html

mod fault;
mod jepsen;
mod json;
mod name;
mod number;
mod parse;
mod print;
mod read;
mod text;
mod value;
mod window;
mod write;

pub(super) use self::json::Wrapped;
pub use self::{
    fault::{ParseError, What},
    jepsen::{Jepsen, Misfit, Op, named},
    name::Name,
    parse::MAX_DEPTH,
    read::{Entry, Kind, Reader, Who, read},
    value::{BigInt, Decimal, DuplicateKey, Float, Map, Ratio, Set, Value},
    write::{Writer, write},
};
