//! Users in memory while this process and others write.

use docent_engine::{Engine, EngineConfig};

use crate::library::{Library, dismiss, ids, like, request};

/// Returns the numbers of hits and misses of the cache.
fn hits_and_misses(engine: &Engine) -> (u64, u64) {
    let performance = engine.performance();
    (performance.cache_hits, performance.cache_misses)
}

#[tokio::test]
async fn a_user_stays_in_memory_until_another_process_writes() {
    let library = Library::read().await;
    // With 0 seconds, the database is asked before each answer whether others wrote.
    let config = EngineConfig { cached_user_seconds: 0, ..library.engine.config().clone() };
    let engine = Engine::open(config).await.unwrap();
    let answer = async || engine.recommend(request("reader-1")).await.unwrap();
    let first = answer().await;
    engine.record(&[like("reader-2", "book-3", 5)]).await.unwrap();
    // On a busy machine the database may not answer in time, and the user is read again.
    let mut answers = 0;
    while hits_and_misses(&engine).0 == 0 {
        answer().await;
        answers += 1;
        assert!(answers < 20, "writes of this process concern their user only");
    }

    let disliked = ids(&first)[0].to_owned();
    library.engine.record(&[dismiss("reader-1", &disliked)]).await.unwrap();
    let before = hits_and_misses(&engine);
    let after = answer().await;
    assert!(!ids(&after).contains(&disliked.as_str()), "{disliked} was dismissed elsewhere");
    assert_eq!(hits_and_misses(&engine), (before.0, before.1 + 1));
}
