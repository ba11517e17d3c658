//! A sample of the catalogue, by which the scores of components are scaled.

use docent_domain::scattered;
use docent_linalg::{CodedQuery, CodedRows};

use super::State;

/// Number of resources in the sample.
const SIZE: usize = 1_000;
const SEED: u64 = 42;

/// About 1,000 random resources, or all of a smaller catalogue: their vectors, one beside the
/// other, as codes of one byte a number, and what they say of the graph. Means and scales come from
/// them, in which the rounding cancels out.
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
    rows: CodedRows,
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
        let profile = CodedQuery::of(profile);
        self.own.products(&profile).zip(self.audience.products(&profile))
    }
}

impl Vectors {
    fn of<'a>(dim: usize, vectors: impl Iterator<Item = Option<&'a [f32]>>) -> Self {
        let (mut rows, mut is_known) = (CodedRows::new(dim), Vec::new());
        for vector in vectors {
            let vector = vector.filter(|vector| vector.len() == dim);
            is_known.push(vector.is_some());
            rows.push(vector.unwrap_or(&[]));
        }
        Self { rows, is_known }
    }

    fn products<'a>(&'a self, profile: &CodedQuery) -> impl Iterator<Item = Option<f32>> + use<'a> {
        let mut products = Vec::new();
        profile.products(&self.rows, 0, self.rows.len(), &mut products);
        products.into_iter().zip(&self.is_known).map(|(product, is_known)| is_known.then_some(product))
    }
}
