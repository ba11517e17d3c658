use std::fs;

use docent_domain::ResourceId;

use crate::program::Place;

#[test]
fn lists_for_all_users_are_written_whole() {
    let place = Place::new();
    place.must(&["generate", "--users", "12", "--interactions", "10", "--resources", "60"]);
    let before = place.dump();
    let said = place.must(&["recommend", "--all", "--out", "lists.jsonl", "--limit", "5"]);
    assert!(said.contains("lists for 12 users written to lists.jsonl"), "{said}");
    let lines = fs::read_to_string(place.path("lists.jsonl")).unwrap();
    let mut users: Vec<String> = Vec::new();
    for line in lines.lines() {
        let list: serde_json::Value = serde_json::from_str(line).unwrap();
        let shown = list["recommendations"].as_array().unwrap();
        assert_eq!(shown.len(), 5, "{line}");
        for shown in shown {
            let id: Result<ResourceId, _> = shown["resource_id"].as_str().unwrap().parse();
            assert!(id.is_ok() && shown["score"].is_number() && shown["title"].is_string(), "{line}");
        }
        users.push(list["user_id"].as_str().unwrap().to_owned());
    }
    users.sort_unstable();
    users.dedup();
    assert_eq!(users.len(), 12);
    assert_eq!(place.dump(), before, "nothing is stored");
    place.must(&["recommend", "--all", "--out", "lists.parquet", "--limit", "5"]);
    let shown = place.must(&[
        "import",
        "files",
        "lists.parquet",
        "--leave-out",
        "score",
        "--type",
        "export",
        "--dry-run",
    ]);
    assert!(shown.contains("Parquet") && shown.contains("60 rows of interactions"), "{shown}");
    let refused = place.run(&["recommend", "--all", "--out", "lists.jsonl", "--limit", "101"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.said.contains("limit: expected 1 to 100, got 101"), "{refused:?}");
    let nowhere = place.run(&["recommend", "--all", "--out", "no/such/folder/lists.jsonl"]);
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
}
