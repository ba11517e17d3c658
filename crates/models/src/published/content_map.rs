//! A linear map from the vectors of texts to the factors of items.

use docent_linalg::{CholeskySolver, add_scaled, dot};
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::load::tensor_file;
use crate::ModelError;

const CONTENT_MAP: &str = "content_map";

/// Ridges that are tried, in mean squares of a feature over all items.
const RIDGES: [f32; 6] = [0.001, 0.01, 0.1, 0.3, 1.0, 10.0];
/// One item in this many judges the ridges.
const JUDGES: usize = 5;
/// Items below which nothing is fitted.
const MIN_ITEMS: usize = 50;
/// Share of the error of the mean item that the map must explain.
const MIN_EXPLAINED: f32 = 0.02;
/// Users at which the factors of an item weigh half.
const HALF_KNOWN: f32 = 5.0;
/// Multiplications at most; of more items an even sample is taken.
const MAX_WORK: usize = 10_000_000_000;

/// An item that the map learns from.
#[derive(Debug, Clone, Copy)]
pub struct MappedItem<'a> {
    /// Vector of its text, `[dim]`.
    pub vector: &'a [f32],
    /// Factors, `[n_factors]`.
    pub factors: &'a [f32],
    /// Number of users who chose it.
    pub users: u32,
}

/// Ridge regression of the factors of items on the vectors of their texts; an item with `n` users
/// weighs `n / (n + 5)`.
///
/// It gives a resource that no user chose the factors of an average item with its text (Gantner et
/// al., "Learning Attribute-to-Feature Mappings for Cold-Start Recommendations", 2010). A user
/// scores it by `user . (W x + b) = (W^T user) . x + user . b`: one vector of the user, in the
/// space of texts, scores all such resources.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentMap {
    /// `[dim + 1, n_factors]`: `W^T`, then `b`.
    weights: Vec<f32>,
    n_factors: usize,
}

impl ContentMap {
    /// Fits the map, with the ridge that is best for a fifth of the items that is left out.
    ///
    /// Returns `None` for fewer than fifty items, and if texts explain less than a fiftieth of the
    /// factors of the items left out.
    #[must_use]
    pub fn fit(items: &[MappedItem<'_>]) -> Option<Self> {
        let first = items.first()?;
        let (size, n_factors) = (first.vector.len() + 1, first.factors.len());
        let step = (items.len().saturating_mul(size * (size + n_factors))).div_ceil(MAX_WORK).max(1);
        let items: Vec<MappedItem<'_>> = items.iter().copied().step_by(step).collect();
        if items.len() < MIN_ITEMS || n_factors == 0 {
            return None;
        }
        let judges: Vec<MappedItem<'_>> = items.iter().copied().step_by(JUDGES).collect();
        let mut equations = Equations::new(size, n_factors);
        for (_, item) in items.iter().enumerate().filter(|(at, _)| !at.is_multiple_of(JUDGES)) {
            equations.add(item);
        }
        let of_mean = equations.mean().error(&judges);
        let judged = |ridge| Some((equations.solve(ridge)?.error(&judges), ridge));
        let best = RIDGES.into_iter().filter_map(judged).min_by(|a, b| a.0.total_cmp(&b.0));
        let (_, ridge) = best.filter(|(error, _)| *error < (1.0 - MIN_EXPLAINED) * of_mean)?;
        judges.iter().for_each(|item| equations.add(item));
        equations.solve(ridge)
    }

    /// Returns the vector of a user, whose factors are `[n_factors]`, in the space of texts, and
    /// the score of a text at its origin.
    #[must_use]
    pub fn of_user(&self, factors: &[f32]) -> (Vec<f32>, f32) {
        let rows = self.weights.chunks_exact(self.n_factors.max(1));
        let mut vector: Vec<f32> = rows.map(|row| dot(row, factors)).collect();
        let origin = vector.pop().unwrap_or_default();
        (vector, origin)
    }

    /// Returns the squared error of the factors of items, each by its weight.
    fn error(&self, items: &[MappedItem<'_>]) -> f32 {
        let mut sum = 0.0;
        for item in items {
            let mut left = item.factors.to_vec();
            for (x, row) in features(item.vector).zip(self.weights.chunks_exact(self.n_factors)) {
                add_scaled(&mut left, -x, row);
            }
            sum += weight(item.users) * dot(&left, &left);
        }
        sum
    }

    /// Writes the map into a snapshot.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] if the file cannot be written.
    pub(super) fn write(&self, draft: &mut Draft) -> Result<(), ModelError> {
        let shape = vec![self.weights.len() / self.n_factors.max(1), self.n_factors];
        Ok(draft.put_tensors(CONTENT_MAP, &[Tensor::new("weights", shape, self.weights.clone())?])?)
    }

    /// Reads the map from texts with vectors `[dim]` to factors, whose number is known if any item
    /// has some; `None` if the snapshot has none.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file and for another shape.
    pub(super) fn read(
        snapshot: &Snapshot,
        dim: usize,
        factors: Option<usize>,
    ) -> Result<Option<Self>, ModelError> {
        if !snapshot.has_tensors(CONTENT_MAP) {
            return Ok(None);
        }
        let (shape, weights) = snapshot.tensors(CONTENT_MAP)?.take_any("weights")?;
        let rows = dim.saturating_add(1);
        match shape.as_slice() {
            &[found, n_factors]
                if found == rows && n_factors > 0 && factors.is_none_or(|factors| factors == n_factors) =>
            {
                Ok(Some(Self { weights, n_factors }))
            }
            _ => {
                let columns = factors.map_or_else(|| "n_factors".to_owned(), |factors| factors.to_string());
                let reason = format!("expected the shape [{rows}, {columns}], found {shape:?}");
                Err(snapshot.damaged(&tensor_file(CONTENT_MAP), reason).into())
            }
        }
    }
}

fn weight(users: u32) -> f32 {
    users as f32 / (users as f32 + HALF_KNOWN)
}

fn features(vector: &[f32]) -> impl Iterator<Item = f32> + '_ {
    vector.iter().copied().chain([1.0])
}

/// The normal equations of the regression.
struct Equations {
    /// `X^T D X`, `[size, size]`, where `D` holds the weights of the items.
    left: Vec<f32>,
    /// `X^T D Y`, `[size, n_factors]`.
    right: Vec<f32>,
    size: usize,
    n_factors: usize,
}

impl Equations {
    fn new(size: usize, n_factors: usize) -> Self {
        Self { left: vec![0.0; size * size], right: vec![0.0; size * n_factors], size, n_factors }
    }

