use docent_domain::{Event, Histories};
use docent_linalg::{SparseRows, largest};
use rayon::prelude::*;

use crate::{TransitionsConfig, TransitionsError};

/// Counts transitions over ordered histories.
///
/// For each pair of events of one user, at most `window` places apart and of different items, the
/// later item `i` follows the earlier item `j` with the weight `exp(-(d - 1) / g)` at distance `d`.
/// With `F[j, i]` the sum over all pairs and `n` the number of events of an item,
/// `W[j, i] = (F[j, i] + backward F[i, j]) / (n_j^a n_i^b)`. Each row keeps its largest `neighbors`
/// weights.
///
/// Takes the number of events times the window, and memory for one number an event and `neighbors`
/// weights an item.
///
/// # Errors
/// [`TransitionsError`].
pub fn transitions(
    histories: &Histories,
    config: &TransitionsConfig,
) -> Result<SparseRows, TransitionsError> {
    config.check()?;
    if !histories.is_ordered() {
        return Err(TransitionsError::NoOrder);
    }
    if histories.is_empty() {
        return Err(TransitionsError::NoInteractions);
    }
    let places = Places::of(histories);
    let counts: Vec<f32> = (0..histories.n_items()).map(|item| places.of_item(item).len() as f32).collect();
    let (from, to) = (damping(&counts, config.source_exponent), damping(&counts, config.target_exponent));
    let by_distance: Vec<f32> =
        (0..config.window).map(|gap| (-(gap as f32) / config.gap_decay).exp()).collect();
    let n = histories.n_items();
    Ok(SparseRows::of_blocks(n, config.neighbors, |block| {
        let rows = block.into_par_iter().map_init(
            || Sums::new(n),
            |sums, item| {
                for &(user, place) in places.of_item(item) {
                    let history = histories.of(user);
                    let (before, after) = history.split_at_checked(place as usize).unwrap_or((history, &[]));
                    sums.add(after.iter().skip(1).zip(&by_distance), 1.0);
                    if config.backward > 0.0 {
                        sums.add(before.iter().rev().zip(&by_distance), config.backward);
                    }
                }
                let source = from.get(item).copied().unwrap_or_default();
                let mut row = sums.take();
                row.retain(|(other, _)| *other as usize != item);
                for (other, weight) in &mut row {
                    *weight *= source * to.get(*other as usize).copied().unwrap_or_default();
                }
                largest(row, config.neighbors)
            },
        );
        rows.collect()
    }))
}

/// Returns `n^-exponent` for each count `n`.
fn damping(counts: &[f32], exponent: f32) -> Vec<f32> {
    counts.iter().map(|n| n.max(1.0).powf(-exponent)).collect()
}

/// The `(user, place)` of each event by item.
struct Places {
    offsets: Vec<usize>,
    places: Vec<(u32, u32)>,
}

impl Places {
    fn of(histories: &Histories) -> Self {
        let mut offsets = vec![0usize; histories.n_items() + 1];
        for (_, event) in histories.events() {
            if let Some(end) = offsets.get_mut(event.item as usize + 1) {
                *end += 1;
            }
        }
        let mut total = 0;
        for offset in &mut offsets {
            total += *offset;
            *offset = total;
        }
        let mut next = offsets.clone();
        let mut places = vec![(0, 0); total];
        for (user, history) in (0u32..).zip(histories.iter()) {
            for (place, event) in (0u32..).zip(history) {
                let Some(at) = next.get_mut(event.item as usize) else { continue };
                if let Some(slot) = places.get_mut(*at) {
                    *slot = (user, place);
                }
                *at += 1;
            }
        }
        Self { offsets, places }
    }

    fn of_item(&self, item: usize) -> &[(u32, u32)] {
        match (self.offsets.get(item), self.offsets.get(item + 1)) {
            (Some(&start), Some(&end)) => self.places.get(start..end).unwrap_or(&[]),
            _ => &[],
        }
    }
}

/// One row while it is added up.
struct Sums {
    /// `[n_items]`; zero between rows.
    sums: Vec<f32>,
    touched: Vec<u32>,
}

impl Sums {
    fn new(n_items: usize) -> Self {
        Self { sums: vec![0.0; n_items], touched: Vec::new() }
    }

    fn add<'a>(&mut self, events: impl Iterator<Item = (&'a Event, &'a f32)>, factor: f32) {
        for (event, weight) in events {
            let Some(sum) = self.sums.get_mut(event.item as usize) else { continue };
            if *sum == 0.0 {
                self.touched.push(event.item);
            }
            *sum += factor * weight;
        }
    }

    fn take(&mut self) -> Vec<(u32, f32)> {
        let mut row = Vec::with_capacity(self.touched.len());
        for item in self.touched.drain(..) {
            let sum = self.sums.get_mut(item as usize).map(std::mem::take).unwrap_or_default();
            // A sum that vanished in 32 bits was touched more than once.
            if sum > 0.0 {
                row.push((item, sum));
            }
        }
        row
    }
}
