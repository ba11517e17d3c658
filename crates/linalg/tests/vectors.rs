//! Dot products and vector operations against their definitions.

use docent_linalg::{add_scaled, cosine, dot, dot_each, dot_rows, normalise, scale};
use proptest::prelude::*;

fn exact_dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Bound on the rounding error of a sum of products, whatever its order.
fn tolerance(a: &[f32], b: &[f32]) -> f64 {
    let magnitudes: f64 = a.iter().zip(b).map(|(a, b)| f64::from((a * b).abs())).sum();
    a.len() as f64 * f64::from(f32::EPSILON) * magnitudes + 1e-30
}

/// A query and rows of its length.
fn query_and_rows() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
    (1usize..150, 0usize..6).prop_flat_map(|(dim, n)| {
        (prop::collection::vec(-10.0f32..10.0, dim), prop::collection::vec(-10.0f32..10.0, dim * n))
    })
}

proptest! {
    #[test]
    fn dot_products_agree_with_a_sum_in_64_bits(
        a in prop::collection::vec(-1e3f32..1e3, 0..300),
        b in prop::collection::vec(-1e3f32..1e3, 0..300),
    ) {
        let len = a.len().min(b.len());
        let error = (f64::from(dot(&a, &b)) - exact_dot(&a, &b)).abs();
        prop_assert!(error <= tolerance(&a[..len], &b[..len]), "{}", error);
    }

    #[test]
    fn one_row_scores_the_same_bits_by_every_function((query, rows) in query_and_rows()) {
        let n = rows.len() / query.len();
        let expected: Vec<u32> = rows.chunks_exact(query.len()).map(|row| dot(&query, row).to_bits()).collect();
        let mut scores = vec![f32::NAN; n];
        dot_rows(&query, &rows, &mut scores);
        prop_assert_eq!(scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>(), expected.clone());
        let reversed: Vec<&[f32]> = rows.chunks_exact(query.len()).rev().collect();
        dot_each(&query, &reversed, &mut scores);
        prop_assert_eq!(scores.iter().rev().map(|score| score.to_bits()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn adding_and_scaling_follow_their_formula(
        pairs in prop::collection::vec((-10.0f32..10.0, -10.0f32..10.0), 0..70), factor in -3.0f32..3.0,
    ) {
        let (target, source): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
        let (mut added, mut scaled) = (target.clone(), target.clone());
        add_scaled(&mut added, factor, &source);
        scale(&mut scaled, factor);
        for (at, (x, y)) in pairs.into_iter().enumerate() {
            prop_assert_eq!((added[at], scaled[at]), (x + factor * y, x * factor));
        }
    }

    #[test]
    fn a_normalised_vector_has_unit_norm_and_its_direction(
        vector in prop::collection::vec(-10.0f32..10.0, 1..70), exponent in -30i32..30,
    ) {
        prop_assume!(vector.iter().any(|x| x.abs() > 1e-3));
        let vector: Vec<f32> = vector.iter().map(|x| x * 10f32.powi(exponent)).collect();
        let mut unit = vector.clone();
        prop_assert!(normalise(&mut unit));
        prop_assert!((exact_dot(&unit, &unit) - 1.0).abs() < 1e-5);
        prop_assert!(unit.iter().zip(&vector).all(|(u, v)| u * v >= 0.0));
    }

    #[test]
    fn a_cosine_agrees_with_its_definition_and_ignores_length(
        pairs in prop::collection::vec((-10.0f32..10.0, -10.0f32..10.0), 1..70), factor in 0.1f32..10.0,
    ) {
        let (a, mut b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let norms = (exact_dot(&a, &a) * exact_dot(&b, &b)).sqrt();
        prop_assume!(norms > 1e-3);
        let expected = exact_dot(&a, &b) / norms;
        prop_assert!((cosine(&a, &b) - expected).abs() < 1e-5);
        scale(&mut b, factor);
        prop_assert!((cosine(&a, &b) - expected).abs() < 1e-5);
        prop_assert!(cosine(&a, &b).abs() < 1.0 + 1e-5);
    }
}

#[test]
fn an_empty_query_writes_nothing_and_an_empty_row_scores_zero() {
    let mut scores = vec![9.0; 5];
    dot_rows(&[], &[1.0], &mut scores);
    assert_eq!(scores, [9.0; 5]);
    dot_each(&[1.0, 2.0], &[[1.0, 1.0].as_slice(), &[]], &mut scores);
    assert_eq!(scores, [3.0, 0.0]);
    assert_eq!(dot(&[], &[1.0]), 0.0);
}

#[test]
fn vectors_without_direction_are_not_normalised_and_have_a_cosine_of_zero() {
    for mut vector in [vec![], vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]] {
        assert!(!normalise(&mut vector), "{vector:?}");
        assert_eq!(cosine(&vector, &vec![1.0; vector.len()]), 0.0, "{vector:?}");
    }
    let mut zero = [0.0, -0.0];
    assert!(!normalise(&mut zero));
    assert_eq!(cosine(&[1.0, 0.0], &[1.0]), 0.0);
}
