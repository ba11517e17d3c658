use docent_domain::{InteractionMatrix, MatrixError};

/// The items that occur in the files, in the order of their ids. An id that no item has is not a
/// candidate, so ids become dense columns.
pub(crate) struct Catalogue {
    ids: Vec<u32>,
}

impl Catalogue {
    fn new(items: impl Iterator<Item = u32>) -> Self {
        let mut ids: Vec<u32> = items.collect();
        ids.sort_unstable();
        ids.dedup();
        Self { ids }
    }

    /// Returns the column of an item that occurs.
    pub fn column(&self, id: u32) -> u32 {
        self.ids.partition_point(|&known| known < id) as u32
    }
}

/// Returns the matrix of training pairs, users by the items that occur in training or among
/// `held_out`, with confidences of 1. A pair that is listed twice counts once.
pub(crate) fn training_matrix(
    mut pairs: Vec<(u32, u32)>,
    held_out: impl Iterator<Item = u32>,
) -> Result<(InteractionMatrix, Catalogue), MatrixError> {
    pairs.sort_unstable();
    pairs.dedup();
    let catalogue = Catalogue::new(held_out.chain(pairs.iter().map(|&(_, item)| item)));
    let n_users = pairs.last().map_or(0, |&(user, _)| user as usize + 1);
    let triples = pairs.iter().map(|&(user, item)| (user, catalogue.column(item), 1.0));
    let likes = InteractionMatrix::from_triples(n_users, catalogue.ids.len(), triples)?;
    Ok((likes, catalogue))
}

/// The items that each user chose, with confidences: the histories that models score by.
pub(crate) struct Histories(Vec<Vec<(u32, f32)>>);

impl Histories {
    pub fn of(likes: &InteractionMatrix) -> Self {
        let mut histories = Vec::with_capacity(likes.n_rows());
        for user in 0..likes.n_rows() {
            let (items, confidences) = likes.row(user);
            histories.push(items.iter().copied().zip(confidences.iter().copied()).collect());
        }
        Self(histories)
    }

    /// Returns the history of a user; empty for a user without training.
    pub fn get(&self, user: u32) -> &[(u32, f32)] {
        self.0.get(user as usize).map_or(&[], Vec::as_slice)
    }
}
