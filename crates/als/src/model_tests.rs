use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use docent_domain::InteractionMatrix;

fn config(dim: usize) -> AlsConfig {
    AlsConfig { dim, unobserved_weight: Some(0.1), ..AlsConfig::default() }
}

fn train(likes: &InteractionMatrix, config: &AlsConfig) -> AlsModel {
    AlsModel::train(likes, config, |_| ControlFlow::Continue(())).unwrap()
}

/// Even users like even items and odd users odd ones, except the one with their own number.
fn checkerboard(n: u32) -> InteractionMatrix {
    let pairs = (0..n).flat_map(|u| (0..n).map(move |i| (u, i)));
    let liked = pairs.filter(|(u, i)| u % 2 == i % 2 && u != i);
    InteractionMatrix::from_triples(n as usize, n as usize, liked.map(|(u, i)| (u, i, 1.0))).unwrap()
}

#[test]
fn a_checkerboard_is_learned() {
    let model = train(&checkerboard(30), &config(8));
    for user in 0..30u32 {
        let factors = &model.user_factors()[user as usize * 8..][..8];
        let held_out = model.score(factors, user);
        let others = (0..30u32).filter(|item| item % 2 != user % 2);
        assert!(others.map(|item| model.score(factors, item)).all(|score| score < held_out - 0.1));
    }
}

#[test]
fn fold_in_gives_what_training_gave() {
    let likes = checkerboard(30);
    let model = train(&likes, &config(8));
    // The last half sweep moved the items: one more user solve is the fixed point that fold-in computes.
    let again = model.fold_in(&[(2, 1.0), (4, 1.0), (6, 1.0)]).unwrap();
    assert!(model.score(&again, 8) > 0.5 && model.score(&again, 7) < 0.2);
}

#[test]
fn fold_in_minimises_the_objective() {
    let likes = checkerboard(12);
    let model = train(&likes, &config(4));
    let history = [(0, 1.0), (2, 2.5), (7, 0.5)];
    let solved = model.fold_in(&history).unwrap();
    // Three observations, where users have five on the average.
    let weight = 0.1 * (1.0 + 3.0 / 5.0) / 2.0;
    let loss = |x: &[f32]| {
        let observed: f32 = history.iter().map(|&(i, c)| c * (1.0 - model.score(x, i)).powi(2)).sum();
        let all: f32 = (0..12).map(|i| weight * model.score(x, i).powi(2)).sum();
        let norm: f32 = x.iter().map(|v| v * v).sum();
        observed + all + model.config.regularization * (3.0 + 12.0 * weight) * norm
    };
    for axis in 0..4 {
        for step in [-0.01, 0.01] {
            let mut moved = solved.clone();
            moved[axis] += step;
            assert!(loss(&moved) > loss(&solved));
        }
    }
}

#[test]
fn leaving_one_out_is_folding_in_the_rest() {
    let model = train(&checkerboard(12), &config(4));
    let history = [(0, 1.0), (2, 2.5), (7, 0.5), (9, 1.0)];
    let without = model.fold_in_without_each(&history).unwrap();
    for (left_out, found) in without.chunks_exact(4).enumerate() {
        let rest: Vec<(u32, f32)> =
            history.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, event)| *event).collect();
        let (columns, confidences): (Vec<u32>, Vec<f32>) = rest.iter().copied().unzip();
        let mut expected = [0.0; 4];
        // What is not observed counts as for the whole history.
        let whole = model.row(&[0, 2, 7, 9], &[]);
        let row = Row { columns: &columns, confidences: &confidences, ..whole };
        assert!(model.solver().solve(&row, &mut expected));
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?} {expected:?}");
    }
    assert!(model.fold_in_without_each(&[]).unwrap().is_empty());
}

#[test]
fn the_same_seed_gives_the_same_factors_on_any_number_of_threads() {
    let likes = checkerboard(100);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| train(&likes, &config(8)))
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn a_user_who_likes_everything_and_one_who_likes_nothing_do_no_harm() {
    let all = (0..20).map(|i| (0, i, 1.0)).chain([(1, 3, 1.0)]);
    let model = train(&InteractionMatrix::from_triples(3, 20, all).unwrap(), &config(4));
    assert!(model.user_factors().iter().chain(model.item_factors()).all(|x| x.is_finite()));
    assert_eq!(&model.user_factors()[8..], [0.0; 4]);
    assert_eq!(model.fold_in(&[]).unwrap(), [0.0; 4]);
}

#[test]
fn saved_and_loaded_factors_score_the_same() {
    let model = train(&checkerboard(10), &config(4));
    let loaded = AlsModel::from_factors(
        model.config().clone(),
        model.user_factors.clone(),
        model.item_factors.clone(),
    );
    assert_eq!(loaded.as_ref(), Ok(&model));
    let broken = AlsModel::from_factors(config(4), vec![0.0; 7], vec![]);
    assert_eq!(broken, Err(AlsError::Shape { what: "user factors", expected: 4, got: 7 }));
}

#[test]
fn training_stops_when_asked() {
    let mut halves = 0;
    let stopped = AlsModel::train(&checkerboard(10), &config(4), |half| {
        halves = half.done;
        if half.done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((stopped, halves), (Err(AlsError::Interrupted), 3));
}

#[test]
fn bad_settings_and_bad_histories_are_refused() {
    let likes = checkerboard(10);
    for broken in [
        AlsConfig { dim: 0, ..config(4) },
        AlsConfig { sweeps: 0, ..config(4) },
        AlsConfig { regularization: 0.0, ..config(4) },
        AlsConfig { regularization: f32::NAN, ..config(4) },
        AlsConfig { unobserved_weight: Some(-1.0), ..config(4) },
    ] {
        let refused = AlsModel::train(&likes, &broken, |_| ControlFlow::Continue(()));
        assert!(matches!(refused, Err(AlsError::InvalidConfig { .. })), "{broken:?}");
    }
    let nothing = InteractionMatrix::from_triples(3, 3, []).unwrap();
    assert_eq!(
        AlsModel::train(&nothing, &config(4), |_| ControlFlow::Continue(())),
        Err(AlsError::NoInteractions)
    );
    let model = train(&likes, &config(4));
    assert!(matches!(model.fold_in(&[(10, 1.0)]), Err(AlsError::OutOfRange { index: 10, .. })));
    assert!(matches!(model.fold_in(&[(1, f32::NAN)]), Err(AlsError::InvalidConfidence { .. })));
}

proptest! {
    #[test]
    fn scores_are_finite_for_any_history(history in prop::collection::vec((0u32..10, 0.01f32..10.0), 0..20)) {
        let model = train(&checkerboard(10), &config(4));
        let user = model.fold_in(&history).unwrap();
        let mut scores = Vec::new();
        model.score_all(&user, &mut scores);
        prop_assert!(scores.len() == 10 && scores.iter().all(|s| s.is_finite()));
    }
}
