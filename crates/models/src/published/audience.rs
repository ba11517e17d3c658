//! What the people who like an item are interested in.

use docent_embeddings::{ContentSignal, content_profile};
use docent_snapshot::{Draft, Snapshot, Tensor};

use crate::ModelError;

const AUDIENCE: &str = "audience";

/// Power of the length of a sum of profiles by which it is divided: 1 would leave directions only, less lets what many
/// like score higher.
const LENGTH_POWER: f32 = 0.6;

/// For each item the sum of the content profiles of those who like it, shortened. Its dot product with somebody's
/// profile tells whether people with their interests like the item, also where nobody's history overlaps with theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    dim: usize,
    /// `[items, dim]`; zeros where nobody likes an item.
    vectors: Vec<f32>,
}

impl Audience {
    /// From histories of `(item, strength)` and the vectors of items, all of length `dim`.
    pub fn of<'a>(
        histories: impl Iterator<Item = &'a [(u32, f32)]>,
        vectors: &[Option<Vec<f32>>],
        dim: usize,
    ) -> Self {
        let mut sums = vec![0.0f32; vectors.len() * dim];
        for history in histories {
            let signal = |&(item, strength): &(u32, f32)| {
                let vector = vectors.get(item as usize)?.as_deref()?;
                Some(ContentSignal { vector, strength, age_days: 0.0 })
            };
            let signals: Vec<ContentSignal<'_>> = history.iter().filter_map(signal).collect();
            let Some(profile) = content_profile(&signals) else { continue };
            for (item, _) in history {
                let start = *item as usize * dim;
                let sum = sums.get_mut(start..start + dim).unwrap_or_default();
                sum.iter_mut().zip(&profile).for_each(|(sum, x)| *sum += x);
            }
        }
        for sum in sums.chunks_exact_mut(dim.max(1)) {
            let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
            let scale = if length > 0.0 { length.powf(-LENGTH_POWER) } else { 0.0 };
            sum.iter_mut().for_each(|x| *x *= scale);
        }
        Self { dim, vectors: sums }
    }

    /// The vector of an item; `None` for one that is not there.
    pub fn of_item(&self, row: u32) -> Option<&[f32]> {
        let start = row as usize * self.dim;
        self.vectors.get(start..start + self.dim)
    }

    pub fn write(&self, draft: &mut Draft) -> Result<(), ModelError> {
        let items = self.vectors.len() / self.dim.max(1);
        Ok(draft
            .put_tensors(AUDIENCE, &[Tensor::new("vectors", vec![items, self.dim], self.vectors.clone())?])?)
    }

    pub fn read(snapshot: &Snapshot, items: usize) -> Result<Self, ModelError> {
        let (shape, vectors) = snapshot.tensors(AUDIENCE)?.take_any("vectors")?;
        match shape.as_slice() {
            &[found, dim] if found == items => Ok(Self { dim, vectors }),
            _ => Err(ModelError::Invalid {
                id: snapshot.manifest().id.clone(),
                reason: format!("{AUDIENCE} of shape {shape:?} does not fit {items} items"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_found_by_the_interests_of_those_who_like_it() {
        // Item 2 says nothing of its own; two people interested in the first direction like it, one in the second.
        let vectors = [Some(vec![1.0, 0.0]), Some(vec![0.0, 1.0]), None, Some(vec![0.0, 1.0])];
        let people: [&[(u32, f32)]; 3] =
            [&[(0, 1.0), (2, 0.5)], &[(0, 0.7), (2, 1.0)], &[(1, 1.0), (2, 1.0)]];
        let audience = Audience::of(people.into_iter(), &vectors, 2);
        let score = |item: u32, profile: [f32; 2]| {
            let vector = audience.of_item(item).unwrap_or_default();
            vector.iter().zip(profile).map(|(a, b)| a * b).sum::<f32>()
        };
        assert!(score(2, [1.0, 0.0]) > score(2, [0.0, 1.0]) && score(2, [0.0, 1.0]) > 0.0);
        // Liked by two rather than one: more, but not twice as much.
        let ratio = score(0, [1.0, 0.0]) / score(1, [0.0, 1.0]);
        assert!((ratio - 2f32.powf(0.4)).abs() < 1e-6, "{ratio}");
        assert_eq!(score(3, [0.0, 1.0]), 0.0);
        assert_eq!(audience.of_item(4), None);
    }
}
