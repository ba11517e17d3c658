//! The interactions that a run learns from: positives, or where those are too few, the strongest
//! type of interaction.

use std::{collections::BTreeMap, fmt};

use docent_domain::InteractionType;
use rustc_hash::FxHashMap;

use crate::{MIN_POSITIVES, dataset::Like};

/// Type of interaction that a run learns from in place of positives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Type of the interactions.
    pub interaction_type: InteractionType,
    /// Number of its interactions that the run learns from, one for each user and resource.
    pub interactions: usize,
    /// Number of positives, which the run learns from, too.
    pub positives: usize,
    /// Number of all interactions.
    pub of: usize,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interaction_type, interactions, positives, of } = self;
        write!(
            f,
            "{positives} positives of {of} interactions: trained on the {interactions} interactions of type \
             {interaction_type}"
        )
    }
}

/// Interactions of one type that are neither positive nor negative.
#[derive(Debug, Default)]
pub(crate) struct OfType {
    /// Largest strength of any of them.
    strength: f32,
    /// One of each user and resource, with the strength of a like.
    pub likes: Vec<Like>,
}

/// Interactions that are neither positive nor negative, by type.
pub(crate) type Neutral = FxHashMap<InteractionType, OfType>;

impl OfType {
    pub(crate) fn add(&mut self, like: Like) {
        self.strength = self.strength.max(like.strength);
        self.likes.push(Like { strength: docent_domain::SIGNAL_STRENGTH as f32, ..like });
    }

    pub(crate) fn retain(&mut self, is_kept: impl Fn(&Like) -> bool) {
        self.likes.retain(is_kept);
    }
}

/// Returns the likes of a run: `positives`, and where they are fewer than [`MIN_POSITIVES`], those
/// of the strongest type with as many interactions, which are taken out of `neutral`.
pub(crate) fn chosen(
    mut positives: Vec<Like>,
    neutral: &mut Neutral,
    counts: &BTreeMap<String, u64>,
) -> (Vec<Like>, Option<Signal>) {
    if positives.len() >= MIN_POSITIVES {
        return (positives, None);
    }
    let enough = neutral.iter().filter(|(_, of)| of.likes.len() >= MIN_POSITIVES);
    let strongest = enough.max_by(|(a, of_a), (b, of_b)| {
        let by_strength = of_a.strength.total_cmp(&of_b.strength);
        by_strength.then(of_a.likes.len().cmp(&of_b.likes.len())).then_with(|| b.cmp(a))
    });
    let Some(interaction_type) = strongest.map(|(kind, _)| kind.clone()) else { return (positives, None) };
    let of = neutral.remove(&interaction_type).unwrap_or_default();
    let signal = Signal {
        interaction_type,
        interactions: of.likes.len(),
        positives: positives.len(),
        of: counts.values().sum::<u64>() as usize,
    };
    positives.extend(of.likes);
    (positives, Some(signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(item: u32, strength: f32) -> Like {
        Like { user: 0, item, strength, at: None }
    }

    fn neutral(types: &[(InteractionType, usize, f32)]) -> Neutral {
        let mut neutral = Neutral::default();
        for (kind, count, strength) in types {
            let of = neutral.entry(kind.clone()).or_default();
            (0..*count).for_each(|item| of.add(like(item as u32, *strength)));
        }
        neutral
    }

    #[test]
    fn the_strongest_type_with_ten_interactions_stands_in_for_missing_positives() {
        let custom = |name: &str| InteractionType::Custom(name.into());
        let (view, click, scroll) = (InteractionType::View, custom("click"), custom("scroll"));
        let few = [(view.clone(), 30, 0.1), (click.clone(), 12, 0.3), (scroll, 9, 0.4)];
        for (positives, types, expected) in [
            (10, &few[..], None),
            (9, &few[..], Some((click, 12))),
            (0, &few[..1], Some((view, 30))),
            (0, &few[2..], None),
        ] {
            let positives: Vec<Like> = (100..100 + positives).map(|item| like(item, 0.9)).collect();
            let counts = BTreeMap::from([("view".to_owned(), 51)]);
            let (likes, signal) = chosen(positives.clone(), &mut neutral(types), &counts);
            let found = signal.clone().map(|signal| (signal.interaction_type, signal.interactions));
            assert_eq!(found, expected);
            let added = signal.map_or(0, |signal| signal.interactions);
            assert_eq!(likes.len(), positives.len() + added);
        }
    }
}
