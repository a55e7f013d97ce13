//! Histories in files: what is written reads back as it was, and what is wrong is said with its place.
#![cfg(all(not(loom), feature = "format"))]

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize};
use tachograph::{
    Event, EventKind, History, ProcessId, Recorder, Rule, Text,
    format::{
        Document, Format, Options, Problem, ReadError,
        edn::{self, Jepsen, Misfit, Value},
        jsonl, open,
    },
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Op {
    Read,
    Write(i64),
    Append { key: String, text: Option<String> },
}

impl Jepsen for Op {
    type Ret = Option<f64>;

    fn f(&self) -> &str {
        match self {
            Op::Read => "read",
            Op::Write(_) => "write",
            Op::Append { .. } => "append",
        }
    }

    fn value(&self) -> Value {
        match self {
            Op::Read => Value::Nil,
            Op::Write(value) => (*value).into(),
            Op::Append { key, text } => {
                vec![Value::from(key.as_str()), text.as_deref().into()].into()
            }
        }
    }

    fn ret_value(&self, ret: &Option<f64>) -> Value {
        (*ret).into()
    }

    fn from_value(f: &str, value: Value) -> Result<Self, Misfit> {
        match (f, &value) {
            ("read", Value::Nil) => Ok(Op::Read),
            ("write", Value::Int(value)) => Ok(Op::Write(*value)),
            ("append", Value::Vector(items)) => match &**items {
                [Value::Str(key), text @ (Value::Nil | Value::Str(_))] => Ok(Op::Append {
                    key: key.to_string(),
                    text: text.as_str().map(str::to_owned),
                }),
                _ => Err("an append has a key and perhaps a text".into()),
            },
            _ => Err(format!("there is no :{f} of this value").into()),
        }
    }

    fn ret_from_value(&self, value: Value) -> Result<Option<f64>, Misfit> {
        match value {
            Value::Nil => Ok(None),
            Value::Float(float) => Ok(Some(float.get())),
            _ => Err("a result is a float".into()),
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z \"\\\\:;#,~^`{}\\[\\]()]{0,8}",
        1 => any::<String>(),
        1 => "[\\u{0}-\\u{1f}\u{7f}-\u{a0}\u{2028}é\u{1F980}]{0,5}",
    ]
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        Just(Op::Read),
        any::<i64>().prop_map(Op::Write),
        (any_text(), prop::option::of(any_text())).prop_map(|(key, text)| Op::Append { key, text }),
    ]
}

/// What each of some processes does next: it invokes if it is idle, and completes in some way if it is not.
fn history<O: Clone + std::fmt::Debug + 'static, R: Clone + std::fmt::Debug + 'static>(
    op: impl Strategy<Value = O> + 'static,
    ret: impl Strategy<Value = R> + 'static,
) -> impl Strategy<Value = History<O, R>> {
    let step = (
        (
            0u64..4,
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.1),
        ),
        op,
        ret,
        (0..4u8, prop::option::of(any_text())),
        prop::option::weighted(0.8, 0u64..1000),
        any_text(),
    );
    (vec(step, 0..30), 0u64..5).prop_map(|(steps, start)| {
        let mut builder = tachograph::HistoryBuilder::new();
        let (mut ids, mut now) = ([0, 1, 2, 3].map(ProcessId), 0);
        for (number, ((slot, mark, nemesis), op, ret, (outcome, error), time, text)) in
            steps.into_iter().enumerate()
        {
            now += time.unwrap_or(0);
            let mut process = ids[slot as usize];
            let text = Text::from(text);
            let kind = match builder.open(process) {
                _ if mark => EventKind::Mark(text),
                None => EventKind::Invoke(op),
                Some(_) => match outcome {
                    0 => EventKind::Fail,
                    1 => {
                        ids[slot as usize].0 += 4;
                        EventKind::Info
                    }
                    _ => EventKind::Ok(ret),
                },
            };
            if nemesis && kind.is_mark() {
                process = ProcessId::NEMESIS;
            }
            builder.push(Event {
                index: start + number as u64,
                process,
                time: time.map(|_| Duration::from_nanos(now)),
                error: match kind {
                    EventKind::Fail | EventKind::Info => error.map(Text::from),
                    _ => None,
                },
                kind,
            });
        }
        builder.finish().unwrap()
    })
}

fn any_float() -> impl Strategy<Value = Option<f64>> {
    prop::option::of(prop_oneof![
        any::<f64>().prop_filter("a number", |float| float.is_finite()),
        Just(-0.0),
        Just(1e300),
    ])
}

fn typed() -> impl Strategy<Value = History<Op, Option<f64>>> {
    history(any_op(), any_float())
}

