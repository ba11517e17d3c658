use std::{sync::Arc, time::Duration};

use moka::sync::Cache;

const KEPT: u64 = 10_000;
/// A text that could not be embedded is not tried again for so long.
const RETRY: Duration = Duration::from_secs(30);

/// Vectors of what people say they work on, by an embedder that is too slow to ask while a request holds the state.
pub(crate) struct TextVectors {
    vectors: Cache<String, Option<Arc<[f32]>>>,
    asked: Cache<String, ()>,
}

impl TextVectors {
    pub(super) fn new() -> Self {
        Self {
            vectors: Cache::builder().max_capacity(KEPT).build(),
            asked: Cache::builder().max_capacity(KEPT).time_to_live(RETRY).build(),
        }
    }

    /// The vector of a text; `None` where there is none (yet).
    pub(crate) fn get(&self, text: &str) -> Option<Vec<f32>> {
        self.vectors.get(text).flatten().map(|vector| vector.to_vec())
    }

    pub(crate) fn put(&self, text: String, vector: Option<Vec<f32>>) {
        self.vectors.insert(text, vector.map(Arc::from));
    }

    /// Whether the caller is to embed a text: nobody has, and nobody tried of late.
    pub(crate) fn is_wanted(&self, text: &str) -> bool {
        !self.vectors.contains_key(text) && self.asked.entry_by_ref(text).or_insert(()).is_fresh()
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
