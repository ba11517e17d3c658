//! Unusual data does no harm, and runs that cannot continue end with a typed error.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use docent_ncf::{
    LeaveOneOut, Loss, NcfConfig, NcfError, NcfModel, Progress, Scorer, TrainingData, TrainingObserver, train,
};

use crate::fixtures::{Board, DIM, SIDE, config};

fn assert_finite(model: &NcfModel) {
    for tensor in model.to_tensors().1 {
        assert!(tensor.data.iter().all(|value| value.is_finite()), "{}", tensor.name);
    }
}

#[test]
fn a_user_who_likes_everything_does_no_harm() -> Result<(), NcfError> {
    let mut board = Board::new();
    board.positives.extend((0..SIDE as u32).map(|item| (0, item)));
    for loss in [Loss::Bce, Loss::Bpr, Loss::SampledSoftmax] {
        let model = train(&board.data(), &NcfConfig { loss, epochs: 30, ..config() }, &mut ())?;
        assert_finite(&model);
        assert!(board.auc(&model.scorer())? > 0.9, "{loss:?}: the others still learn");
    }
    board.positives.retain(|&(user, _)| user == 0);
    for loss in [Loss::Bce, Loss::Bpr, Loss::SampledSoftmax] {
        assert_finite(&train(&board.data(), &NcfConfig { loss, ..config() }, &mut ())?);
    }
    Ok(())
}

#[test]
fn one_positive_or_one_over_a_full_batch_do_no_harm() -> Result<(), NcfError> {
    let mut board = Board::new();
    for count in [33, 1] {
        board.positives.truncate(count);
        for loss in [Loss::Bce, Loss::Bpr, Loss::SampledSoftmax] {
            assert_finite(&train(&board.data(), &NcfConfig { loss, ..config() }, &mut ())?);
        }
    }
    Ok(())
}

#[test]
fn factors_of_zeros_do_no_harm() -> Result<(), NcfError> {
    let mut board = Board::new();
    board.user_base.fill(0.0);
    board.item_base.fill(0.0);
    assert_finite(&train(&board.data(), &config(), &mut ())?);
    Ok(())
}

#[test]
fn one_layer_is_enough() -> Result<(), NcfError> {
    let board = Board::new();
    let model = train(&board.data(), &NcfConfig { layers: vec![12], epochs: 30, ..config() }, &mut ())?;
    assert!(board.auc(&model.scorer())? > 0.95);
    Ok(())
}

#[test]
fn data_that_does_not_fit_is_refused() {
    let board = Board::new();
    let refused = |data: TrainingData<'_>, config: NcfConfig| train(&data, &config, &mut ()).err();
    let side = SIDE as u32;
    let nan = vec![f32::NAN; SIDE * DIM];
    assert!(matches!(
        refused(TrainingData { user_base: &nan, ..board.data() }, config()),
        Some(NcfError::NotFinite { position: 0, .. })
    ));
    assert!(matches!(
        refused(TrainingData { item_base: &nan[1..], ..board.data() }, config()),
        Some(NcfError::WrongLength { .. })
    ));
    let no_positives = TrainingData { positives: &[], ..board.data() };
    assert_eq!(refused(no_positives, config()), Some(NcfError::NoPositives));
    assert_eq!(
        refused(TrainingData { positives: &[(side, 0)], ..board.data() }, config()),
        Some(NcfError::UnknownUser { user: side, n_users: SIDE })
    );
    assert_eq!(
        refused(TrainingData { positives: &[(0, side)], ..board.data() }, config()),
        Some(NcfError::UnknownItem { item: side, n_items: SIDE })
    );
    for bad in [
        NcfConfig { dim: 0, ..config() },
        NcfConfig { layers: vec![], ..config() },
        NcfConfig { layers: vec![8, 0], ..config() },
        NcfConfig { batch_size: 1, ..config() },
        NcfConfig { learning_rate: f32::NAN, ..config() },
        NcfConfig { weight_decay: -1.0, ..config() },
        NcfConfig { negatives_per_positive: 0, ..config() },
        NcfConfig { dropout: 1.0, ..config() },
        NcfConfig { patience: 0, ..config() },
    ] {
        assert!(matches!(bad.validate(), Err(NcfError::InvalidConfig { .. })), "{bad:?}");
    }
}

struct Broken(Option<f32>);

impl LeaveOneOut for Broken {
    fn bases_without_each(&self, _: u32, items: &[u32]) -> Option<Vec<f32>> {
        self.0.map(|value| vec![value; items.len() * DIM])
    }
}

#[test]
fn a_source_of_base_vectors_that_fails_is_an_error() {
    let board = Board::new();
    let with = |source: &Broken| {
        train(&TrainingData { leave_one_out: Some(source), ..board.data() }, &config(), &mut ())
    };
    assert!(matches!(with(&Broken(Some(f32::NAN))), Err(NcfError::NotFinite { .. })));
    assert!(matches!(with(&Broken(None)), Err(NcfError::NoBase { .. })));
}

#[test]
fn a_loss_that_is_not_finite_is_an_error() {
    let board = Board::new();
    for loss in [Loss::Bce, Loss::Bpr, Loss::SampledSoftmax] {
        let wild = NcfConfig { loss, learning_rate: 1e30, ..config() };
        let result = train(&board.data(), &wild, &mut ());
        assert!(matches!(result, Err(NcfError::Diverged { .. })), "{loss:?}: {:?}", result.err());
    }
}

struct NanMetric;

impl TrainingObserver for NanMetric {
    fn evaluate(&mut self, epoch: usize, _: &Scorer<'_>) -> Option<f64> {
        Some(if epoch == 1 { f64::NAN } else { 0.5 })
    }
}

#[test]
fn a_metric_that_is_not_finite_is_an_error() {
    let result = train(&Board::new().data(), &config(), &mut NanMetric);
    assert!(matches!(result, Err(NcfError::BadMetric { epoch: 1, .. })));
}

/// Sets the flag at one batch, like a signal handler, and checks it at every batch.
struct Cancellable<'a> {
    flag: &'a AtomicBool,
    seen: Vec<Progress>,
}

impl TrainingObserver for Cancellable<'_> {
    fn on_progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        self.seen.push(*progress);
        if self.flag.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        self.flag.store((progress.epoch, progress.batch) == (2, 3), Ordering::Relaxed);
        ControlFlow::Continue(())
    }
}

#[test]
fn cancelling_stops_at_the_next_batch() {
    let flag = AtomicBool::new(false);
    let mut observer = Cancellable { flag: &flag, seen: Vec::new() };
    let result = train(&Board::new().data(), &config(), &mut observer);
    assert_eq!(result.err(), Some(NcfError::Interrupted { epoch: 2, batch: 4 }));
    let batches = Board::new().positives.len().div_ceil(32);
    assert_eq!(observer.seen.len(), batches + 1 + 5);
    assert!(observer.seen.iter().all(|progress| progress.batches == batches));
    assert!(observer.seen.iter().all(|progress| progress.running_loss.is_some() == (progress.batch > 0)));
}