fn any_value() -> impl Strategy<Value = Value> {
    let fixed = [
        "nil",
        "true",
        "-9223372036854775808",
        "123456789012345678901234567890N",
        "-0.0",
        "1.0E-10",
        "##NaN",
        "1.50M",
        "-2/3",
        "\\newline",
        "\\é",
        ":a/b",
        "sym",
        "#inst \"2020-01-01T00:00:00Z\"",
        "#{1 2}",
        "(1 [2])",
        "{}",
        "{:a {\"b\" nil}, [1] 2}",
        "\"~:x\"",
    ];
    let leaf = prop_oneof![
        prop::sample::select(fixed.to_vec()).prop_map(|text| text.parse().unwrap()),
        any::<i64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
        any_text().prop_map(|name| Value::keyword(&*name)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| vec(inner, 0..4).prop_map(Value::from))
}

fn untyped() -> impl Strategy<Value = Document<edn::Op, Value>> {
    let op = (any_text(), any_value()).prop_map(|(f, value)| edn::Op { f: f.into(), value });
    let extra = vec(
        (any::<prop::sample::Index>(), any_text(), any_value()),
        0..3,
    );
    (history(op, any_value()), extra).prop_map(|(history, extra)| {
        let mut document = Document::from(history);
        for (at, key, value) in extra {
            // A key that an event has anyway is no extra one.
            let key = Value::keyword(format!("x{key}"));
            if !document.history.is_empty() {
                let index = document.history.start() + at.index(document.history.len()) as u64;
                document
                    .extra
                    .insert(index, edn::Map::new(vec![(key, value)]).unwrap());
            }
        }
        document
    })
}

fn to_edn<O: Jepsen + Clone>(document: &Document<O, O::Ret>) -> Vec<u8> {
    let mut file = Vec::new();
    edn::write(&mut file, document).unwrap();
    file
}

fn to_jsonl<O: Serialize, R: Serialize>(document: &Document<O, R>) -> Vec<u8> {
    let mut file = Vec::new();
    jsonl::write(&mut file, document).unwrap();
    file
}

/// Hands out a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let few = buffer.len().min(self.1);
        self.0.read(&mut buffer[..few])
    }
}

const STRICT: &Options = &Options::new();

