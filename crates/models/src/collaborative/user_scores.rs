use std::sync::OnceLock;

use docent_linalg::top_k_where;

use crate::ModelError;

/// A user folded into a model: the scores of items for one history.
///
/// Greater is better. The scores of one user are comparable with each other and always finite.
pub trait UserScores: Send + Sync {
    /// Returns the scores of `items`, in their order.
    ///
    /// # Errors
    /// Returns an error for items that were unknown at training.
    fn score(&self, items: &[u32]) -> Result<Vec<f32>, ModelError>;

    /// Returns the scores of all items, `[n_items]`, computed on first use.
    ///
    /// # Errors
    /// As [`UserScores::score`].
    fn all(&self) -> Result<&[f32], ModelError>;

    /// Returns the mean score of all items, without visiting them.
    ///
    /// # Errors
    /// As [`UserScores::score`].
    fn mean(&self) -> Result<f32, ModelError>;

    /// Returns the `k` best items that `accept` returns true for, with their scores, best first;
    /// ties by item. Models do without the scores of all items where they can, and may then miss a
    /// few of the best, which the next best replace.
    ///
    /// # Errors
    /// As [`UserScores::score`].
    fn best_where(&self, k: usize, accept: &dyn Fn(u32) -> bool) -> Result<Vec<(u32, f32)>, ModelError> {
        Ok(top_k_where((0u32..).zip(self.all()?.iter().copied()), k, accept))
    }

    /// Returns the `k` best items outside `seen`, which is ascending; as
    /// [`UserScores::best_where`].
    ///
    /// # Errors
    /// As [`UserScores::score`].
    fn best(&self, k: usize, seen: &[u32]) -> Result<Vec<(u32, f32)>, ModelError> {
        self.best_where(k, &|item| seen.binary_search(&item).is_err())
    }

    /// Returns the factors of the user, `[n_factors]`, where a score is their dot product with
    /// those of the item; `None` for other models.
    fn factors(&self) -> Option<&[f32]> {
        None
    }

    /// Returns the item of the history after which users often choose `item`, if that carries more
    /// than half of the score.
    fn often_next_after(&self, _item: u32) -> Option<u32> {
        None
    }
}

/// The scores of all items, computed on first use.
#[derive(Debug, Default)]
pub(super) struct Dense(OnceLock<Vec<f32>>);

impl Dense {
    pub(super) fn get(
        &self,
        compute: impl FnOnce() -> Result<Vec<f32>, ModelError>,
    ) -> Result<&[f32], ModelError> {
        if let Some(scores) = self.0.get() {
            return Ok(scores);
        }
        let computed = compute()?;
        Ok(self.0.get_or_init(|| computed))
    }

    /// Returns the scores if they are computed.
    pub(super) fn known(&self) -> Option<&[f32]> {
        self.0.get().map(Vec::as_slice)
    }
}
