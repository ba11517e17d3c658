//! The embedder behind an endpoint.

use std::collections::HashMap;

use docent_embeddings::{Document, Embedder, EmbeddingError};

use super::{HttpConfig, HttpError, call::Client};
use crate::vector::{fingerprint, unit};

/// Embedder behind an endpoint that takes texts and returns vectors. A call sends each distinct
/// text once.
#[derive(Debug)]
pub struct HttpEmbedder {
    id: String,
    dim: usize,
    config: HttpConfig,
    client: Client,
}

impl HttpEmbedder {
    /// Reads the key from the environment and prepares the client. Asks the endpoint for one vector
    /// when neither `dim` nor the settings give the length of its vectors.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] for a setting out of range or a key that is not set,
    /// [`EmbeddingError::Backend`] with an [`HttpError`] when the endpoint does not answer.
    pub fn open(config: &HttpConfig, dim: Option<usize>) -> Result<Self, EmbeddingError> {
        config.validate()?;
        let client = Client::new(config)?;
        let dim = match dim.or(config.dimensions) {
            Some(dim) => dim,
            None => {
                let answer = client.embed(&["How long is a vector?"]);
                let vectors = answer.map_err(|error| backend(&config.model, error))?;
                vectors.first().map_or(0, Vec::len)
            }
        };
        let max_chars = config.max_chars.to_le_bytes();
        let parts = [config.base_url.as_bytes(), config.model.as_bytes(), &max_chars];
        let id = format!("http-{}-{dim}-{}", config.model, fingerprint(&parts));
        Ok(Self { id, dim, config: config.clone(), client })
    }

    /// Returns the vectors of distinct texts, in their order.
    fn vectors_of(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, HttpError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(self.config.batch_size) {
            for vector in self.client.embed(batch)? {
                if vector.len() != self.dim {
                    return Err(HttpError::Dimension { expected: self.dim, found: vector.len() });
                }
                vectors.push(unit(vector));
            }
        }
        Ok(vectors)
    }
}

impl Embedder for HttpEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn embed(&self, documents: &[Document<'_>]) -> Result<Vec<Option<Vec<f32>>>, EmbeddingError> {
        let max_chars = self.config.max_chars;
        let texts: Vec<String> = documents.iter().map(|document| document.plain_text(max_chars)).collect();
        let (mut number_of, mut distinct) = (HashMap::new(), Vec::new());
        for text in texts.iter().filter(|text| !text.is_empty()) {
            number_of.entry(text.as_str()).or_insert_with(|| {
                distinct.push(text.as_str());
                distinct.len() - 1
            });
        }
        let vectors = self.vectors_of(&distinct).map_err(|error| backend(&self.id, error))?;
        let mut of_documents = Vec::with_capacity(texts.len());
        for text in &texts {
            let vector = number_of.get(text.as_str()).and_then(|&number| vectors.get(number));
            of_documents.push(vector.cloned().flatten());
        }
        Ok(of_documents)
    }
}

fn backend(id: &str, error: HttpError) -> EmbeddingError {
    EmbeddingError::Backend { id: id.to_owned(), source: Box::new(error) }
}
