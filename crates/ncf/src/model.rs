//! A trained model.

use crate::dense::{Matrix, Tower};
use crate::scoring::ItemSide;
use crate::table::Table;
use crate::{NcfError, NcfMetadata, Scorer};

/// A trained model: immutable, free of burn, ready to be shared between threads.
///
/// What content features add to the first layer is kept with the items, so the features are not needed any more. Memory, in
/// values of 4 bytes: per item `dim + layers[0]` (768 bytes by default), none per user, and some 20 thousand for the rest.
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
    /// Sizes, settings and provenance.
    pub fn metadata(&self) -> &NcfMetadata {
        &self.metadata
    }

    /// Number of values in all tensors of the model.
    pub fn n_parameters(&self) -> usize {
        let tables = [&self.item_gmf, &self.item_first];
        let in_tables: usize = tables.iter().map(|table| table.values.len()).sum();
        in_tables + self.tower.all().iter().map(|matrix| matrix.values.len()).sum::<usize>()
    }

    /// The scorer of this model; making one is free.
    pub fn scorer(&self) -> Scorer<'_> {
        Scorer {
            tower: &self.tower,
            item_gmf: &self.item_gmf,
            items: ItemSide { table: &self.item_first, features: None },
            n_items: self.metadata.n_items,
        }
    }

    /// See [`Scorer::score`].
    ///
    /// # Errors
    /// As [`Scorer::score`].
    pub fn score(&self, user: &[f32], items: &[u32], out: &mut Vec<f32>) -> Result<(), NcfError> {
        self.scorer().score(user, items, out)
    }
}
