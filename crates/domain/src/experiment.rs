use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{DomainError, Strategy, UnitInterval, UserId, Weights};

const MAX_NAME_BYTES: usize = 64;

/// The variant of an experiment that a user is served.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Assignment {
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the variant.
    pub variant: String,
}

/// Settings that the users of one variant are served with. A setting that is `None` keeps its usual
/// value; a variant without any settings serves as the control group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Name of the variant in answers and reports.
    pub name: String,
    /// Share of all users who are assigned to it, greater than 0 and at most 1.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub share: f64,
    /// Strategy used in place of the hybrid one.
    #[serde(default)]
    pub strategy: Option<Strategy>,
    /// Weights used in place of those of the model or the configuration.
    #[serde(default)]
    pub weights: Option<Weights>,
    /// Diversity preference used in place of the one in the user's profile.
    #[serde(default)]
    pub diversity: Option<UnitInterval>,
    /// Novelty preference used in place of the one in the user's profile.
    #[serde(default)]
    pub novelty: Option<UnitInterval>,
    /// Version of the published model used in place of the live one.
    #[serde(default)]
    pub model_version: Option<String>,
}

/// An experiment, which splits users into variants by a stable hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name in answers and reports. A new name assigns users to variants again.
    pub name: String,
    /// At least two variants. The first is the control, with which the others are compared.
    #[schemars(length(min = 2))]
    pub variants: Vec<Variant>,
}

impl Experiment {
    /// Returns the variant that `user` is assigned to, or `None` if the user falls outside all
    /// shares.
    ///
    /// The first eight bytes of BLAKE3(experiment name, zero byte, user id), read as a number in
    /// `[0, 1]`, fall into one of the shares laid end to end. The assignment depends on nothing
    /// else, so it is the same on every server and after every restart.
    #[must_use]
    pub fn variant_of(&self, user: &UserId) -> Option<&Variant> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.name.as_bytes()).update(&[0]).update(user.as_str().as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
        let place = u64::from_be_bytes([a, b, c, d, e, f, g, h]) as f64 / u64::MAX as f64;
        let mut end = 0.0;
        self.variants.iter().find(|variant| {
            end += variant.share;
            place < end
        })
    }

    fn check(&self) -> Result<(), DomainError> {
        named("experiments.name", &self.name)?;
        if self.variants.len() < 2 {
            let got = format!("{} in {}", self.variants.len(), self.name);
            return Err(DomainError::out_of_range("experiments.variants", "at least 2", got));
        }
        let mut names = HashSet::new();
        for variant in &self.variants {
            named("experiments.variants.name", &variant.name)?;
            once("experiments.variants.name", names.insert(&variant.name), &variant.name)?;
            if !(variant.share > 0.0 && variant.share <= 1.0) {
                let field = format!("experiments.variants.share of {}", variant.name);
                return Err(DomainError::out_of_range(
                    field,
                    "a number greater than 0 and at most 1",
                    variant.share,
                ));
            }
        }
        let sum: f64 = self.variants.iter().map(|variant| variant.share).sum();
        if sum > 1.0 + 1e-9 {
            let field = format!("experiments.variants.share of {}", self.name);
            return Err(DomainError::out_of_range(field, "a sum of at most 1", sum));
        }
        Ok(())
    }
}

fn named(field: &str, name: &str) -> Result<(), DomainError> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(is_name_character) {
        let got: String = name.chars().take(MAX_NAME_BYTES).collect();
        return Err(DomainError::out_of_range(field, "1 to 64 letters, digits, '-', '_' or '.'", got));
    }
    Ok(())
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

fn once(field: &str, is_new: bool, name: &str) -> Result<(), DomainError> {
    if is_new { Ok(()) } else { Err(DomainError::out_of_range(field, "unique names", name)) }
}

/// Experiments that run side by side. A user takes part in at most one of them: the first that
/// assigns the user to a variant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "Vec<Experiment>", into = "Vec<Experiment>")]
pub struct Experiments(Vec<Experiment>);

