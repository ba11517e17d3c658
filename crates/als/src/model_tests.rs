use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use docent_domain::InteractionMatrix;

fn config(dim: usize) -> AlsConfig {
    let (unobserved_weight, regularization) = (Some(0.1), Some(0.007));
    AlsConfig { dim, unobserved_weight, regularization, ..AlsConfig::default() }
}

fn train(likes: &InteractionMatrix, config: &AlsConfig) -> AlsModel {
    AlsModel::train(likes, config, |_| ControlFlow::Continue(())).unwrap()
}

/// Returns data in which even users like even items and odd users odd ones, except the item of
/// their own number.
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
    // The last half sweep moved the items: one more user solve is the fixed point that fold-in
    // computes.
    let again = model.fold_in(&[(2, 1.0), (4, 1.0), (6, 1.0)]).unwrap();
    assert!(model.score(&again, 8) > 0.5 && model.score(&again, 7) < 0.2);
}

#[test]
fn fold_in_minimises_the_objective() {
    let likes = checkerboard(12);
    let model = train(&likes, &config(4));
    let history = [(0, 1.0), (2, 2.5), (7, 0.5)];
    let solved = model.fold_in(&history).unwrap();
    // Three observations, against five on average.
    let weight = 0.1 * (1.0 + 3.0 / 5.0) / 2.0;
    let loss = |x: &[f32]| {
        let observed: f32 = history.iter().map(|&(i, c)| c * (1.0 - model.score(x, i)).powi(2)).sum();
        let all: f32 = (0..12).map(|i| weight * model.score(x, i).powi(2)).sum();
        let norm: f32 = x.iter().map(|v| v * v).sum();
        observed + all + model.config.regularization.unwrap() * (3.0 + 12.0 * weight) * norm
    };
    for axis in 0..4 {
        for step in [-0.01, 0.01] {
            let mut moved = solved.clone();
            moved[axis] += step;
            assert!(loss(&moved) > loss(&solved));
        }
    }
}

/// Returns the events of users with six, two and one item.
fn of_different_activity() -> Vec<(u32, u32, f32)> {
    let of = |user: u32, items: &[u32]| items.iter().map(|&item| (user, item, 1.0)).collect::<Vec<_>>();
    [of(0, &[0, 1, 2, 3, 4, 5]), of(1, &[0, 3]), of(2, &[5])].concat()
}

#[test]
fn items_minimise_the_objective_of_active_users_and_rare_items() {
    let likes = InteractionMatrix::from_triples(3, 6, of_different_activity()).unwrap();
    let settings =
        AlsConfig { regularization: Some(0.5), popularity_exponent: 0.5, item_ridge_mass: 0.4, ..config(2) };
    let model = train(&likes, &settings);
    // Three items have two users and three have one; the nine observations weigh nine together.
    let scale = 9.0 / (3.0 * 2f32.sqrt() + 3.0);
    // Three observations on average.
    let weights = [6.0, 2.0, 1.0].map(|n: f32| 0.1 * (1.0 + n / 3.0) / 2.0);
    let user = |at: usize| &model.user_factors()[at * 2..][..2];
    for item in 0..6u32 {
        let liked = |at: usize| likes.row(at).0.contains(&item);
        let loss = |y: &[f32]| {
            let score = |at: usize| user(at).iter().zip(y).map(|(a, b)| a * b).sum::<f32>();
            let observed: f32 = (0..3).filter(|&at| liked(at)).map(|at| (1.0 - score(at)).powi(2)).sum();
            let all: f32 = (0..3).map(|at| weights[at] * score(at).powi(2)).sum();
            let n = (0..3).filter(|&at| liked(at)).count() as f32;
            let observed = n.powf(-0.5) * scale * observed;
            let ridge = model.config.regularization.unwrap() * (n + 0.4 * weights.iter().sum::<f32>());
            observed + all + ridge * y.iter().map(|v| v * v).sum::<f32>()
        };
        let solved = model.item(item).unwrap().to_vec();
        for (axis, step) in [(0, 0.01), (0, -0.01), (1, 0.01), (1, -0.01)] {
            let mut moved = solved.clone();
            moved[axis] += step;
            assert!(loss(&moved) > loss(&solved), "item {item}, axis {axis}: {step}");
        }
    }
}

#[test]
fn a_user_of_a_model_with_a_prior_is_drawn_to_it() {
    let items = (0..12).map(|x| x as f32 / 10.0).collect();
    let strict = AlsConfig { regularization: Some(1e3), ..config(2) };
    let model = AlsModel::from_factors(strict, Vec::new(), items).unwrap();
    let model = model.with_prior(vec![0.5, -0.25]).unwrap();
    let folded = model.fold_in(&[(3, 1.0)]).unwrap();
    assert!(folded.iter().zip([0.5, -0.25]).all(|(x, mean)| (x - mean).abs() < 1e-2), "{folded:?}");
}

