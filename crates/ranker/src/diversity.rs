use docent_linalg::{dot, dot_each};

/// Picks `keep` of the ranked items by maximal marginal relevance (Carbonell and Goldstein, 1998):
/// one by one, each time the item with the largest
/// `(1 - diversity) * score - diversity * (largest cosine to the items already picked)`.
///
/// `ranked` is a list of `(score, vector)` in descending order of scores. Returns indices into it
/// in the order of picking. The first pick is the top score, an item without a vector has
/// similarity 0 to all others, and ties keep the order of `ranked`.
#[must_use]
pub fn mmr<'a>(ranked: &[(f64, Option<&'a [f32]>)], diversity: f64, keep: usize) -> Vec<usize> {
    let mut open: Vec<Open<'a>> = Vec::with_capacity(ranked.len());
    for (position, &(score, vector)) in ranked.iter().enumerate() {
        let vector = vector.unwrap_or(&[]);
        open.push(Open { position, score, vector, norm: dot(vector, vector).sqrt(), closest: None });
    }
    let mut picked = Vec::with_capacity(keep.min(ranked.len()));
    let mut products = Vec::new();
    while picked.len() < keep {
        let values = open.iter().map(|item| item.value(diversity)).enumerate();
        let Some((index, _)) = values.reduce(|best, next| if next.1 > best.1 { next } else { best }) else {
            break;
        };
        let taken = open.remove(index);
        picked.push(taken.position);
        if picked.len() == keep {
            break;
        }
        let vectors: Vec<&[f32]> = open.iter().map(|item| item.vector).collect();
        dot_each(taken.vector, &vectors, &mut products);
        for (item, product) in open.iter_mut().zip(&products) {
            let similarity = taken.cosine(item, *product);
            item.closest = Some(item.closest.map_or(similarity, |closest| closest.max(similarity)));
        }
    }
    picked
}

/// An item that is not picked yet.
struct Open<'a> {
    position: usize,
    score: f64,
    /// Empty for an item without a vector.
    vector: &'a [f32],
    norm: f32,
    /// Largest similarity to the items already picked; `None` before the first pick.
    closest: Option<f64>,
}

impl Open<'_> {
    /// Returns the cosine to another item, of which the dot product is known.
    fn cosine(&self, other: &Self, product: f32) -> f64 {
        let norms = self.norm * other.norm;
        let is_defined = norms > 0.0 && self.vector.len() == other.vector.len();
        if is_defined { f64::from(product / norms) } else { 0.0 }
    }

    fn value(&self, diversity: f64) -> f64 {
        self.closest.map_or(self.score, |closest| (1.0 - diversity) * self.score - diversity * closest)
    }
}
