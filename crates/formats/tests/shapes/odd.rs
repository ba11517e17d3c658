//! Files as spreadsheets, scripts and APIs write them.

use crate::read;

const RATINGS: [&str; 2] = ["u1>a rating rating=4", "u2>b rating rating=2"];

/// Reads a file, and returns its records without their lines.
fn records(name: &str, content: impl AsRef<[u8]>, mapping: &str) -> Vec<String> {
    let read = read(name, content, mapping);
    assert_eq!(read.faults(), "");
    let plain = read.records.iter().map(|row| row.split_once(':').map_or(row.as_str(), |(_, row)| row));
    plain.map(str::to_owned).collect()
}

fn fault(content: impl AsRef<[u8]>, expected: &str) {
    let read = read("i.csv", content, "");
    assert!(read.faults().contains(expected), "expected {expected} in {}", read.faults());
}

#[test]
fn tables_of_spreadsheets_in_any_dress() {
    let utf16: Vec<u8> = "\u{feff}sep=\t\r\nuser_id\titem_id\trating\r\nu1\ta\t4\r\nu2\tb\t2\r\n"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    for (content, mapping) in [
        (b"sep=;\nuser_id;item_id;rating\nu1;a;4\nu2;b;2\n".to_vec(), ""),
        (utf16, ""),
        (b"user_id,item_id,rating\ru1,a,4\ru2,b,2\r".to_vec(), ""),
        (b"user_id,item_id,rating,\nu1,a,4,\nu2,b,2,\n".to_vec(), ""),
        (b"user_id,item_id,rating\n'u1','a',4\n'u2','b',2\n".to_vec(), ""),
        (b"Export of 2024\n\nuser_id,item_id,rating\nu1,a,4\nu2,b,2\n".to_vec(), "skip_lines = 2"),
        ("user_id,item_id,rating\nu1,a,★★★★☆\nu2,b,★★☆☆☆\n".as_bytes().to_vec(), ""),
    ] {
        assert_eq!(records("i.csv", &content, mapping), RATINGS, "{}", String::from_utf8_lossy(&content));
    }
}

#[test]
fn ids_keep_blanks_slashes_and_signs() {
    let text = "user_id,item_id\nJane Doe,cat/7/🍵 é\n0042,+5\n";
    assert_eq!(records("i.csv", text, ""), ["Jane Doe>cat/7/🍵 é collection_add", "0042>+5 collection_add"]);
    let floats = read("i.csv", "user_id,item_id\n1.0,2.0\n2.0,3.0\n", "");
    assert!(floats.notes().contains("all ids are written like 1.0"), "{}", floats.notes());
}

#[test]
fn numbers_with_commas_between_thousands() {
    let text = "user_id,item_id,plays\nu,a,\"1,234\"\nu,b,\"1,234,567\"\n";
    let expected = ["u>a export count=1234", "u>b export count=1234567"];
    assert_eq!(records("i.csv", text, ""), expected);
    let alone = "user_id,item_id,plays\nu,a,\"1,234\"\n";
    assert!(records("i.csv", alone, "")[0].contains("say --decimal , for the first"));
    assert_eq!(records("i.csv", alone, "decimal = \".\""), expected[..1]);
    assert_eq!(records("i.csv", alone, "decimal = \",\""), ["u>a export count=1.234"]);
}

#[test]
fn likes_shares_and_words_are_opinions() {
    let liked = "user_id,item_id,liked\nu,a,true\nu,b,False\n";
    assert_eq!(records("i.csv", liked, ""), ["u>a rating rating=5", "u>b rating rating=0.5"]);
    let lines =
        "{\"user_id\":1,\"item_id\":2,\"liked\":true}\n{\"user_id\":1,\"item_id\":3,\"liked\":false}\n";
    assert_eq!(records("i.jsonl", lines, ""), ["1>2 rating rating=5", "1>3 rating rating=0.5"]);
    let shares = "user_id,item_id,score\nu,a,100%\nu,b,20%\n";
    assert_eq!(records("i.csv", shares, ""), ["u>a rating rating=5", "u>b rating rating=1.5"]);
    let words = "user_id,item_id,rating\nu,a,great\nu,b,bad\n";
    assert!(records("i.csv", words, "")[0].contains("words are read as types by --map type=rating"));
    let types = "map = { type = \"rating\" }\ntypes = { great = \"collection_add\", bad = \"dismiss\" }";
    assert_eq!(records("i.csv", words, types), ["u>a collection_add", "u>b dismiss"]);
    let rows = "u,a,1\nu,b,5\nu,c,3\n".repeat(4);
    fault(format!("user_id,item_id,rating\n{rows}Total,12,36\n"), "line 14 has the rating 36");
}

#[test]
fn times_in_two_columns_and_of_other_forms() {
    let text = "user_id,item_id,date,time\nu,a,2024-03-01,10:30\nu,b,2024-03-02,7:05:09\n";
    assert_eq!(
        records("i.csv", text, ""),
        ["u>a collection_add 2024-03-01T10:30:00Z", "u>b collection_add 2024-03-02T07:05:09Z"]
    );
    let short = "user_id,item_id,date\nu,a,31.03.24\n";
    assert!(records("i.csv", short, "")[0].contains("another form is said by --time-format"));
    let said = records("i.csv", short, "time_format = \"%d.%m.%y\"");
    assert_eq!(said, ["u>a collection_add 2024-03-31T00:00:00Z"]);
    let offsets = "user_id,item_id,time\nu,a,2024-03-01T10:00:00+02:00\nu,b,2024-03-01 10:00:00 -0130\n";
    assert_eq!(
        records("i.csv", offsets, ""),
        ["u>a collection_add 2024-03-01T08:00:00Z", "u>b collection_add 2024-03-01T11:30:00Z"]
    );
}

