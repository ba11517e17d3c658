use docent_domain::{Event, Histories, Micros};
use docent_linalg::top_k;
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::{CollaborativeModel, ModelKind, UserScores, check_items, kind_file};
use crate::ModelError;

const MICROSECONDS_OF_DAY: i64 = 86_400_000_000;

/// Popularity, the same for every user: `ln(1 + number of users who chose the item)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Popularity {
    kind: ModelKind,
    counts: Vec<f32>,
    scores: Vec<f32>,
    mean: f32,
    /// Items, the most popular first.
    order: Vec<u32>,
}

impl Popularity {
    /// Counts the users who chose each item.
    #[must_use]
    pub fn of(histories: &Histories) -> Self {
        Self::count(ModelKind::Popularity, histories, |_| true)
    }

    /// Counts the users who chose each item in the `days` before `until`. An interaction without a
    /// time does not count.
    #[must_use]
    pub fn recent(histories: &Histories, days: u32, until: Micros) -> Self {
        let since = Micros::new(until.get().saturating_sub(i64::from(days) * MICROSECONDS_OF_DAY));
        Self::count(ModelKind::RecentPopularity, histories, |event| {
            event.time.is_some_and(|time| time > since && time <= until)
        })
    }

    fn count(kind: ModelKind, histories: &Histories, counts: impl Fn(&Event) -> bool) -> Self {
        let mut users = vec![0.0; histories.n_items()];
        let mut of_user = Vec::new();
        for history in histories.iter() {
            of_user.clear();
            of_user.extend(history.iter().filter(|event| counts(event)).map(|event| event.item));
            of_user.sort_unstable();
            of_user.dedup();
            for item in &of_user {
                if let Some(count) = users.get_mut(*item as usize) {
                    *count += 1.0;
                }
            }
        }
        Self::of_counts(kind, users)
    }

    fn of_counts(kind: ModelKind, counts: Vec<f32>) -> Self {
        let scores: Vec<f32> = counts.iter().map(|count| count.ln_1p()).collect();
        let mean = scores.iter().sum::<f32>() / scores.len().max(1) as f32;
        let order = top_k((0u32..).zip(scores.iter().copied()), scores.len());
        let order = order.into_iter().map(|(item, _)| item).collect();
        Self { kind, counts, scores, mean, order }
    }

    /// Returns the number of users who chose each item, `[n_items]`.
    #[must_use]
    pub fn counts(&self) -> &[f32] {
        &self.counts
    }

    /// Reads counts that [`CollaborativeModel::save`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file and for negative counts.
    pub fn load(snapshot: &Snapshot, name: &str, kind: ModelKind) -> Result<Self, ModelError> {
        let (_, counts) = snapshot.tensors(name)?.take_any("counts")?;
        if let Some(count) = counts.iter().find(|count| **count < 0.0) {
            let reason = format!("expected counts of at least 0, found {count}");
            return Err(snapshot.damaged(&format!("{name}.safetensors"), reason).into());
        }
        Ok(Self::of_counts(kind, counts))
    }
}

impl CollaborativeModel for Popularity {
    fn kind(&self) -> ModelKind {
        self.kind
    }

    fn n_items(&self) -> usize {
        self.counts.len()
    }

    fn n_parameters(&self) -> usize {
        self.counts.len()
    }

    fn fold_in(&self, _: &[Event]) -> Result<Box<dyn UserScores + '_>, ModelError> {
        Ok(Box::new(PopularityScores(self)))
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        draft.put_json(&kind_file(name), &self.kind())?;
        draft.put_tensors(name, &[Tensor::new("counts", vec![self.counts.len()], self.counts.clone())?])?;
        Ok(())
    }
}

/// The same scores for every user.
struct PopularityScores<'a>(&'a Popularity);

impl UserScores for PopularityScores<'_> {
    fn score(&self, items: &[u32]) -> Result<Vec<f32>, ModelError> {
        check_items(items, self.0.n_items())?;
        Ok(items.iter().filter_map(|&item| self.0.scores.get(item as usize).copied()).collect())
    }

    fn all(&self) -> Result<&[f32], ModelError> {
        Ok(&self.0.scores)
    }

    fn best_where(&self, k: usize, accept: &dyn Fn(u32) -> bool) -> Result<Vec<(u32, f32)>, ModelError> {
        let best = self.0.order.iter().copied().filter(|item| accept(*item)).take(k);
        Ok(best.filter_map(|item| Some((item, *self.0.scores.get(item as usize)?))).collect())
    }

    fn mean(&self) -> Result<f32, ModelError> {
        Ok(self.0.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_popularity_counts_users_of_the_window_once() -> Result<(), ModelError> {
        let event = |item, day: Option<i64>| Event {
            time: day.map(|day| Micros::new(day * MICROSECONDS_OF_DAY)),
            ..Event::of(item)
        };
        let events = [
            (0, event(0, Some(1))),
            (0, event(1, Some(9))),
            (0, event(1, Some(10))),
            (1, event(1, Some(10))),
            (1, event(2, None)),
            (1, event(0, Some(11))),
        ];
        let histories = Histories::new(2, 3, events, true)?;
        let recent = Popularity::recent(&histories, 2, Micros::new(10 * MICROSECONDS_OF_DAY));
        assert_eq!(recent.counts(), [0.0, 2.0, 0.0]);
        assert_eq!(Popularity::of(&histories).counts(), [2.0, 2.0, 1.0]);
        Ok(())
    }
}
