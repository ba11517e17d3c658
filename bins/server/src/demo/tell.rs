use std::path::Path;

use docent_sample::{Library, Person};

/// Where it is served and what to try.
pub fn what_to_try(bind: &str, folder: &Path, library: Option<&Library>) {
    println!("\nEverything is in {}; remove it to start afresh.", folder.display());
    println!("Serving on http://{bind} (API: http://{bind}/docs). Ctrl-C stops.\n");
    let Some(library) = library else { return };
    let Some((one, other)) = two_of_different_tastes(&library.people) else { return };
    println!("Two of the users:");
    for person in [one, other] {
        println!("  {}  likes {}; follows {}", person.id, person.taste, person.favourite_author);
    }
    let ask = format!("curl 'http://{bind}/api/recommendations?user_id={}&limit=5'", one.id);
    println!("\nWhat is recommended to {} (try {} too):\n  {ask}", one.id, other.id);
    let Some(liked_by_other) = other.topics.first() else { return };
    let strange =
        library.resources.iter().rev().find(|resource| Library::topic_of(resource) == Some(liked_by_other));
    let Some(strange) = strange else { return };
    println!("\nLet {} collect an article on {liked_by_other}, and ask again:", one.id);
    println!(
        "  curl -X POST http://{bind}/api/interactions -H 'Content-Type: application/json' \\\n    \
         -d '{{\"user_id\": \"{}\", \"resource_id\": \"{}\", \"interaction_type\": \"collection_add\"}}' && {ask}",
        one.id, strange.id
    );
    println!(
        "\nWhat is like that article:\n  curl 'http://{bind}/api/resources/{}/similar?limit=5'\n",
        strange.id
    );
}

/// The first two who have no topic in common.
fn two_of_different_tastes(people: &[Person]) -> Option<(&Person, &Person)> {
    let one = people.first()?;
    let other = people.iter().find(|other| other.topics.iter().all(|topic| !one.topics.contains(topic)))?;
    Some((one, other))
}
