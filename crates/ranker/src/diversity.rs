use std::{cmp::Ordering, collections::BinaryHeap};

use docent_linalg::dot;

/// Picks `keep` of the ranked items by maximal marginal relevance (Carbonell and Goldstein, 1998):
/// one by one, each time the item with the largest
/// `(1 - diversity) * score - diversity * (largest cosine to the items already picked)`.
///
/// `ranked` is a list of `(score, vector)` in descending order of scores. Returns indices into it
/// in the order of picking. The first pick is the top score, an item without a vector has
/// similarity 0 to all others, and ties keep the order of `ranked`.
///
/// Similarities to what is picked can only lower a value, so an item is compared only when no other
/// may be better (Minoux 1978, "Accelerated greedy algorithms"). With a low diversity, most never
/// are.
#[must_use]
pub fn mmr(ranked: &[(f64, Option<&[f32]>)], diversity: f64, keep: usize) -> Vec<usize> {
    let mut items = ranked.iter().enumerate().map(|(position, &(score, vector))| Open {
        position,
        score,
        vector: vector.unwrap_or(&[]),
        norm: None,
        compared: 0,
        closest: MIN_COSINE,
        most: (1.0 - diversity) * score - diversity * MIN_COSINE,
    });
    let mut picked: Vec<Open<'_>> = items.next().into_iter().take(keep).collect();
    let mut open: BinaryHeap<Open<'_>> = items.collect();
    while picked.len() < keep {
        let Some(mut item) = open.pop() else { break };
        if item.compared < picked.len() {
            item.compare(&mut picked, diversity);
            open.push(item);
        } else {
            picked.push(item);
        }
    }
    picked.into_iter().map(|item| item.position).collect()
}

/// A bound below the cosine of any two vectors, rounded in 32 bits.
const MIN_COSINE: f64 = -1.001;

/// An item that is not picked yet, or one that is.
struct Open<'a> {
    position: usize,
    score: f64,
    /// Empty for an item without a vector.
    vector: &'a [f32],
    /// Norm of the vector, once it was needed.
    norm: Option<f32>,
    /// Number of picked items that it was compared with.
    compared: usize,
    /// Largest similarity to these.
    closest: f64,
    /// Its value if no picked item is closer: at least its value.
    most: f64,
}

impl Open<'_> {
    fn norm(&mut self) -> f32 {
        *self.norm.get_or_insert_with(|| dot(self.vector, self.vector).sqrt())
    }

    /// Compares the item with the picked ones that it was not yet compared with.
    fn compare(&mut self, picked: &mut [Self], diversity: f64) {
        let norm = self.norm();
        for other in picked.iter_mut().skip(self.compared) {
            let norms = norm * other.norm();
            let is_defined = norms > 0.0 && self.vector.len() == other.vector.len();
            let cosine = if is_defined { f64::from(dot(self.vector, other.vector) / norms) } else { 0.0 };
            self.closest = self.closest.max(cosine);
        }
        self.compared = picked.len();
        self.most = (1.0 - diversity) * self.score - diversity * self.closest;
    }
}

/// Orders by the most that the value can be, ties by position, the first one last.
impl Ord for Open<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.most.total_cmp(&other.most).then(other.position.cmp(&self.position))
    }
}

impl PartialOrd for Open<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open<'_> {}
