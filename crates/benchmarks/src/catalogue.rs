use docent_domain::{Event, Histories, MatrixError};

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

/// Returns the histories of training pairs: ascending by item and without an order, over the items
/// that occur in training or among `held_out`. A pair that is listed twice counts once.
pub(crate) fn training_histories(
    mut pairs: Vec<(u32, u32)>,
    held_out: impl Iterator<Item = u32>,
) -> Result<(Histories, Catalogue), MatrixError> {
    pairs.sort_unstable();
    pairs.dedup();
    let catalogue = Catalogue::new(held_out.chain(pairs.iter().map(|&(_, item)| item)));
    let n_users = pairs.last().map_or(0, |&(user, _)| user as usize + 1);
    let events = pairs.iter().map(|&(user, item)| (user, Event::of(catalogue.column(item))));
    let histories = Histories::new(n_users, catalogue.ids.len(), events, false)?;
    Ok((histories, catalogue))
}
