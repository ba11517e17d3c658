//! Members of a blend that another program fitted: what it gets, and what is refused of it.

use std::fs;

use docent_formats::{
    ParquetColumn, ParquetColumns, ParquetFile,
    ParquetKind::{self, Number, Numbers, Text, Whole},
    ParquetValue, parquet_files,
};
use serde_json::{Value, json};

use crate::program::Place;

const EXPORT: [&str; 5] = ["export", "parquet", "--out", "out", "--splits"];
const TRAIN: [&str; 4] = ["train", "--factors", "out", "--force"];
const DIM: usize = 4;
const SCOPES: [&str; 3] = ["choose", "judge", "publish"];

/// Makes a library, exports it, and fits members to the export.
fn fitted() -> Place {
    let place = Place::new();
    // So few cases that the blend is the stated one, whatever the members know.
    place.must(&["generate", "--users", "8", "--interactions", "30"]);
    place.must(&EXPORT);
    fit(&place);
    place
}

fn manifest(place: &Place) -> Value {
    serde_json::from_str(&fs::read_to_string(place.path("out/manifest.json")).unwrap()).unwrap()
}

/// Writes members that fit together, and know nothing.
fn fit(place: &Place) {
    let split = manifest(place);
    let resources = split["resources"].as_i64().unwrap();
    for scope in SCOPES {
        write_factors(place, scope, (0..resources).map(|item| (item, vector(item, DIM))));
        write_rows(place, scope, (0..resources).map(|item| (item, (item + 1) % resources, 1.0)));
    }
    describe(place, &split, &json!(["als", "rp3beta"]), true);
}

fn vector(item: i64, dim: usize) -> Vec<f64> {
    (0..dim).map(|at| f64::from((item as u32).wrapping_mul(2_654_435_761) >> (4 * at)).sin()).collect()
}

fn describe(place: &Place, split: &Value, members: &Value, finished: bool) {
    let manifest =
        json!({ "format": 1, "finished": finished, "program": "test", "split": split, "members": members });
    place.write("out/members/manifest/part-00000.txt", manifest.to_string());
}

fn write_factors(place: &Place, scope: &str, rows: impl Iterator<Item = (i64, Vec<f64>)>) {
    let rows = rows.map(|(item, factors)| vec![ParquetValue::Whole(item), ParquetValue::Numbers(factors)]);
    write(place, &format!("out/members/als/scope={scope}"), &[("item", Whole), ("factors", Numbers)], rows);
}

fn write_rows(place: &Place, scope: &str, rows: impl Iterator<Item = (i64, i64, f64)>) {
    let columns = [("item", Whole), ("other", Whole), ("weight", Number)];
    let rows = rows.map(|(item, other, weight)| {
        vec![ParquetValue::Whole(item), ParquetValue::Whole(other), weight.into()]
    });
    write(place, &format!("out/members/rp3beta/scope={scope}"), &columns, rows);
}

fn write(
    place: &Place,
    folder: &str,
    columns: &[(&str, ParquetKind)],
    rows: impl Iterator<Item = Vec<ParquetValue>>,
) {
    // Programs that write in parallel leave such files beside theirs.
    place.write(&format!("{folder}/_SUCCESS"), "");
    let mut file = ParquetFile::create(&place.path(&format!("{folder}/part-0.parquet")), columns).unwrap();
    rows.for_each(|row| file.write(row).unwrap());
    file.finish().unwrap();
}

#[test]
fn members_of_another_program_are_judged_and_published() {
    let place = fitted();
    let trained = place.must(&TRAIN);
    assert!(trained.contains("\nals ") && trained.contains("\nrp3beta "), "judged alone, too: {trained}");
    assert!(trained.contains("published "), "{trained}");
    let shown = place.must(&["models", "show"]);
    assert!(shown.contains("fitted outside   als, rp3beta"), "{shown}");
    let inside = place.must(&["train", "--dim", "8", "--epochs", "1", "--force"]);
    assert!(inside.contains("published "), "{inside}");
    assert!(!place.must(&["models", "show"]).contains("fitted outside"));
}

