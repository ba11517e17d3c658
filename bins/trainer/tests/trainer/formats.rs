use serde_json::{Value, json};

use crate::{data, program::Place};

/// Returns the exported records of one type.
fn dumped(place: &Place, kind: &str) -> Vec<Value> {
    let all = place.dump().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    all.filter(|value| value["type"] == kind).collect()
}

/// Runs an import twice. The second run finds everything known and changes nothing.
fn twice(place: &Place, args: &[&str], resources: usize, interactions: usize) {
    let first = place.must(args);
    assert!(first.contains(&format!("resources:    {resources} new, 0 updated, 0 unchanged")), "{first}");
    assert!(first.contains(&format!("interactions: {interactions} new, 0 repeated, 0 known")), "{first}");
    assert!(first.contains("bad lines:    0"), "{first}");
    let dump = place.dump();
    assert_eq!(dump.len(), resources + interactions);
    let second = place.must(args);
    assert!(second.contains(&format!("resources:    0 new, 0 updated, {resources} unchanged")), "{second}");
    assert!(second.contains(&format!("interactions: 0 new, 0 repeated, {interactions} known")), "{second}");
    assert_eq!(place.dump(), dump);
}

#[test]
fn movielens_with_titles_years_genres_and_tags() {
    let place = Place::new();
    data::movielens(&place);
    twice(&place, &["import", "movielens", "ml"], 3, 3);
    let films = dumped(&place, "resource");
    assert_eq!(films[0]["title"], "Toy Story (1995)");
    assert_eq!(films[0]["subjects"], json!(["Adventure", "Animation"]));
    assert_eq!(films[0]["published_at"], "1995-01-01T00:00:00Z");
    assert_eq!(films[0]["text"], "pixar\ntoys alive");
    assert_eq!(films[2]["subjects"], json!([]));
    assert_eq!(films[2].get("published_at"), None);
    let ratings = dumped(&place, "interaction");
    let of = |film: &str| ratings.iter().find(|r| r["user_id"] == "1" && r["resource_id"] == film).unwrap();
    assert_eq!((&of("1")["rating"], &of("2")["rating"]), (&json!(4.5), &json!(1.0)));
    assert_eq!(of("1")["occurred_at"], "2009-12-14T02:52:24Z");
}

#[test]
fn movielens_1m_in_its_old_encoding() {
    let place = Place::new();
    data::movielens_dat(&place);
    twice(&place, &["import", "movielens", "ml1m"], 2, 2);
    let films = dumped(&place, "resource");
    assert_eq!(films[0]["title"], "Les Misérables (1995)");
    assert_eq!(films[0]["subjects"], json!(["Drama", "Musical"]));
}

#[test]
fn citeulike_with_words_tags_and_citations() {
    let place = Place::new();
    data::citeulike(&place);
    twice(&place, &["import", "citeulike", "cu"], 3, 3);
    let articles = dumped(&place, "resource");
    assert_eq!(articles[0]["title"], "Article 0");
    assert_eq!(articles[0]["text"], "xylem water water");
    assert_eq!(articles[0]["subjects"], json!(["hydrology", "plants"]));
    assert_eq!(articles[2]["links"].as_array().unwrap().len(), 2);
    let added = dumped(&place, "interaction");
    assert!(added.iter().all(|i| i["interaction_type"] == "collection_add"));
    assert!(added.iter().all(|i| i.get("occurred_at").is_none()), "the files have no times: {added:?}");
}

#[test]
fn csv_with_every_column() {
    let place = Place::new();
    data::csv(&place);
    twice(&place, &data::CSV, 2, 3);
    let resources = dumped(&place, "resource");
    assert_eq!(
        resources[0],
        json!({"type": "resource", "id": "a", "title": "First", "text": "about, tea", "authors": ["Ada", "Bo"],
            "subjects": ["tea", "china"], "published_at": "2024-05-01T00:00:00Z", "quality": 0.9, "hidden": false,
            "attributes": {}, "links": [{"target": "b", "kind": "citation", "weight": 2.5}]})
    );
    assert_eq!(resources[1]["hidden"], true);
    let done = dumped(&place, "interaction");
    let view = done.iter().find(|i| i["interaction_type"] == "view").unwrap();
    // Strength 0.45, as the signals of the file give it.
    assert_eq!((&view["dwell_seconds"], &view["scroll_depth"]), (&json!(300.0), &json!(0.5)));
    let rating = done.iter().find(|i| i["interaction_type"] == "rating").unwrap();
    assert_eq!((&rating["rating"], &rating["occurred_at"]), (&json!(4.5), &json!("2024-06-01T10:00:00Z")));
    let added = done.iter().find(|i| i["interaction_type"] == "collection_add").unwrap();
    assert_eq!(added.get("occurred_at"), None, "an empty cell is no time");
}

