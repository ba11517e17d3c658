//! Training learns the structure of the data, keeps the best epoch and changes only rows of the
//! batches.

use std::sync::atomic::{AtomicUsize, Ordering};

use docent_ncf::{
    Features, LeaveOneOut, Loss, NcfConfig, NcfError, Scorer, TrainingData, TrainingObserver, train,
};

use crate::fixtures::{Board, DIM, SIDE, bits, config, random};

#[test]
fn a_checkerboard_is_learned_with_every_loss() -> Result<(), NcfError> {
    let board = Board::new();
    let start = train(&board.data(), &NcfConfig { epochs: 0, ..config() }, &mut ())?;
    assert!(board.auc(&start.scorer())? < 0.7, "there is nothing to learn");
    for loss in [Loss::Bce, Loss::Bpr, Loss::SampledSoftmax] {
        let model = train(&board.data(), &NcfConfig { epochs: 60, loss, ..config() }, &mut ())?;
        let auc = board.auc(&model.scorer())?;
        assert!(auc > 0.95, "{loss:?}: {auc}");
    }
    Ok(())
}

#[test]
fn dropout_and_decay_still_learn() -> Result<(), NcfError> {
    let board = Board::new();
    let regularised = NcfConfig { epochs: 40, dropout: 0.1, weight_decay: 0.01, ..config() };
    let auc = board.auc(&train(&board.data(), &regularised, &mut ())?.scorer())?;
    assert!(auc > 0.9, "{auc}");
    Ok(())
}

#[test]
fn content_features_carry_what_the_factors_do_not() -> Result<(), NcfError> {
    let board = Board::new();
    let values: Vec<f32> =
        (0..SIDE).flat_map(|item| if item % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] }).collect();
    let with = TrainingData { item_features: Some(Features { dim: 2, values: &values }), ..board.data() };
    let config = NcfConfig { epochs: 2, ..config() };
    let auc_with = board.auc(&train(&with, &config, &mut ())?.scorer())?;
    let auc_without = board.auc(&train(&board.data(), &config, &mut ())?.scorer())?;
    assert!(auc_with > auc_without + 0.02, "{auc_with} with, {auc_without} without");
    Ok(())
}

/// Returns the given metrics and keeps the scores of user 0 after each epoch.
struct Holdout<'a> {
    board: &'a Board,
    metrics: Vec<f64>,
    scores: Vec<Vec<u32>>,
}

impl TrainingObserver for Holdout<'_> {
    fn evaluate(&mut self, epoch: usize, scorer: &Scorer<'_>) -> Option<f64> {
        let scores = self.board.scores(scorer, 0).ok()?;
        self.scores.push(bits(&scores));
        self.metrics.get(epoch).copied()
    }
}

#[test]
fn the_best_epoch_is_kept_and_patience_ends_the_run() -> Result<(), NcfError> {
    let board = Board::new();
    let values = random(SIDE * 3, 5);
    let features = TrainingData { item_features: Some(Features { dim: 3, values: &values }), ..board.data() };
    for (metrics, best) in [(vec![0.1, 0.2, 0.5, 0.4, 0.5, 0.9], 2), (vec![0.9, 0.1, 0.1, 0.1], 0)] {
        for data in [board.data(), features] {
            let mut holdout = Holdout { board: &board, metrics: metrics.clone(), scores: Vec::new() };
            let model = train(&data, &NcfConfig { epochs: 9, patience: 2, ..config() }, &mut holdout)?;
            assert_eq!(model.metadata().best_epoch, best);
            assert_eq!(model.metadata().holdout_metric, Some(metrics[best]));
            assert_eq!(holdout.scores.len(), best + 3, "evaluated once more than patience after the best");
            assert_eq!(bits(&board.scores(&model.scorer(), 0)?), holdout.scores[best]);
            assert_ne!(holdout.scores[best], holdout.scores[best + 1]);
        }
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_weights_and_another_seed_others() -> Result<(), NcfError> {
    let board = Board::new();
    let with = NcfConfig { batch_size: 300, dropout: 0.1, ..config() };
    let first = train(&board.data(), &with, &mut ())?;
    assert_eq!(first, train(&board.data(), &with, &mut ())?);
    let other = train(&board.data(), &NcfConfig { seed: 43, ..with }, &mut ())?;
    assert_ne!(first.to_tensors().1, other.to_tensors().1);
    Ok(())
}

#[test]
fn rows_in_no_batch_keep_every_bit() -> Result<(), NcfError> {
    let (n_users, n_items) = (500, 20_000);
    let (user_base, item_base) = (random(n_users * DIM, 1), random(n_items * DIM, 2));
    let positives: Vec<(u32, u32)> = (0..50).map(|at| (at * 3, at * 7)).collect();
    let data = TrainingData {
        n_users,
        n_items,
        user_base: &user_base,
        item_base: &item_base,
        positives: &positives,
        item_features: None,
        leave_one_out: None,
    };
    let (_, tensors) =
        train(&data, &NcfConfig { epochs: 1, weight_decay: 0.1, ..config() }, &mut ())?.to_tensors();
    let changed = |name: &str, before: &[f32]| -> Vec<usize> {
        let after = tensors.iter().find(|tensor| tensor.name == name).map_or(&[][..], |tensor| &tensor.data);
        assert_eq!(after.len(), before.len(), "{name}");
        let rows = after.chunks(DIM).zip(before.chunks(DIM)).enumerate();
        rows.filter(|(_, (after, before))| bits(after) != bits(before)).map(|(row, _)| row).collect()
    };
    let items = changed("item_gmf", &item_base);
    assert!((50..=50 * 5).contains(&items.len()), "{} items", items.len());
    Ok(())
}

/// Keeps the scores of all items after each epoch.
struct AllScores<'a> {
    base: &'a [f32],
    scores: Vec<f32>,
}

impl TrainingObserver for AllScores<'_> {
    fn evaluate(&mut self, _: usize, scorer: &Scorer<'_>) -> Option<f64> {
        let items: Vec<u32> = (0..scorer.n_items() as u32).collect();
        scorer.score(self.base, &items, &mut self.scores).ok()?;
        None
    }
}

