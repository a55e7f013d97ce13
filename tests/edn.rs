//! Values of EDN: what is printed reads back as the same, as EDN and as JSON, and what cannot be read is refused
//! with its place.
#![cfg(feature = "format")]
#![cfg(not(loom))]

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::{collection::vec, prelude::*, sample::select};
use tachograph::format::edn::{MAX_DEPTH, Map, Name, Set, Value, What};

fn read(text: &str) -> Value {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn assert_same_when_read_back(value: &Value) {
    let edn = value.to_string();
    assert!(!edn.contains('\n'), "{edn:?}");
    let back = read(&edn);
    assert_eq!(&back, value, "{edn}");
    // Equal values may look different.
    assert_eq!(back.to_string(), edn);
    let json = serde_json::to_string(value).unwrap();
    let back: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(&back, value, "{json}");
    assert_eq!(back.to_string(), edn, "{json}");
}

/// Texts with all that is special in a name or a string, and others.
fn texts() -> impl Strategy<Value = String> {
    let special = select(
        "abz019+-.:/#_'\"\\;@~^`,%|(){}[] \n\t\r\0\u{7f}\u{85}\u{a0}é٣½\u{2028}\u{feff}😀"
            .chars()
            .collect::<Vec<_>>(),
    );
    let whole = select(vec![
        "nil",
        "true",
        "/",
        "a",
        "a/b",
        "db/id",
        "+1",
        "-1",
        "~#set",
        "~#tag",
        "~:a",
        "^ ",
        "tachograph/keyword",
        "tachograph/symbol",
        "tachograph/tagged",
        "inst",
        "jepsen.history.Op",
    ]);
    prop_oneof![
        vec(special, 0..6).prop_map(String::from_iter),
        vec(any::<char>(), 0..6).prop_map(String::from_iter),
        whole.prop_map(String::from),
    ]
}

fn numbers() -> impl Strategy<Value = Value> {
    let digits =
        || vec(select(b"0123456789".to_vec()), 1..60).prop_map(|d| String::from_utf8(d).unwrap());
    let sign = || select(vec!["", "-", "+"]);
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<i128>().prop_map(Value::from),
        any::<u64>().prop_map(|bits| f64::from_bits(bits).into()),
        any::<i16>().prop_map(|int| f64::from(int).into()),
        (sign(), digits()).prop_map(|(sign, digits)| read(&format!("{sign}1{digits}N"))),
        (sign(), digits(), digits(), any::<i8>())
            .prop_map(|(sign, a, b, e)| read(&format!("{sign}{a}.{b}e{e}M"))),
        (sign(), digits(), digits()).prop_map(|(sign, a, b)| read(&format!("{sign}{a}/1{b}"))),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::from),
        numbers(),
        any::<char>().prop_map(Value::Char),
        texts().prop_map(|text| text.chars().next().into()),
        texts().prop_map(Value::from),
        texts().prop_map(Value::keyword),
        texts().prop_map(|name| Value::Symbol(name.into())),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let items = || vec(inner.clone(), 0..5);
        let set = |items: Vec<_>| Set::new(BTreeSet::from_iter(items).into_iter().rev().collect());
        let map =
            |entries: Vec<_>| Map::new(BTreeMap::from_iter(entries).into_iter().rev().collect());
        prop_oneof![
            items().prop_map(Value::from),
            items().prop_map(|items| Value::List(items.into())),
            items().prop_map(move |items| set(items).unwrap().into()),
            vec((inner.clone(), inner.clone()), 0..5)
                .prop_map(move |entries| map(entries).unwrap().into()),
            (texts(), inner.clone()).prop_map(|(tag, value)| tagged(&tag, value)),
        ]
    })
}

fn tagged(tag: &str, value: Value) -> Value {
    Value::Tagged(Box::new((tag.into(), value)))
}

