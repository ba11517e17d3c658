//! The state of a training run and its steps.

use rand::rngs::StdRng;
use rayon::prelude::*;

use super::adam::DenseAdam;
use super::batch::{Batch, Shard, merge_rows};
use super::best::Best;
use super::data::TrainingData;
use super::dense::Dense;
use super::device::OpenDevice;
use super::graph::ShardOutput;
use super::init::{self, Tables};
use super::positives::Positives;
use super::table::TrainedTable;
use crate::scoring::{BLOCK, ItemSide};
use crate::weights::{Matrix, Table};
use crate::{NcfConfig, NcfError, NcfMetadata, NcfModel, Scorer};

/// The weights of a run with their optimiser state.
pub(crate) struct Trainer<'a> {
    data: &'a TrainingData<'a>,
    config: &'a NcfConfig,
    device: OpenDevice,
    tables: Tables<'a>,
    dense: Dense<Matrix>,
    dense_adam: DenseAdam,
}

impl<'a> Trainer<'a> {
    pub fn new(
        data: &'a TrainingData<'a>,
        config: &'a NcfConfig,
        positives: &Positives,
        rng: &mut StdRng,
    ) -> Result<Self, NcfError> {
        let dense = init::dense(data, config, positives, rng)?;
        let dense_adam = DenseAdam::new(&dense);
        let tables = init::tables(data, config, rng)?;
        Ok(Self { data, config, device: OpenDevice::open(config.device)?, tables, dense, dense_adam })
    }

    /// Runs one step. Returns the mean loss of the batch before the update, and false if the loss
    /// or a weight is not finite.
    pub fn step(&mut self, batch: &Batch) -> Result<(f32, bool), NcfError> {
        let terms = batch.terms(self.config.loss);
        if terms == 0 {
            // BPR without a single negative in the batch.
            return Ok((0.0, true));
        }
        let shards: Vec<(Vec<u32>, ShardOutput)> = (0..batch.n_shards(self.config))
            .into_par_iter()
            .map(|index| {
                let Shard { item_rows, input } = batch.gather(index, self.data, &self.tables, self.config);
                Ok((item_rows, self.device.run(&self.dense, input, self.config.loss, terms)?))
            })
            .collect::<Result<_, NcfError>>()?;
        let loss = shards.iter().map(|(_, output)| f64::from(output.loss)).sum::<f64>() / terms as f64;
        let loss = loss as f32;
        if !loss.is_finite() {
            return Ok((loss, false));
        }
        Ok((loss, self.apply(&shards)))
    }

    /// Adds up the gradients of the shards, in their order, and applies them. Returns false if a
    /// weight is no longer finite.
    fn apply(&mut self, shards: &[(Vec<u32>, ShardOutput)]) -> bool {
        let Self { config, tables, dense, dense_adam, .. } = self;
        let gmf_parts: Vec<(&[u32], &[f32])> =
            shards.iter().map(|(rows, output)| (&rows[..], &output.item_gmf[..])).collect();
        let first_parts: Vec<(&[u32], &[f32])> =
            shards.iter().map(|(rows, output)| (&rows[..], &output.item_first[..])).collect();
        let Tables { item_gmf, item_first } = tables;
        let (gmf_is_finite, first_is_finite) = rayon::join(
            || update_table(item_gmf, config, &gmf_parts),
            || update_table(item_first, config, &first_parts),
        );
        let mut gradient = dense.map(|matrix| vec![0.0_f32; matrix.values.len()]);
        for (_, output) in shards {
            for (sum, part) in gradient.all_mut().into_iter().zip(output.dense.all()) {
                sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
            }
        }
        gmf_is_finite & first_is_finite & dense_adam.apply(config.learning_rate, dense, &gradient)
    }

    pub fn dense(&self) -> &Dense<Matrix> {
        &self.dense
    }

    /// Returns a scorer of the current weights.
    pub fn scorer(&self) -> Scorer<'_> {
        Scorer {
            tower: &self.dense.tower,
            item_gmf: &self.tables.item_gmf.table,
            items: item_side(&self.tables.item_first.table, &self.dense, self.data),
            n_items: self.data.n_items,
        }
    }

    /// Marks the current item tables as the best.
    pub fn mark_best(&mut self) {
        self.tables.item_gmf.mark_best();
        self.tables.item_first.mark_best();
    }

    /// Builds the model of the best epoch.
    pub fn into_model(self, best: Best) -> NcfModel {
        let mut metadata = NcfMetadata::new(self.data.n_items, self.config);
        metadata.best_epoch = best.epoch;
        metadata.holdout_metric = best.metric;
        let item_first = self.tables.item_first.into_best();
        let item_first = first_layer_of_all(&item_side(&item_first, &best.dense, self.data));
        NcfModel { metadata, tower: best.dense.tower, item_gmf: self.tables.item_gmf.into_best(), item_first }
    }
}

/// Adds up the gradients of a table and applies them. Returns false if a value is no longer finite.
fn update_table(table: &mut TrainedTable<'_>, config: &NcfConfig, parts: &[(&[u32], &[f32])]) -> bool {
    let (rows, gradient) = merge_rows(parts, table.table.width);
    table.apply(config.learning_rate, config.weight_decay, &rows, &gradient)
}

fn item_side<'a>(table: &'a Table, dense: &'a Dense<Matrix>, data: &TrainingData<'a>) -> ItemSide<'a> {
    let features = data.item_features.map(|features| features.values).zip(dense.first_feature.as_ref());
    ItemSide { table, features }
}

/// Computes [`ItemSide::first_layer`] of all items, `[n_items, layers[0]]`. Works in blocks like
/// [`Scorer::score`], so that the finished model scores with the same bits as the model in
/// training.
fn first_layer_of_all(items: &ItemSide<'_>) -> Table {
    let Table { width, values } = items.table;
    let mut table = Table::zeros(values.len() / width, *width);
    table.values.par_chunks_mut(BLOCK * width).enumerate().for_each_init(
        || vec![0.0; BLOCK * width],
        |block, (index, out)| {
            let first = (index * BLOCK) as u32;
            let rows: Vec<u32> = (first..first + (out.len() / width) as u32).collect();
            items.first_layer(&rows, block);
            out.copy_from_slice(&block[..out.len()]);
        },
    );
    table
}
