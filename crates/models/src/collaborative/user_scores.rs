use std::sync::OnceLock;

use docent_linalg::top_k;

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

    /// Returns scores of all items, `[n_items]`, that are good enough to choose candidates by, at
    /// less cost than [`UserScores::all`] where a model has such.
    ///
    /// # Errors
    /// As [`UserScores::score`].
    fn coarse(&self) -> Result<&[f32], ModelError> {
        self.all()
    }

    /// Returns the mean score of all items, without visiting them.
    ///
    /// # Errors
    /// As [`UserScores::score`].
    fn mean(&self) -> Result<f32, ModelError>;

    /// Returns the `k` best items outside `seen`, which is ascending, with their scores, best
    /// first; ties by item.
    ///
    /// # Errors
    /// As [`UserScores::score`].
    fn best(&self, k: usize, seen: &[u32]) -> Result<Vec<(u32, f32)>, ModelError> {
        Ok(best_unseen(self.all()?, k, seen))
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

/// Returns the `k` best of `scores` `[n_items]` outside `seen`, which is ascending.
pub(super) fn best_unseen(scores: &[f32], k: usize, seen: &[u32]) -> Vec<(u32, f32)> {
    let mut seen = seen.iter().copied().peekable();
    let unseen = (0u32..).zip(scores.iter().copied());
    top_k(unseen.filter(|(item, _)| seen.next_if_eq(item).is_none()), k)
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
