use crate::program::{Place, lines};

const GENERATE: [&str; 5] = ["generate", "--users", "40", "--interactions", "30"];
const QUICK: &str = "[train.als]\ndim = 8\n[train.ncf]\nepochs = 1\nlayers = [8]\n";

#[test]
fn the_whole_pipeline_is_measured_on_the_store_and_nothing_is_written() {
    let place = Place::new();
    place.must(&GENERATE);
    place.write("quick.toml", QUICK);
    let before = place.dump();
    let printed = place.must(&[
        "--config",
        "quick.toml",
        "evaluate",
        "store",
        "--k",
        "5",
        "--json",
        "out.json",
        "--plot",
        "plot.svg",
        "--per-user",
        "users.csv",
    ]);
    assert_eq!(place.dump(), before);
    let users = lines(&place.path("users.csv"));
    assert_eq!(users[0], "user,model,hr@5,ndcg@5,recall@5,precision@5,mrr@5,map@5");
    assert!(users.iter().any(|line| line.contains(",served,")), "{users:?}");
    assert!(place.must(&["models", "list"]).contains("no model is published"));

    let text = std::fs::read_to_string(place.path("out.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["protocol"], "store");
    let ndcg = |models: &serde_json::Value, name: &str| -> f64 {
        let models = models.as_array().unwrap();
        let model =
            models.iter().find(|model| model["name"] == name).unwrap_or_else(|| panic!("{name}: {text}"));
        model["metrics"]["ndcg@5"].as_f64().unwrap()
    };
    let parts = report["parts"].as_array().unwrap();
    let names: Vec<&str> = parts.iter().filter_map(|part| part["name"].as_str()).collect();
    assert_eq!(names, ["warm users", "users with 1-4", "users with none", "cold resources"]);
    for part in parts {
        assert!(printed.contains(part["name"].as_str().unwrap()), "{printed}");
        for name in ["collaborative", "content", "graph", "quality", "recency", "hybrid", "served"] {
            assert!((0.0..=1.0).contains(&ndcg(&part["models"], name)), "{name}: {part}");
        }
    }
    assert!(ndcg(&report["models"], "hybrid") > 1.2 * ndcg(&report["models"], "popularity"), "{printed}");
    assert!(ndcg(&parts[1]["models"], "hybrid") > ndcg(&parts[1]["models"], "popularity"), "{printed}");

    let sweep = report["sweep"].as_array().unwrap();
    let of = |option: &str, what: &str| -> Vec<f64> {
        let rows = sweep.iter().filter(|row| row["option"] == option);
        rows.map(|row| row[what].as_f64().unwrap()).collect()
    };
    let rises = |values: Vec<f64>| assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
    rises(of("diversity", "value"));
    rises(of("diversity", "content_diversity"));
    assert_eq!(of("novelty", "novelty").len(), 5);
    let drawn = std::fs::read_to_string(place.path("plot.svg")).unwrap();
    assert_eq!(drawn.matches("<circle").count(), 15);
}

#[test]
fn a_missing_store_is_not_created() {
    let place = Place::new();
    let ended = place.run(&["evaluate", "store", "--database-url", "sqlite://none.db"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.said.contains("opening the store"), "{}", ended.said);
    assert!(!place.path("none.db").exists());
    place.must(&["generate", "--users", "1", "--interactions", "3", "--resources", "10"]);
    let ended = place.run(&["evaluate", "store"]);
    assert!(ended.code == Some(1) && ended.said.contains("insufficient training data"), "{ended:?}");
    let ended = place.run(&["evaluate", "store", "--k", "0"]);
    assert!(ended.code == Some(1) && ended.said.contains("--k: expected 1 to 100"), "{ended:?}");
}

#[test]
fn one_moment_splits_the_users_of_the_store_and_settings_are_set_and_searched() {
    let place = Place::new();
    place.must(&GENERATE);
    place.write("quick.toml", QUICK);
    let evaluate = ["--config", "quick.toml", "evaluate", "store", "--k", "5", "--json", "out.json"];
    let options = ["--time-split", "--set", "low_rank_als.dim=4", "--set", "seed=7", "--tune", "2"];
    let printed = place.must(&[&evaluate[..], &options].concat());
    let text = std::fs::read_to_string(place.path("out.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();

    let split = &report["time_split"];
    let (judged, users) = (split["judged_users"].as_u64().unwrap(), split["users"].as_u64().unwrap());
    assert!(0 < judged && judged <= users && users <= 40, "{split}");
    assert_eq!(report["parts"][0]["cases"].as_u64(), Some(judged));
    let said =
        format!("judges {judged} of {users} users: the others have nothing before or nothing after 20");
    assert!(printed.contains(&said), "{printed}");

    let settings = &report["settings"];
    assert_eq!((&settings["models"]["als"]["dim"], &settings["seed"]), (&8.into(), &7.into()));
    assert_eq!(settings["models"]["low_rank_als"]["dim"], 4);
    let searched = report["searched"].as_array().unwrap();
    let models: Vec<&str> = searched.iter().filter_map(|row| row["model"].as_str()).collect();
    assert_eq!(models, ["als", "low_rank_als", "itemknn", "rp3beta", "ease"]);
    for row in searched {
        assert!(row["ndcg_found"].as_f64() >= row["ndcg_given"].as_f64(), "{row}");
        assert_eq!(row["trials"], 2);
    }
    assert!(printed.contains("settings searched on a validation set, each model alone"), "{printed}");
}

#[test]
fn a_store_without_times_is_not_split_by_time() {
    let place = Place::new();
    place.must(&GENERATE);
    let mut lines = place.dump();
    for line in &mut lines {
        let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().remove("occurred_at");
        *line = record.to_string();
    }
    let undated = Place::new();
    undated.write("undated.jsonl", lines.join("\n"));
    undated.must(&["import", "jsonl", "undated.jsonl"]);
    let ended = undated.run(&["evaluate", "store", "--time-split"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.said.contains("--time-split: cannot split the positives by time: none of the"),
        "{ended:?}"
    );
    for (setting, expected) in [("als.dims=3", "dims"), ("holdout=0.5", "holdout"), ("als", "KEY=VALUE")] {
        let ended = undated.run(&["evaluate", "store", "--set", setting]);
        assert!(ended.code == Some(1) && ended.said.contains("--set"), "{setting}: {ended:?}");
        assert!(ended.said.contains(expected), "{setting}: {}", ended.said);
    }
}