#[test]
fn an_export_says_what_a_run_learns_from_and_what_it_holds_out() {
    let place = Place::new();
    place.must(&["generate", "--users", "40", "--interactions", "30"]);
    let said = place.must(&EXPORT);
    assert!(said.contains("events to learn from") && said.contains("resources and"), "{said}");
    let manifest = manifest(&place);
    assert_eq!(
        (&manifest["resources"], &manifest["holdout"], &manifest["seed"]),
        (&json!(200), &json!(0.2), &json!(42))
    );
    let columns =
        [("user", Whole), ("user_id", Text), ("item", Whole), ("place", Whole), ("confidence", Number)];
    let mut places: Vec<(i64, i64, &str)> = Vec::new();
    for part in ["train", "validation", "holdout"] {
        let mut of_part = 0;
        for path in parquet_files(&place.path(&format!("out/events/part={part}"))).unwrap() {
            let file = ParquetColumns::open(&path, &columns).unwrap();
            for group in 0..file.groups() {
                let columns = file.read(group).unwrap();
                let [
                    ParquetColumn::Whole(users),
                    ParquetColumn::Texts(ids),
                    _,
                    ParquetColumn::Whole(own),
                    ParquetColumn::Numbers(confidences),
                ] = columns.as_slice()
                else {
                    panic!("{columns:?}")
                };
                assert!(ids.iter().all(|id| !id.is_empty()));
                assert!(confidences.iter().all(|confidence| *confidence > 0.0 && *confidence <= 1.0));
                places.extend(users.iter().zip(own).map(|(user, place)| (*user, *place, part)));
                of_part += users.len();
            }
        }
        assert_eq!(manifest["events"][part], json!(of_part), "{part}");
        assert!(of_part > 0, "{part}");
    }
    places.sort_unstable();
    for of_user in places.chunk_by(|a, b| a.0 == b.0) {
        assert!(of_user.iter().map(|(_, place, _)| *place).eq(0..of_user.len() as i64), "{of_user:?}");
        // The latest fifth is held out, and the latest of the rest validates.
        let order = ["train", "validation", "holdout"];
        let parts = of_user.iter().map(|(_, _, part)| order.iter().position(|of| of == part));
        assert!(parts.is_sorted(), "{of_user:?}");
    }
}

/// Damage to good members, and a part of the message about it.
type Fault = (fn(&Place), &'static str);

const FAULTS: [Fault; 12] = [
    (|place| fs::remove_dir_all(place.path("out/members")).unwrap(), "out/members/manifest: "),
    (|place| describe(place, &manifest(place), &json!(["rp3beta"]), false), "were not fitted to the end"),
    (|place| drop(place.must(&EXPORT)), "were fitted to another export"),
    (
        |place| describe(place, &manifest(place), &json!(["popularity"]), true),
        "popularity cannot come from outside",
    ),
    (
        |place| write_factors(place, "judge", [(2, vector(2, DIM)), (3, vector(3, 3))].into_iter()),
        "item 3: expected 4 factors, found 3",
    ),
    (
        |place| write_factors(place, "choose", [(3, vec![0.5, 0.5, f64::NAN, 0.5])].into_iter()),
        "als of scope choose: item 3: expected finite factors, found NaN",
    ),
    (
        |place| write_factors(place, "choose", [(200, vector(3, DIM))].into_iter()),
        "item 200 is unknown: the export has 200",
    ),
    (
        |place| write_rows(place, "judge", [(0, 200, 1.0)].into_iter()),
        "item 200 is unknown: the export has 200",
    ),
    (
        |place| write_rows(place, "publish", [(-1, 0, 1.0)].into_iter()),
        "item -1: expected the number of an item",
    ),
    (
        |place| write_rows(place, "choose", [(0, 1, f64::INFINITY)].into_iter()),
        "items 0 and 1: expected a finite weight, found inf",
    ),
    (
        |place| {
            fs::copy(
                place.path("out/members/als/scope=choose/part-0.parquet"),
                place.path("out/members/rp3beta/scope=choose/part-0.parquet"),
            )
            .unwrap();
        },
        "expected a column \"other\" of whole numbers; the columns are item, factors",
    ),
    (
        |place| {
            let part = |part: &str| place.path(&format!("out/events/part={part}/events.parquet"));
            fs::copy(part("holdout"), part("validation")).unwrap();
        },
        "are not those of the fingerprint in the manifest",
    ),
];

#[test]
fn what_does_not_fit_is_refused_with_its_place_and_nothing_is_published() {
    for (fault, expected) in FAULTS {
        let place = fitted();
        fault(&place);
        let ended = place.run(&TRAIN);
        assert_eq!(ended.code, Some(1), "{expected}: {ended:?}");
        assert!(ended.said.contains(expected) && ended.said.contains("out"), "{expected}: {}", ended.said);
        assert!(place.must(&["models", "list"]).contains("no model is published"), "{expected}");
    }
}

#[test]
fn members_of_another_split_or_another_store_are_refused() {
    let place = fitted();
    let other_seed = place.run(&[&TRAIN[..], &["--seed", "7"]].concat());
    assert_eq!(other_seed.code, Some(1), "{other_seed:?}");
    assert!(
        other_seed.said.contains("the split is of holdout 0.2 and seed 42, and the settings say 0.2 and 7"),
        "{}",
        other_seed.said
    );
    let url = "sqlite://other.db";
    place.must(&["generate", "--users", "40", "--interactions", "30", "--seed", "8", "--database-url", url]);
    let other_store = place.run(&[&TRAIN[..], &["--database-url", url]].concat());
    assert_eq!(other_store.code, Some(1), "{other_store:?}");
    assert!(other_store.said.contains("the split is not one of this store"), "{}", other_store.said);
}
