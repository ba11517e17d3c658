//! Training, behind the cargo feature `train`.
//!
//! A step draws a batch ([`batch`]), runs its shards forward and backward ([`graph`]) and applies
//! Adam to the dense weights and to the table rows of the batch ([`adam`], [`table`]).

mod adam;
#[cfg(test)]
mod agreement;
mod batch;
mod best;
mod data;
mod dense;
mod device;
mod epoch;
mod graph;
mod init;
mod journal;
mod loss;
mod observer;
mod positives;
mod table;
mod tensor;
mod trainer;

use std::ops::{ControlFlow, Range};

use rand::SeedableRng;
use rand::rngs::StdRng;

pub use data::{Features, LeaveOneOut, TrainingData};
pub use observer::{Progress, TrainingObserver};

use crate::{NcfConfig, NcfError, NcfModel};
use batch::Batch;
use best::Best;
use epoch::Part;
use positives::Positives;
use trainer::Trainer;

/// Trains a model that starts from ALS factors, and returns its best epoch by the observer's
/// holdout metric. The start counts as an epoch: with a holdout, the result is never worse on it
/// than ALS.
///
/// On the CPU, the same data, settings and seed give the same weights, bit for bit, for any number
/// of rayon threads.
///
/// # Errors
/// Errors for data or settings out of range, [`NcfError::DeviceUnavailable`], [`NcfError::NoBase`],
/// [`NcfError::Diverged`], [`NcfError::BadMetric`], [`NcfError::Interrupted`].
pub fn train(
    data: &TrainingData<'_>,
    config: &NcfConfig,
    observer: &mut dyn TrainingObserver,
) -> Result<NcfModel, NcfError> {
    data.validate(config)?;
    let positives = Positives::new(data.n_users, data.n_items, data.positives);
    let mut rng = StdRng::seed_from_u64(config.seed);
    let mut trainer = Trainer::new(data, config, &positives, &mut rng)?;
    let mut best = Best::start(&mut trainer, observer)?;

    for epoch in 1..=config.epochs {
        let parts = epoch::parts(&positives, data.n_users, epoch::part_size(config), &mut rng);
        let sizes = parts.iter().map(|users| users.iter().map(|&user| positives.of_user(user).len()).sum());
        let mut progress = Progress {
            epoch,
            epochs: config.epochs,
            batch: 0,
            batches: sizes.map(|size: usize| batches(size, config.batch_size).len()).sum(),
            running_loss: None,
            holdout_metric: best.last_metric,
            best_epoch: best.epoch,
        };
        let mut loss_sum = 0.0_f64;
        for users in &parts {
            let part = Part::of(users, data, &positives, config.dim, &mut rng)?;
            for places in batches(part.order.len(), config.batch_size) {
                report(observer, &progress)?;
                let batch = Batch::draw(&positives, &part, places, config, &mut rng);
                let (loss, finite) = trainer.step(&batch)?;
                if !finite {
                    return Err(NcfError::Diverged { epoch, batch: progress.batch, loss });
                }
                loss_sum += f64::from(loss);
                progress.batch += 1;
                progress.running_loss = Some((loss_sum / progress.batch as f64) as f32);
            }
        }
        let stop = best.after_epoch(epoch, config.patience, &mut trainer, observer)?;
        progress.holdout_metric = best.last_metric;
        progress.best_epoch = best.epoch;
        report(observer, &progress)?;
        if stop {
            break;
        }
    }
    Ok(trainer.into_model(best))
}

fn report(observer: &mut dyn TrainingObserver, progress: &Progress) -> Result<(), NcfError> {
    match observer.on_progress(progress) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(NcfError::Interrupted { epoch: progress.epoch, batch: progress.batch }),
    }
}

/// Splits `len` places into batches of `size`. A last batch of one joins the batch before it.
fn batches(len: usize, size: usize) -> Vec<Range<usize>> {
    let count = if len > size && len % size == 1 { len / size } else { len.div_ceil(size) };
    (0..count).map(|batch| batch * size..if batch + 1 == count { len } else { (batch + 1) * size }).collect()
}

#[cfg(test)]
mod tests {
    use super::batches;

    #[test]
    fn a_last_batch_of_one_joins_the_one_before() {
        assert_eq!(batches(7, 3), [0..3, 3..7]);
        assert_eq!(batches(6, 3), [0..3, 3..6]);
        assert_eq!(batches(5, 3), [0..3, 3..5]);
        assert_eq!(batches(3, 2), vec![0..3]);
        assert_eq!(batches(1, 3), vec![0..1]);
        assert!(batches(0, 3).is_empty());
    }
}
