//! Conversion of a model to and from named tensors and metadata. Callers store them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::check_values;
use crate::weights::{Layer, Matrix, Table, Tower};
use crate::{NcfConfig, NcfError, NcfModel};

/// Format that this version writes and reads.
const FORMAT: u32 = 2;

/// Description of a saved model: everything except its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NcfMetadata {
    /// Version of the layout of the tensors.
    pub format: u32,
    /// Number of items known at training.
    pub n_items: usize,
    /// Settings of the training run; `dim` and `layers` determine the shapes.
    pub config: NcfConfig,
    /// Epoch of the weights; 0 is the ALS start.
    pub best_epoch: usize,
    /// Holdout metric of that epoch; `None` without a holdout.
    pub holdout_metric: Option<f64>,
}

#[cfg(feature = "train")]
impl NcfMetadata {
    pub(crate) fn new(n_items: usize, config: &NcfConfig) -> Self {
        let config = config.clone();
        Self { format: FORMAT, n_items, config, best_epoch: 0, holdout_metric: None }
    }
}

/// A dense array of `f32` with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Name, unique within a model.
    pub name: String,
    /// Extent of each axis, slowest first.
    pub shape: Vec<usize>,
    /// Row-major values; their number is the product of `shape`.
    pub data: Vec<f32>,
}

impl NcfModel {
    /// Copies the model into metadata and tensors: `item_gmf` `[n_items, dim]`, `item_first_layer`
    /// `[n_items, layers[0]]`, and the dense weights.
    pub fn to_tensors(&self) -> (NcfMetadata, Vec<NamedTensor>) {
        self.clone().into_tensors()
    }

    /// Converts the model into metadata and tensors without copying; see [`NcfModel::to_tensors`].
    pub fn into_tensors(self) -> (NcfMetadata, Vec<NamedTensor>) {
        let mut tensors = vec![
            table_tensor(ITEM_GMF, self.item_gmf),
            table_tensor(ITEM_FIRST_LAYER, self.item_first),
            matrix_tensor(FIRST_USER.into(), self.tower.first_user),
            matrix_tensor(FIRST_BIAS.into(), self.tower.first_bias),
            matrix_tensor(OUT_GMF.into(), self.tower.out_gmf),
            matrix_tensor(OUT_MLP.into(), self.tower.out_mlp),
            matrix_tensor(OUT_BIAS.into(), self.tower.out_bias),
        ];
        for (index, layer) in self.tower.hidden.into_iter().enumerate() {
            tensors.push(matrix_tensor(hidden_weight(index), layer.weight));
            tensors.push(matrix_tensor(hidden_bias(index), layer.bias));
        }
        (self.metadata, tensors)
    }

    /// Restores the model from the output of [`NcfModel::to_tensors`], equal bit for bit. The order
    /// of the tensors does not matter.
    ///
    /// # Errors
    /// [`NcfError::UnsupportedFormat`], [`NcfError::InvalidConfig`], [`NcfError::MissingTensor`],
    /// [`NcfError::UnexpectedTensor`], [`NcfError::WrongShape`], [`NcfError::WrongLength`],
    /// [`NcfError::NotFinite`].
    pub fn from_tensors(metadata: NcfMetadata, tensors: Vec<NamedTensor>) -> Result<Self, NcfError> {
        if metadata.format != FORMAT {
            return Err(NcfError::UnsupportedFormat { found: metadata.format, supported: FORMAT });
        }
        metadata.config.validate()?;
        let mut parts = Parts::new(tensors)?;
        let dim = metadata.config.dim;
        let layers = &metadata.config.layers;
        let first = layers.first().copied().unwrap_or(dim);
        let last = layers.last().copied().unwrap_or(first);
        let first_user = parts.matrix(FIRST_USER, dim, first)?;
        let first_bias = parts.matrix(FIRST_BIAS, 1, first)?;
        let mut hidden = Vec::new();
        for (index, (&before, &after)) in layers.iter().zip(layers.iter().skip(1)).enumerate() {
            hidden.push(Layer {
                weight: parts.matrix(&hidden_weight(index), before, after)?,
                bias: parts.matrix(&hidden_bias(index), 1, after)?,
            });
        }
        let tower = Tower {
            first_user,
            first_bias,
            hidden,
            out_gmf: parts.matrix(OUT_GMF, 1, dim)?,
            out_mlp: parts.matrix(OUT_MLP, last, 1)?,
            out_bias: parts.matrix(OUT_BIAS, 1, 1)?,
        };
        let model = Self {
            tower,
            item_gmf: parts.table(ITEM_GMF, metadata.n_items, dim)?,
            item_first: parts.table(ITEM_FIRST_LAYER, metadata.n_items, first)?,
            metadata,
        };
        parts.finish()?;
        Ok(model)
    }
}

const ITEM_GMF: &str = "item_gmf";
const ITEM_FIRST_LAYER: &str = "item_first_layer";
const FIRST_USER: &str = "first_user";
const FIRST_BIAS: &str = "first_bias";
const OUT_GMF: &str = "out_gmf";
const OUT_MLP: &str = "out_mlp";
const OUT_BIAS: &str = "out_bias";

fn hidden_weight(index: usize) -> String {
    format!("hidden_{index}_weight")
}

fn hidden_bias(index: usize) -> String {
    format!("hidden_{index}_bias")
}

fn table_tensor(name: &str, table: Table) -> NamedTensor {
    // `max` only guards the division: validated widths are at least 1.
    let rows = table.values.len() / table.width.max(1);
    NamedTensor { name: name.into(), shape: vec![rows, table.width], data: table.values }
}

fn matrix_tensor(name: String, matrix: Matrix) -> NamedTensor {
    NamedTensor { name, shape: vec![matrix.rows, matrix.cols], data: matrix.values }
}

/// The tensors that have not been used yet, by name.
struct Parts(BTreeMap<String, NamedTensor>);

impl Parts {
    fn new(tensors: Vec<NamedTensor>) -> Result<Self, NcfError> {
        let mut by_name = BTreeMap::new();
        for tensor in tensors {
            if let Some(twin) = by_name.insert(tensor.name.clone(), tensor) {
                return Err(NcfError::UnexpectedTensor { name: twin.name });
            }
        }
        Ok(Self(by_name))
    }

    fn take(&mut self, name: &str, rows: usize, cols: usize) -> Result<Vec<f32>, NcfError> {
        let tensor = self.0.remove(name).ok_or_else(|| NcfError::MissingTensor { name: name.into() })?;
        let expected = [rows, cols];
        if tensor.shape != expected {
            return Err(NcfError::WrongShape {
                name: tensor.name,
                found: tensor.shape,
                expected: expected.to_vec(),
            });
        }
        check_values(name, &tensor.data, rows.saturating_mul(cols))?;
        Ok(tensor.data)
    }

    fn matrix(&mut self, name: &str, rows: usize, cols: usize) -> Result<Matrix, NcfError> {
        Ok(Matrix { rows, cols, values: self.take(name, rows, cols)? })
    }

    fn table(&mut self, name: &str, rows: usize, width: usize) -> Result<Table, NcfError> {
        Ok(Table { width, values: self.take(name, rows, width)? })
    }

    fn finish(self) -> Result<(), NcfError> {
        match self.0.into_keys().next() {
            Some(name) => Err(NcfError::UnexpectedTensor { name }),
            None => Ok(()),
        }
    }
}
