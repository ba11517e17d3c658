use docent_domain::InteractionMatrix;
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::{CollaborativeModel, ModelKind, check_items, kind_file};
use crate::ModelError;

/// Popularity, the same for every user: `ln(1 + number of users who chose the item)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Popularity(Vec<f32>);

impl Popularity {
    /// Counts the users who chose each item.
    #[must_use]
    pub fn of(likes: &InteractionMatrix) -> Self {
        let mut counts = vec![0.0; likes.n_cols()];
        for user in 0..likes.n_rows() {
            for &item in likes.row(user).0 {
                if let Some(count) = counts.get_mut(item as usize) {
                    *count += 1.0;
                }
            }
        }
        Self(counts)
    }

    /// Returns the number of users who chose each item, `[n_items]`.
    #[must_use]
    pub fn counts(&self) -> &[f32] {
        &self.0
    }

    /// Reads counts that [`CollaborativeModel::save`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file.
    pub fn load(snapshot: &Snapshot, name: &str) -> Result<Self, ModelError> {
        Ok(Self(snapshot.tensors(name)?.take_any("counts")?.1))
    }
}

impl CollaborativeModel for Popularity {
    fn kind(&self) -> ModelKind {
        ModelKind::Popularity
    }

    fn n_items(&self) -> usize {
        self.0.len()
    }

    fn n_parameters(&self) -> usize {
        self.0.len()
    }

    fn score(&self, _: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        check_items(items, self.0.len())?;
        scores.clear();
        scores.extend(items.iter().filter_map(|&item| self.0.get(item as usize)).map(|count| count.ln_1p()));
        Ok(())
    }

    fn score_all(&self, _: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        scores.clear();
        scores.extend(self.0.iter().map(|count| count.ln_1p()));
        Ok(())
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        draft.put_json(&kind_file(name), &self.kind())?;
        draft.put_tensors(name, &[Tensor::new("counts", vec![self.0.len()], self.0.clone())?])?;
        Ok(())
    }
}
