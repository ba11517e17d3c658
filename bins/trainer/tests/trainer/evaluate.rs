use crate::program::Place;

const TRAIN: &str = "data/x.train.rating";
const TEST: &str = "data/x.test.rating";
const NEGATIVES: &str = "data/x.test.negative";

/// Writes data of two groups of users with six items each. The first item of every user is held
/// out.
fn place() -> Place {
    let place = Place::new();
    let mut files = [String::new(), String::new(), String::new()];
    let mut ranking = [String::new(), String::new()];
    for user in 0..24 {
        let (own, other) = if user % 2 == 0 { (0, 6) } else { (6, 0) };
        let held_out = own + user / 2 % 6;
        let kept: Vec<usize> = (own..own + 6).filter(|item| *item != held_out).collect();
        files[0].extend(kept.iter().map(|item| format!("{user}\t{item}\t1\t0\n")));
        files[1] += &format!("{user}\t{held_out}\t1\t0\n");
        let negatives: Vec<String> = (other..other + 6).map(|item| format!("\t{item}")).collect();
        files[2] += &format!("({user},{held_out}){}\n", negatives.concat());
        let kept: Vec<String> = kept.iter().map(|item| format!(" {item}")).collect();
        ranking[0] += &format!("{user}{}\n", kept.concat());
        ranking[1] += &format!("{user} {held_out}\n");
    }
    for (name, text) in [TRAIN, TEST, NEGATIVES].into_iter().zip(&files) {
        place.write(name, text);
    }
    place.write("train.txt", &ranking[0]);
    place.write("test.txt", &ranking[1]);
    place
}

const LOO: [&str; 4] = ["evaluate", "loo", "--data", "data"];
const SMALL: [&str; 6] = ["--set", "als.dim=8", "--set", "ncf.dim=8", "--k", "1,3"];

