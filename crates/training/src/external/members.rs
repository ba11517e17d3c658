//! Fitted members of other programs as models of this run.

use std::sync::Arc;

use docent_als::{AlsConfig, AlsModel};
use docent_domain::InteractionMatrix;
use docent_linalg::SparseRows;
use docent_models::{CollaborativeModel, ItemItemRecommender, ModelError, ModelKind};

use super::{ExternalMembers, MemberData, Scope, split::splits_of};
use crate::{TrainConfig, dataset::Dataset, holdout::Splits};

/// Kinds that may come as item factors.
pub const MEMBERS_OF_FACTORS: [ModelKind; 2] = [ModelKind::Als, ModelKind::LowRankAls];
/// Kinds that may come as an item-by-item matrix.
pub const MEMBERS_OF_ROWS: [ModelKind; 4] =
    [ModelKind::ItemKnn, ModelKind::Rp3beta, ModelKind::Ease, ModelKind::Transitions];
/// Kinds that a run fits beside those from outside: their time does not grow with the lengths of
/// histories, or has a bound.
const FITTED_BESIDE: [ModelKind; 3] = [ModelKind::Popularity, ModelKind::RecentPopularity, ModelKind::Ease];

/// Members from outside, over the rows of a run.
#[derive(Debug, Clone)]
pub(crate) struct Members {
    external: Arc<ExternalMembers>,
    /// Row of each exported resource; `None` where it is gone.
    row_of_item: Arc<[Option<u32>]>,
    n_items: usize,
}

/// The members that learned from the parts of one scope.
#[derive(Debug, Clone)]
pub(crate) struct ScopedMembers {
    members: Members,
    scope: Scope,
}

impl Members {
    /// Returns the splits of the data that members were fitted to, and the members.
    ///
    /// # Errors
    /// [`ModelError::Member`] for members of another split or another store.
    pub(crate) fn splits(
        external: &Arc<ExternalMembers>,
        data: &Dataset,
        config: &TrainConfig,
    ) -> Result<Splits, ModelError> {
        let (splits, row_of_item) = splits_of(external, data, config)?;
        let (external, row_of_item) = (Arc::clone(external), row_of_item.into());
        let members = Self { external, row_of_item, n_items: data.items.len() };
        Ok(Splits { members: Some(members), ..splits })
    }

    pub(crate) fn of(&self, scope: Scope) -> ScopedMembers {
        ScopedMembers { members: self.clone(), scope }
    }
}

impl ScopedMembers {
    /// Returns true for a kind that may be a member beside or among those from outside.
    pub(crate) fn allows(&self, kind: ModelKind) -> bool {
        self.has(kind) || FITTED_BESIDE.contains(&kind)
    }

    fn has(&self, kind: ModelKind) -> bool {
        self.members.external.kinds.contains(&kind)
    }

    /// Returns the model of a kind that comes as an item-by-item matrix; `None` if it does not come
    /// from outside, or not so.
    ///
    /// # Errors
    /// [`ModelError::Member`] for files that cannot be read, unknown items, and numbers that are
    /// not finite.
    pub(crate) fn model(&self, kind: ModelKind) -> Result<Option<Box<dyn CollaborativeModel>>, ModelError> {
        if !self.has(kind) || !MEMBERS_OF_ROWS.contains(&kind) {
            return Ok(None);
        }
        match self.members.external.source.load(kind, self.scope)? {
            MemberData::Rows(rows) => {
                Ok(Some(Box::new(ItemItemRecommender::new(kind, self.rows(kind, rows)?))))
            }
            MemberData::Factors { .. } => Err(self.refused(kind, "expected rows, found factors")),
        }
    }

