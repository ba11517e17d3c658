//! Checks that the large library has the properties that its documentation promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::{HashMap, HashSet};

use docent_domain::{Interaction, InteractionRules, InteractionType};
use docent_sample::{DenseInteraction, PowerLawConfig, PowerLawLibrary};

fn library() -> PowerLawLibrary {
    PowerLawLibrary::new(&PowerLawConfig::new(4_000, 1_000, 40_000))
}

/// Returns the share of the largest fifth of the counts in their sum.
fn share_of_top_fifth(mut counts: Vec<usize>) -> f64 {
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let top: usize = counts.iter().take(counts.len() / 5).sum();
    top as f64 / counts.iter().sum::<usize>() as f64
}

#[test]
fn the_same_seed_makes_the_same_library_and_another_seed_another() {
    let (first, second) = (library(), library());
    let config = PowerLawConfig { seed: 7, ..first.config().clone() };
    let other = PowerLawLibrary::new(&config);
    assert_eq!(first.history(3), second.history(3));
    assert_eq!(first.resource(3).unwrap(), second.resource(3).unwrap());
    assert_ne!(first.history(3), other.history(3));
    assert_ne!(first.resource(3).unwrap(), other.resource(3).unwrap());
}

#[test]
fn interactions_have_the_requested_number_are_distinct_and_in_the_order_of_time() {
    for (resources, users, interactions) in [(4_000, 1_000, 40_000), (500, 300, 6_000), (300, 5, 7)] {
        let library = PowerLawLibrary::new(&PowerLawConfig::new(resources, users, interactions));
        let all = library.interactions();
        assert_eq!(all.len() as u64, interactions);
        assert!(all.is_sorted_by_key(|interaction| interaction.seconds));
        let pairs: HashSet<_> = all.iter().map(|one| (one.user, one.resource)).collect();
        assert_eq!(pairs.len(), all.len());
        assert!(all.iter().all(|one| one.user < users && one.resource < resources));
    }
}

#[test]
fn tiny_and_crowded_sizes_can_be_generated() {
    for (resources, users, interactions) in [(0, 3, 5), (1, 1, 5), (5, 0, 5), (30, 20, 1_000_000)] {
        let library = PowerLawLibrary::new(&PowerLawConfig::new(resources, users, interactions));
        let expected = u64::from(resources) * u64::from(users) / 24;
        assert_eq!(library.interactions().len() as u64, expected);
        assert_eq!(library.config().interactions, expected);
    }
}

#[test]
fn users_and_resources_follow_power_laws() {
    let library = library();
    let lengths: Vec<usize> = (0..1_000).map(|user| library.history(user).len()).collect();
    assert!(lengths.iter().all(|length| *length >= 3) && lengths[0] > 8 * lengths[999], "{lengths:?}");
    assert!((0.35..0.7).contains(&share_of_top_fifth(lengths)));
    let mut counts = vec![0; 4_000];
    for DenseInteraction { resource, .. } in library.interactions() {
        counts[resource as usize] += 1;
    }
    let share = share_of_top_fifth(counts);
    assert!((0.45..0.85).contains(&share), "the top fifth has a share of {share}");
}

#[test]
fn users_follow_their_topics_and_often_continue_one() {
    let library = library();
    let (mut to_taste, mut continued, mut all) = (0, 0, 0);
    for user in 0..1_000 {
        let topics = library.topics_of_user(user);
        let history = library.history(user);
        to_taste += history.iter().filter(|one| topics.contains(&library.topic_of(one.resource))).count();
        for pair in history.windows(2) {
            let between = pair[0].resource + 1..pair[1].resource;
            let topic = library.topic_of(pair[0].resource);
            continued += usize::from(
                pair[0].resource < pair[1].resource
                    && library.topic_of(pair[1].resource) == topic
                    && !between.into_iter().any(|resource| library.topic_of(resource) == topic),
            );
        }
        all += history.len();
    }
    let (to_taste, continued) = (to_taste as f64 / all as f64, continued as f64 / all as f64);
    assert!((0.6..0.95).contains(&to_taste), "{to_taste}");
    assert!((0.1..0.3).contains(&continued), "{continued}");
}

#[test]
fn resources_and_interactions_are_valid_and_none_is_used_before_it_is_published() {
    let library = library();
    let mut dates = HashMap::new();
    for n in 0..4_000 {
        let resource = library.resource(n).unwrap();
        resource.check().unwrap();
        for link in &resource.links {
            assert!(dates[&link.target] <= resource.published_at.unwrap(), "a citation of a newer resource");
        }
        dates.insert(resource.id, resource.published_at.unwrap());
    }
    let mut kinds: HashMap<InteractionType, usize> = HashMap::new();
    let mut positive = 0;
    for dense in library.interactions() {
        let new = library.interaction(&dense).unwrap();
        assert!(new.at.unwrap() >= dates[&new.resource_id] && new.at.unwrap() < library.config().until);
        assert_eq!(new.at.unwrap().timestamp_micros(), library.micros(&dense));
        let first = Interaction::first(&new, &InteractionRules::default()).unwrap();
        positive += usize::from(first.is_positive());
        *kinds.entry(new.interaction_type).or_default() += 1;
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!((0.75..0.98).contains(&(positive as f64 / 40_000.0)), "{positive}");
}
