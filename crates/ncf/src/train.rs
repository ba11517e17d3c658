//! The training loop.

use std::ops::{ControlFlow, Range};

use burn::tensor::Device;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;

use crate::adam::DenseAdam;
use crate::batch::{Batch, Shard, merge_rows};
use crate::data::TrainingData;
use crate::dense::{Dense, Matrix};
use crate::epoch::{self, Part};
use crate::graph::{ShardOutput, run_shard};
use crate::init::{self, Tables};
use crate::positives::Positives;
use crate::scoring::ItemSide;
use crate::table::{Table, TrainedTable};
use crate::{NcfConfig, NcfError, NcfMetadata, NcfModel, Progress, Scorer, TrainingObserver};

/// Trains a model from ALS factors and keeps the best epoch by the observer's holdout metric, the start included: with
/// a holdout, the result is never worse on it than ALS.
///
/// The same data, settings and seed give the same weights, bit for bit, whatever the number of rayon threads.
///
/// # Errors
/// Data or settings that do not fit, [`NcfError::Diverged`], [`NcfError::BadMetric`], [`NcfError::Interrupted`].
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
        let stop = best.after_epoch(epoch, &mut trainer, observer)?;
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

/// Cuts `len` places into batches; a last batch of one joins the one before.
fn batches(len: usize, size: usize) -> Vec<Range<usize>> {
    let count = if len > size && len % size == 1 { len / size } else { len.div_ceil(size) };
    (0..count).map(|batch| batch * size..if batch + 1 == count { len } else { (batch + 1) * size }).collect()
}

struct Trainer<'a> {
    data: &'a TrainingData<'a>,
    config: &'a NcfConfig,
    device: Device,
    tables: Tables<'a>,
    dense: Dense<Matrix>,
    dense_adam: DenseAdam,
}

impl<'a> Trainer<'a> {
    fn new(
        data: &'a TrainingData<'a>,
        config: &'a NcfConfig,
        positives: &Positives,
        rng: &mut StdRng,
    ) -> Result<Self, NcfError> {
        let dense = init::dense(data, config, positives, rng)?;
        let dense_adam = DenseAdam::new(&dense);
        let tables = init::tables(data, config, rng)?;
        Ok(Self { data, config, device: config.device.open()?, tables, dense, dense_adam })
    }

    /// One step: mean loss of the batch before it, and whether loss and weights are finite after it.
    fn step(&mut self, batch: &Batch) -> Result<(f32, bool), NcfError> {
        let terms = batch.terms(self.config.loss);
        if terms == 0 {
            // BPR of positives that all lack negatives.
            return Ok((0.0, true));
        }
        let shards: Vec<(Vec<u32>, ShardOutput)> = (0..batch.n_shards(self.config))
            .into_par_iter()
            .map(|index| {
                let Shard { item_rows, input } = batch.gather(index, self.data, &self.tables, self.config);
                Ok((item_rows, run_shard(&self.device, &self.dense, input, self.config.loss, terms)?))
            })
            .collect::<Result<_, NcfError>>()?;
        let loss = shards.iter().map(|(_, output)| f64::from(output.loss)).sum::<f64>() / terms as f64;
        let loss = loss as f32;
        if !loss.is_finite() {
            return Ok((loss, false));
        }
        Ok((loss, self.apply(&shards)))
    }

    /// Adds up the shards' gradients, in their order, and applies them; returns whether the weights are finite.
    fn apply(&mut self, shards: &[(Vec<u32>, ShardOutput)]) -> bool {
        let NcfConfig { learning_rate, weight_decay, .. } = *self.config;
        let update = |table: &mut TrainedTable<'_>, of: fn(&ShardOutput) -> &[f32]| {
            let parts: Vec<(&[u32], &[f32])> =
                shards.iter().map(|(rows, output)| (&rows[..], of(output))).collect();
            let (rows, gradient) = merge_rows(&parts, table.table.width);
            table.apply(learning_rate, weight_decay, &rows, &gradient)
        };
        let Tables { item_gmf, item_first } = &mut self.tables;
        let (gmf_is_finite, first_is_finite) = rayon::join(
            || update(item_gmf, |output| &output.item_gmf),
            || update(item_first, |output| &output.item_first),
        );
        let mut gradient = self.dense.map(|matrix| vec![0.0_f32; matrix.values.len()]);
        for (_, output) in shards {
            for (sum, part) in gradient.all_mut().into_iter().zip(output.dense.all()) {
                sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
            }
        }
        gmf_is_finite & first_is_finite & self.dense_adam.apply(learning_rate, &mut self.dense, &gradient)
    }

    fn scorer(&self) -> Scorer<'_> {
        Scorer {
            tower: &self.dense.tower,
            item_gmf: &self.tables.item_gmf.table,
            items: item_side(&self.tables.item_first.table, &self.dense, self.data),
            n_items: self.data.n_items,
        }
    }

    fn mark_best(&mut self) {
        self.tables.item_gmf.mark_best();
        self.tables.item_first.mark_best();
    }

    fn into_model(self, best: Best) -> NcfModel {
        let mut metadata = NcfMetadata::new(self.data.n_items, self.config);
        metadata.best_epoch = best.epoch;
        metadata.holdout_metric = best.metric;
        let item_first = self.tables.item_first.into_best();
        let item_first = item_side(&item_first, &best.dense, self.data).first_layer_of_all();
        NcfModel { metadata, tower: best.dense.tower, item_gmf: self.tables.item_gmf.into_best(), item_first }
    }
}

fn item_side<'a>(table: &'a Table, dense: &'a Dense<Matrix>, data: &TrainingData<'a>) -> ItemSide<'a> {
    let features = data.item_features.map(|features| features.values).zip(dense.first_feature.as_ref());
    ItemSide { table, features }
}

/// The best epoch so far.
struct Best {
    epoch: usize,
    metric: Option<f64>,
    last_metric: Option<f64>,
    dense: Dense<Matrix>,
}

impl Best {
    fn start(trainer: &mut Trainer<'_>, observer: &mut dyn TrainingObserver) -> Result<Self, NcfError> {
        let metric = evaluate(0, trainer, observer)?;
        trainer.mark_best();
        Ok(Self { epoch: 0, metric, last_metric: metric, dense: trainer.dense.clone() })
    }

    /// Looks at the model after `epoch`; returns whether to stop.
    fn after_epoch(
        &mut self,
        epoch: usize,
        trainer: &mut Trainer<'_>,
        observer: &mut dyn TrainingObserver,
    ) -> Result<bool, NcfError> {
        let metric = evaluate(epoch, trainer, observer)?;
        self.last_metric = metric;
        // Without a metric the newest epoch is the one to keep.
        let is_better = metric.is_none_or(|metric| self.metric.is_none_or(|best| metric > best));
        if is_better {
            self.epoch = epoch;
            self.metric = metric;
            self.dense = trainer.dense.clone();
            trainer.mark_best();
        }
        Ok(epoch - self.epoch >= trainer.config.patience)
    }
}

fn evaluate(
    epoch: usize,
    trainer: &Trainer<'_>,
    observer: &mut dyn TrainingObserver,
) -> Result<Option<f64>, NcfError> {
    match observer.evaluate(epoch, &trainer.scorer()) {
        Some(metric) if !metric.is_finite() => Err(NcfError::BadMetric { epoch, metric }),
        metric => Ok(metric),
    }
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
