//! A model as named tensors and metadata, and back. Where they are stored is the caller's business.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::check_values;
use crate::dense::{Layer, Matrix, Tower};
use crate::table::Table;
use crate::{NcfConfig, NcfError, NcfModel};

/// The format that this version writes, and the newest that it reads.
const FORMAT: u32 = 2;

/// What a model is beside its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NcfMetadata {
    /// Version of the tensors' layout.
    pub format: u32,
    /// Number of items known at training.
    pub n_items: usize,
    /// Settings of the run; `dim` and `layers` give the shapes.
    pub config: NcfConfig,
    /// Epoch that was kept; 0 is the ALS start.
    pub best_epoch: usize,
    /// Holdout metric of that epoch, if there was a holdout.
    pub holdout_metric: Option<f64>,
}

impl NcfMetadata {
    pub(crate) fn new(n_items: usize, config: &NcfConfig) -> Self {
        let config = config.clone();
        Self { format: FORMAT, n_items, config, best_epoch: 0, holdout_metric: None }
    }
}

/// A dense array of `f32` with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Unique within a model.
    pub name: String,
    /// Extent of each axis, slowest first.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub data: Vec<f32>,
}

impl NcfModel {
    /// A copy of the model as metadata and tensors: `item_gmf`
    /// `[n_items, dim]`, `item_first_layer` `[n_items, layers[0]]`, and the dense weights.
    pub fn to_tensors(&self) -> (NcfMetadata, Vec<NamedTensor>) {
        self.clone().into_tensors()
    }

    /// As [`NcfModel::to_tensors`], without copying.
    pub fn into_tensors(self) -> (NcfMetadata, Vec<NamedTensor>) {
        let table = |name: &str, table: Table| {
            // A table without columns cannot be: widths are 1 or more.
            let rows = table.values.len() / table.width.max(1);
            NamedTensor { name: name.into(), shape: vec![rows, table.width], data: table.values }
        };
        let matrix = |name: String, matrix: Matrix| NamedTensor {
            name,
            shape: vec![matrix.rows, matrix.cols],
            data: matrix.values,
        };
        let mut tensors = vec![
            table(ITEM_GMF, self.item_gmf),
            table(ITEM_FIRST_LAYER, self.item_first),
            matrix(FIRST_USER.into(), self.tower.first_user),
            matrix(FIRST_BIAS.into(), self.tower.first_bias),
            matrix(OUT_GMF.into(), self.tower.out_gmf),
            matrix(OUT_MLP.into(), self.tower.out_mlp),
            matrix(OUT_BIAS.into(), self.tower.out_bias),
        ];
        for (index, layer) in self.tower.hidden.into_iter().enumerate() {
            tensors.push(matrix(hidden_weight(index), layer.weight));
            tensors.push(matrix(hidden_bias(index), layer.bias));
        }
        (self.metadata, tensors)
    }

    /// The model that [`NcfModel::to_tensors`] took apart, equal bit for bit. The order of the tensors does not matter.
    ///
    /// # Errors
    /// [`NcfError::UnsupportedFormat`], [`NcfError::InvalidConfig`], [`NcfError::MissingTensor`],
    /// [`NcfError::UnexpectedTensor`], [`NcfError::WrongShape`], [`NcfError::WrongLength`], [`NcfError::NotFinite`].
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
        let tower = Tower {
            first_user: parts.matrix(FIRST_USER, dim, first)?,
            first_bias: parts.matrix(FIRST_BIAS, 1, first)?,
            hidden: layers
                .iter()
                .zip(layers.iter().skip(1))
                .enumerate()
                .map(|(index, (&before, &after))| {
                    Ok(Layer {
                        weight: parts.matrix(&hidden_weight(index), before, after)?,
                        bias: parts.matrix(&hidden_bias(index), 1, after)?,
                    })
                })
                .collect::<Result<_, NcfError>>()?,
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

/// The tensors that have not been used yet.
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
        let missing = || NcfError::MissingTensor { name: name.into() };
        let tensor = self.0.remove(name).ok_or_else(missing)?;
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
