//! Answers without a model.

use docent_domain::{Resource, UnitInterval};
use docent_engine::EngineConfig;

use crate::library::{Library, id, ids, like, request, user};

/// Titles that share words with each other, but no reader.
const TITLES: [&str; 10] = [
    "Northern Lamps",
    "Red Cellar",
    "Iron Lantern",
    "The Quiet Tide",
    "Blue Calico",
    "Paper Ferry",
    "Old Harbour",
    "Winter Post",
    "Northern Lamps, again",
    "Cellar Door",
];

async fn chosen_by_thirty(config: impl FnOnce(EngineConfig) -> EngineConfig) -> Library {
    let folder = tempfile::tempdir().unwrap();
    let config = config(EngineConfig::in_folder(folder.path()));
    let library = Library { engine: docent_engine::Engine::open(config).await.unwrap(), folder };
    let resources = TITLES.iter().enumerate().map(|(n, title)| Resource::new(id(&format!("a{n}")), *title));
    library.engine.ingest(resources.collect()).await.unwrap();
    for reader in 0..30 {
        let reader = format!("reader-{reader}");
        let liked = ["a3", "a5", "a6"].map(|book| like(&reader, book, 0));
        library.engine.record(&liked).await.unwrap();
    }
    library.engine.record(&[like("ann", "a0", 0)]).await.unwrap();
    library.engine.refresh().await.unwrap();
    library
}

#[tokio::test]
async fn what_many_like_comes_before_what_shares_a_word() {
    let library = chosen_by_thirty(|config| config).await;
    let zero = UnitInterval::new("zero", 0.0).unwrap();
    for user in ["ann", "new"] {
        let answer = library.engine.recommend(request(user).diversity(zero).novelty(zero)).await.unwrap();
        let mut first = ids(&answer)[..3].to_vec();
        first.sort_unstable();
        assert_eq!(first, ["a3", "a5", "a6"], "{user}: {:?}", ids(&answer));
    }
}

#[tokio::test]
async fn weights_of_the_configuration_apply_without_a_model_too() {
    let content = docent_domain::Weights::only(docent_domain::Component::Content);
    let library = chosen_by_thirty(|config| EngineConfig { weights: content, ..config }).await;
    assert_eq!(ids(&library.recommend("ann").await)[0], "a8");
}

#[tokio::test]
async fn erased_users_leave_the_counts() {
    let library = chosen_by_thirty(|config| config).await;
    let fans = ["fan-1", "fan-2", "fan-3"];
    for fan in fans {
        library.engine.record(&[like(fan, "a9", 0), like(fan, "a3", 0)]).await.unwrap();
    }
    let views = async |book: &str| {
        let answer = library.engine.recommend(request("new").limit(10)).await.unwrap();
        answer.recommendations.iter().find(|shown| shown.resource_id.as_str() == book).unwrap().view_count
    };
    assert_eq!((views("a9").await, views("a3").await), (3, 33));
    for fan in fans {
        assert!(library.engine.erase_user(&user(fan)).await.unwrap());
    }
    assert_eq!((views("a9").await, views("a3").await), (0, 30));
    library.engine.refresh().await.unwrap();
    assert_eq!((views("a9").await, views("a3").await), (0, 30));
}
