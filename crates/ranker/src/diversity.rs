/// Cosine of two vectors; 0 where one has no direction or the lengths differ.
#[must_use]
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return 0.0;
    }
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { f64::from(dot(a, b) / norms) } else { 0.0 }
}

/// Eight running sums let the compiler use vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0f32; LANES];
    for (x, y) in a_chunks.zip(b_chunks) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Maximal marginal relevance (Carbonell and Goldstein, 1998): picks `keep` of the ranked items one by one, each the
/// one with the largest `(1 - diversity) * score - diversity * (largest cosine to those picked)`.
///
/// `ranked` is `(score, vector)` by descending score; the result is positions in it, in the order of picking. The first
/// pick is the top score; an item without vector has similarity 0 to all; ties keep the order of `ranked`.
#[must_use]
pub fn mmr<'a>(ranked: &[(f64, Option<&'a [f32]>)], diversity: f64, keep: usize) -> Vec<usize> {
    let norm = |vector: Option<&[f32]>| vector.map_or(0.0, |vector| dot(vector, vector).sqrt());
    let item = |(position, &(score, vector)): (usize, &(f64, Option<&'a [f32]>))| Open {
        position,
        score,
        vector: vector.unwrap_or(&[]),
        norm: norm(vector),
        closest: None,
    };
    let mut open: Vec<Open<'_>> = ranked.iter().enumerate().map(item).collect();
    let mut picked = Vec::with_capacity(keep.min(ranked.len()));
    while picked.len() < keep {
        let values = open.iter().map(|item| item.value(diversity)).enumerate();
        let Some((index, _)) = values.reduce(|best, next| if next.1 > best.1 { next } else { best }) else {
            break;
        };
        let taken = open.remove(index);
        picked.push(taken.position);
        for item in &mut open {
            let similarity = taken.cosine(item);
            item.closest = Some(item.closest.map_or(similarity, |closest| closest.max(similarity)));
        }
    }
    picked
}

/// An item that is not picked yet, with its largest similarity to those that are.
struct Open<'a> {
    position: usize,
    score: f64,
    /// Empty where there is none.
    vector: &'a [f32],
    norm: f32,
    closest: Option<f64>,
}

impl Open<'_> {
    fn cosine(&self, other: &Self) -> f64 {
        let norms = self.norm * other.norm;
        let is_defined = norms > 0.0 && self.vector.len() == other.vector.len();
        if is_defined { f64::from(dot(self.vector, other.vector) / norms) } else { 0.0 }
    }

    fn value(&self, diversity: f64) -> f64 {
        self.closest.map_or(self.score, |closest| (1.0 - diversity) * self.score - diversity * closest)
    }
}
