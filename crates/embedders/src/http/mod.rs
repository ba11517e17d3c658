//! An OpenAI-compatible endpoint: `POST {base_url}/embeddings`.

mod call;
mod config;
mod error;

use std::collections::HashMap;

use docent_embeddings::{Document, Embedder, EmbeddingError};

use crate::{fingerprint, unit};
use call::Client;
pub use config::HttpConfig;
pub use error::HttpError;

/// An endpoint that takes texts and gives vectors. A text is sent once a call however often it is given.
#[derive(Debug)]
pub struct HttpEmbedder {
    id: String,
    dim: usize,
    config: HttpConfig,
    client: Client,
}

impl HttpEmbedder {
    /// Takes the key from the environment. Where neither `dim` nor the settings say how long the vectors are, the endpoint
    /// is asked for one.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] for a setting out of range or a key that is not there,
    /// [`EmbeddingError::Backend`] with an [`HttpError`] where the endpoint does not answer.
    pub fn open(config: &HttpConfig, dim: Option<usize>) -> Result<Self, EmbeddingError> {
        config.validate()?;
        let client = Client::new(config)?;
        let dim = match dim.or(config.dimensions) {
            Some(dim) => dim,
            None => {
                let asked = client.embed(&["How long is a vector?"]);
                let vectors = asked.map_err(|error| backend(&config.model, error))?;
                vectors.first().map_or(0, Vec::len)
            }
        };
        let max_chars = config.max_chars.to_le_bytes();
        let parts = [config.base_url.as_bytes(), config.model.as_bytes(), &max_chars];
        let id = format!("http-{}-{dim}-{}", config.model, fingerprint(&parts));
        Ok(Self { id, dim, config: config.clone(), client })
    }

    /// Vectors of distinct texts, in their order.
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
        let plain: Vec<String> = documents.iter().map(|d| d.plain_text(self.config.max_chars)).collect();
        let (mut number_of, mut distinct) = (HashMap::new(), Vec::new());
        for text in plain.iter().filter(|text| !text.is_empty()) {
            number_of.entry(text.as_str()).or_insert_with(|| {
                distinct.push(text.as_str());
                distinct.len() - 1
            });
        }
        let vectors = self.vectors_of(&distinct).map_err(|error| backend(&self.id, error))?;
        let vector_of = |text: &String| vectors.get(*number_of.get(text.as_str())?)?.clone();
        Ok(plain.iter().map(vector_of).collect())
    }
}

fn backend(id: &str, error: HttpError) -> EmbeddingError {
    EmbeddingError::Backend { id: id.to_owned(), source: Box::new(error) }
}
