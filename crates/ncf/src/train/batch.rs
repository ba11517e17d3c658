//! A batch: positives with their negatives, split into shards that run in parallel.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::data::TrainingData;
use super::epoch::Part;
use super::graph::ShardInput;
use super::init::Tables;
use super::loss;
use super::positives::Positives;
use crate::{Loss, NcfConfig, TrainDevice};

/// Positives in a shard. A constant, independent of the number of threads: the order in which shard
/// gradients are added determines their last bits, and results must not depend on the machine.
const SHARD_POSITIVES: usize = 128;

/// Returns the number of positives in a shard. The CPU runs shards in parallel; a GPU gets the
/// whole batch at once.
fn shard_positives(config: &NcfConfig) -> usize {
    match config.device {
        TrainDevice::Cpu => SHARD_POSITIVES,
        // A batch has at most one positive more than its size.
        TrainDevice::Cuda | TrainDevice::Wgpu => config.batch_size + 1,
    }
}

/// Groups of one positive and its negatives each.
pub(crate) struct Batch {
    /// Width of a group: 1 positive plus the negatives
    columns: usize,
    /// Base vectors, `[groups, dim]`
    bases: Vec<f32>,
    /// `[groups, columns]`: the positive, its negatives, and the positive again in place of missing
    /// negatives
    items: Vec<u32>,
    /// `[groups]`, negatives found
    negatives: Vec<u32>,
    seed: u64,
}

/// The input of a shard and the table rows that it was gathered from.
pub(crate) struct Shard {
    pub item_rows: Vec<u32>,
    pub input: ShardInput,
}

impl Batch {
    /// Draws negatives for the positives at `places` in the order of a part.
    pub fn draw(
        positives: &Positives,
        part: &Part,
        places: std::ops::Range<usize>,
        config: &NcfConfig,
        rng: &mut StdRng,
    ) -> Self {
        let columns = 1 + config.negatives_per_positive;
        let groups = places.len();
        let mut bases = Vec::with_capacity(groups * config.dim);
        let mut items = Vec::with_capacity(groups * columns);
        let mut negatives = Vec::with_capacity(groups);
        for &(entry, row) in &part.order[places] {
            bases.extend_from_slice(&part.bases[row as usize * config.dim..][..config.dim]);
            let (user, item) = positives.pair(entry as usize);
            items.push(item);
            negatives.push(positives.draw_negatives(user, columns - 1, rng, &mut items) as u32);
            items.resize(negatives.len() * columns, item);
        }
        Self { columns, bases, items, negatives, seed: rng.random() }
    }

    /// Returns the number of terms in the loss of the batch.
    pub fn terms(&self, loss: Loss) -> usize {
        loss::terms(loss, &self.negatives)
    }

    /// Returns the number of shards.
    pub fn n_shards(&self, config: &NcfConfig) -> usize {
        self.negatives.len().div_ceil(shard_positives(config))
    }

    /// Gathers the input of shard `index` from the tables.
    pub fn gather(
        &self,
        index: usize,
        data: &TrainingData<'_>,
        tables: &Tables<'_>,
        config: &NcfConfig,
    ) -> Shard {
        let size = shard_positives(config);
        let groups = index * size..((index + 1) * size).min(self.negatives.len());
        let items = &self.items[groups.start * self.columns..groups.end * self.columns];
        let (item_rows, item_slots) = distinct(items);
        let base = self.bases[groups.start * config.dim..groups.end * config.dim].to_vec();
        let item_features = data.item_features.map(|features| {
            let mut gathered = Vec::with_capacity(item_rows.len() * features.dim);
            for &item in &item_rows {
                gathered.extend_from_slice(&features.values[item as usize * features.dim..][..features.dim]);
            }
            gathered
        });
        let input = ShardInput {
            columns: self.columns,
            base,
            item_slots,
            item_gmf: tables.item_gmf.table.gather(&item_rows),
            item_first: tables.item_first.table.gather(&item_rows),
            item_features,
            negatives: self.negatives[groups].to_vec(),
            dropout: dropout_factors(config, items.len(), self.seed ^ index as u64),
        };
        Shard { item_rows, input }
    }
}

