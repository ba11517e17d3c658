//! Forward and backward pass of one shard of a batch.
//!
//! The model is NeuMF (He et al. 2017, <https://arxiv.org/abs/1708.05031>) over ALS vectors; see
//! the crate documentation. The graph sees only the table rows that the shard gathered, so a step
//! costs the same for any number of items.

use burn_backend::AutodiffBackend;
use burn_backend::tensor::Device;

use super::dense::Dense;
use super::loss::loss_and_gradient;
use super::tensor::{Indices, Tensor};
use crate::weights::Matrix;
use crate::{Loss, NcfError};

/// Input of a shard: `groups` groups of one positive and its negatives, `columns` items each, and
/// the `rows = groups * columns` (user, item) pairs in them.
pub(crate) struct ShardInput {
    pub columns: usize,
    /// Base vectors, `[groups, dim]`
    pub base: Vec<f32>,
    /// Distinct item of each pair, an index into the arrays below, `[rows]`
    pub item_slots: Vec<i32>,
    /// GMF vectors of the distinct items, `[items, dim]`
    pub item_gmf: Vec<f32>,
    /// First-layer parts of the distinct items, `[items, layers[0]]`
    pub item_first: Vec<f32>,
    /// Content features of the distinct items, `[items, feature_dim]`
    pub item_features: Option<Vec<f32>>,
    /// Number of negatives of each group, `[groups]`
    pub negatives: Vec<u32>,
    /// Dropout factors after each hidden layer, `[rows, width]`; empty without dropout
    pub dropout: Vec<Vec<f32>>,
}

/// Loss of a shard, and its gradients by the gathered rows and the dense weights.
pub(crate) struct ShardOutput {
    /// Sum over the terms of the shard, not divided
    pub loss: f32,
    pub dense: Dense<Vec<f32>>,
    /// `[items, dim]`
    pub item_gmf: Vec<f32>,
    /// `[items, layers[0]]`
    pub item_first: Vec<f32>,
}

/// Runs one shard.
///
/// The gradients are those of the summed loss divided by `terms`, the number of terms of the whole
/// batch, so that the gradients of the shards add up to the gradient of the batch's mean loss. If
/// the loss is not finite, the gradients are empty.
pub(crate) fn run_shard<A: AutodiffBackend>(
    device: &Device<A>,
    weights: &Dense<Matrix>,
    input: ShardInput,
    loss: Loss,
    terms: usize,
) -> Result<ShardOutput, NcfError> {
    let rows = input.item_slots.len();
    let groups = input.negatives.len();
    debug_assert_eq!(groups * input.columns, rows);
    let Matrix { rows: dim, cols: width, .. } = weights.tower.first_user;

    let dense = weights.map(|matrix| Tensor::<A>::leaf(matrix.values.clone(), matrix.cols, device));
    let tower = &dense.tower;
    let item_gmf = Tensor::leaf(input.item_gmf, dim, device);
    let item_first = Tensor::leaf(input.item_first, width, device);
    let base = Tensor::constant(input.base, dim, device);
    let item_slots = Indices::new(input.item_slots, device);
    let group_of_row = (0..rows).map(|row| (row / input.columns) as i32).collect();
    let group_of_row = Indices::new(group_of_row, device);

    // GMF: Σ_k out_k · p_uk · q_ik.
    let user = base.clone() * tower.out_gmf.clone();
    let gmf = user.select_rows(&group_of_row) * item_gmf.select_rows(&item_slots);

    // First layer of the MLP: relu(W p_u + b + v_i + F f_i). It is linear in user and item, so the
    // products run once for each group and each distinct item instead of once for each row.
    let user = base.matmul(&tower.first_user) + tower.first_bias.clone();
    let mut item = item_first.clone();
    if let (Some(features), Some(weight), Some(matrix)) =
        (input.item_features, &dense.first_feature, &weights.first_feature)
    {
        item = item + Tensor::constant(features, matrix.rows, device).matmul(weight);
    }
    let mut masks = input.dropout.into_iter();
    let mut hidden = (user.select_rows(&group_of_row) + item.select_rows(&item_slots)).relu();
    if let Some(mask) = masks.next() {
        hidden = hidden * Tensor::constant(mask, width, device);
    }
    for (layer, matrices) in tower.hidden.iter().zip(&weights.tower.hidden) {
        hidden = (hidden.matmul(&layer.weight) + layer.bias.clone()).relu();
        if let Some(mask) = masks.next() {
            hidden = hidden * Tensor::constant(mask, matrices.bias.cols, device);
        }
    }
    let logits = gmf.sum_of_rows() + hidden.matmul(&tower.out_mlp) + tower.out_bias.clone();

    let mut gradient = vec![0.0; rows];
    let loss =
        loss_and_gradient(loss, &logits.values()?, &input.negatives, input.columns, terms, &mut gradient);
    if !loss.is_finite() {
        let dense = weights.map(|_| Vec::new());
        return Ok(ShardOutput { loss, dense, item_gmf: Vec::new(), item_first: Vec::new() });
    }

    // The host computed ∂loss/∂logits. The sum of `logits · ∂loss/∂logits`, with the second factor
    // constant, has the same derivative by every weight as the loss.
    let mut gradients = (logits * Tensor::constant(gradient, 1, device)).backward_of_sum();
    Ok(ShardOutput {
        loss,
        dense: dense.try_map(|leaf| gradients.take(leaf))?,
        item_gmf: gradients.take(&item_gmf)?,
        item_first: gradients.take(&item_first)?,
    })
}
