//! Files that are wrong as a whole.

use std::io::Write;

use crate::read;

fn faulty(name: &str, content: impl AsRef<[u8]>, expected: &str) {
    let read = read(name, content, "");
    assert!(read.faults().contains(expected), "expected {expected} in {:?}", read.profile.faults);
    assert!(read.records.is_empty());
    for word in ["f64", "missing field", "invalid type", "EOF", "serde", "CsvError"] {
        assert!(!read.faults().contains(word), "{}", read.faults());
    }
}

#[test]
fn headers_that_say_nothing_are_refused_with_what_is_there() {
    faulty("i.csv", "user,resource_id,interaction_type\nu,r,export\n", "i.csv:1: expected resources");
    faulty("x.csv", "a,b,c\n1,2,3\n", "the columns are a, b, c");
    faulty("x.csv", "", "expected a header with the names of the columns, got an empty file");
    faulty("r.csv", "id,title,id\n1,2,3\n", "column \"id\" occurs twice");
}

#[test]
fn a_text_that_changes_its_encoding_is_refused() {
    let text = ["id,title\na,Crêpe\n".as_bytes(), b"b,Th\xe9\n"].concat();
    faulty("r.csv", text, "line 2 is in UTF-8 and line 3 is not");
    let half: Vec<u8> =
        "id,title\n".bytes().chain("a,One\n".repeat(40).encode_utf16().flat_map(u16::to_le_bytes)).collect();
    faulty("r.csv", half, "expected");
    let cut: Vec<u8> = "id,title\na,One\n".encode_utf16().flat_map(u16::to_le_bytes).chain([b'x']).collect();
    faulty("r.csv", cut, "expected text in UTF-16LE");
}

#[test]
fn a_truncated_or_damaged_archive_is_refused() {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let rows: String = (0..5_000).map(|n| format!("{n},Title {}\n", n * 7_919)).collect();
    out.write_all(format!("id,title\n{rows}").as_bytes()).unwrap();
    let whole = out.finish().unwrap();
    faulty("r.csv.gz", &whole[..whole.len() / 2], "the gzip data ends too early; the file is incomplete");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 0xff;
    faulty("r.csv.gz", damaged, "copy it again");
    let zstd = zstd::encode_all(rows.as_bytes(), 0).unwrap();
    faulty("r.csv.zst", &zstd[..zstd.len() / 2], "the zstd data");
    faulty("r.zip", b"PK\x03\x04 and nothing", "the zip archive is damaged or incomplete");
    faulty("r.json", "[{\"id\":\"a\",\"title\":\"A\"},{\"id\"", "the JSON array ends too early");
}

#[test]
fn two_scales_two_units_and_two_readings_are_refused() {
    let ratings = |from: &[u32]| -> String { from.iter().map(|rating| format!("u,a,{rating}\n")).collect() };
    let five = ratings(&[1, 2, 3, 4, 5, 5, 4, 3, 2, 1]);
    let hundred = ratings(&[20, 90, 100, 45, 70, 80, 85, 60, 50, 95]);
    faulty("i.csv", format!("user_id,item_id,rating\n{five}{hundred}"), "the ratings are on two scales");
    faulty("i.csv", format!("user_id,item_id,rating\n{}", ratings(&[17, 50])), "say it by --rating-scale");
    let times = "user_id,item_id,time\nu,a,1433221332117\nu,b,1433221332\n";
    faulty(
        "i.csv",
        times,
        "line 3 has 1433221332 (seconds since 1970) and line 2 has 1433221332117 (milliseconds)",
    );
    faulty(
        "i.csv",
        "user_id,item_id,time\nu,a,1999\n",
        "1970-01-01T00:33:19Z (seconds since 1970) or the year 1999",
    );
}

#[test]
fn dumps_of_databases_are_refused_by_what_they_are() {
    for dump in [
        "-- MySQL dump 10.13  Distrib 8.0\n--\n-- Host: localhost\n",
        "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n",
        "DROP TABLE IF EXISTS ratings;\nCREATE TABLE ratings (id int);\n",
    ] {
        faulty("dump.sql", dump, "holds SQL statements");
    }
}
