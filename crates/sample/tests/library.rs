//! Checks that the synthetic library has the properties that its documentation promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::{HashMap, HashSet};

use docent_domain::{Interaction, InteractionRules, InteractionType};
use docent_sample::{Library, LibraryConfig};

fn library() -> (LibraryConfig, Library) {
    let config =
        LibraryConfig { resources: 400, users: 100, interactions_per_user: 24, ..LibraryConfig::default() };
    let library = Library::generate(&config);
    (config, library)
}

fn topics(library: &Library) -> HashMap<&str, &str> {
    library.resources.iter().map(|r| (r.id.as_str(), Library::topic_of(r).unwrap())).collect()
}

#[test]
fn the_same_seed_makes_the_same_library_and_another_seed_another() {
    let (config, first) = library();
    assert_eq!(Library::generate(&config), first);
    let other = Library::generate(&LibraryConfig { seed: 7, ..config });
    assert_ne!(other.interactions, first.interactions);
    assert_ne!(other.resources, first.resources);
}

#[test]
fn the_library_is_valid_and_has_the_requested_size() {
    let (config, library) = library();
    assert_eq!(library.resources.len(), config.resources);
    assert_eq!(library.users.len(), config.users);
    assert_eq!(library.interactions.len(), config.users * config.interactions_per_user);
    for resource in &library.resources {
        resource.check().unwrap();
        let sentences = resource.text.matches(['.', '?']).count();
        assert!((2..=5).contains(&sentences), "{}", resource.text);
    }
    let ids: HashSet<_> = library.resources.iter().map(|resource| &resource.id).collect();
    let titles: HashSet<_> = library.resources.iter().map(|resource| &resource.title).collect();
    assert_eq!((ids.len(), titles.len()), (config.resources, config.resources));
    for interaction in &library.interactions {
        Interaction::first(interaction, &InteractionRules::default()).unwrap();
        assert!(ids.contains(&interaction.resource_id));
        assert!(interaction.at.is_some_and(|at| at < config.until));
    }
    assert!(library.interactions.is_sorted_by_key(|interaction| interaction.at));
}

#[test]
fn citations_go_to_older_resources_mostly_of_the_same_topic() {
    let (_, library) = library();
    let topics = topics(&library);
    let dates: HashMap<_, _> = library.resources.iter().map(|r| (&r.id, r.published_at.unwrap())).collect();
    let (mut all, mut same) = (0, 0);
    for resource in &library.resources {
        for link in &resource.links {
            assert!(dates[&link.target] <= dates[&resource.id]);
            all += 1;
            same += usize::from(topics[link.target.as_str()] == topics[resource.id.as_str()]);
        }
    }
    assert!(all > 400 && same * 100 > all * 80, "{same} of {all}");
}

#[test]
fn no_resource_is_used_before_it_is_published() {
    let (_, library) = library();
    let dates: HashMap<_, _> = library.resources.iter().map(|r| (&r.id, r.published_at.unwrap())).collect();
    assert!(
        library.interactions.iter().all(|interaction| interaction.at > Some(dates[&interaction.resource_id]))
    );
}

#[test]
fn users_follow_their_tastes_with_some_noise() {
    let (_, library) = library();
    let topics = topics(&library);
    let tastes: HashMap<_, _> = library.users.iter().map(|user| (&user.id, &user.topics)).collect();
    let to_taste = library.interactions.iter().filter(|interaction| {
        tastes[&interaction.user_id].contains(&topics[interaction.resource_id.as_str()])
    });
    let share = to_taste.count() as f64 / library.interactions.len() as f64;
    assert!((0.80..0.98).contains(&share), "{share}");
    let kinds: HashSet<_> =
        library.interactions.iter().map(|interaction| &interaction.interaction_type).collect();
    assert!(kinds.contains(&InteractionType::Dismiss) && kinds.len() == 6, "{kinds:?}");
}

#[test]
fn a_few_resources_attract_most_interactions() {
    let (_, library) = library();
    let mut counts: HashMap<_, usize> = HashMap::new();
    for interaction in &library.interactions {
        *counts.entry(&interaction.resource_id).or_default() += 1;
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let top_fifth: usize = counts.iter().take(library.resources.len() / 5).sum();
    let share = top_fifth as f64 / library.interactions.len() as f64;
    assert!((0.45..0.9).contains(&share), "the top fifth has a share of {share}");
}

#[test]
fn a_tiny_or_empty_library_can_be_generated() {
    for (resources, users, interactions_per_user) in [(0, 3, 5), (1, 1, 5), (5, 0, 5), (30, 2, 0)] {
        let config = LibraryConfig { resources, users, interactions_per_user, ..LibraryConfig::default() };
        let library = Library::generate(&config);
        assert_eq!((library.resources.len(), library.users.len()), (resources, users));
    }
}
