//! The untrained model ranks as ALS does, and a user is represented by a fold-in vector.

use docent_ncf::{NcfConfig, NcfError, probability, train};
use proptest::prelude::*;

use crate::fixtures::{Board, DIM, SIDE, bits, config, random};

#[test]
fn without_an_epoch_the_ranking_is_that_of_als() -> Result<(), NcfError> {
    let board = Board::new();
    let model = train(&board.data(), &NcfConfig { epochs: 0, ..config() }, &mut ())?;
    assert_eq!(model.metadata().best_epoch, 0);
    for user in 0..SIDE as u32 {
        let scores = board.scores(&model.scorer(), user)?;
        let als = |item: usize| -> f32 {
            board.base(user).iter().zip(&board.item_base[item * DIM..]).map(|(a, b)| a * b).sum()
        };
        let mut by_als: Vec<usize> = (0..SIDE).collect();
        by_als.sort_by(|&a, &b| als(b).total_cmp(&als(a)));
        let mut by_model: Vec<usize> = (0..SIDE).collect();
        by_model.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        assert_eq!(by_model, by_als, "user {user}");
    }
    Ok(())
}

#[test]
fn an_index_out_of_range_and_a_bad_base_are_errors_and_leave_no_scores() -> Result<(), NcfError> {
    let board = Board::new();
    let model = train(&board.data(), &NcfConfig { epochs: 0, ..config() }, &mut ())?;
    let side = SIDE as u32;
    let nan = [f32::NAN; DIM];
    let mut out = vec![1.0];
    let mut error = |base: &[f32], items: &[u32]| {
        let error = model.score(base, items, &mut out).err();
        assert!(out.is_empty());
        error
    };
    assert_eq!(error(board.base(0), &[0, side]), Some(NcfError::UnknownItem { item: side, n_items: SIDE }));
    assert!(matches!(error(&[0.0; 3], &[0]), Some(NcfError::WrongLength { .. })));
    assert!(matches!(error(&nan, &[0]), Some(NcfError::NotFinite { .. })));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_score_is_finite_and_has_the_same_bits_whatever_is_scored_with_it(
        items in proptest::collection::vec(0..SIDE as u32, 1..150),
        seed in 0_u64..1000,
    ) {
        let board = Board::new();
        let model = train(&board.data(), &NcfConfig { epochs: 1, ..config() }, &mut ()).map_err(fail)?;
        let base = random(DIM, seed);
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        model.score(&base, &items, &mut together).map_err(fail)?;
        prop_assert_eq!(together.len(), items.len());
        for (&item, &score) in items.iter().zip(&together) {
            prop_assert!(score.is_finite());
            prop_assert!((0.0..=1.0).contains(&probability(score)));
            model.score(&base, &[item], &mut alone).map_err(fail)?;
            prop_assert_eq!(bits(&alone), bits(&[score]));
        }
    }
}

fn fail(error: NcfError) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}
