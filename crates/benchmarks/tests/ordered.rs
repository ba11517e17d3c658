//! Protocols on ordered histories, with metrics by hand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use docent_benchmarks::{ModelOptions, Report, next_item, sessions};
use docent_models::ModelKind;
use docent_training::fit::Objective;
use tempfile::TempDir;

fn options(ks: &[usize], kinds: &[ModelKind]) -> ModelOptions {
    ModelOptions { kinds: kinds.to_vec(), ..ModelOptions::new(ks.to_vec(), Objective::Full { k: 2 }) }
}

fn written(files: &[(&str, &str)]) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
    for (path, (_, text)) in paths.iter().zip(files) {
        std::fs::write(path, text).unwrap();
    }
    (folder, paths)
}

/// Checks the metrics of a model, all of them and in their order.
fn assert_metrics(report: &Report, model: &str, expected: &[(&str, f64)]) {
    let found = report.models.iter().find(|found| found.name == model).unwrap();
    let names: Vec<&str> = found.estimates.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{model}");
    for ((name, found), (_, expected)) in found.estimates.iter().zip(expected) {
        assert!((found.mean - expected).abs() < 1e-9, "{model} {name}: {} {expected}", found.mean);
    }
}

/// Users 1, 2 and 4 have a case; the last item of user 5 is not new, and user 3 has two items.
const SEQUENCES: &str = "u1 a b c\nu2 b a c\nu3 a d\nu4 d b a\nu5 a b a\n";

#[test]
fn the_last_item_is_ranked_among_all_items_that_the_user_does_not_have() {
    let (_folder, paths) = written(&[("s.txt", SEQUENCES)]);
    let report = next_item(&paths[0], None, &options(&[1, 2], &[ModelKind::Popularity]), &()).unwrap();
    assert_eq!((report.protocol, report.users, report.items, report.interactions), ("next", 5, 4, 10));
    assert_eq!(report.case_users, ["u1", "u2", "u4"]);
    // Users who chose it: a 4, b 4, d 2, c 0. Users 1 and 2 find c behind d; user 4 finds a first.
    let expected = [
        ("hr@1", 1.0 / 3.0),
        ("ndcg@1", 1.0 / 3.0),
        ("mrr@1", 1.0 / 3.0),
        ("hr@2", 1.0),
        ("ndcg@2", (2.0 / 3f64.log2() + 1.0) / 3.0),
        ("mrr@2", 2.0 / 3.0),
    ];
    assert_metrics(&report, "popularity", &expected);
    let by_case = &report.models[0].by_case;
    assert_eq!(by_case[5], ("mrr@2".to_owned(), vec![Some(0.5), Some(0.5), Some(1.0)]));
}

#[test]
fn attributes_serve_content_and_add_no_candidates() {
    let attributes = r#"{"a": ["x"], "c": ["x", "x"], "d": [1], "elsewhere": ["x", 1]}"#;
    let (_folder, paths) =
        written(&[("s.txt", SEQUENCES), ("a.json", attributes), ("b.json", r#"{"e": [1]}"#)]);
    let kinds = [ModelKind::Content, ModelKind::RecentPopularity, ModelKind::Transitions];
    let report = next_item(&paths[0], Some(&paths[1]), &options(&[1], &kinds), &()).unwrap();
    assert_eq!(report.items, 4);
    // c shares x with a. For user 4, a and c are alike, and ties count against the item to find.
    let expected = [("hr@1", 2.0 / 3.0), ("ndcg@1", 2.0 / 3.0), ("mrr@1", 2.0 / 3.0)];
    assert_metrics(&report, "content", &expected);
    let reason = report.models[1].skipped.as_deref().unwrap();
    assert!(reason.contains("recent_popularity") && reason.contains("no times"), "{reason}");
    assert_eq!(report.models[2].skipped, None);
    let without = next_item(&paths[0], None, &options(&[1], &kinds), &()).unwrap();
    assert!(without.models[0].skipped.as_deref().unwrap().contains("no attributes"));
    let error = next_item(&paths[0], Some(&paths[2]), &options(&[1], &kinds), &()).unwrap_err().to_string();
    assert!(error.contains("b.json: expected attributes of at least one item of the data"), "{error}");
}

#[test]
fn transitions_follow_the_order_of_a_history() {
    // After b comes c, whatever was before; the matrix of users by items does not show that.
    let lines: Vec<String> = (0..20).map(|user| format!("u{user} x{user} a b c d e\n")).collect();
    let text = lines.concat() + "last a b c\n";
    let (_folder, paths) = written(&[("s.txt", &text)]);
    let report = next_item(&paths[0], None, &options(&[1], &[ModelKind::Transitions]), &()).unwrap();
    let last = report.models[0].by_case[0].1.last().copied();
    assert_eq!((report.case_users.last().map(String::as_str), last), (Some("last"), Some(Some(1.0))));
}

const TRAIN: &str = "SessionId\tItemId\tTime\ns1\ta\t1\ns1\tb\t2\ns2\ta\t3\ns2\tc\t4\ns3\ta\t5\n";

#[test]
fn every_next_item_of_a_session_is_ranked_among_all_items_repeats_included() {
    // Without items that training lacks, t1 is a, b, a, and t2 and t3 have no case.
    let test = "ItemId\tTime\tSessionId\na\t40\tt1\nb\t30\tt1\nnew\t20\tt1\na\t10\tt1\n\
                c\t2\tt2\nnew\t1\tt2\nnew\t1\tt3\nnew\t2\tt3\n";
    let (_folder, paths) = written(&[("train.txt", TRAIN), ("test.txt", test)]);
    let kinds = [ModelKind::Popularity, ModelKind::RecentPopularity];
    let report = sessions(&paths[0], &paths[1], &options(&[2, 3], &kinds), &()).unwrap();
    assert_eq!((report.protocol, report.users, report.items, report.interactions), ("sessions", 3, 3, 5));
    assert_eq!(report.case_users, ["t1", "t1"]);
    // b comes after a and is tied with c; the second a is the most popular item.
    let expected = [
        ("hr@2", 0.5),
        ("ndcg@2", 0.5),
        ("mrr@2", 0.5),
        ("hr@3", 1.0),
        ("ndcg@3", (0.5 + 1.0) / 2.0),
        ("mrr@3", (1.0 / 3.0 + 1.0) / 2.0),
    ];
    assert_metrics(&report, "popularity", &expected);
    assert_metrics(&report, "recent_popularity", &expected);
}

#[test]
fn files_without_a_case_are_refused() {
    let test = "SessionId\tItemId\tTime\nt\ta\t1\nt\tnew\t2\n";
    let (_folder, paths) =
        written(&[("train.txt", TRAIN), ("test.txt", test), ("s.txt", "u a b\nv a b a\n")]);
    let options = options(&[1], &[ModelKind::Popularity]);
    let error = sessions(&paths[0], &paths[1], &options, &()).unwrap_err().to_string();
    assert!(error.contains("test.txt: expected at least one session with two items of training"), "{error}");
    let error = next_item(&paths[2], None, &options, &()).unwrap_err().to_string();
    assert!(
        error.contains("s.txt: expected at least one user with 3 items, the last of them new"),
        "{error}"
    );
}