/// Pieces of which some make a value.
fn fragments() -> impl Strategy<Value = Vec<&'static str>> {
    let solid = r#"( ) [ ] { } #{ #_ #:a{ ##Inf ##NaN ^ ; , " \ "a" "\u00e9" \newline \u0041 \o12 : :a :a/b a / nil
        true - + 1 0 12 0x1F 36rZ 1/2 .5 1. e3 N M #tag #tachograph/keyword #tachograph/tagged[ @ ~ ' é"#;
    let mut pieces: Vec<_> = solid.split_whitespace().collect();
    pieces.extend([" ", "\n", "\0", "\u{2028}"]);
    vec(select(pieces), 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_printed_reads_back_as_the_same(value in values()) {
        assert_same_when_read_back(&value);
    }

    #[test]
    fn what_can_be_read_can_be_printed(fragments in fragments()) {
        if let Ok(value) = fragments.concat().parse::<Value>() {
            assert_same_when_read_back(&value);
        }
        // Mostly the brackets do not match: something that is more often a value.
        if let Ok(value) = format!("[{}]", fragments.join(" ")).parse::<Value>() {
            assert_same_when_read_back(&value);
        }
    }

    #[test]
    fn any_json_is_read_or_refused(text in texts(), key in texts()) {
        for json in [serde_json::json!(text), serde_json::json!({key: [text]})] {
            if let Ok(value) = serde_json::from_value::<Value>(json) {
                assert_same_when_read_back(&value);
            }
        }
    }

    #[test]
    fn a_map_has_each_of_its_keys(entries in vec((values(), values()), 0..5)) {
        let map = BTreeMap::from_iter(entries);
        let made = Map::new(map.clone().into_iter().rev().collect()).unwrap();
        prop_assert!(map.iter().all(|(key, value)| made.get(key) == Some(value)));
        prop_assert!(made.iter().map(|(key, _)| key).eq(map.keys()));
    }

    #[test]
    fn integers_are_in_their_order(a: i128, b: i128, shift in 0..127) {
        let (a, b) = (a >> shift, b >> shift);
        let outside = |int: i128| i64::try_from(int).is_err();
        if outside(a) && outside(b) {
            prop_assert_eq!(a.cmp(&b), Value::from(a).cmp(&Value::from(b)));
        }
    }
}

