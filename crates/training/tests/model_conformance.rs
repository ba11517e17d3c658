//! Conformance of the collaborative models: one suite, run on every kind of model.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::{ops::ControlFlow, process::ExitCode};

use docent_als::AlsConfig;
use docent_domain::InteractionMatrix;
use docent_models::{CollaborativeModel, ModelError, ModelKind, load};
use docent_ncf::{NcfConfig, NcfError};
use docent_snapshot::SnapshotStore;
use docent_test_support::{Trial, run};
use docent_training::fit::{FitEvent, FitSettings, Objective, fit};

/// Users and items of the checkerboard: even users choose even items, odd users odd ones.
const SIDE: u32 = 40;

/// Tests of one kind of model, by name.
type Conformance = [(&'static str, fn(ModelKind))];

const EVERY_KIND: &Conformance = &[
    ("scores_are_finite_for_every_history_and_the_same_for_some_items_as_for_all", scores_are_consistent),
    ("a_list_has_no_seen_item_and_no_item_twice", lists_are_unique),
    ("the_same_seed_gives_the_same_scores_on_one_thread", fits_are_deterministic),
    ("a_saved_and_loaded_model_scores_the_same", saved_models_score_the_same),
    ("a_user_who_likes_everything_and_a_batch_of_one_do_no_harm", extremes_do_no_harm),
    ("an_unknown_item_is_an_error", unknown_items_are_errors),
    ("a_fit_stops_when_the_observer_says_so", fits_can_be_stopped),
];

/// Tests of models that learn the taste of users, which popularity does not.
const LEARNERS: &Conformance = &[
    ("a_checkerboard_is_learned", a_checkerboard_is_learned),
    ("a_user_who_was_absent_at_training_is_served_by_their_history", absent_users_are_served),
    ("a_fit_without_data_is_an_error", no_data_is_an_error),
];

/// Tests of models with a network.
const NETWORKS: &Conformance = &[("training_stops_at_a_batch", training_stops_at_a_batch)];

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for kind in ModelKind::ALL {
        add(&mut trials, kind, EVERY_KIND);
        if kind != ModelKind::Popularity {
            add(&mut trials, kind, LEARNERS);
        }
        if cfg!(feature = "ncf") && matches!(kind, ModelKind::Ncf | ModelKind::Hybrid) {
            add(&mut trials, kind, NETWORKS);
        }
    }
    run(trials)
}

/// Adds the trials of one kind of model. NCF trials are ignored in a build that cannot train it.
fn add(trials: &mut Vec<Trial>, kind: ModelKind, tests: &'static Conformance) {
    let is_ignored = cfg!(not(feature = "ncf")) && kind == ModelKind::Ncf;
    for &(name, test) in tests {
        let trial = Trial::test(format!("{kind}::{name}"), move || {
            test(kind);
            Ok(())
        });
        trials.push(trial.with_ignored_flag(is_ignored));
    }
}

fn matrix(n_users: u32, n_items: u32, pairs: impl Iterator<Item = (u32, u32)>) -> InteractionMatrix {
    let triples = pairs.map(|(user, item)| (user, item, 1.0));
    InteractionMatrix::from_triples(n_users as usize, n_items as usize, triples).expect("a matrix")
}

/// Returns true for the squares that are not in the training data, about a fifth.
fn is_held_out(user: u32, item: u32) -> bool {
    (user / 2 + item / 2).is_multiple_of(5)
}

fn checkerboard() -> impl Iterator<Item = (u32, u32)> {
    let squares = (0..SIDE).flat_map(|user| (0..SIDE).map(move |item| (user, item)));
    squares.filter(|&(user, item)| user % 2 == item % 2 && !is_held_out(user, item))
}

fn settings() -> FitSettings {
    let ncf = NcfConfig { dim: 4, layers: vec![16, 8], epochs: 5, batch_size: 32, ..NcfConfig::default() };
    FitSettings {
        als: AlsConfig { dim: 4, ..AlsConfig::default() },
        low_rank_als: AlsConfig { dim: 4, ..AlsConfig::low_rank() },
        ncf,
        objective: Objective::Full { k: 10 },
        ..FitSettings::default()
    }
}

fn trained(kind: ModelKind, likes: &InteractionMatrix) -> Box<dyn CollaborativeModel> {
    fit(kind, likes, &settings(), &mut |_| ControlFlow::Continue(())).expect("a fitted model")
}

fn on_the_board(kind: ModelKind) -> Box<dyn CollaborativeModel> {
    trained(kind, &matrix(SIDE, SIDE, checkerboard()))
}

fn scores(model: &dyn CollaborativeModel, history: &[(u32, f32)]) -> Vec<f32> {
    let mut scores = Vec::new();
    model.score_all(history, &mut scores).expect("scores");
    scores
}

/// Returns the bits of the scores of all items, to compare models exactly.
fn bits(model: &dyn CollaborativeModel) -> Vec<u32> {
    scores(model, &history([1, 8, 9])).iter().map(|score| score.to_bits()).collect()
}

fn history(items: impl IntoIterator<Item = u32>) -> Vec<(u32, f32)> {
    items.into_iter().map(|item| (item, 1.0)).collect()
}

fn a_checkerboard_is_learned(kind: ModelKind) {
    let model = on_the_board(kind);
    for user in 0..SIDE {
        let chosen = checkerboard().filter(|&(of, _)| of == user).map(|(_, item)| item);
        let scores = scores(model.as_ref(), &history(chosen));
        let (mut min_liked, mut max_other) = (f32::INFINITY, f32::NEG_INFINITY);
        for (item, &score) in (0..SIDE).zip(&scores) {
            if item % 2 != user % 2 {
                max_other = max_other.max(score);
            } else if is_held_out(user, item) {
                min_liked = min_liked.min(score);
            }
        }
        assert!(max_other < min_liked, "user {user}: {scores:?}");
    }
}

fn absent_users_are_served(kind: ModelKind) {
    let best = on_the_board(kind).recommend(&history([1, 7, 33]), 10).expect("a list");
    assert!(best.iter().all(|item| item % 2 == 1), "{best:?}");
}

fn scores_are_consistent(kind: ModelKind) {
    let model = on_the_board(kind);
    assert_eq!((model.kind(), model.n_items()), (kind, SIDE as usize));
    assert!(model.n_parameters() > 0);
    for history in [history([]), history([5]), history(0..SIDE), vec![(3, 0.2), (4, 40.0)]] {
        let all = scores(model.as_ref(), &history);
        assert_eq!(all.len(), SIDE as usize);
        assert!(all.iter().all(|score| score.is_finite()), "{history:?}");
        let mut some = Vec::new();
        model.score(&history, &[7, 0, 7], &mut some).expect("scores");
        for (score, item) in some.iter().zip([7, 0, 7]) {
            assert!((score - all[item]).abs() < 1e-4, "item {item}: {score} {}", all[item]);
        }
    }
}

fn lists_are_unique(kind: ModelKind) {
    let model = on_the_board(kind);
    let seen = [30, 2, 4, 11];
    let mut list = model.recommend(&history(seen), 100).expect("a list");
    assert_eq!(list.len(), SIDE as usize - seen.len());
    assert!(list.iter().all(|item| !seen.contains(item)));
    list.sort_unstable();
    list.dedup();
    assert_eq!(list.len(), SIDE as usize - seen.len());
    assert!(model.recommend(&history(0..SIDE), 10).expect("a list").is_empty());
}

fn fits_are_deterministic(kind: ModelKind) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let [first, second] = [(); 2].map(|()| bits(pool.install(|| on_the_board(kind)).as_ref()));
    assert_eq!(first, second);
}