#[test]
fn objects_of_users_and_resources_and_lists_of_them() {
    let nested = "{\"user\":{\"id\":7,\"name\":\"x\"},\"item\":{\"id\":\"a\"},\"action\":\"view\"}\n";
    assert_eq!(records("i.jsonl", nested, ""), ["7>a view"]);
    let wrapped = "{\"total\": 2,\n \"data\": [{\"user_id\":\"u\",\"item_id\":\"a\"},\n {\"user_id\":\"u\",\"item_id\":\"b\"}]}";
    let both = ["u>a collection_add", "u>b collection_add"];
    assert_eq!(records("i.json", wrapped, ""), both);
    assert_eq!(records("i.csv", "user_id,items\nu,a|b\n", ""), both);
    assert_eq!(records("i.csv", "user_id,items\nu,\"a, b\"\n", ""), both);
    assert_eq!(records("i.csv", "user_id,items\nu,\"['a', 'b']\"\n", ""), both);
    assert_eq!(records("i.jsonl", "{\"user_id\":\"u\",\"items\":[\"a\",\"b\"]}\n", ""), both);
    let timed = "user_id,item_ids,date\nu,a;b,2024-03-01\n";
    assert_eq!(records("i.csv", timed, "")[1], "u>b collection_add 2024-03-01T00:00:00Z");
}

#[test]
fn what_is_no_table_is_called_by_its_name() {
    for (content, expected) in [
        (&b"SQLite format 3\0\x10\0"[..], "is a SQLite database"),
        (b"%PDF-1.4\n%x", "is a PDF document"),
        (b"<!DOCTYPE html>\n<html>", "is an HTML page"),
        (b"  <html><body>", "is an HTML page"),
        (b"INSERT INTO `ratings` VALUES (1,2);\n", "holds SQL statements"),
        (b"BZh91AY", "is compressed by bzip2"),
        (b"\xfd7zXZ\0", "is compressed by xz"),
        (b"\xd0\xcf\x11\xe0\xa1", "is an Excel workbook of the old form"),
        (b",a,b,c\nu1,5,,3\n", "If this is a matrix of users by resources"),
        (b"Ratings of 2024\nuser_id,item_id\nu,a\n", "say how many by --skip-lines"),
    ] {
        fault(content, expected);
    }
}

#[test]
fn a_word_for_no_value_is_no_user_no_resource_and_no_value() {
    let table = "user_id,item_id,rating\nNULL,a,5\nu2,\\N,4\nu3,b,n/a\nu4,c,3\n";
    assert_eq!(
        records("i.csv", table, ""),
        [
            " user_id holds \"NULL\", which means no value; expected an id",
            " item_id holds \"\\N\", which means no value; expected an id",
            "u3>b rating",
            "u4>c rating rating=3",
        ]
    );
    let films = "id,title,genres,url\na,None,NULL,nan\nb,Heat,Crime,\n";
    assert_eq!(records("r.csv", films, ""), ["a [None]", "b [Heat] on=Crime"]);
    let lines = "{\"id\":\"null\",\"title\":\"A name of three letters and one\"}\n";
    assert_eq!(records("r.jsonl", lines, ""), ["null [A name of three letters and one]"]);
}

#[test]
fn a_header_that_comes_again_is_no_record() {
    let table = "user_id,item_id,rating\nu1,a,4\nuser_id,item_id,rating\nu2,b,2\n";
    let expected = [RATINGS[0], " item_id holds its own name; the line repeats the header", RATINGS[1]];
    assert_eq!(records("i.csv", table, ""), expected);
}

#[test]
fn an_event_that_has_stars_is_a_rating() {
    let reviews = "{\"type\":\"review\",\"business_id\":\"b\",\"user_id\":\"u\",\"stars\":1}\n";
    assert_eq!(records("reviews.json", reviews, ""), ["u>b rating rating=1"]);
    let books = "user_id,item_id,type,rating\nu,a,book,1\nu,b,purchase,\n";
    assert_eq!(records("i.csv", books, ""), ["u>a rating rating=1", "u>b export"]);
    let said = "types = { review = \"annotation\" }";
    assert_eq!(records("reviews.json", reviews, said), ["u>b annotation rating=1"]);
}

#[test]
fn ids_that_lost_their_digits_are_refused() {
    fault("user_id,item_id\nu,9.78014E+12\nv,9.78014E+12\n", "rounded");
    fault("user_id,item_id\n1e+05,a\n2,b\n", "rounded");
    assert_eq!(
        records("i.csv", "user_id,item_id\n1e5,a\n2E7,b\n", ""),
        ["1e5>a collection_add", "2E7>b collection_add"]
    );
}

#[test]
fn a_time_of_day_that_cannot_be_read_is_not_midnight() {
    let table = "user_id,item_id,date,time\nu,a,2021-04-03,10:30\nu,b,2021-04-04,25:61\nu,c,2021-04-05,\n";
    assert_eq!(
        records("i.csv", table, ""),
        [
            "u>a collection_add 2021-04-03T10:30:00Z",
            " time: expected a time of day such as 10:30, got \"25:61\"",
            "u>c collection_add 2021-04-05T00:00:00Z",
        ]
    );
}

#[test]
fn the_zero_date_of_a_database_is_no_time() {
    let table = "id,title,published_at\na,One,0000-00-00\nb,Two,2021-04-03\n";
    assert_eq!(records("r.csv", table, ""), ["a [One]", "b [Two] 2021-04-03"]);
}
