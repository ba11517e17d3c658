//! Solutions of the Cholesky solver put back into their systems.
#![allow(clippy::unwrap_used)]

use docent_linalg::CholeskySolver;
use proptest::prelude::*;

/// `B B^T + dim I`, which is symmetric positive definite, `[dim, dim]`.
fn positive_definite(b: &[f32], dim: usize) -> Vec<f32> {
    let mut system = vec![0.0; dim * dim];
    for row in 0..dim {
        for column in 0..dim {
            let product: f32 = (0..dim).map(|k| b[row * dim + k] * b[column * dim + k]).sum();
            system[row * dim + column] = product + if row == column { dim as f32 } else { 0.0 };
        }
    }
    system
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn solutions_satisfy_their_system(
        (dim, b, sides) in (1usize..24, 0usize..5).prop_flat_map(|(dim, count)| (
            Just(dim),
            prop::collection::vec(-1.0f32..1.0, dim * dim),
            prop::collection::vec(-5.0f32..5.0, dim * count),
        )),
    ) {
        let system = positive_definite(&b, dim);
        let (mut factored, mut solved) = (system.clone(), sides.clone());
        let mut solver = CholeskySolver::new(dim);
        solver.factor(&mut factored).unwrap().solve(&mut solved);
        for (solution, side) in solved.chunks_exact(dim).zip(sides.chunks_exact(dim)) {
            for (row, expected) in system.chunks_exact(dim).zip(side) {
                let product: f32 = row.iter().zip(solution).map(|(a, x)| a * x).sum();
                prop_assert!((product - expected).abs() < 1e-3, "{} {}", product, expected);
            }
        }
    }
}

#[test]
fn an_inverse_times_its_system_is_the_identity_and_is_symmetric() {
    for dim in [0, 1, 2, 63, 130] {
        let b: Vec<f32> = (0..dim * dim).map(|cell| ((cell * 37 % 101) as f32 / 50.5) - 1.0).collect();
        let system = positive_definite(&b, dim);
        let mut inverse = system.clone();
        assert!(CholeskySolver::new(dim).invert(&mut inverse));
        for row in 0..dim {
            for column in 0..dim {
                let product: f32 = (0..dim).map(|k| system[row * dim + k] * inverse[k * dim + column]).sum();
                let expected = if row == column { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-3, "{dim}: {row}, {column}: {product}");
                assert_eq!(inverse[row * dim + column].to_bits(), inverse[column * dim + row].to_bits());
            }
        }
    }
    assert!(!CholeskySolver::new(2).invert(&mut [1.0, 2.0, 2.0, 1.0]), "not positive definite");
    assert!(!CholeskySolver::new(2).invert(&mut [1.0]), "another size");
}

#[test]
fn only_the_lower_triangle_is_read() {
    // Column-major: the cell above the diagonal of [[4, ?], [2, 3]] is the third.
    let (mut system, mut side) = ([4.0, 2.0, f32::NAN, 3.0], [8.0, 8.0]);
    CholeskySolver::new(2).factor(&mut system).unwrap().solve(&mut side);
    assert!((side[0] - 1.0).abs() < 1e-6 && (side[1] - 2.0).abs() < 1e-6, "{side:?}");
}

#[test]
fn systems_that_are_not_positive_definite_or_of_another_size_are_refused() {
    let mut solver = CholeskySolver::new(2);
    assert!(solver.factor(&mut [1.0, 2.0, 2.0, 1.0]).is_none());
    assert!(solver.factor(&mut [f32::NAN, 0.0, 0.0, 1.0]).is_none());
    assert!(solver.factor(&mut [1.0]).is_none());
    assert!(solver.factor(&mut [1.0, 0.0, 0.0, 1.0]).is_some(), "a refusal leaves the solver usable");
    CholeskySolver::new(0).factor(&mut []).unwrap().solve(&mut []);
}

#[test]
fn numbers_after_the_last_whole_side_stay() {
    let mut sides = [2.0, 4.0, 7.0];
    CholeskySolver::new(2).factor(&mut [2.0, 0.0, 0.0, 4.0]).unwrap().solve(&mut sides);
    assert!((sides[0] - 1.0).abs() < 1e-6 && (sides[1] - 1.0).abs() < 1e-6);
    assert_eq!(sides[2], 7.0);
}