impl TryFrom<Vec<Experiment>> for Experiments {
    type Error = DomainError;
    fn try_from(experiments: Vec<Experiment>) -> Result<Self, DomainError> {
        let mut names = HashSet::new();
        for experiment in &experiments {
            experiment.check()?;
            once("experiments.name", names.insert(experiment.name.clone()), &experiment.name)?;
        }
        Ok(Self(experiments))
    }
}

impl From<Experiments> for Vec<Experiment> {
    fn from(experiments: Experiments) -> Self {
        experiments.0
    }
}

impl Experiments {
    /// Returns the experiments in their configured order.
    #[must_use]
    pub fn all(&self) -> &[Experiment] {
        &self.0
    }

    /// Returns the experiment that `user` takes part in, and the variant.
    #[must_use]
    pub fn of(&self, user: &UserId) -> Option<(&Experiment, &Variant)> {
        self.0.iter().find_map(|experiment| Some((experiment, experiment.variant_of(user)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(name: &str, share: f64) -> Variant {
        let (strategy, weights, diversity, novelty, model_version) = (None, None, None, None, None);
        Variant { name: name.into(), share, strategy, weights, diversity, novelty, model_version }
    }

    fn experiment(name: &str, shares: &[f64]) -> Experiment {
        let variants = shares.iter().zip('a'..).map(|(share, name)| variant(&name.to_string(), *share));
        Experiment { name: name.into(), variants: variants.collect() }
    }

    fn users() -> impl Iterator<Item = UserId> {
        (0..20_000).map(|n| UserId::new(format!("user-{n}")).unwrap())
    }

    #[test]
    fn users_are_split_by_the_shares_and_the_rest_is_left_over() {
        let split = experiment("colours", &[0.5, 0.2]);
        for (name, expected) in [(Some("a"), 0.5), (Some("b"), 0.2), (None, 0.3)] {
            let found = users().filter(|user| split.variant_of(user).map(|v| v.name.as_str()) == name);
            let share = found.count() as f64 / 20_000.0;
            assert!((share - expected).abs() < 0.015, "{name:?}: {share}");
        }
    }

    #[test]
    fn the_split_is_the_same_on_every_machine_and_forever() {
        let split = experiment("colours", &[0.5, 0.5]);
        let users = ["ada", "bob", "cy", "dee", "eve", "fay"].map(|user| UserId::new(user).unwrap());
        let found = users.map(|user| split.variant_of(&user).unwrap().name.clone()).concat();
        assert_eq!(found, "bbabbb");
    }

    #[test]
    fn two_experiments_split_independently_and_no_user_is_in_both() {
        let (first, second) = (experiment("one", &[0.25, 0.25]), experiment("two", &[0.5, 0.5]));
        let both = Experiments::try_from(vec![first.clone(), second.clone()]).unwrap();
        let mut second_a = 0;
        for user in users() {
            let (of, variant) = both.of(&user).unwrap();
            assert_eq!(of.name == "one", first.variant_of(&user).is_some());
            second_a += usize::from(of.name == "two" && variant.name == "a");
        }
        assert!((second_a as f64 / 10_000.0 - 0.5).abs() < 0.02, "{second_a}");
    }

    #[test]
    fn an_invalid_experiment_is_refused_and_its_field_named() {
        for (experiments, named) in [
            (vec![experiment("", &[0.5, 0.5])], "experiments.name"),
            (vec![experiment("a b", &[0.5, 0.5])], "experiments.name"),
            (vec![experiment("x", &[0.5])], "experiments.variants"),
            (vec![experiment("x", &[0.6, 0.5])], "share of x"),
            (vec![experiment("x", &[0.6, 0.0])], "share of b"),
            (vec![experiment("x", &[0.6, f64::NAN])], "share of b"),
            (vec![experiment("x", &[0.5, 0.5]), experiment("x", &[0.5, 0.5])], "unique names"),
        ] {
            let why = Experiments::try_from(experiments).unwrap_err().to_string();
            assert!(why.contains(named), "{named}: {why}");
        }
    }
}
