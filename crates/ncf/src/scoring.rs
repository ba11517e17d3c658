//! Scores at request time: plain host code over slices, no burn.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::NcfError;
use crate::data::check_values;
use crate::dense::{Matrix, Tower};
use crate::loss::sigmoid;
use crate::table::Table;

/// Items scored together. Every block is padded to this many rows, so an item's score has the same bits whichever other
/// items are scored with it; 64 rows of the default widths stay in the first-level caches.
const BLOCK: usize = 64;

/// The chance that a logit of a model trained with [`crate::Loss::Bce`] stands for, in `0..=1`. For the other losses it
/// is not calibrated, but still rises with the logit.
pub fn probability(logit: f32) -> f32 {
    sigmoid(logit)
}

/// What items add to the MLP's first layer: a table and, in training, content features times a matrix that is still being
/// learned.
#[derive(Clone, Copy)]
pub(crate) struct ItemSide<'a> {
    /// `[n_items, layers[0]]`
    pub table: &'a Table,
    pub features: Option<(&'a [f32], &'a Matrix)>,
}

/// Scores items for users. Made by [`crate::NcfModel::scorer`], or handed to
/// [`crate::TrainingObserver::evaluate`]; copying it is free.
#[derive(Clone, Copy)]
pub struct Scorer<'a> {
    pub(crate) tower: &'a Tower<Matrix>,
    pub(crate) item_gmf: &'a Table,
    pub(crate) items: ItemSide<'a>,
    pub(crate) n_items: usize,
}

impl Scorer<'_> {
    /// Number of items known at training.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Replaces the content of `out` by the logits of `items`, in their order, for a user whose ALS vector is `user` `[dim]`,
    /// folded in from their history as it is now. Greater is better; the logits of one user
    /// are comparable with each other.
    ///
    /// # Errors
    /// [`NcfError::WrongLength`] or [`NcfError::NotFinite`] for the user's vector, [`NcfError::UnknownItem`] for an index that was not there at training. `out` is then empty.
    pub fn score(&self, user: &[f32], items: &[u32], out: &mut Vec<f32>) -> Result<(), NcfError> {
        out.clear();
        self.check(user, items)?;
        let (gmf, first) = self.user_side(user);
        let mut buffers = Buffers::new(self.tower);
        out.reserve(items.len());
        for block in items.chunks(BLOCK) {
            self.score_block(&gmf, &first, block, &mut buffers, out);
        }
        Ok(())
    }

    /// Replaces the content of `out` by the logits of all items, `[n_items]`. Of more than `rescored` items, only the
    /// `rescored` best by the GMF branch run through the MLP; the rest get the MLP's mean over those.
    ///
    /// # Errors
    /// As [`Scorer::score`].
    pub fn score_all(&self, user: &[f32], rescored: usize, out: &mut Vec<f32>) -> Result<(), NcfError> {
        let mut items: Vec<u32> = (0..self.n_items as u32).collect();
        if items.len() <= rescored {
            return self.score(user, &items, out);
        }
        self.check(user, &[])?;
        let (gmf, _) = self.user_side(user);
        let linear: Vec<f32> = items.iter().map(|&item| dot(&gmf, self.item_gmf.row(item))).collect();
        let by_linear =
            |&a: &u32, &b: &u32| linear[b as usize].total_cmp(&linear[a as usize]).then(a.cmp(&b));
        items.select_nth_unstable_by(rescored, by_linear);
        items.truncate(rescored);
        let mut exact = Vec::new();
        self.score(user, &items, &mut exact)?;
        let corrections = items.iter().zip(&exact).map(|(&item, score)| score - linear[item as usize]);
        let correction = corrections.sum::<f32>() / rescored.max(1) as f32;
        out.clear();
        out.extend(linear.iter().map(|logit| logit + correction));
        for (&item, score) in items.iter().zip(exact) {
            out[item as usize] = score;
        }
        Ok(())
    }

    fn check(&self, user: &[f32], items: &[u32]) -> Result<(), NcfError> {
        check_values("user", user, self.tower.first_user.rows)?;
        match items.iter().find(|&&item| item as usize >= self.n_items) {
            Some(&item) => Err(NcfError::UnknownItem { item, n_items: self.n_items }),
            None => Ok(()),
        }
    }

    /// The user's part of both branches: the vector that item vectors are multiplied with, and the first layer's
    /// pre-activation `[layers[0]]`.
    fn user_side(&self, user: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let tower = self.tower;
        let gmf = user.iter().zip(&tower.out_gmf.values).map(|(value, weight)| value * weight).collect();
        let mut first = tower.first_bias.values.clone();
        for (&value, row) in user.iter().zip(tower.first_user.values.chunks_exact(first.len())) {
            first.iter_mut().zip(row).for_each(|(out, weight)| *out += value * weight);
        }
        (gmf, first)
    }

    fn score_block(
        &self,
        gmf: &[f32],
        first: &[f32],
        items: &[u32],
        buffers: &mut Buffers,
        out: &mut Vec<f32>,
    ) {
        let tower = self.tower;
        let width = first.len();
        let Buffers { input, output } = buffers;
        self.items.first_layer(items, &mut input[..BLOCK * width]);
        for row in input[..BLOCK * width].chunks_exact_mut(width) {
            row.iter_mut().zip(first).for_each(|(cell, user)| *cell = relu(*cell + user));
        }
        let mut width = width;
        for layer in &tower.hidden {
            let next = layer.weight.cols;
            product(&input[..BLOCK * width], &layer.weight, &mut output[..BLOCK * next], Accum::Replace);
            for row in output[..BLOCK * next].chunks_exact_mut(next) {
                row.iter_mut().zip(&layer.bias.values).for_each(|(cell, bias)| *cell = relu(*cell + bias));
            }
            std::mem::swap(input, output);
            width = next;
        }
        let bias = tower.out_bias.values.first().copied().unwrap_or_default();
        let last = input[..BLOCK * width].chunks_exact(width);
        out.extend(items.iter().zip(last).map(|(&item, hidden)| {
            dot(gmf, self.item_gmf.row(item)) + dot(hidden, &tower.out_mlp.values) + bias
        }));
    }
}

