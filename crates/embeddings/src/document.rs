//! What is embedded, and the seam that every embedder stands behind.

use crate::EmbeddingError;

/// The text of one resource, borrowed from wherever it is kept. Empty fields are left out of the vector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Document<'a> {
    /// Title in the resource's own words.
    pub title: &'a str,
    /// Abstract, description or full text.
    pub text: &'a str,
    /// Subjects, genres or tags; each is a phrase of its own.
    pub subjects: &'a [String],
    /// Names of authors; each counts as a whole.
    pub authors: &'a [String],
}

impl<'a> Document<'a> {
    /// A document with nothing but running text, such as a query or the domains that a person works in.
    pub fn from_text(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }
}

/// Turns documents into vectors.
///
/// Calls block and may take long: callers run them off the event loop.
pub trait Embedder: Send + Sync {
    /// Names the space that the vectors live in. Vectors of different ids are never compared.
    fn id(&self) -> &str;

    /// Length of every vector.
    fn dim(&self) -> usize;

    /// One unit-norm vector of [`dim`](Self::dim) finite numbers for each document, in the same order; `None` where the
    /// document holds nothing usable. The vector of a document does not depend on the others in the call.
    ///
    /// # Errors
    /// [`EmbeddingError::Backend`] when a model or endpoint behind the embedder fails.
    fn embed(&self, documents: &[Document<'_>]) -> Result<Vec<Option<Vec<f32>>>, EmbeddingError>;
}
