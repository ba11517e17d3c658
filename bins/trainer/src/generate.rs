//! `generate`: fills the store with a synthetic library.

use docent_formats::{Located, Location, Record};
use docent_sample::{Library, LibraryConfig};

use crate::{
    exit,
    import::{Sink, SinkConfig},
    settings::Settings,
};

/// Users that the summary lists.
const SHOWN_USERS: usize = 5;

/// Fills the store. A second run with the same configuration changes nothing.
pub async fn run(settings: Settings, config: &LibraryConfig) -> anyhow::Result<u8> {
    let library = Library::generate(config);
    let store = settings.open_or_create_store().await?;
    let rules = settings.engine.interactions;
    let mut sink =
        Sink::open(store.clone(), SinkConfig { is_strict: true, rules, ..SinkConfig::default() }).await?;
    let start = Location::new("the synthetic library", 0);
    for (line, resource) in (1..).zip(library.resources) {
        sink.write(Located::new(Record::Resource { resource, has_all_links: true }, start.at(line))).await?;
    }
    for (line, interaction) in (1..).zip(library.interactions) {
        sink.write(Located::new(Record::Interaction(interaction), start.at(line))).await?;
    }
    let summary = sink.finish().await?;
    println!("{summary}");
    println!("\nusers and their tastes:");
    for user in library.users.iter().take(SHOWN_USERS) {
        println!("  {}  {}", user.id, user.taste);
    }
    store.close().await?;
    Ok(exit::DONE)
}
