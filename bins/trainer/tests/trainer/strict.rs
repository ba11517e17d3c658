use crate::{data, program::Place};

/// Commands with a file, a bad line at the end of it, and the expected message.
const BAD: [(&[&str], &str, &str, &str); 9] = [
    (
        &["import", "movielens", "ml"],
        "ml/ratings.csv",
        "1,1,9.5,5",
        "ml/ratings.csv:5: rating: expected 0.5 to 5",
    ),
    (
        &["import", "movielens", "ml"],
        "ml/ratings.csv",
        "1,77,4,5",
        "ml/ratings.csv:5: there is no resource \"77\"",
    ),
    (&["import", "movielens", "ml"], "ml/movies.csv", "9,only two", "ml/movies.csv:5: expected 3 columns"),
    (
        &["import", "movielens", "ml1m"],
        "ml1m/ratings.dat",
        "1::1::5",
        "ml1m/ratings.dat:3: expected 4 columns (user, movie, rating, timestamp), got 3",
    ),
    (&["import", "citeulike", "cu"], "cu/users.dat", "3 1 2", "cu/users.dat:4: expected 3 numbers"),
    (
        &data::CSV,
        "interactions.csv",
        "u,a,view,,-1,,",
        "interactions.csv:5: dwell_seconds: expected a finite number",
    ),
    (&data::CSV, "resources.csv", "c,,,,,,,", "resources.csv:4: title is empty"),
    (
        &["import", "jsonl", "all.jsonl"],
        "all.jsonl",
        r#"{"type":"link","source":"a""#,
        "all.jsonl:6: the JSON object ends too early",
    ),
    (
        &["import", "jsonl", "all.jsonl"],
        "all.jsonl",
        r#"{"type":"resource","id":"x","title":"X","published_at":"soon"}"#,
        "all.jsonl:6: published_at: expected a time such as",
    ),
];

fn prepared(file: &str, line: &str) -> Place {
    let place = Place::new();
    data::movielens(&place);
    data::movielens_dat(&place);
    data::citeulike(&place);
    data::csv(&place);
    data::jsonl(&place);
    let mut content = std::fs::read(place.path(file)).unwrap();
    content.extend_from_slice(line.as_bytes());
    content.push(b'\n');
    place.write(file, content);
    place
}

#[test]
fn a_bad_line_is_reported_with_file_line_and_reason_and_the_rest_is_imported() {
    for (args, file, line, message) in BAD {
        let place = prepared(file, line);
        let ended = place.run(args);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.said.contains(message), "expected {message} in {}", ended.said);
        assert!(ended.out.contains("bad lines:    1"), "{}", ended.out);
        assert!(place.dump().len() >= 3, "the rest of {file} is imported");
    }
}

#[test]
fn a_strict_import_leaves_the_store_as_it_was_at_the_first_bad_line() {
    for (args, file, line, message) in BAD {
        let place = prepared(file, line);
        place.write("before.jsonl", r#"{"type":"resource","id":"before","title":"Was there"}"#);
        place.must(&["import", "jsonl", "before.jsonl"]);
        let before = place.dump();
        let ended = place.run(&[args, &["--strict"]].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.said.contains("nothing was imported") && ended.said.contains(message),
            "{}",
            ended.said
        );
        assert_eq!(place.dump(), before, "{file}");
    }
}

#[test]
fn a_strict_import_without_bad_lines_is_as_any_other() {
    let (place, strict) = (Place::new(), Place::new());
    data::csv(&place);
    data::csv(&strict);
    place.must(&data::CSV);
    strict.must(&[&data::CSV[..], &["--strict"]].concat());
    assert_eq!(place.dump(), strict.dump());
}

#[test]
fn twenty_bad_lines_are_reported_and_the_others_counted() {
    let place = prepared("all.jsonl", &"nonsense\n".repeat(25));
    let ended = place.run(&["import", "jsonl", "all.jsonl"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.said.matches("all.jsonl:").count(), 20, "{}", ended.said);
    assert!(
        ended.said.contains("further bad lines are only counted") && ended.out.contains("bad lines:    25")
    );
}

#[test]
fn wrong_headers_files_and_arguments_are_refused_before_anything_is_written() {
    let place = Place::new();
    place.write("colour.csv", "colour,title\nred,a\n");
    for (args, message) in [
        (
            &["import", "csv", "--resources", "colour.csv"][..],
            "colour.csv:1: a file of resources needs a column for id, such as id; the columns are colour, title",
        ),
        (&["import", "csv", "--resources", "none.csv"], "opening none.csv"),
        (&["import", "csv"], "<FILE>"),
        (&["import", "csv", "colour.csv", "--map", "usr=colour"], "expected one of user, item, type"),
        (&["import", "csv", "colour.csv", "--types", "buy"], "--types: expected EVENT=TYPE"),
        (&["import", "csv", "colour.csv", "--rating-scale", "5"], "expected LOW..HIGH"),
        (&["import", "csv", "colour.csv", "--time-zone", "Berlin"], "such as Europe/Berlin"),
        (&["import", "steam", "."], "expected steam-200k.csv, there is none"),
        (&["import", "movielens", "."], "expected movies.csv and ratings.csv"),
        (&["import", "citeulike", "."], "expected users.dat"),
        (&["--config", "none.toml", "train"], "none.toml"),
    ] {
        let ended = place.run(args);
        assert_eq!(ended.code, Some(1), "{args:?}");
        assert!(ended.said.contains(message), "expected {message} in {}", ended.said);
    }
    assert!(!place.path("docent-data").exists(), "no store is made");
}
