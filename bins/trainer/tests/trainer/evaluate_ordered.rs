//! `evaluate next`, `evaluate sessions`, `--per-user` and `evaluate compare`.

use crate::program::{Place, lines};

/// Histories of two groups of users who go through six items in the same order, each from another
/// start.
fn next_place() -> Place {
    let place = Place::new();
    let mut text = String::new();
    for user in 0..24usize {
        let items = (0..6).map(|step| format!(" {}{}", ["a", "b"][user % 2], (user / 2 + step) % 8));
        text += &format!("u{user}{}\n", items.collect::<String>());
    }
    place.write("next.txt", text);
    let attributes = (0..8).flat_map(|item| [format!("\"a{item}\": [1]"), format!("\"b{item}\": [\"2\"]")]);
    place.write("attributes.json", format!("{{{}}}", attributes.collect::<Vec<_>>().join(", ")));
    place
}

fn sessions_place() -> Place {
    let place = Place::new();
    let header = "SessionId\tItemId\tTime\n";
    let session = |id: usize, items: &[usize]| -> String {
        let events = items.iter().enumerate();
        events.map(|(at, item)| format!("{id}\ti{item}\t{}.0\n", 1_600_000_000 + 60 * id + at)).collect()
    };
    let train: String = (0..30).map(|id| session(id, &[id % 5, (id + 1) % 5, (id + 2) % 5])).collect();
    place.write("train.txt", header.to_owned() + &train);
    place.write("test.txt", header.to_owned() + &session(100, &[0, 1, 2]) + &session(101, &[3, 4]));
    place
}

const NEXT: [&str; 4] = ["evaluate", "next", "--data", "next.txt"];
const SESSIONS: [&str; 6] = ["evaluate", "sessions", "--train", "train.txt", "--test", "test.txt"];
const SMALL: [&str; 4] = ["--set", "als.dim=8", "--set", "ncf.dim=8"];
const SIMPLE: [&str; 2] = ["--models", "popularity,transitions"];

fn report(place: &Place) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(place.path("out.json")).unwrap()).unwrap()
}

fn names(report: &serde_json::Value) -> Vec<&str> {
    report["models"].as_array().unwrap().iter().filter_map(|model| model["name"].as_str()).collect()
}

#[test]
fn next_measures_every_model_that_the_data_allow_and_writes_what_it_prints() {
    let place = next_place();
    let output = ["--json", "out.json", "--per-user", "users.csv", "--plot", "out.svg"];
    let printed = place
        .must(&[&NEXT[..], &["--attributes", "attributes.json", "--k", "1,3"], &SMALL, &output].concat());
    let of_all = report(&place);
    assert_eq!((&of_all["protocol"], &of_all["items"]), (&"next".into(), &16.into()));
    assert_eq!(&of_all["interactions"], 24 * 5);
    assert_eq!(
        names(&of_all),
        [
            "popularity",
            "itemknn",
            "rp3beta",
            "ease",
            "als",
            "low_rank_als",
            "transitions",
            "content",
            "ncf",
            "hybrid"
        ]
    );
    for model in of_all["models"].as_array().unwrap() {
        let metrics: Vec<&String> = model["metrics"].as_object().unwrap().keys().collect();
        assert_eq!(metrics, ["hr@1", "hr@3", "mrr@1", "mrr@3", "ndcg@1", "ndcg@3"]);
        assert!(printed.contains(model["name"].as_str().unwrap()));
    }
    let users = lines(&place.path("users.csv"));
    assert_eq!(users[0], "user,model,hr@1,ndcg@1,mrr@1,hr@3,ndcg@3,mrr@3");
    assert_eq!(users.len(), 1 + 24 * 10);
    let transitions = users.iter().filter(|line| line.contains(",transitions,1,1,1,1,1,1"));
    assert_eq!(transitions.count(), 24, "{users:?}");
    assert!(std::fs::read_to_string(place.path("out.svg")).unwrap().contains("NDCG@1"));
}

#[test]
fn sessions_measures_models_with_times_and_without_attributes() {
    let place = sessions_place();
    place.must(&[&SESSIONS[..], &SMALL, &["--json", "out.json", "--per-user", "users.csv"]].concat());
    let of_all = report(&place);
    assert!(names(&of_all).contains(&"recent_popularity") && !names(&of_all).contains(&"content"));
    let users = lines(&place.path("users.csv"));
    assert_eq!(users[0], "user,model,hr@20,ndcg@20,mrr@20");
    let transitions: Vec<&String> = users.iter().filter(|line| line.contains(",transitions,")).collect();
    assert_eq!(transitions, ["100,transitions,1,1,1", "100,transitions,1,1,1", "101,transitions,1,1,1"]);
}

#[test]
fn a_model_that_the_data_do_not_allow_is_reported_with_the_reason() {
    let place = next_place();
    let printed = place.must(&[&NEXT[..], &["--models", "content,recent_popularity,popularity"]].concat());
    assert!(printed.contains("content: left out: ") && printed.contains("no attributes"), "{printed}");
    assert!(printed.contains("recent_popularity: left out: ") && printed.contains("no times"), "{printed}");
    assert!(printed.lines().any(|line| line.starts_with("popularity")));
}

