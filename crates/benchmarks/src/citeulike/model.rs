use std::{fmt, str::FromStr};

use docent_domain::Strategy;
use docent_models::ModelKind;

/// A model by its name: a collaborative model, or the served pipeline under a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// A collaborative model.
    Fitted(ModelKind),
    /// The served pipeline under a strategy.
    Served(Strategy),
}

impl Model {
    /// Models that a run can measure.
    pub const ALL: [Self; 9] = [
        Self::Fitted(ModelKind::Popularity),
        Self::Fitted(ModelKind::ItemKnn),
        Self::Fitted(ModelKind::Ease),
        Self::Fitted(ModelKind::Als),
        Self::Fitted(ModelKind::Ncf),
        Self::Served(Strategy::Collaborative),
        Self::Served(Strategy::Content),
        Self::Served(Strategy::Graph),
        Self::Served(Strategy::Hybrid),
    ];

    /// All models but EASE, whose dense matrix does not fit most of these sets, and NCF, which is
    /// part of `collaborative`.
    pub const DEFAULT: [Self; 7] = {
        let [popularity, knn, _, als, _, collaborative, content, graph, hybrid] = Self::ALL;
        [popularity, knn, als, collaborative, content, graph, hybrid]
    };

    /// Returns the name of the model in options and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fitted(kind) => kind.name(),
            Self::Served(strategy) => strategy.as_str(),
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|model| model.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown model \"{name}\": expected one of {names}")
        })
    }
}
