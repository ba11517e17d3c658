//! A sample of the catalogue, by which the scores of components are scaled.

use docent_domain::scattered;
use docent_linalg::dot_rows;

use super::State;

/// Number of resources in the sample.
const SIZE: usize = 1_000;
const SEED: u64 = 42;

/// About 1,000 random resources, or all of a smaller catalogue: their vectors, one beside the
/// other, and what they say of the graph.
#[derive(Debug)]
pub(crate) struct Sample {
    own: Vectors,
    /// Vectors of the audiences.
    audience: Vectors,
    /// Number of resources with links, estimated.
    pub n_linked: usize,
}

/// Vectors of the resources of a sample, `[n, dim]`; zeros where a resource has none.
#[derive(Debug)]
struct Vectors {
    rows: Vec<f32>,
    is_known: Vec<bool>,
}

impl Sample {
    pub(super) fn of(state: &State) -> Self {
        let n = state.catalogue.len();
        let drawn = |at: usize| {
            let key = if n <= SIZE { at as u64 } else { scattered(0, at as u64, SEED) % n as u64 };
            key as u32
        };
        let keys: Vec<u32> =
            (0..n.min(SIZE)).map(drawn).filter(|key| state.catalogue.is_visible(*key)).collect();
        let dim = state.vectors.dim();
        let linked = keys.iter().filter(|key| state.graph.degree(**key) > 0).count();
        Self {
            own: Vectors::of(dim, keys.iter().map(|key| state.vectors.get(*key))),
            audience: Vectors::of(dim, keys.iter().map(|key| state.audience(*key))),
            n_linked: linked * n / keys.len().max(1),
        }
    }

    /// Returns the products of the resources' own vectors and of their audiences with a profile,
    /// `[dim]`; `None` for a resource without such a vector.
    pub(crate) fn products(&self, profile: &[f32]) -> impl Iterator<Item = (Option<f32>, Option<f32>)> {
        self.own.products(profile).zip(self.audience.products(profile))
    }
}

impl Vectors {
    fn of<'a>(dim: usize, vectors: impl Iterator<Item = Option<&'a [f32]>>) -> Self {
        let (mut rows, mut is_known) = (Vec::new(), Vec::new());
        for vector in vectors {
            let vector = vector.filter(|vector| vector.len() == dim);
            is_known.push(vector.is_some());
            rows.extend_from_slice(vector.unwrap_or(&[]));
            rows.resize(is_known.len() * dim, 0.0);
        }
        Self { rows, is_known }
    }

    fn products(&self, profile: &[f32]) -> impl Iterator<Item = Option<f32>> {
        let mut products = vec![0.0; self.is_known.len()];
        dot_rows(profile, &self.rows, &mut products);
        products.into_iter().zip(&self.is_known).map(|(product, is_known)| is_known.then_some(product))
    }
}