    fn add(&mut self, item: &MappedItem<'_>) {
        let weight = weight(item.users);
        let x: Vec<f32> = features(item.vector).collect();
        let rows = self.left.chunks_exact_mut(self.size).zip(self.right.chunks_exact_mut(self.n_factors));
        for (value, (left, right)) in x.iter().zip(rows) {
            add_scaled(left, weight * value, &x);
            add_scaled(right, weight * value, item.factors);
        }
    }

    /// Returns the map that gives every text the mean factors.
    fn mean(&self) -> ContentMap {
        let mass = self.left.last().copied().unwrap_or_default().max(f32::MIN_POSITIVE);
        let mut weights = vec![0.0; self.right.len()];
        let start = self.right.len() - self.n_factors;
        if let (Some(b), Some(sum)) = (weights.get_mut(start..), self.right.get(start..)) {
            add_scaled(b, 1.0 / mass, sum);
        }
        ContentMap { weights, n_factors: self.n_factors }
    }

    /// Solves for a ridge on everything but the last feature, which is 1; `None` if the equations
    /// are singular.
    fn solve(&self, ridge: f32) -> Option<ContentMap> {
        let mut left = self.left.clone();
        let squares: f32 = self.left.iter().step_by(self.size + 1).take(self.size - 1).sum();
        let ridge = ridge * squares / (self.size - 1).max(1) as f32;
        left.iter_mut().step_by(self.size + 1).take(self.size - 1).for_each(|cell| *cell += ridge);
        let mut solver = CholeskySolver::new(self.size);
        let factor = solver.factor(&mut left)?;
        let mut weights = vec![0.0; self.right.len()];
        for column in 0..self.n_factors {
            let of_column = self.right.iter().skip(column).step_by(self.n_factors);
            let mut side: Vec<f32> = of_column.copied().collect();
            factor.solve(&mut side);
            let slots = weights.iter_mut().skip(column).step_by(self.n_factors);
            slots.zip(side).for_each(|(slot, value)| *slot = value);
        }
        let is_finite = weights.iter().all(|weight| weight.is_finite());
        is_finite.then_some(ContentMap { weights, n_factors: self.n_factors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of `[3]` and factors of `[2]`, which are `[2 x0 - x1 + 0.5, x2]` plus `noise`.
    fn items(n: usize, noise: f32) -> (Vec<[f32; 3]>, Vec<[f32; 2]>) {
        let random = |at: usize, salt: u64| {
            docent_domain::scattered(at as u64, salt, 7) as f32 / u64::MAX as f32 - 0.5
        };
        let vectors: Vec<[f32; 3]> = (0..n).map(|at| [0, 1, 2].map(|salt| random(at, salt))).collect();
        let factors = vectors
            .iter()
            .enumerate()
            .map(|(at, [a, b, c])| [2.0 * a - b + 0.5 + noise * random(at, 8), c + noise * random(at, 9)]);
        let factors = factors.collect();
        (vectors, factors)
    }

    fn fitted(vectors: &[[f32; 3]], factors: &[[f32; 2]]) -> Option<ContentMap> {
        let items: Vec<MappedItem<'_>> = vectors
            .iter()
            .zip(factors)
            .map(|(vector, factors)| MappedItem { vector, factors, users: 9 })
            .collect();
        ContentMap::fit(&items)
    }

    #[test]
    fn a_user_scores_a_text_by_the_factors_that_its_vector_tells() {
        let (vectors, factors) = items(400, 0.05);
        let map = fitted(&vectors, &factors).unwrap();
        let (vector, origin) = map.of_user(&[1.0, -2.0]);
        for [a, b, c] in [[0.3, -0.2, 0.1], [-0.4, 0.1, 0.5]] {
            let expected = (2.0 * a - b + 0.5) - 2.0 * c;
            assert!((dot(&vector, &[a, b, c]) + origin - expected).abs() < 0.03);
        }
    }

    #[test]
    fn texts_that_tell_nothing_and_few_items_have_no_map() {
        let (vectors, factors) = items(2_000, 0.05);
        let rotated: Vec<[f32; 2]> = factors.iter().cycle().skip(7).take(2_000).copied().collect();
        assert_eq!(fitted(&vectors, &rotated), None, "factors of other items");
        assert_eq!(fitted(&vectors[..40], &factors[..40]), None, "too few");
        assert_eq!(ContentMap::fit(&[]), None);
    }
}
