use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{DomainError, Preference, Strategy, UserId, Weights};

const MAX_NAME_BYTES: usize = 64;

/// Which variant of which experiment somebody is served by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Assignment {
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the variant.
    pub variant: String,
}

/// What the people of a variant are served with. What it does not say is as for everybody else; one that says nothing is
/// what the others are compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Names it in answers and reports.
    pub name: String,
    /// Its share of all people, above 0 to 1.
    pub share: f64,
    /// Instead of the hybrid strategy.
    #[serde(default)]
    pub strategy: Option<Strategy>,
    /// Instead of the model's or the configured weights.
    #[serde(default)]
    pub weights: Option<Weights>,
    /// Instead of the profile's diversity preference.
    #[serde(default)]
    pub diversity: Option<Preference>,
    /// Instead of the profile's novelty preference.
    #[serde(default)]
    pub novelty: Option<Preference>,
    /// The published model that serves, instead of the live one.
    #[serde(default)]
    pub model_version: Option<String>,
}

/// An experiment: people split by a stable hash into variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Names it in answers and reports; another name splits people anew.
    pub name: String,
    /// At least two; the first is what the others are compared with.
    pub variants: Vec<Variant>,
}

impl Experiment {
    /// Which variant somebody is in; `None` for one of the people that the shares leave over.
    ///
    /// The first eight bytes of BLAKE3 of the experiment's name, a zero byte and the user's id are a number that falls
    /// into one of the shares, laid end to end. Nothing else enters: every server and every restart gives the same.
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
            return Err(DomainError::out_of_range("experiments.variants", "2 or more", got));
        }
        let mut names = HashSet::new();
        for variant in &self.variants {
            named("experiments.variants.name", &variant.name)?;
            once("experiments.variants.name", names.insert(&variant.name), &variant.name)?;
            if !(variant.share > 0.0 && variant.share <= 1.0) {
                let field = format!("experiments.variants.share of {}", variant.name);
                return Err(DomainError::out_of_range(field, "a number above 0, at most 1", variant.share));
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
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(is_plain) {
        let got: String = name.chars().take(MAX_NAME_BYTES).collect();
        return Err(DomainError::out_of_range(field, "1 to 64 letters, digits, '-', '_' or '.'", got));
    }
    Ok(())
}

fn once(field: &str, is_new: bool, name: &str) -> Result<(), DomainError> {
    if is_new { Ok(()) } else { Err(DomainError::out_of_range(field, "each name once", name)) }
}

/// Experiments that run side by side. Somebody is in one of them at most: the first that takes them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// All of them, in order.
    #[must_use]
    pub fn all(&self) -> &[Experiment] {
        &self.0
    }

    /// The experiment that somebody is in, and their variant.
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

    fn people() -> impl Iterator<Item = UserId> {
        (0..20_000).map(|n| UserId::new(format!("user-{n}")).unwrap())
    }

    #[test]
    fn people_are_split_by_their_shares_and_the_rest_is_left_over() {
        let split = experiment("colours", &[0.5, 0.2]);
        let share = |name: Option<&str>| {
            let found = people().filter(|user| split.variant_of(user).map(|v| v.name.as_str()) == name);
            found.count() as f64 / 20_000.0
        };
        assert!((share(Some("a")) - 0.5).abs() < 0.015, "{}", share(Some("a")));
        assert!((share(Some("b")) - 0.2).abs() < 0.015, "{}", share(Some("b")));
        assert!((share(None) - 0.3).abs() < 0.015, "{}", share(None));
    }

    #[test]
    fn the_split_is_the_same_on_every_machine_and_forever() {
        let split = experiment("colours", &[0.5, 0.5]);
        let of = |user: &str| split.variant_of(&UserId::new(user).unwrap()).map(|v| v.name.clone());
        let found = ["ada", "bob", "cy", "dee", "eve", "fay"].map(|user| of(user).unwrap()).concat();
        assert_eq!(found, "bbabbb");
    }

    #[test]
    fn two_experiments_split_independently_and_nobody_is_in_both() {
        let (first, second) = (experiment("one", &[0.25, 0.25]), experiment("two", &[0.5, 0.5]));
        let both = Experiments::try_from(vec![first.clone(), second.clone()]).unwrap();
        let mut second_a = 0;
        for user in people() {
            let (of, variant) = both.of(&user).unwrap();
            assert_eq!(of.name == "one", first.variant_of(&user).is_some());
            second_a += usize::from(of.name == "two" && variant.name == "a");
        }
        assert!((second_a as f64 / 10_000.0 - 0.5).abs() < 0.02, "{second_a}");
    }

    #[test]
    fn what_cannot_be_split_is_refused_with_its_name() {
        let refused = |experiments: Vec<Experiment>| {
            Experiments::try_from(experiments).map(|_| String::new()).unwrap_or_else(|e| e.to_string())
        };
        for (experiments, named) in [
            (vec![experiment("", &[0.5, 0.5])], "experiments.name"),
            (vec![experiment("a b", &[0.5, 0.5])], "experiments.name"),
            (vec![experiment("x", &[0.5])], "experiments.variants"),
            (vec![experiment("x", &[0.6, 0.5])], "share of x"),
            (vec![experiment("x", &[0.6, 0.0])], "share of b"),
            (vec![experiment("x", &[0.6, f64::NAN])], "share of b"),
            (vec![experiment("x", &[0.5, 0.5]), experiment("x", &[0.5, 0.5])], "each name once"),
        ] {
            let why = refused(experiments);
            assert!(why.contains(named), "{named}: {why}");
        }
    }
}