impl ItemSide<'_> {
    /// What `items` (at most `BLOCK`) add, `[BLOCK, layers[0]]`; zero past the last of them.
    fn first_layer(&self, items: &[u32], out: &mut [f32]) {
        out.fill(0.0);
        for (row, &item) in out.chunks_exact_mut(self.table.width).zip(items) {
            row.copy_from_slice(self.table.row(item));
        }
        if let Some((values, weight)) = self.features {
            let row = |&item: &u32| &values[item as usize * weight.rows..][..weight.rows];
            let mut gathered: Vec<f32> = items.iter().flat_map(row).copied().collect();
            gathered.resize(BLOCK * weight.rows, 0.0);
            product(&gathered, weight, out, Accum::Add);
        }
    }

    /// [`ItemSide::first_layer`] of all items, with the bits that each would have alone.
    pub(crate) fn first_layer_of_all(&self) -> Table {
        let Table { width, values } = self.table;
        let mut table = Table::zeros(values.len() / width, *width);
        table.values.par_chunks_mut(BLOCK * width).enumerate().for_each_init(
            || vec![0.0; BLOCK * width],
            |block, (index, out)| {
                let first = (index * BLOCK) as u32;
                let items: Vec<u32> = (first..first + (out.len() / width) as u32).collect();
                self.first_layer(&items, block);
                out.copy_from_slice(&block[..out.len()]);
            },
        );
        table
    }
}

/// Two activations of a block, swapped from layer to layer.
struct Buffers {
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Buffers {
    fn new(tower: &Tower<Matrix>) -> Self {
        let widths = tower.hidden.iter().map(|layer| layer.weight.cols);
        let widest = widths.fold(tower.first_bias.cols, usize::max);
        Self { input: vec![0.0; BLOCK * widest], output: vec![0.0; BLOCK * widest] }
    }
}

/// `out = [out +] left · right`, all row-major, `left` `[BLOCK, right.rows]`.
fn product(left: &[f32], right: &Matrix, out: &mut [f32], accumulate: Accum) {
    matmul(
        MatMut::from_row_major_slice_mut(out, BLOCK, right.cols),
        accumulate,
        MatRef::from_row_major_slice(left, BLOCK, right.rows),
        MatRef::from_row_major_slice(&right.values, right.rows, right.cols),
        1.0,
        Par::Seq,
    );
}

fn relu(x: f32) -> f32 {
    x.max(0.0)
}

/// Eight running sums, because one alone cannot be vectorised without changing the result.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