fn saved_models_score_the_same(kind: ModelKind) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SnapshotStore::new(folder.path());
    let model = on_the_board(kind);
    let mut draft = store.draft().expect("a draft");
    model.save(&mut draft, "model").expect("saved");
    let published = draft.publish(serde_json::Value::Null).expect("published");
    store.promote(&published).expect("promoted");
    let snapshot = store.open_current().expect("readable").expect("present");
    let loaded = load(&snapshot, "model").expect("loaded");
    assert_eq!(loaded.kind(), kind);
    assert_eq!(bits(model.as_ref()), bits(loaded.as_ref()));
}

fn extremes_do_no_harm(kind: ModelKind) {
    let everything = checkerboard().chain((0..SIDE).map(|item| (SIDE, item)));
    let likes = matrix(SIDE + 1, SIDE, everything);
    // 33 pairs are a batch of 32 and one of 1.
    let few = matrix(SIDE, SIDE, checkerboard().take(33));
    let one = matrix(1, 3, [(0, 1)].into_iter());
    for (likes, items) in [(&likes, SIDE), (&few, SIDE), (&one, 3)] {
        let all = scores(trained(kind, likes).as_ref(), &history([1]));
        assert_eq!(all.len(), items as usize);
        assert!(all.iter().all(|score| score.is_finite()));
    }
}

fn unknown_items_are_errors(kind: ModelKind) {
    assert!(on_the_board(kind).score(&history([1]), &[0, SIDE], &mut Vec::new()).is_err());
}

fn no_data_is_an_error(kind: ModelKind) {
    let empty = matrix(3, 3, std::iter::empty());
    assert!(fit(kind, &empty, &settings(), &mut |_| ControlFlow::Continue(())).is_err());
}

fn fits_can_be_stopped(kind: ModelKind) {
    let likes = matrix(SIDE, SIDE, checkerboard());
    let stopped = fit(kind, &likes, &settings(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(&stopped, Err(error) if error.is_interrupted()), "{stopped:?}");
}

fn training_stops_at_a_batch(kind: ModelKind) {
    let likes = matrix(SIDE, SIDE, checkerboard());
    let stopped = fit(kind, &likes, &settings(), &mut |event| match event {
        FitEvent::Ncf(progress) if progress.batch == 3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    let interrupted = matches!(&stopped, Err(ModelError::Ncf(NcfError::Interrupted { .. })));
    assert!(interrupted, "{stopped:?}");
}
