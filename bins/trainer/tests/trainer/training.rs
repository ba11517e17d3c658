use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use crate::program::{Place, ended};

const GENERATE: [&str; 5] = ["generate", "--users", "40", "--interactions", "30"];

#[test]
fn too_few_positives_end_with_2() {
    let place = Place::new();
    place.must(&["generate", "--users", "1", "--interactions", "3", "--resources", "10"]);
    let ended = place.run(&["train"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.said.contains("insufficient training data") && ended.said.contains("at least 10"),
        "{}",
        ended.said
    );
    let models = place.must(&["models", "list"]);
    assert!(models.contains("no model is published") && models.contains("insufficient_data"), "{models}");
}

#[test]
fn a_generated_library_is_learned_published_and_listed() {
    let place = Place::new();
    let made = place.must(&GENERATE);
    assert!(made.contains("resources:    200 new") && made.contains("users and their tastes"), "{made}");
    let again = place.must(&GENERATE);
    assert!(again.contains("200 unchanged") && again.contains("interactions: 0 new, 0 repeated"), "{again}");

    let trained = place.must(&["train", "--dim", "16", "--epochs", "2", "--seed", "7"]);
    let metrics = |model: &str| -> Vec<f64> {
        let row = trained
            .lines()
            .find(|line| line.starts_with(model))
            .unwrap_or_else(|| panic!("{model}: {trained}"));
        row.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect()
    };
    let (popularity, hybrid) = (metrics("popularity"), metrics("hybrid"));
    assert_eq!(hybrid.len(), 4);
    assert!(hybrid[1] > 1.2 * popularity[1], "NDCG@10 {trained}");
    let version = trained.lines().find_map(|line| line.strip_prefix("published ")).unwrap().to_owned();

    let models = place.must(&["models", "list"]);
    let row = models.lines().find(|line| line.starts_with(&version)).unwrap();
    assert!(row.contains("live"), "{models}");
}

#[test]
fn a_rejected_model_ends_with_3_and_force_publishes_it() {
    let place = Place::new();
    backwards(&place);
    let train = ["train", "--dim", "1", "--epochs", "0"];
    let refused = place.run(&train);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.out.contains("nothing was published: NDCG@10 on the holdout is"), "{}", refused.out);
    assert!(place.must(&["models", "list"]).contains("rejected"));
    let forced = place.must(&[&train[..], &["--force"]].concat());
    assert!(forced.contains("by force"), "{forced}");
    assert!(place.must(&["models", "list"]).contains("forced"));
    let audit = place.audit();
    assert!(audit.len() == 1 && audit[0].starts_with("trainer force_model model:"), "{audit:?}");
}

/// Imports two camps of users, by text and history, whose latest interactions are all with the same
/// popular resources that no history suggests: popularity is right and taste is wrong.
fn backwards(place: &Place) {
    let mut lines = Vec::new();
    for n in 0..40 {
        let camp = if n % 2 == 0 { "tea" } else { "steel" };
        lines.push(format!(r#"{{"type":"resource","id":"{camp}-{n}","title":"{camp} {camp} of the {n}","text":"all about {camp}"}}"#));
    }
    for n in 0..3 {
        lines.push(format!(r#"{{"type":"resource","id":"hit-{n}","title":"quite another thing {n}","text":"songs and dances"}}"#));
    }
    let event = |user: usize, resource: String, day: usize| {
        format!(
            r#"{{"type":"interaction","user_id":"u{user}","resource_id":"{resource}","interaction_type":"export","occurred_at":"2024-01-{day:02}"}}"#
        )
    };
    for user in 0..30 {
        for k in 0..8 {
            let n = 2 * ((user * 3 + k * 5) % 20) + user % 2;
            let camp = if n % 2 == 0 { "tea" } else { "steel" };
            lines.push(event(user, format!("{camp}-{n}"), k + 1));
        }
        lines.push(event(user, "hit-0".into(), 20));
        lines.push(event(user, "hit-1".into(), 21));
    }
    // These users make the hits popular and interact with nothing else.
    for fan in 100..140 {
        for hit in 0..3 {
            lines.push(event(fan, format!("hit-{hit}"), 2));
        }
    }
    place.write("backwards.jsonl", lines.join("\n"));
    place.must(&["import", "jsonl", "backwards.jsonl"]);
}

#[test]
fn sigterm_and_ctrl_c_stop_at_the_next_step_with_nothing_published() {
    let place = Place::new();
    place.must(&GENERATE);
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut child = place
            .command()
            .arg("train")
            .env("DOCENT_TRAIN__ALS__SWEEPS", "10000000")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("factorising") {
            line.clear();
            assert_ne!(told.read_line(&mut line).unwrap(), 0, "it ended before the first step");
        }
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut told, &mut rest).unwrap();
        let ended = ended(child.wait_with_output().unwrap());
        assert_eq!(ended.code, Some(code), "{rest}");
        assert!(rest.contains("training was interrupted; nothing was published"), "{rest}");
    }
    let models = place.must(&["models", "list"]);
    assert!(
        models.contains("no model is published") && models.matches("interrupted").count() >= 2,
        "{models}"
    );
}
