//! The forward and backward pass of one shard of a batch: the only place that runs burn.

use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::dense::{Dense, Matrix};
use crate::loss::loss_and_gradient;
use crate::{Loss, NcfError};

/// What a shard needs, gathered from the tables. `g` groups (a positive and its negatives) of `columns` items each.
pub(crate) struct ShardInput {
    pub columns: usize,
    /// Base vectors `[g, dim]`
    pub base: Vec<f32>,
    /// Row of each item in the item leaves, `[g * columns]`
    pub item_slots: Vec<i32>,
    /// GMF vectors of the shard's items, `[items, dim]`
    pub item_gmf: Vec<f32>,
    /// What the shard's items add to the first layer, `[items, layers[0]]`
    pub item_first: Vec<f32>,
    /// Content features of the shard's items, `[items, feature_dim]`
    pub item_features: Option<Vec<f32>>,
    /// Number of negatives of each group, `[g]`
    pub negatives: Vec<u32>,
    /// Dropout factors after each hidden layer, `[g * columns, width]`; empty without dropout
    pub dropout: Vec<Vec<f32>>,
}

/// Gradients of the loss by the rows and weights of a shard, and the loss itself.
pub(crate) struct ShardOutput {
    /// Sum over the terms, not divided
    pub loss: f32,
    pub dense: Dense<Vec<f32>>,
    pub item_gmf: Vec<f32>,
    pub item_first: Vec<f32>,
}

/// Runs one shard. The gradients are those of the summed loss divided by `terms`, the number of terms of the whole
/// batch, so that the shards' gradients add up to the batch's. A loss that is not finite has empty gradients.
pub(crate) fn run_shard(
    device: &Device,
    weights: &Dense<Matrix>,
    input: ShardInput,
    loss: Loss,
    terms: usize,
) -> Result<ShardOutput, NcfError> {
    let graph = Graph { device: device.clone().autodiff() };
    let rows = input.item_slots.len();
    let groups = input.negatives.len();

    let dense = weights.map(|matrix| graph.leaf(matrix.values.clone(), matrix.cols));
    let tower = &dense.tower;
    let Matrix { rows: dim, cols: width, .. } = weights.tower.first_user;
    let item_gmf = graph.leaf(input.item_gmf, dim);
    let item_first = graph.leaf(input.item_first, width);

    let base = graph.constant(input.base, dim);
    let item_slots = graph.indices(input.item_slots);
    let group_of_row = graph.indices((0..rows).map(|row| (row / input.columns) as i32).collect());

    let user = base.clone() * tower.out_gmf.clone();
    let gmf = user.select(0, group_of_row.clone()) * item_gmf.clone().select(0, item_slots.clone());

    // The first layer is linear in user and item, so it runs once per group and once per distinct item, not per row.
    let user = base.matmul(tower.first_user.clone()) + tower.first_bias.clone();
    let mut item = item_first.clone();
    if let (Some(features), Some(weight), Some(matrix)) =
        (input.item_features, &dense.first_feature, &weights.first_feature)
    {
        item = item + graph.constant(features, matrix.rows).matmul(weight.clone());
    }
    let mut masks = input.dropout.into_iter();
    let mut hidden = relu(user.select(0, group_of_row) + item.select(0, item_slots));
    hidden = graph.drop_out(hidden, masks.next(), weights.tower.first_bias.cols);
    for (layer, matrices) in tower.hidden.iter().zip(&weights.tower.hidden) {
        hidden = relu(hidden.matmul(layer.weight.clone()) + layer.bias.clone());
        hidden = graph.drop_out(hidden, masks.next(), matrices.bias.cols);
    }
    let logits = gmf.sum_dim(1) + hidden.matmul(tower.out_mlp.clone()) + tower.out_bias.clone();

    let logit_values = values(logits.clone(), "logits")?;
    let mut gradient = vec![0.0; rows];
    let loss = loss_and_gradient(loss, &logit_values, &input.negatives, input.columns, terms, &mut gradient);
    if !loss.is_finite() {
        let empty = Vec::new;
        let dense = weights.map(|_| empty());
        return Ok(ShardOutput { loss, dense, item_gmf: empty(), item_first: empty() });
    }
    debug_assert_eq!(groups * input.columns, rows);

    // Its derivative by each logit is exactly the loss's, see `loss`.
    let mut gradients = (logits * graph.constant(gradient, 1)).sum().backward();
    let mut take = |leaf: &Tensor<2>| match leaf.grad_remove(&mut gradients) {
        Some(gradient) => values(gradient, "gradient"),
        None => Err(NcfError::Backend { what: "gradient", reason: "a leaf of the graph has none".into() }),
    };
    Ok(ShardOutput {
        loss,
        dense: dense.try_map(&mut take)?,
        item_gmf: take(&item_gmf)?,
        item_first: take(&item_first)?,
    })
}

struct Graph {
    device: Device,
}

impl Graph {
    fn constant(&self, values: Vec<f32>, cols: usize) -> Tensor<2> {
        let rows = values.len() / cols;
        Tensor::from_data(TensorData::new(values, [rows, cols]), &self.device)
    }

    fn leaf(&self, values: Vec<f32>, cols: usize) -> Tensor<2> {
        self.constant(values, cols).require_grad()
    }

    fn indices(&self, values: Vec<i32>) -> Tensor<1, Int> {
        let len = values.len();
        Tensor::from_data(TensorData::new(values, [len]), &self.device)
    }

    fn drop_out(&self, hidden: Tensor<2>, mask: Option<Vec<f32>>, width: usize) -> Tensor<2> {
        match mask {
            Some(mask) => hidden * self.constant(mask, width),
            None => hidden,
        }
    }
}

fn values(tensor: Tensor<2>, what: &'static str) -> Result<Vec<f32>, NcfError> {
    tensor.into_data().try_into_vec().map_err(|error| NcfError::Backend { what, reason: error.to_string() })
}
