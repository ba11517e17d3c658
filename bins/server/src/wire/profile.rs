use chrono::{DateTime, Utc};
use docent::{DomainError, ProfileChange, UnitInterval, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::change::Change;

/// Parameters of profile requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProfileQuery {
    /// Id of the user, chosen by you.
    #[param(example = "ada", min_length = 1, max_length = 255)]
    pub user_id: String,
}

/// Preferences of a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Profile {
    /// Id of the user.
    user_id: String,
    /// Preferred diversity of lists, 0 (by score alone) to 1 (as diverse as possible).
    #[schema(minimum = 0, maximum = 1)]
    diversity_preference: f64,
    /// Preferred novelty of lists, 0 (ignored) to 1 (little-known resources first).
    #[schema(minimum = 0, maximum = 1)]
    novelty_preference: f64,
    /// Preference for recent publications; 0.5 is neutral.
    #[schema(minimum = 0, maximum = 1)]
    recency_bias: f64,
    /// Domains the user is interested in.
    research_domains: Vec<String>,
    /// Domain the user is working in now; null if none is set.
    #[schema(required = true)]
    active_domain: Option<String>,
    /// Preferred authors, learned from the positive interactions of the last 90 days and from those
    /// without a time.
    preferred_authors: Vec<String>,
    /// Preferred sources. Scores of their resources are multiplied by 1.2.
    preferred_sources: Vec<String>,
    /// Excluded sources. Their resources are never recommended.
    excluded_sources: Vec<String>,
    /// Number of interactions, repeats included.
    total_interactions: u64,
    /// Time of the newest interaction (RFC 3339); null if there is none with a known time.
    #[schema(required = true)]
    last_active_at: Option<DateTime<Utc>>,
}

impl Profile {
    /// Combines a profile with the id of its user.
    pub fn new(user: &UserId, profile: docent::Profile) -> Self {
        Self {
            user_id: user.as_str().to_owned(),
            diversity_preference: profile.diversity_preference.value(),
            novelty_preference: profile.novelty_preference.value(),
            recency_bias: profile.recency_bias.value(),
            research_domains: profile.research_domains,
            active_domain: profile.active_domain,
            preferred_authors: profile.preferred_authors,
            preferred_sources: profile.preferred_sources,
            excluded_sources: profile.excluded_sources,
            total_interactions: profile.total_interactions,
            last_active_at: profile.last_active_at,
        }
    }
}

/// Users to merge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "from_user_id": "visitor-81", "into_user_id": "ada" })))]
pub struct MergeInput {
    /// Id of the user whose data move, and who is deleted.
    #[schema(min_length = 1, max_length = 255)]
    pub from_user_id: String,
    /// Id of the user who gets the data. Created if unknown.
    #[schema(min_length = 1, max_length = 255)]
    pub into_user_id: String,
}

/// Result of a merge.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeResult {
    /// Number of interactions that moved, each counted once however often it was repeated; 0 if
    /// the first user is unknown, for example because of an earlier merge.
    pub merged_interactions: u64,
}

/// Changes to the preferences of a user. An absent field is left unchanged, null resets it to its
/// default, and a value replaces it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "diversity_preference": 0.7,
    "research_domains": ["astronomy"],
    "active_domain": null
})))]
pub struct ProfileUpdate {
    /// Preferred diversity of lists. Defaults to 0.25.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    diversity_preference: Change<f64>,
    /// Preferred novelty of lists. Defaults to 0.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    novelty_preference: Change<f64>,
    /// Preference for recent publications. Defaults to 0.5, which is neutral.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    recency_bias: Change<f64>,
    /// Domains the user is interested in, at most 10 of 500 bytes each.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 10)]
    research_domains: Change<Vec<String>>,
    /// Domain the user is working in now, at most 500 bytes.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    active_domain: Change<String>,
    /// Preferred authors, at most 10 of 500 bytes each. Every tenth interaction replaces them by
    /// the learned authors.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 10)]
    preferred_authors: Change<Vec<String>>,
    /// Preferred sources, at most 50 of 500 bytes each.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    preferred_sources: Change<Vec<String>>,
    /// Excluded sources, at most 50 of 500 bytes each.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    excluded_sources: Change<Vec<String>>,
}

fn preference(
    change: Change<f64>,
    field: &str,
    default: UnitInterval,
) -> Result<Option<UnitInterval>, DomainError> {
    match change {
        Change::Keep => Ok(None),
        Change::Reset => Ok(Some(default)),
        Change::Set(value) => Ok(Some(UnitInterval::new(field, value)?)),
    }
}

impl ProfileUpdate {
    /// Converts the update into the change to store.
    ///
    /// # Errors
    /// Returns the first number out of range, or list or text that is too long.
    pub fn into_change(self) -> Result<ProfileChange, DomainError> {
        let default = docent::Profile::default();
        let change = ProfileChange {
            diversity_preference: preference(
                self.diversity_preference,
                "diversity_preference",
                default.diversity_preference,
            )?,
            novelty_preference: preference(
                self.novelty_preference,
                "novelty_preference",
                default.novelty_preference,
            )?,
            recency_bias: preference(self.recency_bias, "recency_bias", default.recency_bias)?,
            research_domains: self.research_domains.into_value(default.research_domains),
            active_domain: self.active_domain.into_option(),
            preferred_authors: self.preferred_authors.into_value(default.preferred_authors),
            preferred_sources: self.preferred_sources.into_value(default.preferred_sources),
            excluded_sources: self.excluded_sources.into_value(default.excluded_sources),
        };
        change.clone().apply(docent::Profile::default()).check()?;
        Ok(change)
    }
}

#[cfg(test)]
mod tests {
    use docent::{Profile, ProfileChange};

    use super::ProfileUpdate;

    fn change(update: &str) -> Result<ProfileChange, Box<dyn std::error::Error>> {
        Ok(serde_json::from_str::<ProfileUpdate>(update)?.into_change()?)
    }

    #[test]
    fn absent_keeps_null_resets_and_zero_is_a_value() -> Result<(), Box<dyn std::error::Error>> {
        let changed = change(r#"{"diversity_preference": 0, "active_domain": "optics"}"#)?;
        let changed = changed.apply(Profile::default());
        assert_eq!(
            (changed.diversity_preference.value(), changed.active_domain.as_deref()),
            (0.0, Some("optics"))
        );
        assert_eq!(change("{}")?, ProfileChange::default());
        assert_eq!(change("{}")?.apply(changed.clone()), changed);
        let reset = change(r#"{"diversity_preference": null, "active_domain": null}"#)?;
        assert_eq!(reset.apply(changed), Profile::default());
        assert!(change(r#"{"recency_bias": 1.5}"#).is_err());
        assert!(change(r#"{"total_interactions": 3}"#).is_err());
        Ok(())
    }
}
