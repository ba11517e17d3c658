//! A vector whose clones share chunks.
//!
//! A reader holds the version of one moment, and a writer changes a clone of it: the clone copies
//! one pointer for each chunk, and a change one chunk. Reading follows two pointers, where a
//! balanced tree follows one for each level.
//!
//! This crate must never know what an element represents, do I/O, or start threads.
//!
//! ```
//! use docent_chunks::ChunkedVec;
//!
//! let before: ChunkedVec<u32> = (0..1_000).collect();
//! let mut after = before.clone();
//! if let Some(element) = after.get_mut(7) {
//!     *element = 70;
//! }
//! after.push(1_000);
//! assert_eq!((before.get(7), before.len()), (Some(&7), 1_000));
//! assert_eq!((after.get(7), after.len()), (Some(&70), 1_001));
//! ```
#![forbid(unsafe_code)]

use std::sync::Arc;

/// Number of elements in a chunk.
const CHUNK: usize = 256;

/// Vector whose clones share chunks of 256 elements until one of them changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkedVec<T> {
    /// Each full, but for the last.
    chunks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for ChunkedVec<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T> ChunkedVec<T> {
    /// Makes an empty vector.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns an element; `None` beyond the last one.
    #[inline]
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    /// Returns all elements in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

impl<T: Clone> ChunkedVec<T> {
    /// Returns an element to change; `None` beyond the last one. Copies its chunk if another clone
    /// holds it.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        Arc::make_mut(self.chunks.get_mut(at / CHUNK)?).get_mut(at % CHUNK)
    }

    /// Adds an element behind the last one. Copies the last chunk if another clone holds it.
    pub fn push(&mut self, element: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        if let Some(last) = self.chunks.last_mut() {
            Arc::make_mut(last).push(element);
        }
        self.len += 1;
    }

    /// Removes and returns the last element; `None` if there is none.
    pub fn pop(&mut self) -> Option<T> {
        let last = self.chunks.last_mut()?;
        let (element, is_empty) = {
            let last = Arc::make_mut(last);
            (last.pop()?, last.is_empty())
        };
        if is_empty {
            self.chunks.pop();
        }
        self.len -= 1;
        Some(element)
    }
}

impl<T: Clone> Extend<T> for ChunkedVec<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        elements.into_iter().for_each(|element| self.push(element));
    }
}

impl<T: Clone> FromIterator<T> for ChunkedVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut vector = Self::new();
        vector.extend(elements);
        vector
    }
}