/// Returns the distinct ids in ascending order, and the position of each id among them.
pub(crate) fn distinct(ids: &[u32]) -> (Vec<u32>, Vec<i32>) {
    let mut rows = ids.to_vec();
    rows.sort_unstable();
    rows.dedup();
    let slots = ids.iter().map(|id| rows.partition_point(|row| row < id) as i32).collect();
    (rows, slots)
}

/// Adds up the gradients of rows that several shards touched. Takes `(rows, gradient [rows,
/// width])` for each shard; returns the distinct rows and their gradients in the same form.
pub(crate) fn merge_rows(shards: &[(&[u32], &[f32])], width: usize) -> (Vec<u32>, Vec<f32>) {
    let all: Vec<u32> = shards.iter().flat_map(|(rows, _)| rows.iter().copied()).collect();
    let (rows, slots) = distinct(&all);
    let mut sums = vec![0.0_f32; rows.len() * width];
    let gradients = shards.iter().flat_map(|(_, gradient)| gradient.chunks_exact(width));
    for (&slot, gradient) in slots.iter().zip(gradients) {
        let sum = &mut sums[slot as usize * width..][..width];
        sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
    }
    (rows, sums)
}

/// Draws the factors of inverted dropout, `[rows, width]` for each layer: 0 with probability
/// `dropout`, otherwise `1 / (1 - dropout)`, which keeps the expected activation. Empty without
/// dropout.
fn dropout_factors(config: &NcfConfig, rows: usize, seed: u64) -> Vec<Vec<f32>> {
    if config.dropout == 0.0 {
        return Vec::new();
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let kept = 1.0 / (1.0 - config.dropout);
    let mut layers = Vec::with_capacity(config.layers.len());
    for width in &config.layers {
        let draws = (0..rows * width).map(|_| rng.random::<f32>());
        layers.push(draws.map(|draw| if draw < config.dropout { 0.0 } else { kept }).collect());
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::{Batch, distinct, merge_rows};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::super::epoch::Part;
    use super::super::positives::Positives;
    use crate::{Loss, NcfConfig};

    #[test]
    fn missing_negatives_are_padded_by_the_positive_and_not_counted() {
        let positives = Positives::new(2, 3, &[(0, 0), (0, 1), (0, 2), (1, 2)]);
        let config = NcfConfig { dim: 1, negatives_per_positive: 2, ..NcfConfig::default() };
        let part = Part { order: vec![(1, 0), (3, 1)], bases: vec![0.5, 0.7] };
        let batch = Batch::draw(&positives, &part, 0..2, &config, &mut StdRng::seed_from_u64(1));
        assert_eq!(batch.bases, [0.5, 0.7]);
        assert_eq!(batch.negatives, [0, 2]);
        assert_eq!(batch.items[..4], [1, 1, 1, 2]);
        let terms = [Loss::Bce, Loss::Bpr, Loss::SampledSoftmax].map(|loss| batch.terms(loss));
        assert_eq!(terms, [4, 2, 2]);
    }

    #[test]
    fn distinct_rows_and_slots_give_the_ids_back() {
        let ids = [7, 3, 7, 0, 3];
        let (rows, slots) = distinct(&ids);
        assert_eq!(rows, [0, 3, 7]);
        let back: Vec<u32> = slots.iter().map(|&slot| rows[slot as usize]).collect();
        assert_eq!(back, ids);
    }

    #[test]
    fn gradients_of_a_row_in_two_shards_are_added() {
        let (rows, sums) = merge_rows(&[(&[2, 5], &[1.0, 1.0, 2.0, 2.0]), (&[5], &[10.0, 20.0])], 2);
        assert_eq!((rows, sums), (vec![2, 5], vec![1.0, 1.0, 12.0, 22.0]));
    }
}