#[test]
fn both_protocols_measure_every_model_and_write_what_they_print() {
    let place = place();
    let ranking = ["evaluate", "ranking", "--train", "train.txt", "--test", "test.txt"];
    for protocol in [&LOO[..], &ranking[..]] {
        let printed = place.must(&[protocol, &SMALL, &["--json", "out.json"]].concat());
        let text = std::fs::read_to_string(place.path("out.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["protocol"], protocol[1]);
        let models = report["models"].as_array().unwrap();
        let names: Vec<&str> = models.iter().filter_map(|model| model["name"].as_str()).collect();
        assert_eq!(
            names,
            ["popularity", "itemknn", "rp3beta", "ease", "als", "low_rank_als", "ncf", "hybrid"]
        );
        for model in models {
            let (name, metric) =
                (model["name"].as_str().unwrap(), |name: &str| model["metrics"][name].as_f64());
            assert!(printed.contains(name) && metric("ndcg@1").is_some() && metric("hr@3").is_some());
            assert!(model["train_seconds"].is_number() && model["parameters"].is_number());
            assert_eq!(model["blend"].is_object(), name == "hybrid", "{name}");
            if name != "popularity" {
                assert_eq!(metric("hr@3"), Some(1.0), "{name} of {protocol:?}");
            }
        }
        if protocol[1] == "ranking" {
            assert_eq!(models[4]["metrics"]["coverage@3"].as_f64(), Some(1.0));
        }
    }
}

#[test]
fn an_unused_id_is_not_a_candidate() {
    let place = place();
    let spread = |item: &str| (item.parse::<u32>().unwrap() * 1_000).to_string();
    let rewrite = |name: &str, line: &dyn Fn(&str) -> String| {
        let dense = std::fs::read_to_string(place.path(name)).unwrap();
        let lines: String = dense.lines().map(|dense| line(dense) + "\n").collect();
        place.write(&format!("spread-{name}"), lines);
    };
    let of_ranking = |line: &str| {
        let (user, items) = line.split_once(' ').unwrap();
        format!("{user} {}", items.split(' ').map(spread).collect::<Vec<_>>().join(" "))
    };
    rewrite("train.txt", &of_ranking);
    rewrite("test.txt", &of_ranking);
    let of_pair = |line: &str| {
        let fields: Vec<&str> = line.splitn(3, '\t').collect();
        format!("{}\t{}\t{}", fields[0], spread(fields[1]), fields[2])
    };
    rewrite(TRAIN, &of_pair);
    rewrite(TEST, &of_pair);
    rewrite(NEGATIVES, &|line| {
        let (key, negatives) = line.split_once('\t').unwrap();
        let (user, item) = key.trim_end_matches(')').split_once(',').unwrap();
        let negatives: Vec<String> = negatives.split('\t').map(spread).collect();
        format!("{user},{})\t{}", spread(item), negatives.join("\t"))
    });
    let of = |protocol: &str, files: &[&str]| {
        let models = ["--models", "ease,als", "--set", "ease.max_items=12", "--json", "out.json"];
        place.must(&[&["evaluate", protocol], files, &SMALL, &models].concat());
        let text = std::fs::read_to_string(place.path("out.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        let of_model = |at: usize| report["models"][at]["metrics"].clone();
        [of_model(0), of_model(1)]
    };
    assert_eq!(
        of("ranking", &["--train", "spread-train.txt", "--test", "spread-test.txt"]),
        of("ranking", &["--train", "train.txt", "--test", "test.txt"])
    );
    assert_eq!(of("loo", &["--data", "spread-data"]), of("loo", &["--data", "data"]));
}

#[test]
fn a_search_for_settings_is_bounded() {
    let place = place();
    let search = ["--models", "als,itemknn", "--tune", "3", "--json", "out.json"];
    place.must(&[&LOO[..], &SMALL, &search].concat());
}

#[test]
fn former_names_of_models_and_settings_are_still_read() {
    let place = place();
    let former = ["--models", "broadals", "--set", "broad_als.dim=3", "--json", "out.json"];
    assert!(place.must(&[&LOO[..], &SMALL, &former].concat()).contains("low_rank_als"));
    let text = std::fs::read_to_string(place.path("out.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["models"][0]["settings"]["models"]["low_rank_als"]["dim"], 3);
}

#[test]
fn bad_input_is_reported_with_its_location_and_nothing_is_written() {
    let cases: [(&str, &str, &[&str], &[&str]); 13] = [
        (TRAIN, "0\t1\t1\t0\n0 2\n", &[], &["x.train.rating:2", "separated by tabs", "0 2"]),
        (TRAIN, "0\tx\t1\t0\n", &[], &["x.train.rating:1", "item id", "\"x\""]),
        (TRAIN, "0\t-1\t1\t0\n", &[], &["x.train.rating:1", "\"-1\""]),
        (TRAIN, "0\t99999999\t1\t0\n", &[], &["x.train.rating:1", "99999999"]),
        (TRAIN, "", &[], &["x.train.rating", "at least one interaction"]),
        (TEST, "0\t99999\t1\t0\n", &[], &["x.test.rating:1", "99999"]),
        (TEST, "500\t1\t1\t0\n", &[], &["x.test.rating:1", "user id from 0 to 23"]),
        (NEGATIVES, "(0,0)\t6\t7\n", &[], &["x.test.rating:2", "(1,6)", "x.test.negative"]),
        (NEGATIVES, "0,0\t6\n", &[], &["x.test.negative:1", "(user,item)"]),
        (NEGATIVES, "(0,0)\n", &[], &["x.test.negative:1", "at least one negative"]),
        ("unused", "", &["--k", "0"], &["--k", "1 or more"]),
        ("unused", "", &["--models", "svd"], &["svd", "popularity, itemknn"]),
        ("unused", "", &["--set", "als.dims=3"], &["--set", "dims"]),
    ];
    for (file, content, args, expected) in cases {
        let place = place();
        place.write(file, content);
        let ended = place.run(&[&LOO[..], &["--json", "out.json"], args].concat());
        assert_eq!(ended.code, Some(1), "{file}: {content:?} {args:?}: {ended:?}");
        for part in expected {
            assert!(ended.said.contains(part), "{part}: {}", ended.said);
        }
        assert!(!place.path("out.json").exists());
    }
    let empty = place();
    std::fs::remove_file(empty.path(TEST)).unwrap();
    assert!(empty.run(&LOO).said.contains("expected a file *.test.rating"));
}

#[test]
fn every_protocol_on_files_writes_the_metrics_of_users() {
    let place = place();
    let ranking = ["evaluate", "ranking", "--train", "train.txt", "--test", "test.txt"];
    for protocol in [&LOO[..], &ranking] {
        // Both names of the option are the same.
        for option in ["--per-user", "--per-user-csv"] {
            let args = ["--models", "popularity,transitions,itemknn", "--k", "3", option, "users.csv"];
            place.must(&[protocol, &args].concat());
            let users = crate::program::lines(&place.path("users.csv"));
            assert_eq!(users[0], "user,model,hr@3,ndcg@3,recall@3,precision@3,mrr@3,map@3");
            let of = |model: &str| users.iter().filter(|line| line.contains(model)).count();
            assert_eq!((of(",popularity,"), of(",itemknn,1,"), of("transitions")), (24, 24, 0));
            std::fs::remove_file(place.path("users.csv")).unwrap();
        }
    }
}
