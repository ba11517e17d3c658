use std::{sync::Arc, time::Duration};

use moka::sync::Cache;

const MAX_TEXTS: u64 = 10_000;
/// Pause after an attempt to embed a text before the next one.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Vectors of the domains of users, for an embedder that is too slow to call while a request locks
/// the state.
pub(crate) struct TextVectors {
    vectors: Cache<String, Option<Arc<[f32]>>>,
    /// Texts that were attempted recently.
    attempted: Cache<String, ()>,
}

impl TextVectors {
    pub(super) fn new() -> Self {
        Self {
            vectors: Cache::builder().max_capacity(MAX_TEXTS).build(),
            attempted: Cache::builder().max_capacity(MAX_TEXTS).time_to_live(RETRY_PAUSE).build(),
        }
    }

    /// Returns the vector of a text, `[dim]`; `None` if it is not known yet, or if the text has
    /// none.
    pub(crate) fn get(&self, text: &str) -> Option<Vec<f32>> {
        self.vectors.get(text).flatten().map(|vector| vector.to_vec())
    }

    pub(crate) fn put(&self, text: String, vector: Option<Vec<f32>>) {
        self.vectors.insert(text, vector.map(Arc::from));
    }

    /// Returns true if the caller should embed a text: it has no vector, and no attempt was made
    /// recently. Counts as an attempt.
    pub(crate) fn is_wanted(&self, text: &str) -> bool {
        !self.vectors.contains_key(text) && self.attempted.entry_by_ref(text).or_insert(()).is_fresh()
    }
}

#[cfg(test)]
mod tests {
    use super::TextVectors;

    #[test]
    fn a_text_is_wanted_once_until_it_is_known() {
        let texts = TextVectors::new();
        assert!(texts.is_wanted("a") && !texts.is_wanted("a") && texts.is_wanted("b"));
        assert_eq!(texts.get("a"), None);
        texts.put("a".into(), Some(vec![1.0]));
        texts.put("b".into(), None);
        assert_eq!((texts.get("a"), texts.get("b")), (Some(vec![1.0]), None));
        assert!(!texts.is_wanted("b"));
    }
}
