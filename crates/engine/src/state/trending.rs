//! Choices of the latest days before training.

use std::sync::Arc;

use docent_models::Trending as Counts;

use docent_ranker::{UnitMap, best_of};

/// Resources by their choices of the latest days.
pub(super) struct Trending {
    /// Keys with choices, the most chosen first.
    pub keys: Vec<u32>,
    /// True if the count predicts the next choices clearly better than that of all time.
    pub leads: bool,
    /// `ln(1 + count)` by item row of the model.
    logs: Arc<[f32]>,
    map: UnitMap,
}

impl Trending {
    /// Orders the counts of a model, whose item rows have these catalogue keys.
    pub(super) fn of(model: &Counts, keys: &[Option<u32>]) -> Self {
        let mut chosen: Vec<(u32, u32)> = model
            .counts
            .iter()
            .zip(keys)
            .filter(|(count, _)| **count > 0)
            .filter_map(|(count, key)| Some((*count, (*key)?)))
            .collect();
        chosen.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let logs: Arc<[f32]> = model.counts.iter().map(|count| (*count as f32).ln_1p()).collect();
        let best: Vec<f32> =
            chosen.iter().take(best_of(logs.len())).map(|(count, _)| (*count as f32).ln_1p()).collect();
        let mean = logs.iter().sum::<f32>() / logs.len().max(1) as f32;
        let map = UnitMap::new(mean, best.iter().sum::<f32>() / best.len().max(1) as f32);
        let keys = chosen.into_iter().map(|(_, key)| key).collect();
        Self { keys, leads: model.leads, logs, map }
    }

    /// Returns `ln(1 + count)` on the scale of component scores.
    pub(super) fn score(&self, row: Option<u32>) -> f64 {
        let log = row.and_then(|row| self.logs.get(row as usize)).copied();
        self.map.apply(log.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_chosen_comes_first_and_an_item_without_choices_is_not_trending() {
        let counts = Counts { days: 7, leads: true, counts: vec![1, 0, 5, 5] };
        let trending = Trending::of(&counts, &[Some(9), Some(8), Some(7), None]);
        assert_eq!(trending.keys, [7, 9], "resources that the catalogue lacks are left out");
        let scores: Vec<f64> = (0..4).map(|row| trending.score(Some(row))).collect();
        assert!(scores[2] > scores[0] && scores[0] > scores[1] && trending.score(None) == scores[1]);
    }
}
