//! What every collaborative model must do, asked of each of them.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use std::ops::ControlFlow;

use docent::{
    AlsConfig, Error, NcfConfig, SnapshotStore,
    collaborative::{
        CollaborativeModel, FitEvent, FitSettings, InteractionMatrix, ModelKind, Objective, fit, load,
    },
};

/// Users and items of the checkerboard: even users choose even items, odd users odd ones.
const SIDE: u32 = 40;

/// Models that learn who likes what; popularity does not.
const LEARNERS: [ModelKind; 6] = [
    ModelKind::ItemKnn,
    ModelKind::Ease,
    ModelKind::Als,
    ModelKind::BroadAls,
    ModelKind::Ncf,
    ModelKind::Hybrid,
];

fn matrix(n_users: u32, n_items: u32, pairs: impl Iterator<Item = (u32, u32)>) -> InteractionMatrix {
    let triples = pairs.map(|(user, item)| (user, item, 1.0));
    InteractionMatrix::from_triples(n_users as usize, n_items as usize, triples).expect("a matrix")
}

/// About a fifth of the squares is kept from training.
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
        broad_als: AlsConfig { dim: 4, ..AlsConfig::broad() },
        ncf,
        objective: Objective::Full { k: 10 },
        ..FitSettings::default()
    }
}

fn trained(kind: ModelKind, likes: &InteractionMatrix) -> Box<dyn CollaborativeModel> {
    fit(kind, likes, &settings(), &mut |_| ControlFlow::Continue(()))
        .unwrap_or_else(|e| panic!("{kind}: {e}"))
}

fn on_the_board(kind: ModelKind) -> Box<dyn CollaborativeModel> {
    trained(kind, &matrix(SIDE, SIDE, checkerboard()))
}

fn scores(model: &dyn CollaborativeModel, history: &[(u32, f32)]) -> Vec<f32> {
    let mut scores = Vec::new();
    model.score_all(history, &mut scores).expect("scores");
    scores
}

fn history(items: impl IntoIterator<Item = u32>) -> Vec<(u32, f32)> {
    items.into_iter().map(|item| (item, 1.0)).collect()
}

#[test]
fn a_checkerboard_is_learned() {
    for kind in LEARNERS {
        let model = on_the_board(kind);
        for user in 0..SIDE {
            let chosen = checkerboard().filter(|&(of, _)| of == user).map(|(_, item)| item);
            let scores = scores(model.as_ref(), &history(chosen));
            let of = |wanted: &dyn Fn(u32) -> bool| {
                (0..SIDE)
                    .zip(&scores)
                    .filter(|(item, _)| wanted(*item))
                    .map(|(_, s)| *s)
                    .collect::<Vec<f32>>()
            };
            let liked = of(&|item| item % 2 == user % 2 && is_held_out(user, item));
            let others = of(&|item| item % 2 != user % 2);
            let least = liked.iter().copied().fold(f32::INFINITY, f32::min);
            assert!(others.iter().all(|other| *other < least), "{kind}: user {user}: {liked:?} {others:?}");
        }
    }
}

#[test]
fn a_person_who_was_not_there_is_served_by_their_history() {
    for kind in LEARNERS {
        let model = on_the_board(kind);
        let best = model.recommend(&history([1, 7, 33]), 10).expect("a list");
        assert!(best.iter().all(|item| item % 2 == 1), "{kind}: {best:?}");
    }
}

#[test]
fn scores_are_finite_whatever_the_history_and_the_same_for_some_items_as_for_all() {
    for kind in ModelKind::ALL {
        let model = on_the_board(kind);
        assert_eq!((model.kind(), model.n_items()), (kind, SIDE as usize));
        assert!(model.n_parameters() > 0);
        for history in [history([]), history([5]), history(0..SIDE), vec![(3, 0.2), (4, 40.0)]] {
            let all = scores(model.as_ref(), &history);
            assert_eq!(all.len(), SIDE as usize, "{kind}");
            assert!(all.iter().all(|score| score.is_finite()), "{kind}: {history:?}");
            let mut some = Vec::new();
            model.score(&history, &[7, 0, 7], &mut some).expect("scores");
            for (score, item) in some.iter().zip([7, 0, 7]) {
                assert!((score - all[item]).abs() < 1e-4, "{kind}: item {item}: {score} {}", all[item]);
            }
        }
    }
}

