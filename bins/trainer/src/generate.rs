//! `generate`.

use docent_sample::{Library, LibraryConfig};

use crate::{
    cli::GenerateArgs,
    exit,
    import::{Place, Sink, SinkConfig},
    settings::Settings,
};

/// Fills the store; with the same arguments a second time it changes nothing.
pub async fn run(settings: Settings, args: &GenerateArgs) -> anyhow::Result<u8> {
    let config = LibraryConfig {
        resources: args.resources,
        users: args.users,
        interactions_per_user: args.interactions,
        seed: args.seed,
        ..LibraryConfig::default()
    };
    let library = Library::generate(&config);
    let store = settings.open_store().await?;
    let mut sink =
        Sink::open(store.clone(), SinkConfig { strict: true, rules: settings.engine.interactions }).await?;
    let place = |line: usize| Place::new("the made-up library", line as u64 + 1);
    for (line, resource) in library.resources.into_iter().enumerate() {
        sink.resource(resource, true, place(line)).await?;
    }
    for (line, interaction) in library.interactions.into_iter().enumerate() {
        sink.interaction(interaction, place(line)).await?;
    }
    let summary = sink.finish().await?;
    println!("{summary}");
    println!("\nwho likes what:");
    for person in library.people.iter().take(5) {
        println!("  {}  {}", person.id, person.taste);
    }
    store.close().await?;
    Ok(exit::DONE)
}