#[test]
fn the_finished_model_of_a_long_catalogue_scores_as_the_one_in_training_did() -> Result<(), NcfError> {
    let n_items = 333;
    let (user_base, item_base) = (random(2 * DIM, 1), random(n_items * DIM, 2));
    let data = TrainingData {
        n_users: 2,
        n_items,
        user_base: &user_base,
        item_base: &item_base,
        positives: &[(0, 5), (0, 99), (1, 200), (1, 332)],
        item_features: None,
        leave_one_out: None,
    };
    let mut observer = AllScores { base: &user_base[..DIM], scores: Vec::new() };
    let model = train(&data, &config(), &mut observer)?;
    let (mut scores, mut alone) = (Vec::new(), Vec::new());
    let user = &user_base[..DIM];
    let items: Vec<u32> = (0..n_items as u32).collect();
    model.score(user, &items, &mut scores)?;
    assert_eq!(bits(&scores), bits(&observer.scores));
    model.score(user, &[332], &mut alone)?;
    assert_eq!(bits(&alone), bits(&scores[332..]));
    Ok(())
}

struct Zeros(AtomicUsize);

impl LeaveOneOut for Zeros {
    fn bases_without_each(&self, _: u32, items: &[u32]) -> Option<Vec<f32>> {
        self.0.fetch_add(items.len(), Ordering::Relaxed);
        Some(vec![0.0; items.len() * DIM])
    }
}

#[test]
fn a_leave_one_out_source_is_asked_for_every_positive() -> Result<(), NcfError> {
    let board = Board::new();
    let zeros = Zeros(AtomicUsize::new(0));
    let data = TrainingData { leave_one_out: Some(&zeros), ..board.data() };
    let with = train(&data, &NcfConfig { epochs: 1, ..config() }, &mut ())?;
    assert!(zeros.0.load(Ordering::Relaxed) >= board.positives.len());
    assert_ne!(with, train(&board.data(), &NcfConfig { epochs: 1, ..config() }, &mut ())?);
    Ok(())
}

#[test]
fn of_all_items_the_best_are_scored_exactly() -> Result<(), NcfError> {
    let board = Board::new();
    let model = train(&board.data(), &config(), &mut ())?;
    let user = board.base(3);
    let exact = board.scores(&model.scorer(), 3)?;
    let mut scores = Vec::new();
    model.scorer().score_all(user, SIDE, &mut scores)?;
    assert_eq!(bits(&scores), bits(&exact));
    model.scorer().score_all(user, 5, &mut scores)?;
    assert_eq!(scores.len(), SIDE);
    assert_eq!(scores.iter().zip(&exact).filter(|(a, b)| a.to_bits() == b.to_bits()).count(), 5);
    let nan = [f32::NAN; DIM];
    let refused = model.scorer().score_all(&nan, 5, &mut scores);
    assert!(matches!(refused, Err(NcfError::NotFinite { .. })));
    Ok(())
}
