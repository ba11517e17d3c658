#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;

/// Returns each row as `line:cell|cell`, and each error as its text.
fn read(text: &[u8], separator: &str, columns: &[&str]) -> Vec<String> {
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let window = Window::new(Box::new(std::io::Cursor::new(text.to_vec())), Location::new("f", 0));
    let mut rows = Delimited::open(window, separator, b'"', Charset::Either, &columns).unwrap();
    let mut read = Vec::new();
    while let Some(advanced) = rows.advance() {
        read.push(match advanced {
            Ok(()) => format!("{}:{}", rows.line, rows.cells.iter().collect::<Vec<_>>().join("|")),
            Err(error) => error.to_string(),
        });
    }
    read
}

#[test]
fn quotes_of_either_convention_and_separators_of_any_length_are_read() {
    let cases: [(&str, &str, &[&str]); 9] = [
        ("a,b\n1,2\n\n 3 , 4 \n", ",", &["2:1|2", "4:3|4"]),
        ("a,b\r\n\"x, \"\"y\"\"\",2\r\n", ",", &["2:x, \"y\"|2"]),
        ("a;b\n\"x \\\"y\\\" z\";\"2\"\n\"p\\\"\";\"q\"\n", ";", &["2:x \"y\" z|2", "3:p\"|q"]),
        ("a,b\n\"one\ntwo\",2\n3,4", ",", &["2:one\ntwo|2", "4:3|4"]),
        ("a::b\n1::2:3\n", "::", &["2:1|2:3"]),
        ("a\tb\n\"odd\t2\n", "\t", &["2:\"odd|2"]),
        ("a,b\n\" kept \",x\"y\"z\n", ",", &["2: kept |x\"y\"z"]),
        (
            "a,b\n1,2,,\n3,4,5\n6\n",
            ",",
            &[
                "2:1|2||",
                "f:3: expected 2 columns as in the header, got 3",
                "f:4: expected 2 columns as in the header, got 1",
            ],
        ),
        ("a,b\n,\"\"\n\"C:\\dir\\\",2\n", ",", &["2:|", "3:C:\\dir\\|2"]),
    ];
    for (text, separator, expected) in cases {
        assert_eq!(read(text.as_bytes(), separator, &[]), expected, "{text}");
    }
    assert_eq!(read(b"1,2\n", ",", &["a", "b"]), ["1:1|2"]);
}

#[test]
fn an_unclosed_quote_costs_one_record() {
    let rows = "c,\"three, 3\",x\nd,4,y\n";
    for broken in ["b,\"two,x\n", "b,\"two\",\"x\n", "b,2,\"x\n"] {
        let text = format!("id,title,text\na,1,x\n{broken}{rows}");
        let read = read(text.as_bytes(), ",", &[]);
        assert_eq!(read.len(), 4, "{read:?}");
        assert!(read[1].starts_with("f:3: a quote opens a cell"), "{read:?}");
        assert!(read[1].ends_with("reading resumes at line 4"), "{read:?}");
        assert_eq!(read[2..], ["4:c|three, 3|x", "5:d|4|y"]);
    }
}

#[test]
fn reading_resumes_after_an_unclosed_quote_in_a_large_file() {
    let mut text = "id,title\n".to_owned();
    for n in 0..200_000 {
        let quote = if n == 1_000 { "\"" } else { "" };
        text += &format!("{n},{quote}title {n}\n");
    }
    let read = read(text.as_bytes(), ",", &[]);
    assert_eq!(read.len(), 200_000);
    assert_eq!(read.iter().filter(|row| row.starts_with("f:")).count(), 1);
    assert_eq!(read[1_001], "1003:1001|title 1001");
}

#[test]
fn an_unclosed_quote_at_the_end_costs_the_last_record() {
    let read = read(b"id,title\na,1\nb,\"2\n", ",", &[]);
    assert_eq!(read[0], "2:a|1");
    assert!(read.len() == 2 && read[1].starts_with("f:3: a quote opens"), "{read:?}");
}

proptest! {
    #[test]
    fn rows_that_are_written_by_the_rules_are_read_back(
        rows in prop::collection::vec(prop::collection::vec("[a-c ,;\"\\\\\n\r]{0,6}", 3), 0..8),
        separator in prop::sample::select(vec![",", ";", "\t", "::"]),
    ) {
        let mut text = ["x", "y", "z"].join(separator) + "\n";
        for row in &rows {
            let cells: Vec<String> = row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            text += &(cells.join(separator) + "\r\n");
        }
        let window = Window::new(Box::new(std::io::Cursor::new(text.into_bytes())), Location::new("f", 0));
        let mut read = Delimited::open(window, separator, b'"', Charset::Either, &[]).unwrap();
        for row in &rows {
            prop_assert!(matches!(read.advance(), Some(Ok(()))), "{row:?}");
            prop_assert_eq!(&read.cells.iter().collect::<Vec<_>>(), row);
        }
        prop_assert!(read.advance().is_none());
    }
}
