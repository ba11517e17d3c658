use std::{collections::HashMap, path::PathBuf};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

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
    /// An `f32` tensor.
    ///
    /// # Errors
    /// [`SnapshotError::Invalid`] where the shape does not hold as many values as there are.
    pub fn new(name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) -> Result<Self, SnapshotError> {
        Self::build(
            name.into(),
            shape,
            Dtype::F32,
            values.len(),
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        )
    }

    /// A `u32` tensor.
    ///
    /// # Errors
    /// As [`Tensor::new`].
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
                reason: format!("shape {shape:?} does not hold {len} values"),
            })
        }
    }
}

pub(crate) fn serialize(file: &str, tensors: &[Tensor]) -> Result<Vec<u8>, SnapshotError> {
    let invalid =
        |e: safetensors::SafeTensorError| SnapshotError::Invalid { name: file.into(), reason: e.to_string() };
    let views = tensors
        .iter()
        .map(|t| Ok((t.name.as_str(), TensorView::new(t.dtype, t.shape.clone(), &t.bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(invalid)?;
    safetensors::serialize(views, None).map_err(invalid)
}

/// The tensors of one file, to be taken out by name.
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

    /// Takes an `f32` tensor of exactly this shape.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`] where there is none, or of another shape or type.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, SnapshotError> {
        let bytes = self.take_bytes(name, Dtype::F32, Some(shape))?;
        Ok(numbers(&bytes, f32::from_le_bytes))
    }

    /// Takes a `u32` tensor of one dimension and any length.
    ///
    /// # Errors
    /// As [`Tensors::take`].
    pub fn take_indices(&mut self, name: &str) -> Result<Vec<u32>, SnapshotError> {
        let bytes = self.take_bytes(name, Dtype::U32, None)?;
        Ok(numbers(&bytes, u32::from_le_bytes))
    }

    /// Takes an `f32` tensor of any shape, with its shape.
    ///
    /// # Errors
    /// As [`Tensors::take`].
    pub fn take_any(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>), SnapshotError> {
        let shape = self.by_name.get(name).map(|t| t.shape.clone()).unwrap_or_default();
        Ok((shape, numbers(&self.take_bytes(name, Dtype::F32, None)?, f32::from_le_bytes)))
    }

    /// The names that are left, sorted.
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
        let tensor = self
            .by_name
            .remove(name)
            .ok_or_else(|| SnapshotError::damaged(&self.path, format!("tensor {name} is missing")))?;
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