    /// Returns the factorisation of a kind, by which users are folded in as `config` says for the
    /// data `likes`; `None` if it does not come from outside.
    ///
    /// # Errors
    /// As [`ScopedMembers::model`].
    pub(crate) fn factorisation(
        &self,
        kind: ModelKind,
        config: &AlsConfig,
        likes: &InteractionMatrix,
    ) -> Result<Option<AlsModel>, ModelError> {
        if !self.has(kind) {
            return Ok(None);
        }
        let MemberData::Factors { dim, items, factors } =
            self.members.external.source.load(kind, self.scope)?
        else {
            return Err(self.refused(kind, "expected factors, found rows"));
        };
        if items.is_empty() || factors.len() != items.len() * dim {
            let (found, numbers) = (items.len(), factors.len());
            let expected = format!("expected vectors of {dim} numbers for at least one item");
            return Err(self.refused(kind, format!("{expected}, found {numbers} numbers for {found} items")));
        }
        // Before there is room for all items: a file may hold any length.
        AlsConfig { dim, ..config.clone() }.check().map_err(|error| self.refused(kind, error.to_string()))?;
        let mut is_given = vec![false; self.members.n_items];
        let mut of_rows = vec![0.0; self.members.n_items * dim];
        for (item, vector) in items.iter().zip(factors.chunks_exact(dim.max(1))) {
            let Some(row) = self.row(kind, *item)? else { continue };
            if let Some(wrong) = vector.iter().find(|x| !x.is_finite()) {
                return Err(
                    self.refused(kind, format!("item {item}: expected finite factors, found {wrong}"))
                );
            }
            if is_given.get_mut(row as usize).is_some_and(|given| std::mem::replace(given, true)) {
                return Err(self.refused(kind, format!("item {item} has factors twice")));
            }
            let start = row as usize * dim;
            if let Some(slot) = of_rows.get_mut(start..start + dim) {
                slot.copy_from_slice(vector);
            }
        }
        // Other programs weigh all observed pairs of a user alike.
        let config = AlsConfig { dim, popularity_exponent: 0.0, ..config.clone() }.for_data(likes);
        let model = AlsModel::of_items(config, of_rows);
        model.map(Some).map_err(|error| self.refused(kind, error.to_string()))
    }

    fn rows(&self, kind: ModelKind, rows: Vec<Vec<(u32, f32)>>) -> Result<SparseRows, ModelError> {
        let mut of_rows: Vec<Vec<(u32, f32)>> = vec![Vec::new(); self.members.n_items];
        let mut room = 0;
        for (item, mut others) in (0u32..).zip(rows) {
            if others.is_empty() {
                continue;
            }
            let Some(row) = self.row(kind, item)? else { continue };
            let mut known = Vec::with_capacity(others.len());
            for (other, weight) in others.drain(..) {
                if !weight.is_finite() {
                    let reason =
                        format!("items {item} and {other}: expected a finite weight, found {weight}");
                    return Err(self.refused(kind, reason));
                }
                known.extend(self.row(kind, other)?.map(|other| (other, weight)));
            }
            known.sort_unstable_by_key(|(other, _)| *other);
            if !known.is_sorted_by(|a, b| a.0 < b.0) {
                return Err(self.refused(kind, format!("item {item} leads to another item twice")));
            }
            room += known.len();
            if let Some(slot) = of_rows.get_mut(row as usize) {
                *slot = known;
            }
        }
        if room == 0 {
            return Err(self.refused(kind, "has no weight between items of this store"));
        }
        Ok(SparseRows::of_rows(self.members.n_items, room, of_rows))
    }

    /// Returns the row of an exported resource; `None` if it is gone.
    fn row(&self, kind: ModelKind, item: u32) -> Result<Option<u32>, ModelError> {
        self.members.row_of_item.get(item as usize).copied().ok_or_else(|| {
            let known = self.members.row_of_item.len();
            self.refused(kind, format!("item {item} is unknown: the export has {known} resources"))
        })
    }

    fn refused(&self, kind: ModelKind, reason: impl AsRef<str>) -> ModelError {
        let scope = self.scope.name();
        self.members.external.refused(format!("{kind} of scope {scope}: {}", reason.as_ref()))
    }
}
