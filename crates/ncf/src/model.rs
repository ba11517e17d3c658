//! A trained model.

use crate::dense::{Matrix, Tower};
use crate::scoring::ItemSide;
use crate::table::Table;
use crate::{NcfError, NcfMetadata, Scorer, UserInput};

/// A trained model: immutable, free of burn, ready to be shared between threads.
///
/// The items' part of the MLP's first layer is kept ready-made, so content features and MLP item vectors are not needed
/// any more. Memory, in values of 4 bytes: per item `dim + layers[0]` (768 bytes by default), per user `2 * dim` (512 bytes
/// by default), and some 30 thousand for the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct NcfModel {
    pub(crate) metadata: NcfMetadata,
    pub(crate) tower: Tower<Matrix>,
    /// `[n_users, dim]`
    pub(crate) user_gmf: Table,
    /// `[n_users, dim]`
    pub(crate) user_mlp: Table,
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
        let tables = [&self.user_gmf, &self.user_mlp, &self.item_gmf, &self.item_first];
        let in_tables: usize = tables.iter().map(|table| table.values.len()).sum();
        in_tables + self.tower.all().iter().map(|matrix| matrix.values.len()).sum::<usize>()
    }

    /// The scorer of this model; making one is free.
    pub fn scorer(&self) -> Scorer<'_> {
        Scorer {
            tower: &self.tower,
            user_gmf: &self.user_gmf,
            user_mlp: &self.user_mlp,
            item_gmf: &self.item_gmf,
            items: ItemSide::Stored(&self.item_first),
            n_users: self.metadata.n_users,
            n_items: self.metadata.n_items,
        }
    }

    /// See [`Scorer::score`].
    ///
    /// # Errors
    /// As [`Scorer::score`].
    pub fn score(&self, user: &UserInput<'_>, items: &[u32], out: &mut Vec<f32>) -> Result<(), NcfError> {
        self.scorer().score(user, items, out)
    }
}