#[test]
fn links_are_added_to_those_of_a_stored_resource_and_resources_keep_theirs() {
    let place = Place::new();
    data::csv(&place);
    place.must(&data::CSV);
    place.write("more.csv", "source,target,kind\na,c,citation\nnobody,a,citation\n");
    let ended = place.run(&["import", "csv", "--links", "more.csv"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.said.contains("more.csv:3: there is no resource \"nobody\" to link from"),
        "{}",
        ended.said
    );
    let links = |place: &Place| dumped(place, "resource")[0]["links"].as_array().unwrap().len();
    assert_eq!(links(&place), 2);
    place.must(&["import", "csv", "--resources", "resources.csv"]);
    assert_eq!(links(&place), 2);
}

#[test]
fn jsonl_in_any_order_and_export_and_import_again() {
    let place = Place::new();
    data::jsonl(&place);
    twice(&place, &["import", "jsonl", "all.jsonl"], 2, 1);
    let resources = dumped(&place, "resource");
    assert_eq!(resources[0]["attributes"], json!({"shelf": 7}));
    assert_eq!(resources[0]["links"], json!([{"target": "b", "kind": "citation", "weight": 0.5}]));

    let other = Place::new();
    std::fs::create_dir(place.path("out")).unwrap();
    place.must(&["export", "jsonl", "out"]);
    let files =
        ["out/interactions.jsonl", "out/resources.jsonl"].map(|name| place.path(name).display().to_string());
    other.must(&["import", "jsonl", &files[0], &files[1]]);
    assert_eq!(other.dump(), place.dump());
}

#[test]
fn what_has_no_time_has_none_after_an_export_and_an_import() {
    let place = Place::new();
    data::csv(&place);
    place.must(&data::CSV);
    let exported = dumped(&place, "interaction");
    assert_eq!(exported.iter().filter(|line| line.get("occurred_at").is_none()).count(), 1, "{exported:?}");
    let other = Place::new();
    let said = other.must(&["import", "jsonl", &place.path("dump.jsonl").display().to_string()]);
    assert!(said.contains("interactions: 3 new, 0 repeated, 0 known"), "{said}");
    assert_eq!(other.dump(), place.dump());
}

#[test]
fn repeats_survive_an_export() {
    let place = Place::new();
    let seen = |day: u32| {
        format!(
            r#"{{"type":"interaction","user_id":"u","resource_id":"a","interaction_type":"view","occurred_at":"2024-06-0{day}T10:00:00Z"}}"#
        )
    };
    let resource = r#"{"type":"resource","id":"a","title":"A"}"#.to_owned();
    let lines = [resource, seen(1), seen(2), seen(5)];
    place.write("seen.jsonl", lines.join("\n"));
    place.must(&["import", "jsonl", "seen.jsonl"]);
    let exported = dumped(&place, "interaction");
    let times: Vec<&Value> = exported.iter().map(|line| &line["occurred_at"]).collect();
    assert_eq!(times, ["2024-06-01T10:00:00Z", "2024-06-03T10:00:00Z", "2024-06-05T10:00:00Z"]);

    let other = Place::new();
    let said = other.must(&["import", "jsonl", &place.path("dump.jsonl").display().to_string()]);
    assert!(said.contains("interactions: 1 new, 2 repeated, 0 known"), "{said}");
    assert_eq!(other.dump(), place.dump());
}

#[test]
fn parquet_holds_what_json_lines_hold_and_is_read_back() {
    let place = Place::new();
    data::jsonl(&place);
    place.must(&["import", "jsonl", "all.jsonl"]);
    data::csv(&place);
    place.must(&data::CSV);
    let said = place.must(&["export", "parquet", "--out", "out"]);
    assert!(said.contains("interactions written to out"), "{said}");
    let other = Place::new();
    let files = ["out/resources.parquet", "out/interactions.parquet"];
    let files = files.map(|name| place.path(name).display().to_string());
    other.must(&["import", "parquet", &files[0], &files[1]]);
    // Rows of a batch are stored in the order of their users.
    let [mut before, mut after] = [place.dump(), other.dump()];
    before.sort_unstable();
    after.sort_unstable();
    assert_eq!(after, before);
}