proptest! {
    #[test]
    fn a_typed_history_comes_back_from_json_lines(history in typed(), few in 1usize..9) {
        let document = Document::from(history);
        let file = to_jsonl(&document);
        let input = BufReader::with_capacity(few, Trickle(&file, few));
        let read = jsonl::read(input, STRICT).unwrap();
        prop_assert_eq!(read, document);
    }

    #[test]
    fn a_typed_history_comes_back_from_edn(history in typed(), few in 1usize..9) {
        let document = Document::from(history);
        let file = to_edn(&document);
        let input = BufReader::with_capacity(few, Trickle(&file, few));
        let read = edn::read(input, STRICT).unwrap();
        prop_assert_eq!(read, document);
    }

    #[test]
    fn any_document_comes_back_from_both_formats(document in untyped()) {
        let through_edn = edn::read(&to_edn(&document)[..], STRICT).unwrap();
        prop_assert_eq!(&through_edn, &document);
        let through_both = jsonl::read(&to_jsonl(&through_edn)[..], STRICT).unwrap();
        prop_assert_eq!(&through_both, &document);
        // Equal values may look different.
        prop_assert_eq!(to_edn(&through_both), to_edn(&document));
    }

    #[test]
    fn edn_in_other_clothes_is_the_same(document in untyped(), clothes in vec(0..6usize, 40)) {
        const CLOTHES: [&str; 6] = [" ", ",", "\r\n", "; a comment } ]\n", "#_ {:process [nil]} ", "#_ #_ 1 2 "];
        let file = String::from_utf8(to_edn(&document)).unwrap();
        let mut dressed = String::from("[");
        for (line, clothes) in file.lines().zip(clothes.iter().cycle()) {
            let rest = line.strip_prefix('{').unwrap();
            dressed.push_str(&format!("{{{}{rest}{}", CLOTHES[*clothes], CLOTHES[(*clothes + 1) % 6]));
        }
        dressed.push(']');
        let read = edn::read(dressed.as_bytes(), STRICT).unwrap();
        prop_assert_eq!(read, document);
    }

    #[test]
    fn a_file_cut_short_is_a_prefix_or_an_error(document in untyped(), at in any::<prop::sample::Index>()) {
        for (file, is_edn) in [(to_edn(&document), true), (to_jsonl(&document), false)] {
            let cut = &file[..at.index(file.len() + 1)];
            let read = if is_edn { edn::read(cut, STRICT) } else { jsonl::read(cut, STRICT) };
            match read {
                Ok(read) => {
                    let ends = cut.is_empty() || cut.ends_with(b"\n") || cut.ends_with(b"}");
                    prop_assert!(ends);
                    let mut expected = document.history.clone();
                    expected.truncate(read.history.end());
                    if read.history.is_empty() {
                        prop_assert!(expected.is_empty() || read.history.start() == 0);
                    } else {
                        prop_assert_eq!(read.history, expected);
                    }
                }
                Err(error) => {
                    let lines = cut.iter().filter(|byte| **byte == b'\n').count() as u64;
                    prop_assert_eq!(error.line, lines + 1);
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = edn::read::<edn::Op>(&bytes[..], STRICT);
        let _ = jsonl::read::<edn::Op, Value>(&bytes[..], STRICT);
        let mut file = b"{\"format\":\"tachograph\",\"version\":1}\n".to_vec();
        file.extend_from_slice(&bytes);
        let _ = jsonl::read::<edn::Op, Value>(&file[..], STRICT);
    }

    #[test]
    fn a_damaged_file_does_not_make_a_reader_panic(
        document in untyped(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for (mut file, is_edn) in [(to_edn(&document), true), (to_jsonl(&document), false)] {
            for (at, byte) in &damage {
                if !file.is_empty() {
                    let at = at.index(file.len());
                    file[at] = *byte;
                }
            }
            let options = Options::new().lenient(true);
            let read = match is_edn {
                true => edn::read(&file[..], &options),
                false => jsonl::read(&file[..], &options),
            };
            // What it takes for a history, it can write and read again.
            if let Ok(mut read) = read {
                read.mended = Default::default();
                let again = edn::read::<edn::Op>(&to_edn(&read)[..], &options).unwrap();
                prop_assert_eq!(again.history, read.history);
            }
        }
    }
}

fn edn_error(file: &str) -> ReadError {
    edn::read::<edn::Op>(file.as_bytes(), STRICT).unwrap_err()
}

fn json_error(events: &str) -> ReadError {
    let file = format!("{{\"format\":\"tachograph\",\"version\":1}}\n{events}");
    jsonl::read::<Op, u64>(file.as_bytes(), STRICT).unwrap_err()
}

#[test]
fn jepsens_own_words_are_read() {
    let file = r#"
        ; as Jepsen and its tools write them
        [{:process 0, :type :invoke, :f :read, :value nil, :index 0, :time 5}
         {:process :nemesis :type :info :f :kill :value {"n1" :killed} :index 1 :time 6}]
        #jepsen.history.Op{:index 2, :time 7, :process 0, :type :ok, :f :read, :value [:a #{1}]}
        ({:process 1 :type :invoke :f :write :value 2, :index 3 :node "n2"}
         {:process 1 :type :info :f :write :value 2, :index 4 :error [:timeout "slow"]})
        {:process 2 :type :invoke :f :cas :value [1 2] :index 5}
        {:process 2 :type :fail :f :cas :value nil :error "no" :index 6}
    "#;
    let read = edn::read::<edn::Op>(file.as_bytes(), STRICT).unwrap();
    let shown: Vec<String> = read
        .history
        .events()
        .map(|event| event.to_string())
        .collect();
    assert_eq!(
        shown,
        [
            "     0     0  invoke  :read nil",
            "     1     -  mark    :kill {\"n1\" :killed}",
            "     2     0  ok      [:a #{1}]",
            "     3     1  invoke  :write 2",
            "     4     1  info    [:timeout \"slow\"]",
            "     5     2  invoke  :cas [1 2]",
            "     6     2  fail    no",
        ]
    );
    let written = String::from_utf8(to_edn(&read)).unwrap();
    assert_eq!(
        written.lines().collect::<Vec<_>>(),
        [
            "{:index 0, :time 5, :process 0, :type :invoke, :f :read, :value nil}",
            "{:index 1, :time 6, :process :nemesis, :type :info, :f :kill, :value {\"n1\" :killed}}",
            "{:index 2, :time 7, :process 0, :type :ok, :f :read, :value [:a #{1}]}",
            "{:index 3, :process 1, :type :invoke, :f :write, :value 2, :node \"n2\"}",
            "{:index 4, :process 1, :type :info, :f :write, :value 2, :error [:timeout \"slow\"]}",
            "{:index 5, :process 2, :type :invoke, :f :cas, :value [1 2]}",
            "{:index 6, :process 2, :type :fail, :f :cas, :error \"no\", :value nil}",
        ]
    );
    let json = to_jsonl(&read);
    assert_eq!(jsonl::read(&json[..], STRICT).unwrap(), read);
}

#[test]
fn what_is_wrong_in_edn_is_said_with_its_place() {
    let event = "{:process 0, :type :invoke, :f :read}\n";
    let cases = [
        ("nil", "line 1, column 1: an event is a map"),
        ("{:process 0}", "line 1, column 1: an event has a `:type`"),
        (
            " {:type :ok}",
            "line 1, column 2: an event has a `:process`",
        ),
        (
            "{:process 0 :type :done}",
            "line 1, column 1: `:type` is `:invoke`, `:ok`, `:fail` or `:info`, not `:done`",
        ),
        (
            "{:process -1 :type :ok}",
            "line 1, column 1: a `:process` is 0 or more",
        ),
        (
            "{:process 0 :process 0 :type :ok}",
            "line 1, column 1: `:process` comes twice",
        ),
        (
            "{:process 0 :type :invoke :f :a :x 1 :x 2}",
            "line 1, column 1: `:x` comes twice",
        ),
        (
            "{:process 0 :type :invoke :f \"read\"}",
            "line 1, column 1: `:f` is a keyword, not `\"read\"`",
        ),
        (
            "{:process 0 :type :invoke :f :r :time 1.5}",
            "line 1, column 1: `:time` is an integer from 0 to 2^63 - 1, not `1.5`",
        ),
        (
            "{:process 0 :type :invoke :f :r :index -1}",
            "line 1, column 1: `:index` is an integer",
        ),
        (
            "[{:process 0, :type :invoke, :f :r}\n",
            "line 2, column 1: the file ends before the `[` of line 1, column 1 is closed",
        ),
        ("[[", "line 1, column 2: an event is a map"),
        ("]", "line 1, column 1: an event is a map"),
        ("[)", "line 1, column 2: an event is a map"),
        (
            "#foo {:process 0}",
            "line 1, column 1: an event is a map, not `#foo {:process 0}`",
        ),
    ];
    for (file, expected) in cases {
        let error = edn_error(file);
        assert!(error.to_string().starts_with(expected), "{file}: {error}");
        // One event further down, it is a line further down.
        let error = edn_error(&format!("{event}{file}"));
        let (_, what) = expected.split_once(", column ").unwrap();
        assert_eq!(
            error.line,
            expected[5..6].parse::<u64>().unwrap() + 1,
            "{file}"
        );
        assert!(
            error
                .to_string()
                .contains(what.split_once(" of line").map_or(what, |it| it.0)),
            "{file}: {error}"
        );
    }
    let misfit = edn::read::<Op>(
        "{:process 0 :type :invoke :f :write :value :x}".as_bytes(),
        STRICT,
    );
    assert_eq!(
        misfit.unwrap_err().to_string(),
        "line 1, column 1: `:f :write`: there is no :write of this value"
    );
    let garbage = edn::read::<edn::Op>(&b"\xff\xfe{}"[..], STRICT).unwrap_err();
    assert_eq!((garbage.line, garbage.column), (1, 1));
    let deep = edn_error(&format!(
        "{{:process 0 :type :ok :value {}",
        "[".repeat(1_000_000)
    ));
    assert!(deep.to_string().contains("deep"), "{deep}");
}

#[test]
fn what_is_wrong_in_json_lines_is_said_with_its_place() {
    let cases = [
        (
            "{\"type\":\"invoke\"}",
            "line 2, column 1: an `invoke` has an `op`",
        ),
        (
            "{\"type\":\"ok\",\"process\":1}",
            "line 2, column 1: an `ok` has a `ret`",
        ),
        (
            "{\"type\":\"ok\",\"ret\":1}",
            "line 2, column 1: an event has a `process`",
        ),
        ("{}", "line 2, column 1: an event has a `type`"),
        (
            "{\"type\":\"done\"}",
            "line 2, column 14: unknown variant `done`",
        ),
        (
            "{\"type\":\"mark\",\"text\":\"a\",\"error\":\"b\"}",
            "line 2, column 1: only a `fail` or an `info`",
        ),
        (
            "{\"index\":0,\"index\":1}",
            "line 2, column 18: duplicate field `index`",
        ),
        (
            "{\"typo\":\"ok\"}",
            "line 2, column 7: unknown field `typo`",
        ),
        (
            "\n\n{\"index\":-1}",
            "line 4, column 11: invalid value: integer `-1`",
        ),
        (
            "{\"type\":\"invoke\",\"process\":0,\"op\":{\"Write\":\"x\"}}",
            "line 2, column 46: invalid type: string \"x\"",
        ),
        (
            "{\"type\":\"inv",
            "line 2, column 12: EOF while parsing a string",
        ),
        ("[1]", "line 2, column 1: a line is an object"),
        (
            "{\"cut\":{\"index\":3,\"lost\":1,\"reason\":\"limit\"}}\n{}",
            "line 3, column 1: after the line with `cut`",
        ),
        (
            "{\"cut\":{\"index\":3,\"lost\":1,\"reason\":\"limit\"},\"index\":1}",
            "line 2, column 1: a line with `cut` has nothing else",
        ),
        (
            "{\"type\":\"mark\",\"text\":\"a\"}\n{\"cut\":{\"index\":3,\"lost\":1,\"reason\":\"limit\"}}",
            "line 3, column 1: cut at index 3, but the events end before 1",
        ),
    ];
    for (events, expected) in cases {
        let error = json_error(events);
        assert!(error.to_string().starts_with(expected), "{events}: {error}");
    }
    for header in [
        "",
        "\n",
        "{}",
        "{\"format\":\"other\",\"version\":1}",
        "nonsense",
        "{\"index\":0}",
    ] {
        let error = jsonl::read::<Op, u64>(header.as_bytes(), STRICT).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("the first line should be {\"format\":\"tachograph\",\"version\":1}"),
            "{error}"
        );
    }
    let newer = jsonl::read::<Op, u64>(&b"{\"format\":\"tachograph\",\"version\":2}"[..], STRICT);
    assert_eq!(
        newer.unwrap_err().to_string(),
        "line 1, column 1: version 2 of the format is not known, only 1"
    );
}

#[test]
fn breaches_of_the_rules_are_said_with_line_and_event() {
    let file = "\
{:index 0, :process 0, :type :invoke, :f :a}
{:index 1, :process 0, :type :ok, :f :b}
{:index 3, :process 0, :type :ok, :f :a}

{:index 4, :process 1, :type :invoke, :f :a} {:index 5, :process 1, :type :info}
{:index 6, :process 1, :type :invoke, :f :a}";
    let error = edn_error(file);
    assert!(error.is_breach());
    let expected = "\
line 2, event 1: process 0 completes another operation (event 0) [same-operation]
line 3, event 3: the index should be 2 [dense-indices]
line 3, event 3: process 0 completes, with no operation open [completion-of-invocation]
line 6, event 6: process 1 goes on after its info (event 5) [silent-after-info]";
    assert_eq!(error.to_string(), expected);
    // They are told also where the file goes on with something unreadable.
    let error = edn_error(&format!("{file}\n:what"));
    assert_eq!(
        error.to_string(),
        format!("line 7, column 1: an event is a map: `{{:process 0, …}}`\n{expected}")
    );
    let lenient = file.replace("{:index 3, :process 0, :type :ok, :f :a}\n", "");
    let document = edn::read::<edn::Op>(lenient.as_bytes(), &Options::new().lenient(true)).unwrap();
    let rules: Vec<Rule> = document
        .mended
        .listed()
        .iter()
        .map(|breach| breach.rule)
        .collect();
    assert_eq!(
        rules,
        [
            Rule::SameOperation,
            Rule::DenseIndices,
            Rule::SilentAfterInfo
        ]
    );
    assert_eq!(
        document.history.events().next_back().unwrap().process,
        ProcessId(2)
    );
}

#[test]
fn a_line_without_end_is_an_error_and_takes_bounded_memory() {
    let open: [(&[u8], &[u8]); 5] = [
        (b"{:process 0, :type :ok, :value \"", b"x"),
        (b"{:process 0, :type :ok, :value [", b"1 "),
        (b"; ", b"comment "),
        (
            b"{\"format\":\"tachograph\",\"version\":1}\n{\"op\":\"",
            b"x",
        ),
        (b"", b"  "),
    ];
    for (start, again) in open {
        let hundred_megabytes = 100 << 20;
        let endless = start.chain(Repeat(again, 0)).take(hundred_megabytes);
        let input = BufReader::new(endless);
        let options = Options::new().longest_event(1 << 20);
        let error = match start.starts_with(b"{\"") {
            true => jsonl::read::<edn::Op, Value>(input, &options).unwrap_err(),
            false => edn::read::<edn::Op>(input, &options).unwrap_err(),
        };
        assert!(
            matches!(error.problem, Problem::TooLong { limit: 1048576 }),
            "{error}"
        );
    }
}

// It is too long if nothing ends within so many bytes and there are more, and else it is what is wrong with it.
#[test]
fn what_ends_with_the_file_is_as_long_as_it_is() {
    for text in [
        "{",
        "{:f",
        "{:f \"a",
        "{:f \"a\\",
        "{:f \"\\u12",
        "{:f [\\",
        "{:f [#",
        "{:f (;",
    ] {
        let read = |longest| {
            let options = Options::new().longest_event(longest);
            edn::read::<edn::Op>(text.as_bytes(), &options).unwrap_err()
        };
        let whole = read(text.len());
        assert!(!matches!(whole.problem, Problem::TooLong { .. }), "{whole}");
        assert_eq!(whole.to_string(), read(1 << 20).to_string());
        let error = read(text.len() - 1);
        assert!(matches!(error.problem, Problem::TooLong { .. }), "{error}");
    }
}

/// The same bytes for ever.
struct Repeat(&'static [u8], usize);

impl Read for Repeat {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in &mut *buffer {
            *byte = self.0[self.1 % self.0.len()];
            self.1 += 1;
        }
        Ok(buffer.len())
    }
}

#[test]
fn a_whole_history_in_one_long_line_is_read_event_by_event() {
    let mut line = String::from("[");
    for number in 0..50_000 {
        line += &format!(
            "{{:process 0, :type :invoke, :f :é, :value {number}}} {{:process 0, :type :ok, :f :é}} "
        );
    }
    let options = Options::new().longest_event(200 << 10);
    let error = edn::read::<edn::Op>(format!("{line}!").as_bytes(), &options).unwrap_err();
    assert_eq!(
        (error.line, error.column),
        (1, line.chars().count() as u64 + 1)
    );
    let read = edn::read::<edn::Op>(format!("{line}]").as_bytes(), &options).unwrap();
    assert_eq!(read.history.len(), 100_000);
}

#[test]
fn where_a_history_was_cut_is_kept_in_json_lines_and_said_in_edn() {
    for limit in [0, 5] {
        let recorder = Recorder::<Op, Option<f64>>::builder().limit(limit).build();
        let mut process = recorder.process();
        (0..4).for_each(|number| process.invoke(Op::Write(number)).ok(None));
        drop(process);
        let document = Document::from(recorder.into_history());
        assert!(document.history.cut().is_some());
        let read = jsonl::read(&to_jsonl(&document)[..], STRICT).unwrap();
        assert_eq!(read, document);
        let edn = String::from_utf8(to_edn(&document)).unwrap();
        let last = edn.lines().next_back().unwrap();
        assert_eq!(last, format!("; {}", document.history.cut().unwrap()));
        assert_eq!(
            edn::read::<Op>(edn.as_bytes(), STRICT)
                .unwrap()
                .history
                .len() as u64,
            limit
        );
    }
}

#[test]
fn pieces_are_written_one_after_the_other() {
    let recorder = Recorder::<Op, Option<f64>>::new();
    let mut whole = History::new();
    let (mut edn, mut json) = (
        edn::Writer::new(Vec::new()),
        jsonl::Writer::new(Vec::new()).unwrap(),
    );
    let mut process = recorder.process();
    for number in 0..20 {
        let call = process.invoke(Op::Write(number));
        let mut piece = recorder.drain();
        edn.history(&piece).unwrap();
        json.history(&piece).unwrap();
        whole.append(&mut piece).unwrap();
        match number % 3 {
            0 => call.ok(Some(1.5)),
            1 => call.fail(),
            _ => call.info(),
        }
    }
    whole.append(&mut recorder.drain()).unwrap();
    let last = whole.events().next_back().unwrap();
    edn.event(last, None).unwrap();
    json.event(last, None).unwrap();
    let (edn, json) = (edn.finish().unwrap(), json.finish().unwrap());
    assert_eq!(edn::read::<Op>(&edn[..], STRICT).unwrap().history, whole);
    assert_eq!(
        jsonl::read::<Op, Option<f64>>(&json[..], STRICT)
            .unwrap()
            .history,
        whole
    );

    let error = edn::Writer::<_, Op>::new(Vec::new()).event(whole.get(1).unwrap(), None);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("event 1 completes an operation")
    );
}

#[test]
fn what_serde_writes_as_null_is_still_there() {
    let recorder = Recorder::<Option<u8>, ()>::new();
    recorder.process().op(None, || ());
    let document = Document::from(recorder.into_history());
    assert_eq!(
        jsonl::read(&to_jsonl(&document)[..], STRICT).unwrap(),
        document
    );
}

#[test]
fn enums_of_serde_are_read_as_jepsens_operations() {
    let ops = [
        (r#""Read""#, ":read nil"),
        (r#"{"Write":4}"#, ":write 4"),
        (r#"{"CompareAndSet":[1,2]}"#, ":compare-and-set [1 2]"),
        (
            r#"{"Put":{"key":"~/home","value":null}}"#,
            r#":put {"key" "~/home", "value" nil}"#,
        ),
        (r#"{"f":"cas","value":["~:a",2]}"#, ":cas [:a 2]"),
        ("7", ":op 7"),
        (r#"{"a":1,"b":2}"#, r#":op {"a" 1, "b" 2}"#),
    ];
    for (json, expected) in ops {
        let op: edn::Op = serde_json::from_str(json).unwrap();
        assert_eq!(op.to_string(), expected);
    }
}

#[test]
fn a_compressed_file_opens_as_itself() {
    let recorder = Recorder::<Op, Option<f64>>::new();
    let mut process = recorder.process();
    (0..10_000).for_each(|number| process.invoke(Op::Write(number)).ok(None));
    let document = Document::from(recorder.snapshot());
    let plain = to_jsonl(&document);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&plain).unwrap();
    let compressed = encoder.finish().unwrap();
    for file in [plain, compressed.clone()] {
        let input = open(&file[..]).unwrap();
        assert_eq!(input.format(), Format::JsonLines);
        assert_eq!(jsonl::read(input, STRICT).unwrap(), document);
    }
    let broken = compressed[..compressed.len() / 2].to_vec();
    let error = jsonl::read::<Op, Option<f64>>(open(&broken[..]).unwrap(), STRICT);
    let error = error.unwrap_err();
    assert!(
        matches!(error.problem, Problem::Io(_)) && error.line > 1_000,
        "{error}"
    );
    assert!(open(io::empty()).unwrap().fill_buf().unwrap().is_empty());
}

#[test]
fn formats_are_told_by_names_and_first_bytes() {
    let names = [
        ("a.edn", Some(Format::Edn)),
        ("a.EDN.gz", Some(Format::Edn)),
        ("a.jsonl", Some(Format::JsonLines)),
        ("dir.edn/a.ndjson.GZ", Some(Format::JsonLines)),
        ("a.gz", None),
        ("edn", None),
        ("a.txt", None),
    ];
    for (name, format) in names {
        assert_eq!(Format::of_path(name), format, "{name}");
    }
    for (start, format) in [
        (&b"\n {\"format\""[..], Format::JsonLines),
        (b"\xef\xbb\xbf{\"format\"", Format::JsonLines),
        (b" {:process 0", Format::Edn),
        (b"{", Format::Edn),
        (b"", Format::Edn),
    ] {
        // Also where the bytes come one at a time.
        let mut source = open(Trickle(start, 1)).unwrap();
        assert_eq!(source.format(), format);
        let mut rest = Vec::new();
        source.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start));
    }
}

/// A value nested so deep, in each way there is.
fn nested(depth: usize) -> Vec<Value> {
    let wrap: [fn(Value) -> Value; 5] = [
        |value| vec![value].into(),
        |value| Value::List([value].into()),
        |value| edn::Set::new(vec![value]).unwrap().into(),
        |value| edn::Map::new(vec![(vec![].into(), value)]).unwrap().into(),
        |value| Value::Tagged(Box::new(("tag".into(), value))),
    ];
    let nest = |wrap: &fn(Value) -> Value| (1..depth).fold(vec![].into(), |value, _| wrap(value));
    wrap.iter().map(nest).collect()
}

#[test]
fn values_as_deep_as_may_be_go_through_both_formats_wherever_they_are() {
    let deep = |value: &Value| {
        format!(
            "{{:process 0, :type :invoke, :f :a, :value {value}, :x {value}}}
             {{:process 0, :type :ok, :f :a, :value {value}}}
             {{:process 0, :type :invoke, :f :a}}
             {{:process 0, :type :fail, :f :a, :value {value}, :error {value}}}
             {{:process :nemesis, :type :info, :f {value}, :value {value}}}"
        )
    };
    for value in nested(edn::MAX_DEPTH) {
        let document = edn::read::<edn::Op>(deep(&value).as_bytes(), STRICT).unwrap();
        let from_json = jsonl::read(&to_jsonl(&document)[..], STRICT).unwrap();
        assert_eq!(from_json, document);
        assert_eq!(
            edn::read(&to_edn(&from_json)[..], STRICT).unwrap(),
            document
        );
    }
    for value in nested(edn::MAX_DEPTH + 1) {
        assert!(
            edn_error(&deep(&value))
                .to_string()
                .contains("nested more than")
        );
        let json = serde_json::to_string(&value).unwrap();
        for event in [
            format!(r#"{{"process":0,"type":"invoke","op":{json}}}"#),
            format!(r#"{{"process":0,"type":"invoke","op":{{"f":"a","value":{json}}}}}"#),
            format!(r#"{{"process":0,"type":"invoke","op":1,"extra":{{"a":{json}}}}}"#),
        ] {
            let file = format!("{{\"format\":\"tachograph\",\"version\":1}}\n{event}");
            assert!(jsonl::read::<edn::Op, Value>(file.as_bytes(), STRICT).is_err());
        }
    }
}

#[test]
fn what_an_event_says_itself_is_not_said_otherwise_besides() {
    let history = tachograph::HistoryBuilder::new()
        .invoke(
            0,
            edn::Op {
                f: "a".into(),
                value: Value::Nil,
            },
        )
        .ok(0, Value::from(5))
        .mark(ProcessId::NEMESIS, "m")
        .mark(3, "m")
        .finish()
        .unwrap();
    let with = |index: u64, key: &str| {
        let mut document = Document::from(history.clone());
        let extra = edn::Map::new(vec![(Value::keyword(key), 7.into())]).unwrap();
        document.extra.insert(index, extra);
        document
    };
    let clashes = [
        (0, "type"),
        (0, "process"),
        (0, "f"),
        (0, "value"),
        (0, "index"),
        (1, "value"),
        (1, "index"),
        (2, "index"),
        (3, "process"),
        (3, "tachograph/by"),
    ];
    for (index, key) in clashes {
        let mut file = Vec::new();
        let error = edn::write(&mut file, &with(index, key)).unwrap_err();
        let expected =
            format!("event {index} says `:{key}` itself, and again in what it says besides");
        assert_eq!(error.to_string(), expected);
        assert_eq!(
            file.iter().filter(|byte| **byte == b'\n').count() as u64,
            index
        );
        assert_eq!(
            jsonl::read(&to_jsonl(&with(index, key))[..], STRICT).unwrap(),
            with(index, key)
        );
    }
    for (index, key) in [
        (0, "error"),
        (0, "node"),
        (1, "error"),
        (2, "error"),
        (3, "by"),
    ] {
        let document = with(index, key);
        assert_eq!(edn::read(&to_edn(&document)[..], STRICT).unwrap(), document);
    }
    // To say nothing besides is to say nothing.
    let mut document = with(0, "node");
    assert!(document.extra.insert(0, edn::Map::default()).is_some());
    assert!(document.extra.is_empty());
}

#[test]
fn what_is_no_clients_comes_back_as_it_was() {
    let lines = [
        "{:index 0, :type :invoke, :process :nemesis, :f :start, :value nil}",
        "{:index 1, :process :nemesis, :type :info, :error [:a], :f :start, :value 1}",
        "{:index 2, :type :ok, :process :setup, :f nil, :value [1]}",
        "{:index 3, :process :nemesis, :type :info, :f :mark, :value \"m\", :tachograph/by 4}",
        "{:index 4, :process :nemesis, :type :info, :f :mark, :value \"m\", :tachograph/by :x}",
        "{:index 5, :process 0, :type :invoke, :f :a, :value nil, :error :early}",
        "{:index 6, :process 0, :type :fail, :f :a, :value nil, :error nil}",
    ];
    let document = edn::read::<edn::Op>(lines.join("\n").as_bytes(), STRICT).unwrap();
    let texts: Vec<_> = document
        .history
        .marks()
        .into_iter()
        .map(|mark| format!("{} {}", mark.process, mark.kind.name()))
        .collect();
    assert_eq!(texts, ["- mark", "- mark", "- mark", "4 mark", "- mark"]);
    assert_eq!(document.history.get(6).unwrap().error, None);
    let written = String::from_utf8(to_edn(&document)).unwrap();
    let sorted = |line: &str| line.parse::<Value>().unwrap();
    for (line, again) in lines.iter().zip(written.lines()) {
        assert_eq!(sorted(line), sorted(again));
    }
}

#[test]
fn an_event_is_as_long_as_it_may_be_and_no_longer() {
    let text = "x".repeat(1000);
    let in_edn = format!("{{:process 0, :type :invoke, :f :a, :value \"{text}\"}}");
    let in_json = format!(r#"{{"process":0,"type":"invoke","op":"{text}"}}"#);
    for (limit, fits) in [(-1, false), (0, true), (1, true)] {
        let options = |event: &str| {
            let limit = event.len().checked_add_signed(limit).unwrap();
            Options::new().longest_event(limit)
        };
        for few in [1, 100, 1 << 20] {
            let input = BufReader::with_capacity(few, in_edn.as_bytes());
            let read = edn::read::<edn::Op>(input, &options(&in_edn));
            assert_eq!(read.is_ok(), fits);
            let file = format!("{{\"format\":\"tachograph\",\"version\":1}}\n{in_json}\n");
            let input = BufReader::with_capacity(few, file.as_bytes());
            let read = jsonl::read::<edn::Op, Value>(input, &options(&in_json));
            assert_eq!(read.is_ok(), fits);
        }
    }
}

#[test]
fn an_event_that_cannot_be_written_leaves_the_file_whole() {
    use std::collections::HashMap;
    let history = tachograph::HistoryBuilder::<HashMap<(u8, u8), u8>, ()>::new()
        .invoke(0, HashMap::from([((1, 2), 3)]))
        .invoke(1, HashMap::new())
        .finish()
        .unwrap();
    let mut writer = jsonl::Writer::new(Vec::new()).unwrap();
    assert!(writer.event(history.get(0).unwrap(), None).is_err());
    writer.event(history.get(1).unwrap(), None).unwrap();
    let file = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert_eq!(
        file.lines().nth(1),
        Some(r#"{"index":1,"process":1,"type":"invoke","op":{}}"#)
    );
}

#[test]
fn a_later_piece_on_its_own_is_not_written() {
    let recorder = Recorder::<Op, Option<f64>>::new();
    let mut process = recorder.process();
    let call = process.invoke(Op::Read);
    drop(recorder.drain());
    call.fail();
    let piece = Document::from(recorder.drain());
    for result in [
        edn::write(Vec::new(), &piece),
        jsonl::write(Vec::new(), &piece),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(
            error.starts_with("event 1 completes an operation that was invoked before"),
            "{error}"
        );
    }
}

#[test]
fn messages_help_and_are_harmless() {
    let two_lines = "{:process 0, :type :invoke, :f :a\n\n";
    assert_eq!(
        edn_error(two_lines).to_string(),
        "line 3, column 1: the text ends, and nothing closes the `{` at line 1, column 1"
    );
    assert!(
        edn_error("{:process \"0\" :type :ok}")
            .to_string()
            .ends_with("a `:process` is an integer, or a keyword such as `:nemesis`, not `\"0\"`")
    );
    assert_eq!(
        json_error("{\"process\":0,\"type\":\"invoke\",\n").to_string(),
        "line 2, column 29: EOF while parsing a value"
    );
    let evil = json_error("{\"\\u001b[2J\\nx\":1}").to_string();
    assert!(!evil.contains(char::is_control), "{evil}");
    let gzip: &[u8] = &[0x1f, 0x8b, 8, 0];
    let errors = [
        edn::read::<Op>(gzip, STRICT).unwrap_err(),
        jsonl::read::<Op, u64>(gzip, STRICT).unwrap_err(),
    ];
    for error in errors {
        assert!(
            error.to_string().contains("open it with `format::open`"),
            "{error}"
        );
    }
    let marked = "\u{feff}{:process 0, :type :invoke, :f :read}";
    assert_eq!(
        edn::read::<Op>(marked.as_bytes(), STRICT)
            .unwrap()
            .history
            .len(),
        1
    );
    let marked = "\u{feff}{\"format\":\"tachograph\",\"version\":1,\"node\":\"n1\"}\n";
    assert!(jsonl::read::<Op, u64>(marked.as_bytes(), STRICT).is_ok());
    let huge = edn_error(&format!(
        "{{:process 0, :type \"{}\"}}",
        "x".repeat(1 << 20)
    ));
    assert!(huge.to_string().len() < 300);
}

#[test]
fn what_is_mended_is_read_as_if_it_had_been_so() {
    let lenient = &Options::new().lenient(true);
    // A new process has a time of its own, and the cut moves with the events before it.
    let file = r#"{"format":"tachograph","version":1}
{"index":0,"process":0,"time":9,"type":"invoke","op":"Read"}
{"index":2,"process":0,"time":9,"type":"info"}
{"index":4,"process":0,"time":1,"type":"invoke","op":"Read"}
{"cut":{"index":6,"lost":2,"reason":"out-of-memory"}}"#;
    let read = jsonl::read::<Op, u64>(file.as_bytes(), lenient).unwrap();
    let rules: Vec<Rule> = read
        .mended
        .listed()
        .iter()
        .map(|breach| breach.rule)
        .collect();
    assert_eq!(
        rules,
        [
            Rule::DenseIndices,
            Rule::DenseIndices,
            Rule::SilentAfterInfo
        ]
    );
    assert_eq!(read.history.cut().unwrap().index, 3);
    assert_eq!(
        jsonl::read::<Op, u64>(&to_jsonl(&read)[..], STRICT)
            .unwrap()
            .history,
        read.history
    );
}

#[test]
fn a_gzip_file_of_several_members_is_read_to_its_end() {
    let lines = [
        "{:process 0, :type :invoke, :f :read}\n",
        "{:process 0, :type :info, :f :read}\n",
    ];
    let mut file = Vec::new();
    for line in lines {
        let mut encoder = flate2::write::GzEncoder::new(&mut file, flate2::Compression::fast());
        encoder.write_all(line.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }
    let source = open(Trickle(&file, 1)).unwrap();
    assert_eq!(edn::read::<Op>(source, STRICT).unwrap().history.len(), 2);
}

#[test]
fn what_would_be_read_as_another_event_is_not_written() {
    let header = "{\"format\":\"tachograph\",\"version\":1}\n";
    let invoke = "{\"process\":0,\"type\":\"invoke\",\"op\":{\"f\":\"r\",\"value\":1}}\n";
    let mark = r#"{"type":"mark","text":"x","extra":"#;
    let fail = r#"{"process":0,"type":"fail","extra":"#;
    let refused = [
        format!("{mark}{{\"~:tachograph/by\":3}}}}"),
        format!("{mark}{{\"~:f\":\"~:g\"}}}}"),
        format!("{mark}{{\"~:process\":3}}}}"),
        format!("{mark}{{\"~:process\":\"~:nemesis\"}}}}"),
        format!("{mark}{{\"~:type\":\"~:foo\"}}}}"),
        format!("{mark}{{\"~:time\":9}}}}"),
        format!("{invoke}{fail}{{\"~:error\":\"boom\"}}}}"),
        format!("{invoke}{fail}{{\"~:error\":[1,2]}}}}"),
        format!("{invoke}{fail}{{\"~:value\":1}}}}"),
        format!("{invoke}{fail}{{\"~:f\":7}}}}"),
        format!(
            "{invoke}{}",
            r#"{"process":0,"type":"fail","error":"a","extra":{"~:error":[1,2]}}"#
        ),
        format!(
            "{invoke}{}",
            r#"{"process":0,"type":"ok","ret":1,"extra":{"~:f":7}}"#
        ),
    ];
    for events in refused {
        let file = format!("{header}{events}");
        let document = jsonl::read::<edn::Op, Value>(file.as_bytes(), STRICT).unwrap();
        assert!(edn::write(Vec::new(), &document).is_err(), "{events}");
    }
    // What says by a tag that it is `:index`, is; and who is no nemesis cannot have made a mark of ours.
    let twice = "{#tachograph/keyword \"index\" 7 :index 0 :process 0 :type :invoke :f :r}";
    assert!(
        edn_error(twice)
            .to_string()
            .ends_with("`:index` comes twice")
    );
    let other = "{:process :n2 :type :invoke :f :mark :value \"x\" :tachograph/by 3}";
    let document = edn::read::<edn::Op>(other.as_bytes(), STRICT).unwrap();
    assert_eq!(document.history.get(0).unwrap().process, ProcessId::NEMESIS);
    assert_eq!(edn::read(&to_edn(&document)[..], STRICT).unwrap(), document);
}

#[test]
fn an_event_that_was_refused_may_be_written_otherwise() {
    let history = tachograph::HistoryBuilder::new()
        .invoke(0, Op::Read)
        .ok(0, None::<f64>)
        .finish()
        .unwrap();
    let clash = edn::Map::new(vec![(Value::keyword("value"), 7.into())]).unwrap();
    let mut writer = edn::Writer::new(Vec::new());
    for event in &history {
        assert!(writer.event(event, Some(&clash)).is_err());
        writer.event(event, None).unwrap();
    }
    let file = writer.finish().unwrap();
    assert_eq!(edn::read::<Op>(&file[..], STRICT).unwrap().history, history);
}
