use rand::{RngExt, SeedableRng, rngs::StdRng};

/// A split of a list of events into indices to train on and indices to evaluate on, each ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdout {
    /// Indices of the events to train on.
    pub train: Vec<usize>,
    /// Indices of the events that are held out.
    pub test: Vec<usize>,
}

/// Holds out the latest events of each user: `fraction` of them, rounded up, for users with at
/// least `min_events` events. Every user keeps at least one event to train on.
///
/// `events` are `(user, time)` in any order. Among events of the same time, a later one in the list
/// counts as later.
#[must_use]
pub fn temporal_holdout(events: &[(u32, i64)], fraction: f64, min_events: usize) -> Holdout {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|&position| events.get(position).map(|&(user, time)| (user, time, position)));
    let mut split = Holdout::default();
    for of_user in order.chunk_by(|&a, &b| user_of(events, a) == user_of(events, b)) {
        let held_out = if of_user.len() < min_events.max(2) {
            0
        } else {
            ((of_user.len() as f64 * fraction).ceil() as usize).min(of_user.len() - 1)
        };
        let (train, test) = of_user.split_at(of_user.len() - held_out);
        split.train.extend(train);
        split.test.extend(test);
    }
    split.train.sort_unstable();
    split.test.sort_unstable();
    split
}

fn user_of(events: &[(u32, i64)], index: usize) -> Option<u32> {
    events.get(index).map(|event| event.0)
}

/// Holds out random events of each user, as many as [`temporal_holdout`] does. `users` holds the
/// user of each event; a tiny `fraction` holds out exactly one event per user.
#[must_use]
pub fn random_holdout(users: &[u32], fraction: f64, min_events: usize, seed: u64) -> Holdout {
    let mut rng = StdRng::seed_from_u64(seed);
    let drawn: Vec<(u32, i64)> = users.iter().map(|&user| (user, rng.random())).collect();
    temporal_holdout(&drawn, fraction, min_events)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_latest_of_each_user_are_held_out() {
        let events = [(1, 50), (0, 10), (1, 20), (0, 30), (0, 20), (1, 40), (2, 5), (1, 30)];
        let split = temporal_holdout(&events, 0.25, 3);
        assert_eq!(split, Holdout { train: vec![1, 2, 4, 5, 6, 7], test: vec![0, 3] });
    }

    #[test]
    fn a_small_fraction_leaves_one_out_at_random() {
        let users: Vec<u32> = (0..300).map(|event| event / 3).collect();
        let split = random_holdout(&users, 1e-9, 3, 7);
        assert_eq!(split.test.iter().map(|&at| users[at]).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        let last = split.test.iter().filter(|&at| at % 3 == 2).count();
        assert!((15..55).contains(&last), "{last} of 100 are the last of their user");
        assert_eq!(split, random_holdout(&users, 1e-9, 3, 7));
        assert!(random_holdout(&users, 1e-9, 4, 7).test.is_empty());
    }

    proptest! {
        #[test]
        fn every_event_is_on_one_side_and_every_user_keeps_one(
            events in prop::collection::vec((0u32..5, 0i64..20), 0..60), fraction in 0.0..=1.0f64, min_events in 0usize..6,
        ) {
            let split = temporal_holdout(&events, fraction, min_events);
            let mut all: Vec<usize> = split.train.iter().chain(&split.test).copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..events.len()).collect::<Vec<_>>());
            for &test in &split.test {
                let (user, time) = events[test];
                prop_assert!(split.train.iter().any(|&t| events[t].0 == user));
                prop_assert!(split.train.iter().all(|&t| events[t].0 != user || events[t].1 <= time));
            }
        }
    }
}
