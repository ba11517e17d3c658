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

    /// All fields as one text, for embedders that read prose: a line each of title, subjects and authors, then the text,
    /// cut to `max_chars` characters. Empty where the document is.
    pub fn plain_text(&self, max_chars: usize) -> String {
        let (subjects, authors) = (self.subjects.join(", "), self.authors.join(", "));
        let fields = [self.title, &subjects, &authors, self.text].map(str::trim);
        let lines: Vec<&str> = fields.into_iter().filter(|field| !field.is_empty()).collect();
        let mut text = lines.join("\n");
        if let Some((end, _)) = text.char_indices().nth(max_chars) {
            text.truncate(end);
        }
        text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_a_line_for_each_field_and_is_cut_between_characters() {
        let (subjects, authors) = (["war".to_owned(), "peace".to_owned()], ["Léon".to_owned()]);
        let document =
            Document { title: " Война ", text: "A novel.", subjects: &subjects, authors: &authors };
        assert_eq!(document.plain_text(100), "Война\nwar, peace\nLéon\nA novel.");
        assert_eq!(document.plain_text(3), "Вой");
        assert_eq!(document.plain_text(0), "");
        assert_eq!(Document::from_text("  \n").plain_text(10), "");
    }
}