#[test]
fn two_evaluations_are_compared_user_by_user() {
    let place = next_place();
    place.must(&[&NEXT[..], &SIMPLE, &["--per-user", "a.csv", "--k", "1,3"]].concat());
    let same = place.must(&["evaluate", "compare", "a.csv", "a.csv"]);
    assert!(same.starts_with("ndcg@1: A a.csv, B a.csv\n"), "{same}");
    for model in ["popularity", "transitions"] {
        let line = same.lines().find(|line| line.starts_with(model)).unwrap();
        assert!(line.contains("24") && line.ends_with("+0.0000  +0.0000 to +0.0000  1.0000"), "{line}");
    }
    let args = ["--model", "popularity", "--other-model", "transitions", "--metric", "hr@1"];
    let gain = place.must(&[&["evaluate", "compare", "a.csv", "a.csv"], &args[..]].concat());
    let line = gain.lines().find(|line| line.starts_with("popularity / transitions")).unwrap();
    assert!(line.contains("1.0000") && line.ends_with("0.0001"), "{line}");
    // Means, difference, interval and p value by hand: all three users gain .5.
    place.write("x.csv", "user,model,hr@1\n1,als,0\n2,als,0.5\n3,als,0.25\n9,als,1\n");
    place.write("y.csv", "user,model,hr@1\n3,als,0.75\n2,als,1\n1,als,0.5\n");
    let found = place.must(&["evaluate", "compare", "x.csv", "y.csv"]);
    let numbers = "als        3      3  0.2500  0.7500  +0.5000  +0.5000 to +0.5000  0.2500";
    assert!(found.contains(numbers) && found.contains("Users in one file only, left out: 1"), "{found}");
}

#[test]
fn files_that_cannot_be_compared_are_refused_with_the_reason() {
    let place = Place::new();
    place.write("a.csv", "user,model,ndcg@10\n1,als,0.5\n2,als,0.5\n");
    for (other, args, expected) in [
        ("user,model,ndcg@10\n7,als,1\n", &[][..], &["a.csv and b.csv have no user in common"][..]),
        ("user,model,ndcg@10\n1,als,1\n1,als,0\n", &[], &["user \"1\" has 1 cases in a.csv and 2 in b.csv"]),
        ("user,model,hr@5\n1,als,1\n", &[], &["no metric in common", "ndcg@10; hr@5"]),
        ("user,model,ndcg@10\n1,ease,1\n", &[], &["no model in common", "--other-model"]),
        ("user,model,ndcg@10\n1,als,1\n", &["--model", "ncf"], &["a.csv has no model \"ncf\"", "als"]),
        ("user,model,ndcg@10\n1,als,1\n", &["--metric", "mrr@1"], &["no metric \"mrr@1\"", "ndcg@10"]),
        ("user,model,ndcg@10\n1,als,one\n", &[], &["b.csv:2", "\"one\""]),
        ("user,model\n", &[], &["b.csv:1", "a metric"]),
    ] {
        place.write("b.csv", other);
        let ended = place.run(&[&["evaluate", "compare", "a.csv", "b.csv"], args].concat());
        assert_eq!(ended.code, Some(1), "{other}: {ended:?}");
        for part in expected {
            assert!(ended.said.contains(part), "{part}: {}", ended.said);
        }
    }
}

#[test]
fn bad_input_is_reported_with_its_location_and_nothing_is_written() {
    let output = ["--json", "out.json", "--per-user", "users.csv"];
    for (place, protocol, file, content, expected) in [
        (next_place(), &NEXT[..], "next.txt", "", &["next.txt", "got none"][..]),
        (next_place(), &NEXT, "next.txt", "1 2\n", &["next.txt", "at least one user with 3 items"]),
        (next_place(), &NEXT, "next.txt", "1 2 3 4\n5\n", &["next.txt:2", "at least one item"]),
        (sessions_place(), &SESSIONS, "train.txt", "", &["train.txt", "a header"]),
        (
            sessions_place(),
            &SESSIONS,
            "test.txt",
            "SessionId\tTime\n",
            &["test.txt:1", "\"ItemId\" is missing"],
        ),
        (
            sessions_place(),
            &SESSIONS,
            "test.txt",
            "SessionId\tItemId\tTime\n1\ti0\tnow\n",
            &["test.txt:2", "\"now\""],
        ),
        (
            sessions_place(),
            &SESSIONS,
            "test.txt",
            "SessionId\tItemId\tTime\n1\ti0\t1\n",
            &["test.txt", "two items of training"],
        ),
    ] {
        place.write(file, content);
        let ended = place.run(&[protocol, &SIMPLE, &output].concat());
        assert_eq!(ended.code, Some(1), "{file}: {content:?}: {ended:?}");
        for part in expected {
            assert!(ended.said.contains(part), "{part}: {}", ended.said);
        }
        assert!(!place.path("out.json").exists() && !place.path("users.csv").exists());
    }
    let missing = next_place();
    let ended = missing.run(&[&NEXT[..], &["--attributes", "none.json"]].concat());
    assert!(ended.said.contains("opening none.json"), "{}", ended.said);
}
