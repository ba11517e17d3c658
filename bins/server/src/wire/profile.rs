use chrono::{DateTime, Utc};
use docent::{DomainError, Preference, Profile, UserId};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whose profile.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProfileQuery {
    /// Your own id of the user.
    #[param(example = "ada")]
    pub user_id: String,
}

/// What is known of a user's wishes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileView {
    /// Whose.
    user_id: String,
    /// How different from each other recommendations shall be, 0 to 1.
    diversity_preference: f64,
    /// How little known recommendations shall be, 0 to 1.
    novelty_preference: f64,
    /// How much new publications are preferred, 0 to 1; 0.5 is neutral.
    recency_bias: f64,
    /// Fields of interest.
    research_domains: Vec<String>,
    /// The field of interest at present.
    active_domain: Option<String>,
    /// Learned from what the user chose in the last 90 days.
    preferred_authors: Vec<String>,
    /// Sources to prefer: the score of what comes from them is multiplied by 1.2.
    preferred_sources: Vec<String>,
    /// Sources never to recommend from.
    excluded_sources: Vec<String>,
    /// How many interactions were recorded, repeats included.
    total_interactions: u64,
    /// When the newest was.
    last_active_at: Option<DateTime<Utc>>,
}

impl ProfileView {
    /// The profile of the user of that id.
    pub fn new(user: &UserId, profile: Profile) -> Self {
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

/// What to change. A field that is absent stays as it is; null takes it back to its default; a value replaces it, and 0
/// is a value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChanges {
    /// 0 to 1; default 0.5.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    diversity_preference: Change<f64>,
    /// 0 to 1; default 0.3.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    novelty_preference: Change<f64>,
    /// 0 to 1; default 0.5, which is neutral.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    recency_bias: Change<f64>,
    /// At most 10.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    research_domains: Change<Vec<String>>,
    /// At most 500 bytes.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    active_domain: Change<String>,
    /// At most 10. Learned again at each tenth interaction, which replaces what is set here.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    preferred_authors: Change<Vec<String>>,
    /// At most 50.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    preferred_sources: Change<Vec<String>>,
    /// At most 50.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    excluded_sources: Change<Vec<String>>,
}

/// What a request says of one field.
#[derive(Debug, Default)]
enum Change<T> {
    /// Nothing.
    #[default]
    Keep,
    /// `null`.
    Reset,
    /// A value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Reset, Self::Set))
    }
}

impl<T> Change<T> {
    fn apply(self, current: T, default: T) -> T {
        match self {
            Self::Keep => current,
            Self::Reset => default,
            Self::Set(value) => value,
        }
    }
}

impl Change<f64> {
    fn preference(self, field: &str) -> Result<Change<Preference>, DomainError> {
        Ok(match self {
            Self::Keep => Change::Keep,
            Self::Reset => Change::Reset,
            Self::Set(value) => Change::Set(Preference::new(field, value)?),
        })
    }
}

impl ProfileChanges {
    /// Checks ranges, before anything is read.
    ///
    /// # Errors
    /// The first preference that is out of range.
    pub fn checked(self) -> Result<CheckedChanges, DomainError> {
        Ok(CheckedChanges {
            diversity_preference: self.diversity_preference.preference("diversity_preference")?,
            novelty_preference: self.novelty_preference.preference("novelty_preference")?,
            recency_bias: self.recency_bias.preference("recency_bias")?,
            active_domain: match self.active_domain {
                Change::Keep => Change::Keep,
                Change::Reset => Change::Set(None),
                Change::Set(domain) => Change::Set(Some(domain)),
            },
            research_domains: self.research_domains,
            preferred_authors: self.preferred_authors,
            preferred_sources: self.preferred_sources,
            excluded_sources: self.excluded_sources,
        })
    }
}

/// Changes whose numbers are in range.
#[derive(Debug)]
pub struct CheckedChanges {
    diversity_preference: Change<Preference>,
    novelty_preference: Change<Preference>,
    recency_bias: Change<Preference>,
    research_domains: Change<Vec<String>>,
    active_domain: Change<Option<String>>,
    preferred_authors: Change<Vec<String>>,
    preferred_sources: Change<Vec<String>>,
    excluded_sources: Change<Vec<String>>,
}

impl CheckedChanges {
    /// The profile after the changes.
    ///
    /// # Errors
    /// The first list or name that is too long.
    pub fn apply(self, current: Profile) -> Result<Profile, DomainError> {
        let default = Profile::default();
        let changed = Profile {
            diversity_preference: self
                .diversity_preference
                .apply(current.diversity_preference, default.diversity_preference),
            novelty_preference: self
                .novelty_preference
                .apply(current.novelty_preference, default.novelty_preference),
            recency_bias: self.recency_bias.apply(current.recency_bias, default.recency_bias),
            research_domains: self.research_domains.apply(current.research_domains, default.research_domains),
            active_domain: self.active_domain.apply(current.active_domain, default.active_domain),
            preferred_authors: self
                .preferred_authors
                .apply(current.preferred_authors, default.preferred_authors),
            preferred_sources: self
                .preferred_sources
                .apply(current.preferred_sources, default.preferred_sources),
            excluded_sources: self.excluded_sources.apply(current.excluded_sources, default.excluded_sources),
            total_interactions: current.total_interactions,
            last_active_at: current.last_active_at,
        };
        changed.check()?;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use docent::Profile;

    use super::ProfileChanges;

    fn after(changes: &str, current: &Profile) -> Result<Profile, Box<dyn std::error::Error>> {
        let changes: ProfileChanges = serde_json::from_str(changes)?;
        Ok(changes.checked()?.apply(current.clone())?)
    }

    #[test]
    fn absent_keeps_null_resets_and_zero_is_a_value() -> Result<(), Box<dyn std::error::Error>> {
        let changed =
            after(r#"{"diversity_preference": 0, "active_domain": "optics"}"#, &Profile::default())?;
        assert_eq!(changed.diversity_preference.value(), 0.0);
        let kept = after("{}", &changed)?;
        assert_eq!(kept, changed);
        let reset = after(r#"{"diversity_preference": null, "active_domain": null}"#, &changed)?;
        assert_eq!(reset, Profile::default());
        assert!(after(r#"{"recency_bias": 1.5}"#, &changed).is_err());
        assert!(after(r#"{"total_interactions": 3}"#, &changed).is_err());
        Ok(())
    }
}
