//! The weights of a model on the host: matrices, item tables and the tower of dense layers.

/// A row-major matrix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    pub rows: usize,
    pub cols: usize,
    /// `[rows, cols]`
    pub values: Vec<f32>,
}

/// An embedding table: one row of `width` values for each item. Callers check indices where they
/// enter the crate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub width: usize,
    /// `[n_rows, width]`, row-major
    pub values: Vec<f32>,
}

impl Table {
    pub fn row(&self, row: u32) -> &[f32] {
        let start = row as usize * self.width;
        &self.values[start..start + self.width]
    }
}

/// The weights of one hidden layer after the first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer<T> {
    /// `[width of the layer before, width]`
    pub weight: T,
    /// `[1, width]`
    pub bias: T,
}

/// The dense weights that every score uses, in contrast to the rows of the item tables.
///
/// Generic over the representation of a weight: [`Matrix`] in a model; gradients, moments and nodes
/// of the autodiff graph in training.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tower<T> {
    /// `[dim, layers[0]]`, the user's part of the first layer
    pub first_user: T,
    /// `[1, layers[0]]`
    pub first_bias: T,
    /// The second layer and those after it
    pub hidden: Vec<Layer<T>>,
    /// `[1, dim]`
    pub out_gmf: T,
    /// `[last width, 1]`
    pub out_mlp: T,
    /// `[1, 1]`
    pub out_bias: T,
}

impl<T> Tower<T> {
    /// Lists all weights in one fixed order.
    pub fn all(&self) -> Vec<&T> {
        let mut all = vec![&self.first_user, &self.first_bias];
        all.extend(self.hidden.iter().flat_map(|layer| [&layer.weight, &layer.bias]));
        all.extend([&self.out_gmf, &self.out_mlp, &self.out_bias]);
        all
    }
}
