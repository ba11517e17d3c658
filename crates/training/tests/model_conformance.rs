//! Conformance of the collaborative models: one suite, run on every kind of model.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::{ops::ControlFlow, process::ExitCode};

use docent_als::{AlsConfig, AlsModel};
use docent_domain::{Event, Histories, InteractionMatrix, Micros};
use docent_models::{AlsRecommender, CollaborativeModel, ModelKind, load};
use docent_ncf::NcfConfig;
use docent_snapshot::SnapshotStore;
use docent_test_support::{Trial, run};
use docent_training::fit::{FitData, FitEvent, FitSettings, ModelConfig, Objective, fit};

/// Users and items of the checkerboard: even users choose even items, odd users odd ones.
const SIDE: u32 = 40;

/// Tests of one kind of model, by name.
type Conformance = [(&'static str, fn(ModelKind))];

const EVERY_KIND: &Conformance = &[
    ("scores_are_finite_for_every_history_and_the_same_for_some_items_as_for_all", scores_are_consistent),
    ("the_mean_and_the_best_are_those_of_all_scores", mean_and_best_are_those_of_all),
    ("a_list_has_no_seen_item_and_no_item_twice", lists_are_unique),
    ("the_same_seed_gives_the_same_scores_on_one_thread", fits_are_deterministic),
    ("a_saved_and_loaded_model_scores_the_same", saved_models_score_the_same),
    ("a_user_who_likes_everything_and_a_batch_of_one_do_no_harm", extremes_do_no_harm),
    ("an_unknown_item_is_an_error", unknown_items_are_errors),
    ("a_fit_stops_when_the_observer_says_so", fits_can_be_stopped),
];

/// Tests of models that learn the taste of users, which popularity does not, from interactions,
/// which the cosine of attributes does not.
const LEARNERS: &Conformance = &[
    ("a_checkerboard_is_learned", a_checkerboard_is_learned),
    ("a_user_who_was_absent_at_training_is_served_by_their_history", absent_users_are_served),
];

/// Tests of models that need a part of the data that others do without.
const NEEDY: &Conformance = &[("a_fit_without_what_it_learns_from_is_an_error", missing_data_is_an_error)];

/// Tests of factorisations.
const FACTORISATIONS: &Conformance =
    &[("nearly_all_of_the_best_of_many_items_are_found_by_bytes", best_by_bytes_are_the_best)];

/// Tests of models with a network.
const NETWORKS: &Conformance = &[("training_stops_at_a_batch", training_stops_at_a_batch)];

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for kind in ModelKind::ALL {
        add(&mut trials, kind, EVERY_KIND);
        if !matches!(kind, ModelKind::Popularity | ModelKind::RecentPopularity) {
            add(&mut trials, kind, LEARNERS);
        }
        if kind != ModelKind::Popularity {
            add(&mut trials, kind, NEEDY);
        }
        if matches!(kind, ModelKind::Als | ModelKind::LowRankAls) {
            add(&mut trials, kind, FACTORISATIONS);
        }
        if cfg!(feature = "ncf") && kind == ModelKind::Ncf {
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

/// Histories in the order of the pairs, a day apart; even items have one attribute, odd ones
/// another.
fn data(n_users: u32, n_items: u32, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> FitData {
    let event = |(day, (user, item)): (i64, (u32, u32))| {
        (user, Event { time: Some(Micros::new(day * 86_400_000_000)), ..Event::of(item) })
    };
    let histories = Histories::new(n_users as usize, n_items as usize, (0..).zip(pairs).map(event), true);
    let attributes = (0..n_items).map(|item| (item % 2, item, 1.0));
    let attributes = InteractionMatrix::from_triples(2, n_items as usize, attributes).expect("attributes");
    FitData::new(histories.expect("histories")).with_attributes(attributes)
}

/// Returns true for the squares that are not in the training data, about a fifth.
fn is_held_out(user: u32, item: u32) -> bool {
    (user / 2 + item / 2).is_multiple_of(5)
}

fn checkerboard() -> impl Iterator<Item = (u32, u32)> + Clone {
    let squares = (0..SIDE).flat_map(|user| (0..SIDE).map(move |item| (user, item)));
    squares.filter(|&(user, item)| user % 2 == item % 2 && !is_held_out(user, item))
}

fn settings() -> FitSettings {
    let ncf = NcfConfig { dim: 4, layers: vec![16, 8], epochs: 5, batch_size: 32, ..NcfConfig::default() };
    let models = ModelConfig {
        als: AlsConfig { dim: 4, ..AlsConfig::default() },
        low_rank_als: AlsConfig { dim: 4, ..AlsConfig::low_rank() },
        ncf,
        ..ModelConfig::default()
    };
    FitSettings { models, objective: Objective::Full { k: 10 }, ..FitSettings::default() }
}

fn trained(kind: ModelKind, likes: &FitData) -> Box<dyn CollaborativeModel> {
    fit(kind, likes, &settings(), &mut |_| ControlFlow::Continue(())).expect("a fitted model")
}

fn on_the_board(kind: ModelKind) -> Box<dyn CollaborativeModel> {
    trained(kind, &data(SIDE, SIDE, checkerboard()))
}

fn scores(model: &dyn CollaborativeModel, history: &[Event]) -> Vec<f32> {
    model.fold_in(history).expect("a user").all().expect("scores").to_vec()
}

/// Returns the bits of the scores of all items, to compare models exactly.
fn bits(model: &dyn CollaborativeModel) -> Vec<u32> {
    scores(model, &history([1, 8, 9])).iter().map(|score| score.to_bits()).collect()
}

fn history(items: impl IntoIterator<Item = u32>) -> Vec<Event> {
    items.into_iter().map(Event::of).collect()
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
    let uneven = [(3, 0.2), (4, 40.0)].map(|(item, confidence)| Event { confidence, ..Event::of(item) });
    for history in [history([]), history([5]), history(0..SIDE), uneven.to_vec(), history([6, 2, 6])] {
        let all = scores(model.as_ref(), &history);
        assert_eq!(all.len(), SIDE as usize);
        assert!(all.iter().all(|score| score.is_finite()), "{history:?}");
        let some = model.fold_in(&history).expect("a user").score(&[7, 0, 7]).expect("scores");
        for (score, item) in some.iter().zip([7, 0, 7]) {
            assert!((score - all[item]).abs() < 1e-4, "item {item}: {score} {}", all[item]);
        }
    }
}

fn mean_and_best_are_those_of_all(kind: ModelKind) {
    let model = on_the_board(kind);
    for history in [history([]), history([5, 9]), history(0..SIDE)] {
        let user = model.fold_in(&history).expect("a user");
        let all = user.all().expect("scores");
        let mean = all.iter().sum::<f32>() / all.len() as f32;
        let found = user.mean().expect("a mean");
        assert!((found - mean).abs() < 1e-4 * (1.0 + mean.abs()), "{found} {mean}");
        // A user whose scores are not known yet: models find the best without them.
        let best = model.fold_in(&history).expect("a user").best(3, &[0, 5]).expect("the best");
        assert_eq!(best.len(), 3);
        assert!(best.iter().all(|(item, _)| ![0, 5].contains(item)));
        let better = |item: &u32| all[*item as usize] > best[0].1 + 1e-4;
        // NCF retrieves by its linear start.
        assert!(
            kind == ModelKind::Ncf || !(0..SIDE).filter(|item| ![0, 5].contains(item)).any(|i| better(&i))
        );
    }
}

fn best_by_bytes_are_the_best(kind: ModelKind) {
    let (n_items, dim, k) = (5_000, 64, 200);
    // Axes of falling size, as those of a trained model.
    let factor = |at: usize| {
        let drawn = docent_domain::scattered(0, at as u64, 7) % 20_001;
        (drawn as f32 / 10_000.0 - 1.0) / (1.0 + (at % dim) as f32)
    };
    let config = AlsConfig { dim, regularization: Some(0.01), ..AlsConfig::default() };
    let factors = (0..n_items * dim).map(factor).collect();
    let model = AlsModel::from_factors(config, Vec::new(), factors).expect("factors");
    let model = AlsRecommender::new(kind, model);
    let user = model.fold_in(&history([3, 14, 159])).expect("a user");
    let found = user.best(k, &[3]).expect("the best");
    user.all().expect("scores");
    let exact = user.best(k, &[3]).expect("the best");
    let common = found.iter().filter(|best| exact.contains(best)).count();
    assert!(found.len() == k && common * 50 >= k * 49, "{common} of {k}");
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
    let likes = data(SIDE + 1, SIDE, everything);
    // 33 pairs are a batch of 32 and one of 1.
    let few = data(SIDE, SIDE, checkerboard().take(33));
    let one = data(1, 3, [(0, 1)].into_iter());
    for (likes, items) in [(&likes, SIDE), (&few, SIDE), (&one, 3)] {
        let all = scores(trained(kind, likes).as_ref(), &history([1]));
        assert_eq!(all.len(), items as usize);
        assert!(all.iter().all(|score| score.is_finite()));
    }
}

fn unknown_items_are_errors(kind: ModelKind) {
    let model = on_the_board(kind);
    assert!(model.fold_in(&history([1])).expect("a user").score(&[0, SIDE]).is_err());
}

fn missing_data_is_an_error(kind: ModelKind) {
    let nothing = FitData::new(Histories::new(3, 3, [], true).expect("histories"));
    assert!(fit(kind, &nothing, &settings(), &mut |_| ControlFlow::Continue(())).is_err());
}

fn fits_can_be_stopped(kind: ModelKind) {
    let likes = data(SIDE, SIDE, checkerboard());
    let stopped = fit(kind, &likes, &settings(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(&stopped, Err(error) if error.is_interrupted()), "{stopped:?}");
}

fn training_stops_at_a_batch(kind: ModelKind) {
    let likes = data(SIDE, SIDE, checkerboard());
    let stopped = fit(kind, &likes, &settings(), &mut |event| match event {
        FitEvent::Ncf(progress) if progress.batch == 3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(&stopped, Err(error) if error.is_interrupted()), "{stopped:?}");
}
