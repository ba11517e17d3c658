//! Scoring at request time: plain host code over slices.

use docent_linalg::{best_first, dot, select_best};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use crate::NcfError;
use crate::error::check_values;
use crate::weights::{Matrix, Table, Tower};

/// Items scored in one pass through the MLP. Every block is padded to this many rows, so that an
/// item's score has the same bits whichever items are scored with it. At the default widths, the
/// activations of 64 rows fit in the first-level cache.
pub(crate) const BLOCK: usize = 64;

/// Converts a logit into a probability, `1 / (1 + e^-logit)`, without overflow.
///
/// Calibrated for models trained with [`crate::Loss::Bce`]. For the other losses it only preserves
/// the order of the logits.
pub fn probability(logit: f32) -> f32 {
    if logit >= 0.0 {
        1.0 / (1.0 + (-logit).exp())
    } else {
        let e = logit.exp();
        e / (1.0 + e)
    }
}

/// The items' part of the MLP's first layer: a table and, in training, the product of content
/// features and a matrix that is still being learned.
#[derive(Clone, Copy)]
pub(crate) struct ItemSide<'a> {
    /// `[n_items, layers[0]]`
    pub table: &'a Table,
    /// Features `[n_items, feature_dim]` and weights `[feature_dim, layers[0]]`
    pub features: Option<(&'a [f32], &'a Matrix)>,
}

/// Scores items for users. [`crate::NcfModel::scorer`] returns one, and training passes one to
/// `TrainingObserver::evaluate`. Copying costs nothing.
#[derive(Clone, Copy)]
pub struct Scorer<'a> {
    pub(crate) tower: &'a Tower<Matrix>,
    pub(crate) item_gmf: &'a Table,
    pub(crate) items: ItemSide<'a>,
    pub(crate) n_items: usize,
}

impl Scorer<'_> {
    /// Returns the number of items known at training.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Replaces the content of `out` by the logits of `items`, in their order.
    ///
    /// `user` `[dim]` is the user's ALS vector, folded in from the current history. A greater logit
    /// is better; logits are comparable within one user.
    ///
    /// # Errors
    /// [`NcfError::WrongLength`] or [`NcfError::NotFinite`] for the user's vector,
    /// [`NcfError::UnknownItem`] for an index that was not known at training. `out` is then empty.
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

    /// Replaces the content of `out` by the logits of all items, `[n_items]`.
    ///
    /// Only the `rescored` best items of the GMF branch go through the MLP; all others get the mean
    /// of the MLP's output over those. Catalogues of at most `rescored` items are scored exactly.
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
        select_best(&mut items, rescored, |&a, &b| {
            best_first((linear[a as usize].into(), a), (linear[b as usize].into(), b))
        });
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

    /// Computes the user's part of both branches, once for all items: `p_u ⊙ out` `[dim]`, whose
    /// dot product with an item's vector is the GMF logit, and the pre-activation `W p_u + b`
    /// `[layers[0]]` of the first layer.
    fn user_side(&self, user: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let tower = self.tower;
        let gmf = user.iter().zip(&tower.out_gmf.values).map(|(value, weight)| value * weight).collect();
        let mut first = tower.first_bias.values.clone();
        for (&value, row) in user.iter().zip(tower.first_user.values.chunks_exact(first.len())) {
            first.iter_mut().zip(row).for_each(|(out, weight)| *out += value * weight);
        }
        (gmf, first)
    }

    /// Appends the logits of at most [`BLOCK`] items.
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
        // First layer: the user's part is the same for all rows, the item's part is looked up.
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
    /// Writes the contribution of at most [`BLOCK`] items to the first layer, `[BLOCK, layers[0]]`,
    /// padded with zeros.
    pub fn first_layer(&self, items: &[u32], out: &mut [f32]) {
        out.fill(0.0);
        for (row, &item) in out.chunks_exact_mut(self.table.width).zip(items) {
            row.copy_from_slice(self.table.row(item));
        }
        if let Some((values, weight)) = self.features {
            let mut gathered = Vec::with_capacity(BLOCK * weight.rows);
            for &item in items {
                gathered.extend_from_slice(&values[item as usize * weight.rows..][..weight.rows]);
            }
            gathered.resize(BLOCK * weight.rows, 0.0);
            product(&gathered, weight, out, Accum::Add);
        }
    }
}

/// Two buffers for the activations of a block, swapped from layer to layer.
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

/// Computes `out = left · right` or `out += left · right`, all row-major: `left`
/// `[BLOCK, right.rows]`, `out` `[BLOCK, right.cols]`.
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
