use docent_als::AlsConfig;
use docent_item_item::{EaseConfig, KnnConfig, Rp3betaConfig};
use docent_ncf::NcfConfig;
use docent_transitions::TransitionsConfig;
use serde::{Deserialize, Serialize};

/// Settings of every collaborative model, the same for evaluation and for publication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Matrix factorisation by alternating least squares. NCF starts from it; where its dimension
    /// differs, from a factorisation of its own with the same settings.
    pub als: AlsConfig,
    /// The matrix factorisation of few dimensions that is blended with it.
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
    /// Item transitions. The blend chooses their shape on the validation set, starting from this
    /// one.
    pub transitions: TransitionsConfig,
    /// Days that recent popularity counts; `None` lets the validation set choose.
    pub recent_days: Option<u32>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            als: AlsConfig::default(),
            low_rank_als: AlsConfig::low_rank(),
            ncf: NcfConfig::default(),
            knn: KnnConfig::default(),
            rp3beta: Rp3betaConfig::default(),
            ease: EaseConfig::default(),
            transitions: TransitionsConfig::default(),
            recent_days: None,
        }
    }
}