#[test]
fn nothing_seen_is_returned_and_nothing_twice() {
    for kind in ModelKind::ALL {
        let model = on_the_board(kind);
        let seen = [30, 2, 4, 11];
        let mut list = model.recommend(&history(seen), 100).expect("a list");
        assert_eq!(list.len(), SIDE as usize - seen.len(), "{kind}");
        assert!(list.iter().all(|item| !seen.contains(item)), "{kind}");
        list.sort_unstable();
        list.dedup();
        assert_eq!(list.len(), SIDE as usize - seen.len(), "{kind}");
        assert!(model.recommend(&history(0..SIDE), 10).expect("a list").is_empty(), "{kind}");
    }
}

#[test]
fn the_same_seed_gives_the_same_scores_on_one_thread() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    for kind in ModelKind::ALL {
        let bits = || {
            let model = pool.install(|| on_the_board(kind));
            scores(model.as_ref(), &history([1, 8, 9])).iter().map(|s| s.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(bits(), bits(), "{kind}");
    }
}

#[test]
fn saved_and_loaded_models_score_the_same() {
    for kind in ModelKind::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SnapshotStore::new(folder.path());
        let model = on_the_board(kind);
        let mut draft = store.draft().expect("a draft");
        model.save(&mut draft, "model").expect("saved");
        let published = draft.publish(serde_json::Value::Null).expect("published");
        store.promote(&published).expect("promoted");
        let snapshot = store.open_current().expect("readable").expect("there");
        let loaded = load(&snapshot, "model").expect("loaded");
        assert_eq!(loaded.kind(), kind);
        let bits = |model: &dyn CollaborativeModel| {
            scores(model, &history([1, 8, 9])).iter().map(|s| s.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(bits(model.as_ref()), bits(loaded.as_ref()), "{kind}");
    }
}

#[test]
fn a_user_who_likes_everything_and_a_batch_of_one_do_no_harm() {
    let everything = checkerboard().chain((0..SIDE).map(|item| (SIDE, item)));
    let likes = matrix(SIDE + 1, SIDE, everything);
    // 33 pairs are a batch of 32 and one of 1.
    let few = matrix(SIDE, SIDE, checkerboard().take(33));
    let one = matrix(1, 3, [(0, 1)].into_iter());
    for kind in ModelKind::ALL {
        for (likes, items) in [(&likes, SIDE), (&few, SIDE), (&one, 3)] {
            let model = trained(kind, likes);
            let all = scores(model.as_ref(), &history([1]));
            assert_eq!(all.len(), items as usize, "{kind}");
            assert!(all.iter().all(|score| score.is_finite()), "{kind}");
        }
    }
}

#[test]
fn an_item_that_is_not_there_is_an_error() {
    for kind in ModelKind::ALL {
        let refused = on_the_board(kind).score(&history([1]), &[0, SIDE], &mut Vec::new());
        assert!(refused.is_err(), "{kind}");
    }
}

#[test]
fn nothing_to_learn_from_is_an_error_for_those_that_learn() {
    let empty = matrix(3, 3, std::iter::empty());
    for kind in LEARNERS {
        let refused = fit(kind, &empty, &settings(), &mut |_| ControlFlow::Continue(()));
        assert!(refused.is_err(), "{kind}");
    }
}

#[test]
fn training_stops_when_asked() {
    let likes = matrix(SIDE, SIDE, checkerboard());
    for kind in ModelKind::ALL {
        let stopped = fit(kind, &likes, &settings(), &mut |_| ControlFlow::Break(()));
        assert!(stopped.is_err(), "{kind}");
    }
    for kind in [ModelKind::Ncf, ModelKind::Hybrid] {
        let at_a_batch = |event: &FitEvent| match event {
            FitEvent::Ncf(progress) if progress.batch == 3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let stopped = fit(kind, &likes, &settings(), &mut { at_a_batch });
        let interrupted = matches!(stopped, Err(Error::Ncf(docent_ncf::NcfError::Interrupted { .. })));
        assert!(interrupted, "{kind}");
    }
}