#[test]
fn users_without_observations_change_nothing() {
    let of = |n_users| {
        train(
            &InteractionMatrix::from_triples(n_users, 6, of_different_activity()).unwrap(),
            &AlsConfig { dim: 2, ..AlsConfig::default() },
        )
    };
    let (few, many) = (of(3), of(50));
    assert_eq!(few.config(), many.config());
    assert!(few.item_factors().iter().zip(many.item_factors()).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn a_model_saved_without_a_mean_counts_all_users_alike() {
    let config: AlsConfig =
        serde_json::from_str(r#"{"dim": 1, "regularization": 0.5, "unobserved_weight": 0.25}"#).unwrap();
    let model = AlsModel::from_factors(config, Vec::new(), vec![1.0, 2.0]).unwrap();
    // (1 * 2) / (2^2 + w0 (1^2 + 2^2) + lambda (1 + 2 w0))
    let expected = 2.0 / (4.0 + 1.25 + 0.75);
    assert!((model.fold_in(&[(1, 1.0)]).unwrap()[0] - expected).abs() < 1e-6);
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
        // Ridge and unobserved weight are those of the whole history.
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
fn a_user_who_likes_everything_does_no_harm_and_one_who_likes_nothing_is_0() {
    let all = (0..20).map(|i| (0, i, 1.0)).chain([(1, 3, 1.0)]);
    let model = train(&InteractionMatrix::from_triples(3, 20, all).unwrap(), &config(4));
    assert!(model.user_factors().iter().chain(model.item_factors()).all(|x| x.is_finite()));
    assert_eq!(model.user_factors()[8..], [0.0; 4]);
    assert_eq!(model.fold_in(&[]).unwrap(), [0.0; 4]);
}

#[test]
fn small_systems_are_solved_as_whole_ones() {
    let model = train(&checkerboard(30), &config(8));
    let (columns, confidences) = ([2, 4, 9, 11], [1.0, 0.5, 2.0, 1.0]);
    let row = model.row(&columns, &confidences);
    let of = |gram: &Gram| {
        let mut solution = vec![0.0; 8];
        assert!(RowSolver::new(&model.item_factors, gram, None, 8).solve(&row, &mut solution));
        solution
    };
    let Gram::Diagonal(diagonal) = &model.item_gram else { panic!("{:?}", model.item_gram) };
    let mut whole = vec![0.0; 64];
    whole.iter_mut().step_by(9).zip(diagonal).for_each(|(cell, value)| *cell = *value);
    let (small, whole) = (of(&model.item_gram), of(&Gram::Full(whole)));
    assert!(small.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-4), "{small:?} {whole:?}");
}

#[test]
fn saved_and_loaded_factors_score_the_same() {
    let model = train(&checkerboard(10), &config(4));
    let loaded = AlsModel::from_factors(
        model.config().clone(),
        model.user_factors.clone(),
        model.item_factors.clone(),
    )
    .and_then(|loaded| loaded.with_item_weights(model.item_weights.clone()));
    assert_eq!(loaded.as_ref(), Ok(&model));
    let other = model.clone().with_prior(vec![0.0; 3]);
    assert_eq!(other, Err(AlsError::Shape { what: "prior of users", expected: 4, got: 3 }));
    let broken = AlsModel::from_factors(config(4), vec![0.0; 7], vec![]);
    assert_eq!(broken, Err(AlsError::Shape { what: "user factors", expected: 4, got: 7 }));
}

#[test]
fn all_items_score_the_same_bits_as_one_by_one_and_a_vector_of_another_length_scores_0() {
    let model = train(&checkerboard(40), &config(37));
    let user = model.fold_in(&[(3, 1.0), (8, 0.5)]).unwrap();
    let mut scores = vec![9.0; 3];
    model.score_all(&user, &mut scores);
    let one_by_one: Vec<u32> = (0..40).map(|item| model.score(&user, item).to_bits()).collect();
    assert_eq!(scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>(), one_by_one);
    assert!(scores.iter().any(|&score| score != 0.0) && model.score(&user, 40) == 0.0);
    model.score_all(&user[1..], &mut scores);
    assert_eq!((scores, model.score(&user[1..], 0)), (vec![0.0; 40], 0.0));
}

#[test]
fn item_factors_of_another_program_give_the_same_scores_on_any_axes() {
    let model = train(&checkerboard(40), &AlsConfig { popularity_exponent: 0.0, ..config(6) });
    let (cos, sin) = (0.6_f32, 0.8_f32);
    let mut turned = model.item_factors().to_vec();
    for factors in turned.chunks_exact_mut(6) {
        let (a, b) = (factors[0], factors[1]);
        (factors[0], factors[1]) = (cos * a - sin * b, sin * a + cos * b);
    }
    let other = AlsModel::of_items(model.config().clone(), turned).unwrap();
    assert!(matches!(other.item_gram, Gram::Diagonal(_)), "{:?}", other.item_gram);
    let history = [(3, 1.0), (8, 0.5)];
    let (own, of_other) = (model.fold_in(&history).unwrap(), other.fold_in(&history).unwrap());
    for item in 0..40 {
        let (expected, found) = (model.score(&own, item), other.score(&of_other, item));
        assert!((expected - found).abs() < 1e-4, "{item}: {expected} {found}");
    }
}

#[test]
fn item_factors_that_are_no_whole_vectors_or_not_finite_are_refused() {
    let config = config(2);
    let cut = AlsModel::of_items(config.clone(), vec![1.0; 5]);
    assert!(matches!(cut, Err(AlsError::Shape { expected: 4, got: 5, .. })), "{cut:?}");
    let infinite = AlsModel::of_items(config.clone(), vec![1.0, f32::INFINITY]);
    assert!(matches!(infinite, Err(AlsError::Diverged { .. })), "{infinite:?}");
    let no_ridge = AlsModel::of_items(AlsConfig { regularization: None, ..config }, vec![1.0; 2]);
    assert!(matches!(no_ridge, Err(AlsError::InvalidConfig { .. })), "{no_ridge:?}");
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
        AlsConfig { regularization: Some(0.0), ..config(4) },
        AlsConfig { regularization: Some(f32::NAN), ..config(4) },
        AlsConfig { unobserved_weight: Some(-1.0), ..config(4) },
        AlsConfig { mean_activity: Some(0.0), ..config(4) },
        AlsConfig { popularity_exponent: 1.5, ..config(4) },
        AlsConfig { item_ridge_mass: f32::NAN, ..config(4) },
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
