use std::collections::BTreeMap;

use docent_als::AlsConfig;
use docent_domain::{DomainError, InteractionType};
use docent_embeddings::LsaConfig;
use docent_item_item::{EaseConfig, KnnConfig, Rp3betaConfig};
use docent_models::EmbedderConfig;
use docent_ncf::NcfConfig;
use docent_transitions::TransitionsConfig;
use serde::{Deserialize, Serialize};

use crate::fit::ModelConfig;

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Matrix factorisation by alternating least squares.
    pub als: AlsConfig,
    /// Second matrix factorisation, of few dimensions, that is blended with `als`.
    #[serde(alias = "broad_als")]
    pub low_rank_als: AlsConfig,
    /// Neural collaborative filtering.
    pub ncf: NcfConfig,
    /// Item nearest neighbours.
    pub knn: KnnConfig,
    /// RP3 beta, the random walk from item to user to item.
    pub rp3beta: Rp3betaConfig,
    /// EASE, the linear autoencoder.
    pub ease: EaseConfig,
    /// Item transitions: what users choose after an item. Training chooses their shape on the
    /// validation set, starting from this one.
    pub transitions: TransitionsConfig,
    /// Days that recent popularity counts, at least 1. Default `None`: chosen on the validation
    /// set.
    #[schemars(range(min = 1))]
    pub recent_days: Option<u32>,
    /// Weights of types of interaction that are neither positive nor negative, such as views
    /// without a dwell time, as a share of the weight of a positive, 0 to 1. A type that is not
    /// named gets the weight that pays on the validation set, 0 where none does.
    #[schemars(with = "BTreeMap<String, f32>")]
    pub type_weights: BTreeMap<InteractionType, f32>,
    /// Embedder of texts. After a change, every vector is of the new embedder from the next model
    /// on.
    pub embedder: EmbedderConfig,
    /// The built-in embedder.
    pub lsa: LsaConfig,
    /// Seed of all random choices; overrides the seeds of the models.
    pub seed: u64,
    /// Share of each user's positives that is held out for evaluation, above 0 and below 1: the
    /// latest, or random ones where times tell no order.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub holdout: f64,
    /// Share of the live model's NDCG@10 that a new model may lose and still be published, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub tolerance: f64,
    /// Publish even if the quality gate rejects the model; recorded in the run history.
    pub force: bool,
}

impl Default for TrainConfig {
    fn default() -> Self {
        let ModelConfig { als, low_rank_als, ncf, knn, rp3beta, ease, transitions, recent_days } =
            ModelConfig::default();
        Self {
            als,
            low_rank_als,
            ncf,
            knn,
            rp3beta,
            ease,
            transitions,
            recent_days,
            type_weights: BTreeMap::new(),
            embedder: EmbedderConfig::default(),
            lsa: LsaConfig::default(),
            seed: 42,
            holdout: 0.2,
            tolerance: 0.05,
            force: false,
        }
    }
}

impl TrainConfig {
    /// Returns the default settings with another seed.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Returns the settings of the collaborative models.
    #[must_use]
    pub fn models(&self) -> ModelConfig {
        ModelConfig {
            als: self.als.clone(),
            low_rank_als: self.low_rank_als.clone(),
            ncf: self.ncf.clone(),
            knn: self.knn.clone(),
            rp3beta: self.rp3beta.clone(),
            ease: self.ease.clone(),
            transitions: self.transitions.clone(),
            recent_days: self.recent_days,
        }
    }

    /// Returns the same settings with others for the collaborative models.
    #[must_use]
    pub fn with_models(self, models: ModelConfig) -> Self {
        let ModelConfig { als, low_rank_als, ncf, knn, rp3beta, ease, transitions, recent_days } = models;
        Self { als, low_rank_als, ncf, knn, rp3beta, ease, transitions, recent_days, ..self }
    }

    /// Checks the settings of the run itself; those of the models are checked where they are used.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] that names the key.
    pub fn check(&self) -> Result<(), DomainError> {
        if !(self.holdout > 0.0 && self.holdout < 1.0) {
            return Err(out_of_range("train.holdout", "above 0 and below 1", self.holdout));
        }
        for (kind, weight) in &self.type_weights {
            if !(0.0..=1.0).contains(weight) {
                return Err(out_of_range(
                    &format!("train.type_weights.{kind}"),
                    "0 to 1",
                    f64::from(*weight),
                ));
            }
        }
        if self.recent_days == Some(0) {
            return Err(out_of_range("train.recent_days", "1 or more", 0.0));
        }
        if !(0.0..=1.0).contains(&self.tolerance) {
            return Err(out_of_range("train.tolerance", "0 to 1", self.tolerance));
        }
        Ok(())
    }
}

fn out_of_range(field: &str, expected: &'static str, got: f64) -> DomainError {
    DomainError::OutOfRange { field: field.to_owned(), expected, got: got.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_would_switch_the_gate_off_is_refused_by_name() {
        assert_eq!(TrainConfig::default().check(), Ok(()));
        for holdout in [2.0, -1.0, 0.0, 1.0, f64::NAN] {
            let refused = TrainConfig { holdout, ..TrainConfig::default() }.check().unwrap_err();
            assert!(refused.to_string().contains("train.holdout"), "{refused}");
        }
        for tolerance in [-0.1, 1.5, f64::INFINITY] {
            let refused = TrainConfig { tolerance, ..TrainConfig::default() }.check().unwrap_err();
            assert!(refused.to_string().contains("train.tolerance"), "{refused}");
        }
    }

    #[test]
    fn the_former_name_of_the_low_rank_factorisation_is_still_read() {
        let read: TrainConfig = serde_json::from_str(r#"{"broad_als": {"dim": 32}}"#).unwrap();
        assert_eq!(read.low_rank_als.dim, 32);
    }
}
