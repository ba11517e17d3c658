//! Interests of the users who like an item.

use docent_embeddings::{ContentSignal, content_profile};
use docent_snapshot::{Draft, Snapshot, Tensor};

use crate::ModelError;

const AUDIENCE: &str = "audience";

/// Power of its own length by which a sum of profiles is divided. 1 would keep directions only;
/// less lets items with many likes score higher.
const LENGTH_POWER: f32 = 0.6;

/// For each item, the sum of the content profiles of the users who like it, damped:
/// `sum / |sum|^0.6`.
///
/// The dot product of this vector with a user's profile is high if users with similar interests
/// like the item, even if no history overlaps with the user's.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    dim: usize,
    /// `[n_items, dim]`; zeros for an item without likes.
    vectors: Vec<f32>,
}

impl Audience {
    /// Computes the audiences from one history of `(item row, strength)` pairs for each user, and
    /// the unit vectors of the items, `[dim]` each.
    #[must_use]
    pub fn of<'a>(
        histories: impl Iterator<Item = &'a [(u32, f32)]>,
        vectors: &[Option<Vec<f32>>],
        dim: usize,
    ) -> Self {
        let mut sums = vec![0.0f32; vectors.len() * dim];
        for history in histories {
            let signals: Vec<ContentSignal<'_>> = history
                .iter()
                .filter_map(|&(item, strength)| {
                    let vector = vectors.get(item as usize)?.as_deref()?;
                    Some(ContentSignal { vector, strength, age_days: 0.0 })
                })
                .collect();
            let Some(profile) = content_profile(&signals) else { continue };
            for (item, _) in history {
                let start = *item as usize * dim;
                let sum = sums.get_mut(start..start + dim).unwrap_or_default();
                sum.iter_mut().zip(&profile).for_each(|(sum, x)| *sum += x);
            }
        }
        // sum / |sum|^p has the length |sum|^(1 - p): twice the likes give 2^0.4 of the score.
        for sum in sums.chunks_exact_mut(dim.max(1)) {
            let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
            let scale = if length > 0.0 { length.powf(-LENGTH_POWER) } else { 0.0 };
            sum.iter_mut().for_each(|x| *x *= scale);
        }
        Self { dim, vectors: sums }
    }

    /// Returns the vector of an item, `[dim]`; `None` for an unknown row.
    #[must_use]
    pub fn of_item(&self, row: u32) -> Option<&[f32]> {
        let start = row as usize * self.dim;
        self.vectors.get(start..start + self.dim)
    }

    /// Writes the vectors into a snapshot.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] if the file cannot be written.
    pub fn write(&self, draft: &mut Draft) -> Result<(), ModelError> {
        let items = self.vectors.len() / self.dim.max(1);
        Ok(draft
            .put_tensors(AUDIENCE, &[Tensor::new("vectors", vec![items, self.dim], self.vectors.clone())?])?)
    }

    /// Reads the vectors of `items` items, `[dim]` each, from a snapshot.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file and for another shape.
    pub fn read(snapshot: &Snapshot, items: usize, dim: usize) -> Result<Self, ModelError> {
        let vectors = snapshot.tensors(AUDIENCE)?.take("vectors", &[items, dim])?;
        Ok(Self { dim, vectors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_found_by_the_interests_of_those_who_like_it() {
        // Item 2 has no vector; two users interested in the first direction like it, and one user
        // interested in the second.
        let vectors = [Some(vec![1.0, 0.0]), Some(vec![0.0, 1.0]), None, Some(vec![0.0, 1.0])];
        let histories: [&[(u32, f32)]; 3] =
            [&[(0, 1.0), (2, 0.5)], &[(0, 0.7), (2, 1.0)], &[(1, 1.0), (2, 1.0)]];
        let audience = Audience::of(histories.into_iter(), &vectors, 2);
        let score = |item: u32, profile: [f32; 2]| {
            let vector = audience.of_item(item).unwrap_or_default();
            vector.iter().zip(profile).map(|(a, b)| a * b).sum::<f32>()
        };
        assert!(score(2, [1.0, 0.0]) > score(2, [0.0, 1.0]) && score(2, [0.0, 1.0]) > 0.0);
        // Two likes instead of one score higher, but not twice as high.
        let ratio = score(0, [1.0, 0.0]) / score(1, [0.0, 1.0]);
        assert!((ratio - 2f32.powf(0.4)).abs() < 1e-6, "{ratio}");
        assert_eq!(score(3, [0.0, 1.0]), 0.0);
        assert_eq!(audience.of_item(4), None);
    }
}
