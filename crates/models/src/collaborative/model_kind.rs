use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The collaborative models, by the names that commands, reports and snapshots use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Number of users who chose an item.
    Popularity,
    /// Number of users who chose an item in the latest days.
    #[serde(rename = "recent_popularity")]
    RecentPopularity,
    /// Item nearest neighbours.
    ItemKnn,
    /// RP3 beta, the random walk from item to user to item.
    Rp3beta,
    /// EASE, the closed-form linear autoencoder.
    Ease,
    /// Matrix factorisation by alternating least squares.
    Als,
    /// Alternating least squares of few dimensions, which the blend adds to the one of many.
    #[serde(rename = "low_rank_als", alias = "broadals")]
    LowRankAls,
    /// Item transitions: what users chose after the newest items of the history.
    Transitions,
    /// Cosine of the attributes of items.
    Content,
    /// Neural collaborative filtering.
    Ncf,
    /// The blend of the others, with weights fitted on a validation set.
    Hybrid,
}

/// Name of [`ModelKind::LowRankAls`] in version 0.1; still read.
const FORMER_LOW_RANK_ALS: &str = "broadals";

impl ModelKind {
    /// All models, the simplest first.
    pub const ALL: [Self; 11] = [
        Self::Popularity,
        Self::RecentPopularity,
        Self::ItemKnn,
        Self::Rp3beta,
        Self::Ease,
        Self::Als,
        Self::LowRankAls,
        Self::Transitions,
        Self::Content,
        Self::Ncf,
        Self::Hybrid,
    ];

    /// Returns the name, for example `popularity` or `low_rank_als`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::RecentPopularity => "recent_popularity",
            Self::ItemKnn => "itemknn",
            Self::Rp3beta => "rp3beta",
            Self::Ease => "ease",
            Self::Als => "als",
            Self::LowRankAls => "low_rank_als",
            Self::Transitions => "transitions",
            Self::Content => "content",
            Self::Ncf => "ncf",
            Self::Hybrid => "hybrid",
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if name == FORMER_LOW_RANK_ALS {
            return Ok(Self::LowRankAls);
        }
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown model \"{name}\": expected one of {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ModelKind;

    #[test]
    fn every_model_is_read_by_its_name_and_the_former_name_is_still_read() {
        for kind in ModelKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
            assert_eq!(serde_json::from_str::<ModelKind>(&json).unwrap(), kind);
        }
        assert_eq!("broadals".parse(), Ok(ModelKind::LowRankAls));
        assert_eq!(serde_json::from_str::<ModelKind>("\"broadals\"").unwrap(), ModelKind::LowRankAls);
        assert!("svd".parse::<ModelKind>().unwrap_err().contains("popularity, recent_popularity"));
    }
}
