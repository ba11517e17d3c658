//! The autodiff graph and the host's scorer compute the same function and the same gradients.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::batch::{Batch, Shard};
use super::data::{Features, TrainingData};
use super::dense::Dense;
use super::device::OpenDevice;
use super::epoch::Part;
use super::graph::ShardInput;
use super::init::{self, Tables};
use super::loss::loss_and_gradient;
use super::positives::Positives;
use crate::scoring::ItemSide;
use crate::weights::Matrix;
use crate::{Loss, NcfConfig, NcfError, Scorer, TrainDevice};

const SIDE: usize = 12;
const DIM: usize = 4;
/// Step of the finite differences.
const STEP: f32 = 2e-3;
const PAIRS: [(u32, u32); 6] = [(0, 1), (0, 3), (1, 2), (2, 5), (3, 11), (0, 7)];

struct World<'a> {
    data: TrainingData<'a>,
    tables: Tables<'a>,
    dense: Dense<Matrix>,
}

/// A trained value: a dense weight (matrix, position) or a table cell (table, row, column).
#[derive(Debug, Clone, Copy)]
enum Cell {
    Dense(usize, usize),
    Table(usize, u32, usize),
}

impl World<'_> {
    fn cell(&mut self, cell: Cell) -> &mut f32 {
        match cell {
            Cell::Dense(matrix, at) => &mut self.dense.all_mut().swap_remove(matrix).values[at],
            Cell::Table(table, row, column) => {
                let Tables { item_gmf, item_first } = &mut self.tables;
                &mut [item_gmf, item_first][table].table.row_mut(row)[column]
            }
        }
    }

    /// Computes the mean loss of the shard with the host's scorer.
    fn loss(&self, shard: &Rows, loss: Loss, terms: usize) -> Result<f32, NcfError> {
        let Self { data, tables, dense } = self;
        let features = data.item_features.map(|features| features.values).zip(dense.first_feature.as_ref());
        let scorer = Scorer {
            tower: &dense.tower,
            item_gmf: &tables.item_gmf.table,
            items: ItemSide { table: &tables.item_first.table, features },
            n_items: SIDE,
        };
        let (mut logits, mut scores) = (Vec::new(), Vec::new());
        for (items, base) in shard.items.chunks(shard.columns).zip(shard.bases.chunks(DIM)) {
            scorer.score(base, items, &mut scores)?;
            logits.extend_from_slice(&scores);
        }
        let mut unused = vec![0.0; logits.len()];
        let sum = loss_and_gradient(loss, &logits, &shard.negatives, shard.columns, terms, &mut unused);
        Ok(sum / terms as f32)
    }
}

/// Base vectors and items of the groups of a shard.
struct Rows {
    columns: usize,
    bases: Vec<f32>,
    items: Vec<u32>,
    negatives: Vec<u32>,
}

impl Rows {
    fn of(shard: &Shard) -> Self {
        let Shard { item_rows, input } = shard;
        let ShardInput { columns, base, item_slots, negatives, .. } = input;
        Self {
            columns: *columns,
            bases: base.clone(),
            items: item_slots.iter().map(|&slot| item_rows[slot as usize]).collect(),
            negatives: negatives.clone(),
        }
    }
}

fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
}

#[test]
fn the_graph_and_the_scorer_agree_on_loss_and_gradients() -> Result<(), NcfError> {
    let (user_base, item_base, content) = (random(SIDE * DIM, 1), random(SIDE * DIM, 2), random(SIDE * 3, 3));
    let data = TrainingData {
        n_users: SIDE,
        n_items: SIDE,
        user_base: &user_base,
        item_base: &item_base,
        positives: &PAIRS,
        item_features: Some(Features { dim: 3, values: &content }),
        leave_one_out: None,
    };
    for loss in [Loss::Bce, Loss::Bpr, Loss::SampledSoftmax] {
        let config = NcfConfig { dim: DIM, layers: vec![6, 5, 3], loss, ..NcfConfig::default() };
        let mut rng = StdRng::seed_from_u64(4);
        let positives = Positives::new(SIDE, SIDE, &PAIRS);
        let dense = init::dense(&data, &config, &positives, &mut rng)?;
        let tables = init::tables(&data, &config, &mut rng)?;
        let mut world = World { data, tables, dense };
        for (seed, matrix) in world.dense.all_mut().into_iter().enumerate() {
            matrix.values = random(matrix.values.len(), 100 + seed as u64);
        }
        let Tables { item_gmf, item_first } = &mut world.tables;
        for (seed, trained) in [item_gmf, item_first].into_iter().enumerate() {
            trained.table.values = random(trained.table.values.len(), 200 + seed as u64);
        }
        let users: Vec<u32> = (0..SIDE as u32).collect();
        let part = Part::of(&users, &data, &positives, DIM, &mut rng)?;
        let batch = Batch::draw(&positives, &part, 0..positives.len(), &config, &mut rng);
        let terms = batch.terms(loss);
        let shard = batch.gather(0, &data, &world.tables, &config);
        let rows = Rows::of(&shard);
        let Shard { item_rows, input } = shard;
        let device = OpenDevice::open(TrainDevice::Cpu)?;
        let output = device.run(&world.dense, input, loss, terms)?;
        let by_scorer = world.loss(&rows, loss, terms)?;
        assert!((output.loss / terms as f32 - by_scorer).abs() < 1e-4, "{loss:?}");

        let dense = output.dense.all().into_iter().enumerate();
        let mut gradients: Vec<(Cell, f32)> = dense
            .flat_map(|(matrix, values)| {
                values.iter().enumerate().map(move |(at, &g)| (Cell::Dense(matrix, at), g))
            })
            .collect();
        let tables = [(DIM, &output.item_gmf), (config.layers[0], &output.item_first)];
        for (table, (width, values)) in tables.into_iter().enumerate() {
            for (at, &gradient) in values.iter().enumerate() {
                gradients.push((Cell::Table(table, item_rows[at / width], at % width), gradient));
            }
        }
        for (cell, gradient) in gradients {
            let before = *world.cell(cell);
            let mut loss_at = |value: f32| {
                *world.cell(cell) = value;
                world.loss(&rows, loss, terms)
            };
            let (above, here, below) = (loss_at(before + STEP)?, loss_at(before)?, loss_at(before - STEP)?);
            // At the kink of a relu, the gradient is the derivative of one side.
            let slopes = [(above - here) / STEP, (here - below) / STEP];
            *world.cell(cell) = before;
            let agrees = slopes.iter().any(|slope| (slope - gradient).abs() < 5e-3);
            assert!(agrees, "{loss:?} {cell:?}: {slopes:?} {gradient}");
        }
    }
    Ok(())
}
