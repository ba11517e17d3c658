use std::{ops::ControlFlow, time::Instant};

use docent_domain::{Strategy, as_set};
use docent_formats::citeulike::Articles;
use docent_training::{Offline, TrainConfig, TrainError, TrainEvent, TrainObserver};

use super::Run;
use crate::{BenchmarkError, BenchmarkEvent, BenchmarkObserver, Cost, ModelReport, memory, observer};

impl Run<'_> {
    /// Measures the served pipeline under several strategies, with one training and one pass over
    /// the users, because one request computes all component scores.
    pub(super) fn served(
        &self,
        strategies: &[Strategy],
        articles: Articles,
    ) -> Result<Vec<ModelReport>, BenchmarkError> {
        memory::reset_peak();
        let begun = Instant::now();
        let resources = articles.into_resources()?;
        let mut events = Events(self.observer);
        let offline = Offline::train(resources, self.training.likes(), &TrainConfig::default(), &mut events)?;
        let train_seconds = begun.elapsed().as_secs_f64();
        observer::emit(self.observer, &BenchmarkEvent::Measuring { model: "served" })?;
        let begun = Instant::now();
        let estimates = self.holdout.recalls(strategies.len(), |user| {
            observer::check(self.observer)?;
            Ok(offline.score_all(&as_set(self.histories.of(user)), strategies).map_err(TrainError::from)?)
        })?;
        let (score_seconds, peak_rss_bytes) = (begun.elapsed().as_secs_f64(), memory::peak_bytes());
        let mut reports = Vec::with_capacity(strategies.len());
        for (&strategy, estimates) in strategies.iter().zip(estimates) {
            if !offline.has(strategy) {
                let reason = "its data is missing or left out".to_owned();
                reports.push(ModelReport::skipped(strategy.as_str(), reason));
                continue;
            }
            let parameters = offline.n_parameters(strategy);
            let cost = Cost { train_seconds, score_seconds, peak_rss_bytes, parameters };
            reports.push(ModelReport::new(strategy.as_str(), estimates, &cost));
        }
        Ok(reports)
    }
}

/// Passes events of training on.
struct Events<'a>(&'a dyn BenchmarkObserver);

impl TrainObserver for Events<'_> {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        self.0.on_event(&BenchmarkEvent::Train(event))
    }
}
