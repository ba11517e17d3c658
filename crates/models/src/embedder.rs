//! Choice of the embedder, and reopening of the embedder of a published model.

use std::{path::Path, sync::Arc};

use docent_embedders::{HttpConfig, PretrainedConfig, SentenceTransformerConfig};
use docent_embeddings::{Document, Embedder, EmbeddingError, LsaEmbedder};
use serde::{Deserialize, Serialize};

/// Limit on the timeout of an endpoint while serving; training may configure more.
const MAX_CALL_SECONDS: f64 = 10.0;

/// Embedder of texts: the table `[train.embedder]`, whose key `kind` selects the variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EmbedderConfig {
    /// Latent semantic analysis, learned from the catalogue by each training run with the settings
    /// of `[train.lsa]`.
    Lsa {},
    /// A model in a local folder.
    SentenceTransformer(SentenceTransformerConfig),
    /// An OpenAI-compatible endpoint.
    Http(HttpConfig),
}

impl Default for EmbedderConfig {
    fn default() -> Self {
        Self::Lsa {}
    }
}

impl EmbedderConfig {
    /// Returns the configuration of a pretrained embedder; `None` for one that training learns.
    #[must_use]
    pub fn pretrained(&self) -> Option<PretrainedConfig> {
        match self {
            Self::Lsa {} => None,
            Self::SentenceTransformer(config) => Some(PretrainedConfig::SentenceTransformer(config.clone())),
            Self::Http(config) => Some(PretrainedConfig::Http(config.clone())),
        }
    }
}

/// Embedder that a model was trained with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbedderInfo {
    /// Id of its vector space. Vectors of different ids are never compared.
    pub id: String,
    /// Length of its vectors.
    pub dim: usize,
    /// Its configuration at training.
    pub config: EmbedderConfig,
}

/// Embedder of a model, or the untrained embedder that serves before any model.
#[derive(Clone)]
pub enum TextEmbedder {
    /// Learned from the catalogue.
    Lsa(Arc<LsaEmbedder>),
    /// Not learned, so its vectors are kept from one training run to the next.
    Pretrained(EmbedderConfig, Arc<dyn Embedder>),
}

impl TextEmbedder {
    /// Returns the embedder itself.
    #[must_use]
    pub fn get(&self) -> &dyn Embedder {
        match self {
            Self::Lsa(embedder) => embedder.as_ref(),
            Self::Pretrained(_, embedder) => embedder.as_ref(),
        }
    }

    /// Returns true if the embedder is fast enough to call while a request waits: it calls no
    /// endpoint and computes no large model.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        matches!(self, Self::Lsa(_))
    }

    /// Returns the description that is published with a model.
    #[must_use]
    pub fn info(&self) -> EmbedderInfo {
        let config = match self {
            Self::Lsa(_) => EmbedderConfig::default(),
            Self::Pretrained(config, _) => config.clone(),
        };
        EmbedderInfo { id: self.get().id().to_owned(), dim: self.get().dim(), config }
    }

    /// Opens the pretrained embedder of a published model again. `folder` is the folder of its
    /// sentence transformer on this machine, if it differs from the one at training.
    ///
    /// If the embedder cannot be opened or has changed, logs the reason and returns one that fails
    /// on every text: the vectors of the model still serve, and new texts get none.
    #[must_use]
    pub fn find_again(info: &EmbedderInfo, pretrained: &PretrainedConfig, folder: Option<&Path>) -> Self {
        let mut pretrained = pretrained.clone();
        match (&mut pretrained, folder) {
            (PretrainedConfig::SentenceTransformer(config), Some(folder)) => config.path = folder.to_owned(),
            (PretrainedConfig::SentenceTransformer(_), None) => {}
            // A request may wait for the answer; failed calls are repeated later.
            (PretrainedConfig::Http(config), _) => {
                config.attempts = 1;
                config.timeout_seconds = config.timeout_seconds.min(MAX_CALL_SECONDS);
            }
        }
        let reason = match pretrained.open(Some(info.dim)) {
            Ok(embedder) if embedder.id() == info.id => {
                return Self::Pretrained(info.config.clone(), embedder);
            }
            Ok(other) => format!("its id is now {}; train again to use it", other.id()),
            Err(error) => with_source(&error),
        };
        tracing::error!(
            embedder = info.id,
            reason,
            "cannot open the embedder of the model; new texts get no vectors"
        );
        let unavailable = Unavailable { id: info.id.clone(), dim: info.dim, reason };
        Self::Pretrained(info.config.clone(), Arc::new(unavailable))
    }
}

impl std::fmt::Debug for TextEmbedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TextEmbedder").field(&self.get().id()).finish()
    }
}

/// Formats an error followed by its source, if it has one.
pub fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Replacement for an embedder that cannot be opened.
struct Unavailable {
    id: String,
    dim: usize,
    reason: String,
}

impl Embedder for Unavailable {
    fn id(&self) -> &str {
        &self.id
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn embed(&self, documents: &[Document<'_>]) -> Result<Vec<Option<Vec<f32>>>, EmbeddingError> {
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        Err(EmbeddingError::Backend { id: self.id.clone(), source: self.reason.clone().into() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn found_again(info: &EmbedderInfo) -> TextEmbedder {
        TextEmbedder::find_again(info, &info.config.pretrained().unwrap(), None)
    }

    #[test]
    fn an_embedder_that_became_another_keeps_its_id_and_embeds_nothing() {
        let mut http = HttpConfig::new("http://localhost:1/v1", "m");
        let opened = EmbedderConfig::Http(http.clone()).pretrained().unwrap().open(Some(3)).unwrap();
        let mut info =
            EmbedderInfo { id: opened.id().into(), dim: 3, config: EmbedderConfig::Http(http.clone()) };
        assert_eq!(found_again(&info).info(), info);
        http.model = "another".into();
        let nowhere = EmbedderConfig::SentenceTransformer(SentenceTransformerConfig::new("no/such/folder"));
        for other in [EmbedderConfig::Http(http), nowhere] {
            info.config = other;
            let found = found_again(&info);
            assert_eq!(found.info(), info);
            assert!(found.get().embed(&[]).unwrap().is_empty());
            let error = found.get().embed(&[Document::from_text("word")]).unwrap_err();
            assert!(matches!(&error, EmbeddingError::Backend { id, .. } if *id == info.id), "{error}");
        }
    }

    #[test]
    fn settings_are_read_by_their_kind_and_refused_by_the_name_of_what_is_wrong() {
        let read = |json| serde_json::from_str::<EmbedderConfig>(json).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"kind": "lsa"}"#).unwrap(), EmbedderConfig::default());
        let http = r#"{"kind": "http", "base_url": "http://localhost/v1", "model": "m"}"#;
        assert_eq!(read(http).unwrap(), EmbedderConfig::Http(HttpConfig::new("http://localhost/v1", "m")));
        for (json, named) in [
            (r#"{"kind": "lsa", "base_url": "http://localhost"}"#, "base_url"),
            (r#"{"kind": "http", "model": "m"}"#, "base_url"),
            (r#"{"kind": "http", "base_url": "u", "model": "m", "key": "k"}"#, "key"),
            (r#"{"kind": "sentence_transformer", "path": "p", "modle": "m"}"#, "modle"),
            (r#"{"kind": "word2vec"}"#, "word2vec"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(named), "{json}: {error}");
        }
    }
}
