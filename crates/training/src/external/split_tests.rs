use chrono::{DateTime, Utc};
use docent_domain::Resource;
use proptest::prelude::*;
use rustc_hash::FxHashSet;

use super::*;
use crate::{
    dataset::{Item, sort_by_time},
    external::{
        MemberData, MemberSource, PartCounts, Scope, SplitManifest,
        data::{TrainingData, split_data},
    },
    holdout::hold_out,
    weak::Weak,
};

const USERS: u32 = 12;
const ITEMS: u32 = 30;
/// Time of the export, in seconds.
const EXPORT: i64 = 1_000;

#[derive(Debug)]
struct NoSource;

impl MemberSource for NoSource {
    fn load(&self, kind: docent_models::ModelKind, _: Scope) -> Result<MemberData, ModelError> {
        Err(ModelError::Member { place: kind.to_string(), reason: "none".into() })
    }
}

fn at(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

/// Makes a store of likes `(user, item, seconds)`, without the resource `gone`.
fn dataset(likes: &[(u32, u32, i64)], gone: Option<u32>) -> Dataset {
    let kept: Vec<u32> = (0..ITEMS).filter(|item| Some(*item) != gone).collect();
    let items = kept.iter().map(|item| Item {
        row_id: i64::from(*item),
        resource: Resource::new(ResourceId::new(format!("item-{item}")).unwrap(), "title"),
        text_hash: String::new(),
    });
    let mut likes: Vec<Like> = likes
        .iter()
        .filter_map(|(user, item, seconds)| {
            let item = kept.binary_search(item).ok()? as u32;
            Some(Like { user: *user, item, strength: 1.0, at: at(*seconds) })
        })
        .collect();
    sort_by_time(&mut likes);
    likes.dedup_by_key(|like| (like.user, like.item));
    Dataset {
        items: items.collect(),
        users: (0..USERS).map(|user| UserId::new(format!("user-{user}")).unwrap()).collect(),
        n_likers: USERS as usize,
        likes,
        signal: None,
        weak: Weak::default(),
    }
}

fn exported(data: Dataset, config: &TrainConfig) -> TrainingData {
    split_data(data, config, at(EXPORT).unwrap())
}

fn members(data: &TrainingData) -> ExternalMembers {
    let held_out = [Part::Validation, Part::Holdout].into_iter().flat_map(|part| {
        data.events(part).map(move |event| HeldOut { part, user: event.user_id.clone(), item: event.item })
    });
    ExternalMembers {
        place: "out".into(),
        split: data.manifest.clone(),
        items: data.items.clone(),
        held_out: held_out.collect(),
        kinds: Vec::new(),
        source: Box::new(NoSource),
    }
}

type HeldOut = crate::external::HeldOutEvent;

/// One like of each of some pairs, before the export.
fn histories() -> impl Strategy<Value = Vec<(u32, u32, i64)>> {
    let of_user = |user: u32| {
        prop::collection::btree_map(0..ITEMS, 0..EXPORT, 5..20)
            .prop_map(move |of| of.into_iter().map(|(item, at)| (user, item, at)).collect::<Vec<_>>())
    };
    (0..USERS).map(of_user).collect::<Vec<_>>().prop_map(|users| users.concat())
}

fn pairs(likes: &[Like], data: &Dataset) -> FxHashSet<(u32, ResourceId)> {
    let id = |item: u32| data.items[item as usize].resource.id.clone();
    likes.iter().map(|like| (like.user, id(like.item))).collect()
}

fn exported_pairs(data: &TrainingData, part: Part) -> FxHashSet<(u32, ResourceId)> {
    data.events(part).map(|event| (event.user, data.items[event.item as usize].clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_case_was_learned_from_whatever_happens_after_the_export(
        before in histories(),
        since in prop::collection::vec((0..USERS, 0..ITEMS, 0..2 * EXPORT), 0..40),
        gone in prop::option::of(0..ITEMS),
    ) {
        let config = TrainConfig::default();
        let data = exported(dataset(&before, None), &config);
        let members = members(&data);
        // A later time of an old pair takes its place, as in the store.
        let mut now = before.clone();
        now.retain(|(user, item, _)| !since.iter().any(|new| (new.0, new.1) == (*user, *item)));
        now.extend(&since);
        let store = dataset(&now, gone);
        let Ok((splits, _)) = splits_of(&members, &store, &config) else {
            // So much has changed that it might be another store.
            return Ok(());
        };
        let (train, validation, holdout) = (
            exported_pairs(&data, Part::Train),
            exported_pairs(&data, Part::Validation),
            exported_pairs(&data, Part::Holdout),
        );
        let (test, chosen_on) = (pairs(&splits.outer.test, &store), pairs(&splits.inner.test, &store));
        prop_assert!(test.is_subset(&holdout) && chosen_on.is_subset(&validation));
        prop_assert!(test.is_disjoint(&train) && test.is_disjoint(&validation) && chosen_on.is_disjoint(&train));
        // What the run fits beside them knows no case either, and nothing newer than the export.
        let (known, fitted) = (pairs(&splits.outer.known, &store), pairs(&splits.inner.known, &store));
        prop_assert!(known.is_disjoint(&test) && fitted.is_disjoint(&chosen_on) && fitted.is_disjoint(&test));
        let newest = splits.inner.known.iter().filter_map(|like| like.at).max();
        prop_assert!(newest <= at(EXPORT));
    }

    #[test]
    fn the_split_of_an_unchanged_store_is_that_of_a_run(before in histories()) {
        let config = TrainConfig::default();
        let (store, data) = (dataset(&before, None), exported(dataset(&before, None), &config));
        let own = Splits::of(hold_out(&store.likes, config.holdout, config.seed));
        let (adopted, rows) = splits_of(&members(&data), &store, &config).unwrap();
        for (own, adopted) in [
            (&own.outer.test, &adopted.outer.test),
            (&own.outer.known, &adopted.outer.known),
            (&own.inner.test, &adopted.inner.test),
            (&own.inner.known, &adopted.inner.known),
        ] {
            prop_assert_eq!(pairs(own, &store), pairs(adopted, &store));
        }
        prop_assert_eq!(own.outer.held_out, adopted.outer.held_out);
        prop_assert!(rows.iter().enumerate().all(|(item, row)| *row == Some(item as u32)));
        let counted = PartCounts {
            train: own.inner.known.len(),
            validation: own.inner.test.len(),
            holdout: own.outer.test.len(),
        };
        prop_assert_eq!(data.manifest.events, counted);
    }
}

fn refused(change: impl Fn(&mut SplitManifest)) -> String {
    let before: Vec<(u32, u32, i64)> =
        (0..USERS).flat_map(|user| (0..10).map(move |n| (user, (user + n) % ITEMS, i64::from(n)))).collect();
    let config = TrainConfig::default();
    let data = exported(dataset(&before, None), &config);
    let mut members = members(&data);
    change(&mut members.split);
    splits_of(&members, &dataset(&before, None), &config).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_manifest_that_does_not_fit_is_refused_with_what_to_do() {
    for (refused, expected) in [
        (
            refused(|split| split.format = 2),
            "out: format 2: this program reads 1; export the training data again",
        ),
        (refused(|split| split.holdout = 0.3), "the split is of holdout 0.3 and seed 42"),
        (refused(|split| split.seed = 1), "seed 1, and the settings say 0.2 and 42"),
        (refused(|split| split.resources = 31), "30 resources are listed, and the manifest says 31"),
        (refused(|split| split.fingerprint.clear()), "not those of the fingerprint"),
    ] {
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
}
