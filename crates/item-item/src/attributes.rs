use docent_domain::InteractionMatrix;
use docent_linalg::SparseRows;

use crate::{ItemItemError, KnnConfig, knn};

/// Attributes that more items have are left out: they tell little, and time grows with the square.
const MAX_ITEMS_OF_ATTRIBUTE: usize = 10_000;

/// Computes the cosine of items by their attributes, each weighted by its inverse document
/// frequency `ln(n_items / n)`, where `n` items have it. `attributes` is `[n_attributes, n_items]`.
///
/// Each item keeps its nearest `neighbors`. Items without attributes have no weights, and neither
/// has a catalogue without any. Attributes of more than 10,000 items are left out.
///
/// # Errors
/// [`ItemItemError::InvalidConfig`] for no neighbours.
pub fn attribute_cosine(
    attributes: &InteractionMatrix,
    neighbors: usize,
) -> Result<SparseRows, ItemItemError> {
    let n_items = attributes.n_cols();
    let mut triples = Vec::with_capacity(attributes.len());
    for attribute in 0..attributes.n_rows() {
        let items = attributes.row(attribute).0;
        let frequency = (n_items as f32 / items.len().max(1) as f32).ln();
        if items.len() <= MAX_ITEMS_OF_ATTRIBUTE && frequency > 0.0 {
            triples.extend(items.iter().map(|&item| (attribute as u32, item, frequency)));
        }
    }
    let weighted = InteractionMatrix::from_triples(attributes.n_rows(), n_items, triples)
        .map_err(|error| ItemItemError::Invalid(error.to_string()))?;
    if weighted.is_empty() {
        return Ok(SparseRows::of_rows(n_items, 0, []));
    }
    knn(&weighted, &KnnConfig { neighbors, shrinkage: 0.0 })
}
