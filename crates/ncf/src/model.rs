//! A trained model.

use crate::scoring::ItemSide;
use crate::weights::{Matrix, Table, Tower};
use crate::{NcfError, NcfMetadata, Scorer};

/// A trained model: immutable, independent of burn, and shareable between threads.
///
/// The contribution of content features to the first layer is folded into the item table, so the
/// features are not needed after training. Memory, in values of 4 bytes: `dim + layers[0]` for each
/// item (768 bytes by default), none for users, and about 20 thousand for the dense weights.
#[derive(Debug, Clone, PartialEq)]
pub struct NcfModel {
    pub(crate) metadata: NcfMetadata,
    pub(crate) tower: Tower<Matrix>,
    /// `[n_items, dim]`
    pub(crate) item_gmf: Table,
    /// `[n_items, layers[0]]`
    pub(crate) item_first: Table,
}

impl NcfModel {
    /// Returns the sizes, settings and provenance of the model.
    pub fn metadata(&self) -> &NcfMetadata {
        &self.metadata
    }

    /// Returns the number of values in all tensors of the model.
    pub fn n_parameters(&self) -> usize {
        let tables = [&self.item_gmf, &self.item_first];
        let in_tables: usize = tables.iter().map(|table| table.values.len()).sum();
        in_tables + self.tower.all().iter().map(|matrix| matrix.values.len()).sum::<usize>()
    }

    /// Returns a scorer that borrows this model. Costs nothing.
    pub fn scorer(&self) -> Scorer<'_> {
        Scorer {
            tower: &self.tower,
            item_gmf: &self.item_gmf,
            items: ItemSide { table: &self.item_first, features: None },
            n_items: self.metadata.n_items,
        }
    }

    /// Scores items for a user; see [`Scorer::score`].
    ///
    /// # Errors
    /// As [`Scorer::score`].
    pub fn score(&self, user: &[f32], items: &[u32], out: &mut Vec<f32>) -> Result<(), NcfError> {
        self.scorer().score(user, items, out)
    }
}
