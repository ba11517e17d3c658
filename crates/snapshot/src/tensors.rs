use std::{collections::HashMap, ops::Range, path::PathBuf};

use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use crate::SnapshotError;

/// Maximum magnitude of an `f32` value. Products and sums of such values stay finite; models have
/// none that come near it.
pub const MAX_MAGNITUDE: f32 = 1e9;

fn is_in_range(value: f32) -> bool {
    // False for NaN.
    value.abs() <= MAX_MAGNITUDE
}

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
    /// Returns [`SnapshotError::Invalid`] if the number of values differs from that of the shape,
    /// and for a value that is not finite or beyond [`MAX_MAGNITUDE`]: no reader would accept it.
    pub fn new(name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) -> Result<Self, SnapshotError> {
        if let Some(value) = values.iter().find(|value| !is_in_range(**value)) {
            let reason = format!("expected values of at most {MAX_MAGNITUDE:e}, got {value}");
            return Err(SnapshotError::Invalid { name: name.into(), reason });
        }
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
        if shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent)) == Some(len) {
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
    bytes: Vec<u8>,
    by_name: HashMap<String, Place>,
}

/// Place of a tensor in the bytes of its file.
#[derive(Debug, Clone)]
struct Place {
    shape: Vec<usize>,
    dtype: Dtype,
    range: Range<usize>,
}

impl Tensors {
    /// Finds the tensors in the bytes of a file. Shapes that do not fit the bytes are refused, so
    /// the memory taken is that of the file whatever it declares.
    pub(crate) fn parse(path: PathBuf, bytes: Vec<u8>) -> Result<Self, SnapshotError> {
        let Ok((header, metadata)) = SafeTensors::read_metadata(&bytes) else {
            let reason = "expected a safetensors header whose tensors fill the file, found another";
            return Err(SnapshotError::damaged(path, reason));
        };
        // The length of the header stands before it.
        let start = header + size_of::<u64>();
        let by_name = metadata
            .tensors()
            .into_iter()
            .map(|(name, tensor)| {
                let (from, to) = tensor.data_offsets;
                let (shape, dtype) = (tensor.shape.clone(), tensor.dtype);
                (name, Place { shape, dtype, range: start + from..start + to })
            })
            .collect();
        Ok(Self { path, bytes, by_name })
    }

    /// Takes the `f32` tensor `name`, which must have exactly this shape.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Damaged`] if the tensor is missing or has another shape or type,
    /// and for a value that is not finite or beyond [`MAX_MAGNITUDE`].
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, SnapshotError> {
        let place = self.take_place(name, Dtype::F32, Some(shape))?;
        self.floats(name, &place)
    }

    /// Takes the `u32` tensor `name`, of any shape, as row-major values.
    ///
    /// # Errors
    /// Returns the errors of [`Tensors::take`].
    pub fn take_indices(&mut self, name: &str) -> Result<Vec<u32>, SnapshotError> {
        let place = self.take_place(name, Dtype::U32, None)?;
        Ok(self.numbers(&place, u32::from_le_bytes))
    }

    /// Takes the `f32` tensor `name`, of any shape, as its shape and row-major values.
    ///
    /// # Errors
    /// Returns the errors of [`Tensors::take`].
    pub fn take_any(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>), SnapshotError> {
        let place = self.take_place(name, Dtype::F32, None)?;
        let values = self.floats(name, &place)?;
        Ok((place.shape, values))
    }

    /// Returns the names of the tensors that were not taken, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.by_name.keys().cloned().collect();
        names.sort();
        names
    }

    fn take_place(
        &mut self,
        name: &str,
        dtype: Dtype,
        shape: Option<&[usize]>,
    ) -> Result<Place, SnapshotError> {
        let tensor = self.by_name.remove(name).ok_or_else(|| {
            SnapshotError::damaged(&self.path, format!("expected a tensor {name}, found none"))
        })?;
        if tensor.dtype != dtype || shape.is_some_and(|shape| shape != tensor.shape) {
            let expected = shape.map_or_else(String::new, |shape| format!(" of shape {shape:?}"));
            let found = format!("{:?} of shape {:?}", tensor.dtype, tensor.shape);
            let reason = format!("tensor {name}: expected {dtype:?}{expected}, found {found}");
            return Err(SnapshotError::damaged(&self.path, reason));
        }
        Ok(tensor)
    }

    fn floats(&self, name: &str, place: &Place) -> Result<Vec<f32>, SnapshotError> {
        let values = self.numbers(place, f32::from_le_bytes);
        match values.iter().position(|value| !is_in_range(*value)) {
            None => Ok(values),
            Some(at) => {
                let found = values.get(at).copied().unwrap_or_default();
                let expected = format!("values of at most {MAX_MAGNITUDE:e}");
                let reason = format!("tensor {name}: expected {expected}, found {found} at place {at}");
                Err(SnapshotError::damaged(&self.path, reason))
            }
        }
    }

    fn numbers<T>(&self, place: &Place, parse: fn([u8; 4]) -> T) -> Vec<T> {
        let bytes = self.bytes.get(place.range.clone()).unwrap_or_default();
        bytes.as_chunks::<4>().0.iter().map(|chunk| parse(*chunk)).collect()
    }
}
