//! The text of a resource, and the trait that every embedder implements.

use crate::EmbeddingError;

/// Text of one resource, borrowed from the caller. Empty fields do not count.
#[derive(Debug, Clone, Copy, Default)]
pub struct Document<'a> {
    /// Title of the resource.
    pub title: &'a str,
    /// Abstract, description or full text.
    pub text: &'a str,
    /// Subjects, genres or tags, one phrase each.
    pub subjects: &'a [String],
    /// Names of authors; each counts as one term.
    pub authors: &'a [String],
}

impl<'a> Document<'a> {
    /// Makes a document of running text alone, such as a query or the domains of a user.
    pub fn from_text(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }

    /// Returns all fields as one text, for embedders that read prose: a line each of title,
    /// subjects and authors, then the text, cut to `max_chars` characters. Empty for an empty
    /// document.
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
/// Calls block, possibly for long: callers run them off the event loop.
pub trait Embedder: Send + Sync {
    /// Returns the id of the vector space. Vectors of different ids must not be compared.
    fn id(&self) -> &str;

    /// Returns the length of every vector.
    fn dim(&self) -> usize;

    /// Returns a unit-norm vector of [`dim`](Self::dim) finite numbers for each document, in their
    /// order; `None` for a document without usable text.
    ///
    /// The vector of a document does not depend on the others in the call.
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
