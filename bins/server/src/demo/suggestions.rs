use std::path::Path;

use docent_sample::{Library, SampleUser};

/// Prints the address of the server, and requests to try.
pub fn print(bind: &str, folder: &Path, library: Option<&Library>) {
    println!("\nAll data is in {}; remove the folder to start again.", folder.display());
    println!("Serving on http://{bind} (API: http://{bind}/docs). Press Ctrl-C to stop.\n");
    let Some(library) = library else { return };
    let Some((one, other)) = users_without_common_topics(&library.users) else { return };
    println!("Two of the users:");
    for user in [one, other] {
        println!("  {}  likes {}; follows {}", user.id, user.taste, user.favourite_author);
    }
    let recommend = format!("curl 'http://{bind}/api/recommendations?user_id={}&limit=5'", one.id);
    println!("\nGet recommendations for {} (then for {}):\n  {recommend}", one.id, other.id);
    let Some(topic) = other.topics.first() else { return };
    let article = library.resources.iter().rev().find(|resource| Library::topic_of(resource) == Some(topic));
    let Some(article) = article else { return };
    println!("\nRecord that {} collected an article on {topic}, and see the change:", one.id);
    println!(
        "  curl -X POST http://{bind}/api/interactions -H 'Content-Type: application/json' \\\n    \
         -d '{{\"user_id\": \"{}\", \"resource_id\": \"{}\", \"interaction_type\": \"collection_add\"}}' && {recommend}",
        one.id, article.id
    );
    println!(
        "\nFind articles similar to it:\n  curl 'http://{bind}/api/resources/{}/similar?limit=5'\n",
        article.id
    );
}

/// Returns the first user, and the first one who shares no topic with that user.
fn users_without_common_topics(users: &[SampleUser]) -> Option<(&SampleUser, &SampleUser)> {
    let one = users.first()?;
    let other = users.iter().find(|other| other.topics.iter().all(|topic| !one.topics.contains(topic)))?;
    Some((one, other))
}
