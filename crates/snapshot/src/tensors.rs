use std::{
    collections::HashMap,
    io::{self, Read},
    path::PathBuf,
};

use safetensors::{
    Dtype, SafeTensorError,
    tensor::{Metadata, TensorView},
};

use crate::SnapshotError;

/// Maximum magnitude of an `f32` value. Products and sums of such values stay finite; models have
/// none that come near it.
pub const MAX_MAGNITUDE: f32 = 1e9;

/// Maximum length of the header of a file, in bytes, as for other readers of the format.
const MAX_HEADER: u64 = 100_000_000;

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
    by_name: HashMap<String, Content>,
}

/// Content of a tensor.
#[derive(Debug)]
struct Content {
    shape: Vec<usize>,
    dtype: Dtype,
    /// The numbers of a type of four bytes; empty for another.
    words: Vec<u32>,
}

impl Tensors {
    /// Reads the tensors of a file of `size` bytes, each into memory of its own, so that none is
    /// copied when it is taken. Shapes that do not fit the size are refused, so the memory taken is
    /// that of the file whatever it declares.
    pub(crate) fn read(path: PathBuf, file: &mut impl Read, size: u64) -> Result<Self, SnapshotError> {
        let Some(metadata) = header(file, size).map_err(SnapshotError::io(&path))? else {
            let reason = "expected a safetensors header whose tensors fill the file, found another";
            return Err(SnapshotError::damaged(path, reason));
        };
        let mut by_name = HashMap::new();
        for name in metadata.offset_keys() {
            let Some(info) = metadata.info(&name) else { continue };
            let length = info.data_offsets.1 - info.data_offsets.0;
            let mut words = Vec::new();
            if info.dtype.bitsize() == 32 {
                words.resize(length / size_of::<u32>(), 0u32);
                file.read_exact(bytemuck::cast_slice_mut(&mut words)).map_err(SnapshotError::io(&path))?;
                words.iter_mut().for_each(|word| *word = u32::from_le(*word));
            } else {
                io::copy(&mut file.take(length as u64), &mut io::sink()).map_err(SnapshotError::io(&path))?;
            }
            by_name.insert(name, Content { shape: info.shape.clone(), dtype: info.dtype, words });
        }
        Ok(Self { path, by_name })
    }

    /// Takes the `f32` tensor `name`, which must have exactly this shape.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Damaged`] if the tensor is missing or has another shape or type,
    /// and for a value that is not finite or beyond [`MAX_MAGNITUDE`].
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, SnapshotError> {
        let content = self.take_content(name, Dtype::F32, Some(shape))?;
        self.floats(name, content.words)
    }

    /// Takes the `u32` tensor `name`, of any shape, as row-major values.
    ///
    /// # Errors
    /// Returns the errors of [`Tensors::take`].
    pub fn take_indices(&mut self, name: &str) -> Result<Vec<u32>, SnapshotError> {
        Ok(self.take_content(name, Dtype::U32, None)?.words)
    }

    /// Takes the `f32` tensor `name`, of any shape, as its shape and row-major values.
    ///
    /// # Errors
    /// Returns the errors of [`Tensors::take`].
    pub fn take_any(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>), SnapshotError> {
        let content = self.take_content(name, Dtype::F32, None)?;
        Ok((content.shape, self.floats(name, content.words)?))
    }

    /// Returns the names of the tensors that were not taken, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.by_name.keys().cloned().collect();
        names.sort();
        names
    }

    fn take_content(
        &mut self,
        name: &str,
        dtype: Dtype,
        shape: Option<&[usize]>,
    ) -> Result<Content, SnapshotError> {
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

    fn floats(&self, name: &str, words: Vec<u32>) -> Result<Vec<f32>, SnapshotError> {
        // In place: both numbers have four bytes.
        let values: Vec<f32> = words.into_iter().map(f32::from_bits).collect();
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
}

/// Reads the header of a file of `size` bytes; `None` if it is none, or of another size.
fn header(file: &mut impl Read, size: u64) -> io::Result<Option<Metadata>> {
    const LENGTH: u64 = size_of::<u64>() as u64;
    let mut length = Vec::new();
    file.take(LENGTH).read_to_end(&mut length)?;
    let Ok(length) = <[u8; LENGTH as usize]>::try_from(length) else { return Ok(None) };
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER.min(size.saturating_sub(LENGTH)) {
        return Ok(None);
    }
    let mut json = Vec::new();
    file.take(length).read_to_end(&mut json)?;
    let metadata: Option<Metadata> = serde_json::from_slice(&json).ok();
    let rest = size - LENGTH - length;
    Ok(metadata.filter(|metadata| u64::try_from(metadata.data_len()) == Ok(rest)))
}
