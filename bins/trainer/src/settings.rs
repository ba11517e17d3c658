//! Where the store and the models are, and how to train: defaults, then the file, then DOCENT_* variables, then flags.

use anyhow::Context;
use docent::{EngineConfig, Store, StoreConfig, TrainConfig};
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

use crate::cli::Common;

/// What the trainer takes from the configuration, which it may share with the server: keys of the server's own are
/// left alone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Settings {
    /// Where the data is, and interaction types of the team's own: the table `[engine]`.
    pub engine: EngineConfig,
    /// How to train: the table `[train]`.
    pub train: TrainConfig,
}

impl Settings {
    pub fn load(common: &Common) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = &common.config {
            anyhow::ensure!(path.is_file(), "the configuration file {} is not there", path.display());
            figment = figment.merge(Toml::file_exact(path));
        }
        // DOCENT_TRAIN__SEED=7 is `seed` of the table [train].
        figment = figment.merge(Env::prefixed("DOCENT_").split("__"));
        if let Some(url) = &common.database_url {
            figment = figment.merge(Serialized::default("engine.database_url", url));
        }
        if let Some(path) = &common.snapshots {
            figment = figment.merge(Serialized::default("engine.snapshots", path));
        }
        figment.extract().context("reading the configuration")
    }

    /// The models that variants of experiments are served by.
    pub fn models_of_experiments(&self) -> Vec<String> {
        let experiments = self.engine.experiments.all().iter();
        experiments
            .flat_map(|one| &one.variants)
            .filter_map(|variant| variant.model_version.clone())
            .collect()
    }

    /// The store. Where it is empty the tables are made; where they are of another version it is refused, because to
    /// change them beneath servers that run is for `docent-server db deploy`.
    pub async fn open_store(&self) -> anyhow::Result<Store> {
        let store = Store::connect(&StoreConfig::new(&self.engine.database_url))
            .await
            .context("opening the store")?;
        store.create_schema().await.context("the store cannot be used")?;
        Ok(store)
    }
}
