use std::{collections::HashMap, path::PathBuf};

use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use crate::SnapshotError;

/// A named array of `f32` or `u32`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    name: String,
    shape: Vec<usize>,
    dtype: Dtype,
    bytes: Vec<u8>,
}

impl Tensor {
    /// Creates an `f32` tensor from row-major values.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Invalid`] if the number of values differs from that of the shape.
    pub fn new(name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) -> Result<Self, SnapshotError> {
        Self::build(
            name.into(),
            shape,
            Dtype::F32,
            values.len(),
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        )
    }

    /// Creates a `u32` tensor from row-major values.
    ///
    /// # Errors
    /// Returns the errors of [`Tensor::new`].
    pub fn of_indices(
        name: impl Into<String>,
        shape: Vec<usize>,
        values: Vec<u32>,
    ) -> Result<Self, SnapshotError> {
        Self::build(
            name.into(),
            shape,
            Dtype::U32,
            values.len(),
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        )
    }

    fn build(
        name: String,
        shape: Vec<usize>,
        dtype: Dtype,
        len: usize,
        bytes: Vec<u8>,
    ) -> Result<Self, SnapshotError> {
        if shape.iter().product::<usize>() == len {
            Ok(Self { name, shape, dtype, bytes })
        } else {
            Err(SnapshotError::Invalid {
                name,
                reason: format!("expected as many values as shape {shape:?} has, got {len}"),
            })
        }
    }
}

pub(crate) fn serialize(file: &str, tensors: &[Tensor]) -> Result<Vec<u8>, SnapshotError> {
    tensors
        .iter()
        .map(|t| Ok((t.name.as_str(), TensorView::new(t.dtype, t.shape.clone(), &t.bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()
        .and_then(|views| safetensors::serialize(views, None))
        .map_err(|error| SnapshotError::Invalid { name: file.into(), reason: error.to_string() })
}

/// The tensors of one file, which are taken out by name.
#[derive(Debug)]
pub struct Tensors {
    path: PathBuf,
    by_name: HashMap<String, Tensor>,
}

impl Tensors {
    pub(crate) fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let parsed = SafeTensors::deserialize(bytes).map_err(|e| SnapshotError::damaged(&path, e))?;
        let by_name = parsed
            .tensors()
            .into_iter()
            .map(|(name, view)| {
                let (shape, dtype) = (view.shape().to_vec(), view.dtype());
                (name.clone(), Tensor { name, shape, dtype, bytes: view.data().to_vec() })
            })
            .collect();
        Ok(Self { path, by_name })
    }

    /// Takes the `f32` tensor `name`, which must have exactly this shape.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Damaged`] if the tensor is missing or has another shape or type.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, SnapshotError> {
        let bytes = self.take_bytes(name, Dtype::F32, Some(shape))?;
        Ok(numbers(&bytes, f32::from_le_bytes))
    }

    /// Takes the `u32` tensor `name`, of any shape, as row-major values.
    ///
    /// # Errors
    /// Returns the errors of [`Tensors::take`].
    pub fn take_indices(&mut self, name: &str) -> Result<Vec<u32>, SnapshotError> {
        let bytes = self.take_bytes(name, Dtype::U32, None)?;
        Ok(numbers(&bytes, u32::from_le_bytes))
    }

    /// Takes the `f32` tensor `name`, of any shape, as its shape and row-major values.
    ///
    /// # Errors
    /// Returns the errors of [`Tensors::take`].
    pub fn take_any(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>), SnapshotError> {
        let shape = self.by_name.get(name).map(|t| t.shape.clone()).unwrap_or_default();
        Ok((shape, numbers(&self.take_bytes(name, Dtype::F32, None)?, f32::from_le_bytes)))
    }

    /// Returns the names of the tensors that were not taken, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.by_name.keys().cloned().collect();
        names.sort();
        names
    }

    fn take_bytes(
        &mut self,
        name: &str,
        dtype: Dtype,
        shape: Option<&[usize]>,
    ) -> Result<Vec<u8>, SnapshotError> {
        let tensor = self.by_name.remove(name).ok_or_else(|| {
            SnapshotError::damaged(&self.path, format!("expected a tensor {name}, found none"))
        })?;
        if tensor.dtype != dtype || shape.is_some_and(|shape| shape != tensor.shape) {
            let expected = shape.map_or_else(String::new, |shape| format!(" of shape {shape:?}"));
            let found = format!("{:?} of shape {:?}", tensor.dtype, tensor.shape);
            let reason = format!("tensor {name}: expected {dtype:?}{expected}, found {found}");
            return Err(SnapshotError::damaged(&self.path, reason));
        }
        Ok(tensor.bytes)
    }
}

fn numbers<T>(bytes: &[u8], parse: fn([u8; 4]) -> T) -> Vec<T> {
    bytes.as_chunks::<4>().0.iter().map(|chunk| parse(*chunk)).collect()
}
