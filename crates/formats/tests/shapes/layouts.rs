use std::io::Write;

use docent_formats::{Compression, Layout};

use crate::read;

const TABLE: &str = "id,title,subjects\na,Crêpe,tea|china\nb,Two,\n";
const RECORDS: [&str; 2] = ["2:a [Crêpe] on=tea+china", "3:b [Two]"];

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

/// Returns a zip archive whose files are stored.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in files {
        out.start_file(*name, options).unwrap();
        out.write_all(content).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn compression_is_recognised_by_content_whatever_the_name() {
    let compressed = [
        (gzip(TABLE.as_bytes()), Compression::Gzip),
        // Two members, as `cat a.gz b.gz` makes.
        ([gzip(&TABLE.as_bytes()[..30]), gzip(&TABLE.as_bytes()[30..])].concat(), Compression::Gzip),
        (zstd::encode_all(TABLE.as_bytes(), 0).unwrap(), Compression::Zstd),
        (zip(&[("r.csv", TABLE.as_bytes()), ("__MACOSX/._r.csv", b"x")]), Compression::Zip),
        (TABLE.as_bytes().to_vec(), Compression::None),
    ];
    for (content, compression) in compressed {
        let read = read("r.csv", content, "");
        assert_eq!(read.profile.compression, compression, "{}", read.faults());
        assert_eq!(read.records, RECORDS, "{compression}");
    }
}

#[test]
fn encodings_and_marks_are_recognised_and_said() {
    let utf16 = |to_bytes: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let text = if mark { format!("\u{feff}{TABLE}") } else { TABLE.to_owned() };
        text.encode_utf16().flat_map(to_bytes).collect()
    };
    let latin: Vec<u8> = TABLE.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for (content, encoding) in [
        (TABLE.as_bytes().to_vec(), "UTF-8"),
        (format!("\u{feff}{TABLE}").replace('\n', "\r\n").into_bytes(), "UTF-8"),
        (utf16(u16::to_le_bytes, true), "UTF-16LE"),
        (utf16(u16::to_be_bytes, true), "UTF-16BE"),
        (utf16(u16::to_le_bytes, false), "UTF-16LE"),
        (latin.clone(), "ISO-8859-1"),
    ] {
        let read = read("r.csv", content, "");
        assert_eq!(read.profile.encoding, Some(encoding), "{}", read.faults());
        assert_eq!(read.records, RECORDS, "{encoding}");
    }
    let said = read("r.csv", &latin, "");
    assert!(
        said.notes().contains("read as ISO-8859-1; another encoding can be said by --encoding"),
        "{}",
        said.notes()
    );
    // The sign of the euro, which ISO-8859-15 has at 0xa4.
    let euro = read("r.csv", b"id,title\na,9 \xa4\n", "encoding = \"iso-8859-15\"");
    assert_eq!(euro.records, ["2:a [9 €]"]);
}

#[test]
fn objects_are_read_from_lines_and_arrays_with_nested_names() {
    let lines =
        "\u{feff}{\"sku\": 7, \"name\": \"Tea\", \"meta\": {\"kind\": \"green\"}, \"price\": 9.5}\r\n";
    let mapping = "map = { id = \"sku\", subjects = \"meta.kind\" }";
    let expected = "1:7 [Tea] on=green {\"meta\":{\"kind\":\"green\"},\"price\":9.5}";
    let read_lines = read("r.json", lines, mapping);
    assert_eq!(read_lines.records, [expected], "{}", read_lines.faults());
    assert_eq!(read_lines.profile.layout, Some(Layout::JsonLines));
    let array = format!("[{}]", lines.trim_start_matches('\u{feff}').trim());
    let read_array = read("r.json", array, mapping);
    assert_eq!(read_array.records, [expected], "{}", read_array.faults());
    assert_eq!(read_array.profile.layout, Some(Layout::JsonArray));
    let python = read("r.json", "{'asin': 'a', 'title': u'It\\'s', 'categories': [['Books', 'Tea']]}\n", "");
    assert_eq!(python.records, ["1:a [It's] on=Books+Tea"]);
}

#[test]
fn lines_of_our_own_export_name_their_kind() {
    let text = r#"{"type":"interaction","user_id":7,"resource_id":"a","interaction_type":"export"}
{"type":"link","source":"a","target":"b","weight":0.5}
{"type":"resource","id":"a","title":"A","links":[{"target":"b"}],"attributes":{"shelf":7},"price":3}
{"type":"resource","id":"b","title":"B"}
{"type":"nonsense"}
nonsense
"#;
    assert_eq!(
        read("all.jsonl", text, "").records,
        [
            "2:a->b citation 0.5",
            "5: type: expected \"resource\", \"link\" or \"interaction\", as other lines have",
            "6: expected a JSON object such as {\"id\": \"a\"}; character 2 breaks it: nonsense",
            "3:a [A] 1 links {\"price\":3,\"shelf\":7}",
            "4:b [B]",
            "1:7>a export",
        ]
    );
}

#[test]
fn cells_hold_separators_quotes_and_line_ends() {
    let text = "id,title,text,subjects\n\"a,1\",\"Salt, \"\"wind\"\" and rope\",\"one\ntwo, more\n\nfour\",sea|rope\n\
                c3,Broken quote \"here,x,sea\nd4,Too few\ne5,Tab\tin title,x,Action/Adventure|Sci\\|Fi\n";
    assert_eq!(
        read("r.csv", text, "").records,
        [
            "2:a,1 [Salt, \"wind\" and rope] text=one\ntwo, more\n\nfour on=sea+rope",
            "6:c3 [Broken quote \"here] text=x on=sea",
            "7: expected 4 columns as in the header, got 2",
            "8:e5 [Tab\tin title] text=x on=Action/Adventure+Sci|Fi",
        ]
    );
}

#[test]
fn ids_stay_as_they_are() {
    for id in [
        "0042",
        "a/b",
        "q?x=1&y=2",
        "plus+sign",
        "nai\u{308}ve",
        "🍞",
        "..",
        "#hash",
        "o'brien",
        "1e5",
        "true",
    ] {
        let read = read("i.csv", format!("user_id,resource_id,interaction_type\n007,{id},view\n"), "");
        assert_eq!(read.records, [format!("2:007>{id} view")]);
    }
    let big = read("i.jsonl", "{\"user_id\":9223372036854775808,\"item_id\":1e300,\"event\":\"view\"}\n", "");
    assert!(big.records[0].contains("item_id: expected an id as text"), "{:?}", big.records);
}
