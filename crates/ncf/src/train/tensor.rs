//! The tensor operations of the model, on burn's backend traits.
//!
//! burn's own `Tensor` chooses the backend at run time and links all of them; the model needs two
//! dozen lines of it. Every tensor is a matrix (rank 2): a batched product of rank 3 over
//! `[batch, 1, d]` is ten times slower than the same product as one matrix `[batch, d]`.

use burn_backend::ops::FloatTensorOps;
use burn_backend::tensor::{Device, FloatTensor, IntTensor};
use burn_backend::{AutodiffBackend, ExecutionError, TensorData, try_read_sync};

use crate::NcfError;

/// A node of the autodiff graph: a matrix `[rows, cols]`.
pub(crate) struct Tensor<A: AutodiffBackend>(FloatTensor<A>);

/// Row numbers to select, `[len]`.
#[derive(Clone)]
pub(crate) struct Indices<A: AutodiffBackend>(IntTensor<A>);

/// Gradients of one backward pass.
pub(crate) struct Gradients<A: AutodiffBackend>(A::Gradients);

impl<A: AutodiffBackend> Clone for Tensor<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: AutodiffBackend> Indices<A> {
    /// Copies row numbers to the device.
    pub fn new(values: Vec<i32>, device: &Device<A>) -> Self {
        let len = values.len();
        Self(A::int_from_data(TensorData::new(values, [len]), device))
    }
}

impl<A: AutodiffBackend> Tensor<A> {
    /// Copies row-major values with `cols` columns to the device. The result has no gradient.
    pub fn constant(values: Vec<f32>, cols: usize, device: &Device<A>) -> Self {
        let rows = values.len() / cols;
        Self(A::float_from_data(TensorData::new(values, [rows, cols]), device))
    }

    /// Copies row-major values with `cols` columns to the device. [`Gradients::take`] returns the
    /// gradient of the result.
    pub fn leaf(values: Vec<f32>, cols: usize, device: &Device<A>) -> Self {
        Self(A::float_set_require_grad(Self::constant(values, cols, device).0, true))
    }

    /// Multiplies two matrices: `[n, k]` times `[k, m]` gives `[n, m]`.
    pub fn matmul(&self, right: &Self) -> Self {
        Self(A::float_matmul(self.0.clone(), right.0.clone()))
    }

    /// `max(x, 0)` of each value.
    pub fn relu(self) -> Self {
        Self(A::relu(self.0))
    }

    /// Copies rows, `[indices, cols]`.
    pub fn select_rows(&self, indices: &Indices<A>) -> Self {
        Self(A::float_select(self.0.clone(), 0, indices.0.clone()))
    }

    /// Sum of each row, `[rows, 1]`.
    pub fn sum_of_rows(self) -> Self {
        Self(A::float_sum_dim(self.0, 1))
    }

    /// Computes the gradients of the sum of all values by every leaf.
    pub fn backward_of_sum(self) -> Gradients<A> {
        Gradients(A::backward(A::float_sum(self.0)))
    }

    /// Copies the values to the host, row-major.
    pub fn values(&self) -> Result<Vec<f32>, NcfError> {
        values(try_read_sync(A::float_into_data(self.0.clone())))
    }
}

impl<A: AutodiffBackend> Gradients<A> {
    /// Removes the gradient of a leaf and copies it to the host, row-major.
    pub fn take(&mut self, leaf: &Tensor<A>) -> Result<Vec<f32>, NcfError> {
        let gradient = A::grad_remove(&leaf.0, &mut self.0)
            .ok_or_else(|| backend_error("a leaf of the graph has no gradient"))?;
        values(try_read_sync(A::InnerBackend::float_into_data(gradient)))
    }
}

impl<A: AutodiffBackend> std::ops::Add for Tensor<A> {
    type Output = Self;

    /// Sum; a single row is added to every row.
    fn add(self, right: Self) -> Self {
        Self(A::float_add(self.0, right.0))
    }
}

impl<A: AutodiffBackend> std::ops::Mul for Tensor<A> {
    type Output = Self;

    /// Elementwise product; a single row multiplies every row.
    fn mul(self, right: Self) -> Self {
        Self(A::float_mul(self.0, right.0))
    }
}

fn values(read: Option<Result<TensorData, ExecutionError>>) -> Result<Vec<f32>, NcfError> {
    let data = read.ok_or_else(|| backend_error("the device cannot be read synchronously"))?;
    data.map_err(backend_error)?.try_into_vec().map_err(backend_error)
}

fn backend_error(reason: impl ToString) -> NcfError {
    NcfError::Backend { what: "a tensor operation", reason: reason.to_string() }
}