/// What Clojure 1.11 reads in the same way, and what it prints as.
const ODD: &str = r##"
    nil => nil
    -0 => 0
    -0N => 0
    +5 => 5
    00 => 0
    12N => 12
    017 => 15
    -017 => -15
    017N => 15
    0x1F => 31
    0X1f => 31
    -0x1F => -31
    +0x1FN => 31
    36rZZ => 1295
    36rzz => 1295
    36rN => 23
    9223372036854775807 => 9223372036854775807
    9223372036854775808 => 9223372036854775808N
    -9223372036854775808 => -9223372036854775808
    -9223372036854775809 => -9223372036854775809N
    0x8000000000000000 => 9223372036854775808N
    12345678901234567890123456789012345678901 => 12345678901234567890123456789012345678901N
    2/4 => 1/2
    4/2 => 2
    -4/2 => -2
    +2/4 => 1/2
    0/5 => 0
    01/02 => 1/2
    10/04 => 5/2
    12345678901234567890/3 => 4115226300411522630
    12345678901234567890/7 => 12345678901234567890/7
    -12345678901234567890123456789012345678901/01 => -12345678901234567890123456789012345678901N
    00/12345678901234567890123456789012345678901 => 0
    1. => 1.0
    1.e5 => 100000.0
    1e5 => 100000.0
    1E+5 => 100000.0
    1e-5 => 1.0E-5
    01.5 => 1.5
    08.5 => 8.5
    -0.0 => -0.0
    1e30 => 1.0E30
    1e7 => 1.0E7
    -12345678.9 => -1.23456789E7
    9999999.5 => 9999999.5
    0.001 => 0.001
    0.00012 => 1.2E-4
    1e-400 => 0.0
    ##Inf => ##Inf
    ##-Inf => ##-Inf
    ##NaN => ##NaN
    1.50M => 1.50M
    -1M => -1M

    \a => \a
    \newline => \newline
    \return => \return
    \space => \space
    \tab => \tab
    \formfeed => \formfeed
    \backspace => \backspace
    \u0041 => \A
    \u => \u
    \o => \o
    \o377 => \ÿ
    \o12 => \newline
    \; => \;
    \, => \,
    \( => \(
    \" => \"
    \\ => \\
    \# => \#
    \@ => \@
    \é => \é
    [\((\))\a"b"\c] => [\( (\)) \a "b" \c]

    "\t\r\n\\\"\b\f" => "\t\r\n\\\"\b\f"
    "\377" => "ÿ"
    "\12" => "\n"
    "\1014" => "A4"
    "\60 \60\60" => "0 00"
    "\u00e94" => "é4"
    "\ud83d\ude00b" => "😀b"
    "é😀" => "é😀"

    / => /
    a/b => a/b
    a/b/c => a/b/c
    a//b => a//b
    a// => a//
    :/ => :/
    :a:b => :a:b
    :1 => :1
    :1/a => :1/a
    :a// => :a//
    :#a => :#a
    :'a => :'a
    :nil => :nil
    :a/:b => :a/:b
    a:b => a:b
    a/-1 => a/-1
    - => -
    --1 => --1
    +-1 => +-1
    .5 => .5
    -.5 => -.5
    .. => ..
    'a => 'a
    a#b => a#b
    % => %
    | => |
    é => é
    :٣ => :٣
    truex => truex
    nil/a => nil/a
    a/nil => a/nil
    [a#_b] => [a#_b]
    [1#_b] => [1]
    [:a#{}] => [:a# {}]
    [nil"b"] => [nil "b"]

    {:a (),,:b 1} => {:a (), :b 1}
    #{} => #{}
    [1#{}(2)] => [1 #{} (2)]
    #:a{"b" 1 :_/c 2 :d/e 3} => {"b" 1, :c 2, :d/e 3}
    #:a {/ 1} => {a// 1}
    #:a{_/b 1} => {b 1}
    #:a{#:b{:c {:d 1}} 2} => {{:b/c {:d 1}} 2}
    #:a#_x{:b 1 nil 2} => {nil 2, :a#_x/b 1}

    #jepsen.history.Op{:f :a} => #jepsen.history.Op {:f :a}
    #foo #bar 1 => #foo #bar 1
    [#foo #_1 2] => [#foo 2]
    #é nil => #é nil
    #a:b 1 => #a:b 1
    #_a b => b
    #_ #_ a b c => c
    #_#foo 1 2 => 2
    [#_#_ 1 2] => []
    {:a #_ 1 2} => {:a 2}
    #{1 #_1} => #{1}
    ,1, => 1
    (1 . 2) => (1 . 2)
"##;

#[test]
fn odd_texts_are_read_as_clojure_reads_them() {
    for line in ODD.lines().filter(|line| !line.is_empty()) {
        let (text, printed) = line.trim_start().split_once(" => ").unwrap();
        assert_eq!(read(text).to_string(), printed, "{text}");
        assert_same_when_read_back(&read(text));
    }
}

/// What Clojure refuses, or prints otherwise, or prints in no fixed order.
#[test]
fn odd_texts_are_read() {
    for (text, printed) in [
        ("1e400M", "1e400M"),
        ("+01.M", "+01.M"),
        (
            "0123456789012345678901234567890123456789012/4",
            "123456789012345678901234567890123456789012/4",
        ),
        ("\\u0000", "\\u0000"),
        ("\\u2028", "\\u2028"),
        ("\\😀", "\\😀"),
        ("\\\n", "\\newline"),
        ("\"a\nb\0\u{7f}\"", r#""a\nb\u0000\u007f""#),
        ("1 #_ 2 ;c\r", "1"),
        (";c\n1;c", "1"),
        ("{:b 1 :a 2}", "{:a 2, :b 1}"),
        ("#{2 1 1.0}", "#{1 2 1.0}"),
        ("#inst \"2020\"", "#inst \"2020\""),
        ("#:a{:1 2}", "{#tachograph/keyword \"a/1\" 2}"),
        ("#:a{_/nil 2}", "{#tachograph/symbol \"nil\" 2}"),
        ("#tachograph/keyword \"a\"", ":a"),
        ("#tachograph/symbol \"a\"", "a"),
        ("#tachograph/tagged [\"a\" 1]", "#a 1"),
        (
            "#tachograph/tagged[\"\"\"\"]",
            "#tachograph/tagged [\"\" \"\"]",
        ),
    ] {
        assert_eq!(read(text).to_string(), printed, "{text}");
        assert_same_when_read_back(&read(text));
    }
}

/// What is refused, where, and why.
const BAD: &str = r##"
    08 => 1: malformed number
    2r102 => 1: malformed number
    37r1 => 1: malformed number
    1r0 => 1: malformed number
    0r0 => 1: malformed number
    016r1 => 1: malformed number
    16r-1 => 1: malformed number
    16rN => 1: malformed number
    0x => 1: malformed number
    0x-1 => 1: malformed number
    0xG => 1: malformed number
    1/-2 => 1: malformed number
    1/2N => 1: malformed number
    1.5e => 1: malformed number
    1e+ => 1: malformed number
    1e5N => 1: malformed number
    1MM => 1: malformed number
    [1a] => 2: malformed number
    1'a => 1: malformed number
    1@ => 1: malformed number
    1_000 => 1: malformed number
    1é => 1: malformed number
    --1 1 => 5: more than one value
    1e400 => 1: number out of range
    -1e400 => 1: number out of range
    0x80000000000000000000000000000000 => 1: number out of range
    1/0 => 1: ratio with denominator zero
    00000000000000000000000000000000000000000000/00 => 1: ratio with denominator zero

    \nul => 1: no such character
    \ab => 1: no such character
    \aé => 1: no such character
    \#a => 1: no such character
    \a@ => 1: no such character
    \ => 1: no such character
    \u41 => 1: `\u` needs four hexadecimal digits
    \u+041 => 1: `\u` needs four hexadecimal digits
    \u00411 => 1: `\u` needs four hexadecimal digits
    \uD800 => 1: half of a surrogate pair
    \o400 => 1: an octal escape has up to three digits and is at most 377
    \o9 => 1: an octal escape has up to three digits and is at most 377
    \o0000 => 1: an octal escape has up to three digits and is at most 377

    "a\qb" => 3: no escape begins with a backslash and 'q'
    "é\é" => 3: no escape begins with a backslash and 'é'
    "\400" => 2: an octal escape has up to three digits and is at most 377
    "\18" => 2: an octal escape has up to three digits and is at most 377
    "\1é" => 2: an octal escape has up to three digits and is at most 377
    "\u00g1" => 2: `\u` needs four hexadecimal digits
    "\u00" => 2: `\u` needs four hexadecimal digits
    "\u000é" => 2: `\u` needs four hexadecimal digits
    "a\ud83d" => 3: half of a surrogate pair
    "\ud83d\n" => 2: half of a surrogate pair
    "\ud83d\ud83d" => 2: half of a surrogate pair
    "\ude00\ud83d" => 2: half of a surrogate pair
    [ "a\" => 7: the text ends, and nothing closes the `"` at line 1, column 3

    : => 1: malformed keyword
    ::a => 1: malformed keyword
    :a: => 1: malformed keyword
    :a::b => 1: malformed keyword
    :a/ => 1: malformed keyword
    :/a => 1: malformed keyword
    :a/1 => 1: malformed keyword
    :a:/b => 1: malformed keyword
    :a@b => 1: malformed keyword
    [:\a] => 2: malformed keyword
    a/ => 1: malformed symbol
    /a => 1: malformed symbol
    // => 1: malformed symbol
    //a => 1: malformed symbol
    a: => 1: malformed symbol
    nil/ => 1: malformed symbol
    a/1b => 1: malformed symbol
    @a => 1: malformed symbol
    a~b => 1: malformed symbol
    ٣ => 1: malformed symbol

    ) => 1: unexpected ')'
    [1 2 => 5: the text ends, and nothing closes the `[` at line 1, column 1
    (1 {2] => 6: `]` does not close the `{` at line 1, column 4
    #{1) => 4: `)` does not close the `{` at line 1, column 2
    {1} => 1: map with a key that has no value
    {:a 1 :b #_ 2} => 1: map with a key that has no value
    [{1 2 1N 3}] => 2: `1` comes twice
    #{[:a] ##NaN ##NaN} => 1: `##NaN` comes twice
    #:a{:b 1 :a/b 2} => 4: `:a/b` comes twice
    #:a [1] => 1: `#:` needs the name of a namespace and a map
    #::a{} => 1: `#:` needs the name of a namespace and a map
    #:a/b{} => 1: `#:` needs the name of a namespace and a map
    #:1{} => 1: `#:` needs the name of a namespace and a map
    #:{} => 1: `#:` needs the name of a namespace and a map
    #: => 1: `#:` needs the name of a namespace and a map

    #foo => 1: tag without a value
    [#foo] => 2: tag without a value
    #nil 1 => 1: malformed tag
    #a: 1 => 1: malformed tag
    #ё 1 => 1: malformed tag
    #tachograph/keyword a => 21: unexpected 'a'
    #tachograph/keyword => 20: the text ends where a value should be
    #tachograph/tagged ["a"] => 1: tag without a value
    #tachograph/tagged ["a" 1 2] => 27: unexpected '2'
    [1 #_] => 4: `#_` without a value to discard
    [1 #_ #_ 2] => 4: `#_` without a value to discard
    #_"\q" 1 => 4: no escape begins with a backslash and 'q'
    #_a => 4: the text ends where a value should be
    # => 2: the text ends where a value should be
    #1 2 => 2: unexpected '1'
    #"re" => 2: unexpected '"'
    #'é => 2: unexpected '\''
    ##Foo => 1: `##` needs Inf, -Inf or NaN
    ^a b => 1: metadata is not supported
    #^a b => 1: metadata is not supported
    1 2 => 3: more than one value
"##;

#[test]
fn bad_texts_are_refused_with_their_place() {
    for line in BAD.lines().filter(|line| !line.is_empty()) {
        let (text, message) = line.trim_start().split_once(" => ").unwrap();
        let error = text.parse::<Value>().unwrap_err().to_string();
        assert_eq!(error, format!("line 1, column {message}"), "{text}");
    }
}

#[test]
fn a_name_has_no_space_or_control_in_it() {
    for odd in [
        '\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{a0}', '\u{2028}', '\u{3000}',
    ] {
        for (text, what) in [
            ("a", What::Symbol),
            (":a", What::Keyword),
            ("#a", What::Tag),
        ] {
            let error = format!("{text}{odd} 1").parse::<Value>().unwrap_err();
            assert_eq!((error.column, error.what), (1, what), "{odd:?}");
        }
    }
}

#[test]
fn a_place_is_in_lines_and_characters() {
    let error = "\n[é\n  \"ö\" 1a]".parse::<Value>().unwrap_err();
    assert_eq!((error.line, error.column, error.what), (3, 7, What::Number));
    let error = "(\n é [".parse::<Value>().unwrap_err();
    assert_eq!(
        (error.line, error.column, error.opened),
        (2, 5, Some((2, 4)))
    );
}

#[test]
fn json_is_as_documented() {
    for (text, json) in [
        ("nil", "null"),
        ("9223372036854775807", "9223372036854775807"),
        ("[1.0 0.5 -0.0]", "[1.0,0.5,-0.0]"),
        ("\"~a\"", "\"~~a\""),
        ("\"^a\"", "\"~^a\""),
        ("\"`a\"", "\"~`a\""),
        ("[:a a \\a]", r#"["~:a","~$a","~ca"]"#),
        ("12345678901234567890N", "\"~n12345678901234567890\""),
        ("1.50M", "\"~f1.50\""),
        ("-1/2", r#"{"~#ratio":["-1","2"]}"#),
        ("[##NaN ##Inf ##-Inf]", r#"["~zNaN","~zINF","~z-INF"]"#),
        (
            "{3 4, \"~#set\" 2, :a 1}",
            r#"{"~i3":4,"~~#set":2,"~:a":1}"#,
        ),
        ("{1.5 2, 1 3}", r##"{"~#cmap":[1,3,1.5,2]}"##),
        ("(1 2)", r##"{"~#list":[1,2]}"##),
        ("#{1 2}", r##"{"~#set":[1,2]}"##),
        ("#inst \"2020\"", r##"{"~#tag":["~$inst","2020"]}"##),
    ] {
        assert_eq!(serde_json::to_string(&read(text)).unwrap(), json);
        assert_same_when_read_back(&read(text));
    }
    assert_eq!(read_json("18446744073709551615"), Value::from(u64::MAX));
    assert_eq!(read_json("\"~i-5\""), Value::from(-5));
}

fn read_json(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[test]
fn json_of_others_is_read_as_it_is() {
    for text in [
        "~", "~x1", "~cab", "~c", "~zInf", "~i1.5", "~n1.5", "~fx", "^a", "`a", "~/home",
    ] {
        assert_eq!(read_json(&format!("{text:?}")), Value::from(text));
    }
    let map = read_json(r##"{"a":1,"~#set":[],"~/":2}"##);
    assert_eq!(map.to_string(), r##"{"a" 1, "~#set" [], "~/" 2}"##);
}

#[test]
fn bad_json_is_refused() {
    for (json, message) in [
        (r#"{"~i1":1,"~n1":2}"#, "`1` comes twice"),
        (r##"{"~#set":[1,1]}"##, "`1` comes twice"),
        (r##"{"~#set":1}"##, "integer `1`, expected an array"),
        (r##"{"~#set":{"~#set":[]}}"##, "expected an array"),
        (r##"{"~#set":[],"a":1}"##, "\"~#set\" is not alone"),
        (r##"{"~#cmap":[1]}"##, "map with a key that has no value"),
        (r##"{"~#ratio":["1","0"]}"##, "ratio with denominator zero"),
        (r##"{"~#ratio":["1"]}"##, "length 1"),
        (r##"{"~#tag":["a",1]}"##, "a tag needs a symbol and a value"),
        (r##"{"~#tag":["~$a"]}"##, "a tag needs a symbol and a value"),
        (
            r##"{"~#x":[]}"##,
            "string \"~#x\", expected a form of Transit",
        ),
    ] {
        let error = serde_json::from_str::<Value>(json).unwrap_err().to_string();
        assert!(error.contains(message), "{json}: {error}");
    }
}

/// What can be around a value: from the outside, and from the inside.
fn wrappers() -> [fn(Value) -> Value; 8] {
    [
        |value| vec![value].into(),
        |value| Value::List([value].into()),
        |value| Set::new(vec![value]).unwrap().into(),
        |value| Map::new(vec![(1.into(), value)]).unwrap().into(),
        |value| Map::new(vec![(1.5.into(), value)]).unwrap().into(),
        |value| Map::new(vec![(value, Value::Nil)]).unwrap().into(),
        |value| tagged("a", value),
        |value| tagged("a b", value),
    ]
}

#[test]
fn nesting_is_bounded_alike_in_both_forms() {
    for wrap in wrappers() {
        for inner in ["1/2", ":a", "#tachograph/symbol \"a b\"", "##NaN"] {
            let mut value = read(inner);
            for _ in 0..MAX_DEPTH {
                value = wrap(value);
            }
            assert_same_when_read_back(&value);
        }
        for empty in ["[]", "()", "{}", "#{}", "#a 1"] {
            let mut value = read(empty);
            for _ in 1..MAX_DEPTH {
                value = wrap(value);
            }
            assert_same_when_read_back(&value);
            value = wrap(value);
            let error = value.to_string().parse::<Value>().unwrap_err();
            assert_eq!(error.what, What::TooDeep);
            let json = serde_json::to_string(&value).unwrap();
            let error = serde_json::from_str::<Value>(&json).unwrap_err();
            assert!(error.to_string().contains("nested more than"), "{error}");
        }
    }
}

#[test]
fn no_text_overflows_the_stack() {
    const LEN: usize = 2_000_000;
    for part in [
        "[",
        "(",
        "{",
        "#{",
        "#_",
        "#_ ",
        "#a ",
        "{[",
        "#:a{",
        "#_[",
        "#tachograph/tagged[\"\"",
    ] {
        let error = part.repeat(LEN / part.len()).parse::<Value>().unwrap_err();
        assert!(matches!(error.what, What::TooDeep), "{part}: {error}");
    }
    for (start, part, what) in [
        ("\"", "a", What::Unclosed('"')),
        ("\"", "\\", What::Unclosed('"')),
        (";", ";", What::End),
        ("", "#_a ", What::End),
        ("#", "\u{e9}", What::TagWithoutValue),
        ("", ":", What::Keyword),
        ("[", "1 ", What::Unclosed('[')),
        ("", "1/", What::Number),
    ] {
        let text = start.to_owned() + &part.repeat(LEN / part.len());
        let error = text.parse::<Value>().unwrap_err();
        assert_eq!(error.what, what, "{start}{part}");
    }
    for part in ["1", "a", "a/"] {
        let text = part.repeat(LEN / part.len()) + "1";
        assert!(text.parse::<Value>().is_ok() == (part != "a/"), "{part}");
    }
}

#[test]
fn equal_values_are_one_key() {
    for [a, b] in [
        ["[1 (2) [3]]", "(1 [2] (3))"],
        ["#{(1 2) :a}", "#{:a [1 2]}"],
        ["{[1] (2)}", "{(1) [2]}"],
        ["#tag [0.0]", "#tag (-0.0)"],
        ["#{1 :a}", "#{:a 1N}"],
        ["[1.50M 150e-2M +00.0150E+2M]", "[1.5M 1.5M 1.5M]"],
        ["[0M -0.00M 0e9M]", "[0M 0M 0M]"],
        ["100M", "1e2M"],
    ] {
        let [a, b] = [a, b].map(read);
        assert_eq!(a, b);
        assert_eq!(HashSet::from([a, b]).len(), 1);
    }
    for [a, b] in [
        ["[1 2]", "(2 1)"],
        ["[1]", "#{1}"],
        ["[]", "nil"],
        ["1", "1.0"],
        ["1M", "1"],
        ["1.5M", "-1.5M"],
        ["1.5M", "15M"],
        ["101M", "11M"],
        [
            "1e99999999999999999999999999999999999999999M",
            "1e99999999999999999999999999999999999999998M",
        ],
    ] {
        assert_ne!(read(a), read(b));
    }
    let error = "#{[1] (1)}".parse::<Value>().unwrap_err();
    assert!(error.to_string().contains("`[1]` comes twice"), "{error}");
}

#[test]
fn conversions_and_views() {
    assert_eq!(Value::from(7u8).as_int(), Some(7));
    assert_eq!(Value::from(u64::MAX).to_string(), "18446744073709551615N");
    assert_eq!(Value::from(i128::from(i64::MIN)).as_int(), Some(i64::MIN));
    assert_eq!(Value::from(Some("a")).as_str(), Some("a"));
    assert!(Value::from(None::<i64>).is_nil());
    assert_eq!(Value::keyword("write").as_keyword(), Some("write"));
    assert_eq!(read("(1)").as_slice(), Some(&[Value::from(1)][..]));
    assert_eq!(Value::from(f64::NAN), Value::from(-f64::NAN));
    assert_ne!(Value::from(1), Value::from(1.0));
    let Value::Set(set) = read("#{1 :a}") else {
        unreachable!()
    };
    assert!(set.contains(&1.into()) && !set.contains(&2.into()) && set.len() == 2);
    let Value::Ratio(ratio) = read("-2/6") else {
        unreachable!()
    };
    assert_eq!((ratio.numerator(), ratio.denominator()), ("-1", "3"));
    let twice = Map::new(vec![(1.into(), 2.into()), (1.into(), 3.into())]).unwrap_err();
    assert_eq!(twice.to_string(), "`1` comes twice");
    assert_eq!(
        format!("{:?} {:>3}", read("[:a]"), Name::from("b")),
        "[:a]   b"
    );
}
