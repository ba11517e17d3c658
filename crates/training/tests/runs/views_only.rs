//! Stores without positives: page views are all that a site has.

use chrono::{TimeDelta, Utc};
use docent_domain::{InteractionType, NewInteraction};
use docent_engine::Reloaded;
use docent_training::{EngineTrainer, TrainError};

use crate::library::{BOOKS, Library, id, ids, like, subject_share, user};

/// Views of forty readers who keep to one subject each.
fn views(reader: usize) -> Vec<NewInteraction> {
    let begun = Utc::now() - TimeDelta::days(1);
    (0..BOOKS)
        .filter(|n| n % 4 == reader % 4 && (n / 4 * 7 + reader * 3) % 5 < 3)
        .map(|n| {
            let at = begun + TimeDelta::minutes(n as i64);
            NewInteraction::view(user(&format!("reader-{reader}")), id(&format!("book-{n}")), at)
        })
        .collect()
}

#[tokio::test]
async fn views_alone_train_a_model_that_serves_those_who_viewed() {
    let library = Library::unread().await;
    for reader in 0..40 {
        library.engine.record(&views(reader)).await.unwrap();
    }
    let report = library.trainer().run().await.unwrap();
    assert_eq!(report.info.signal, Some(InteractionType::View));
    assert_eq!(report.info.positives, (0..40).map(|reader| views(reader).len()).sum::<usize>());
    // The user is cached, and is represented by views as soon as the model is live.
    let before = library.recommend("reader-1").await;
    assert!(before.recommendations.iter().all(|of| of.scores.content.is_none()));
    assert!(matches!(library.engine.reload().await.unwrap(), Reloaded::Swapped(_)));
    let answer = library.engine.recommend(crate::library::request("reader-1").limit(8)).await.unwrap();
    assert!(subject_share(&answer, 1) > 0.8, "{:?}", ids(&answer));
    let viewed: Vec<String> = views(1).iter().map(|view| view.resource_id.to_string()).collect();
    assert!(ids(&answer).iter().all(|shown| !viewed.iter().any(|id| id == shown)), "{:?}", ids(&answer));
    assert!(answer.recommendations.iter().any(|of| of.scores.collaborative.is_some()));
    // A new view changes the next answer of its user.
    let first = ids(&answer)[0].to_owned();
    let view = NewInteraction::view(user("reader-1"), id(&first), Utc::now());
    library.engine.record(&[view]).await.unwrap();
    let next = library.recommend("reader-1").await;
    assert!(!ids(&next).contains(&first.as_str()), "{:?}", ids(&next));
}

#[tokio::test]
async fn fewer_than_ten_of_every_type_are_too_few_and_the_counts_are_named() {
    let library = Library::unread().await;
    library.engine.record(&views(0)[..9]).await.unwrap();
    let refused = library.trainer().run().await.unwrap_err();
    assert!(matches!(refused, TrainError::InsufficientData { positives: 0, .. }), "{refused:?}");
    let message = refused.to_string();
    assert!(message.contains("0 positives of 9 interactions (view 9)"), "{message}");
    library.engine.record(&views(1)[..1]).await.unwrap();
    let report = library.trainer().run().await.unwrap();
    assert_eq!(report.info.signal, Some(InteractionType::View));
}

#[tokio::test]
async fn views_with_a_weight_are_learned_from_and_represent_those_who_only_viewed() {
    let library = Library::unread().await;
    for reader in 0..120 {
        library.engine.record(&views(reader)).await.unwrap();
        // Readers from the number 80 on only view.
        if reader < 80 {
            let read: Vec<NewInteraction> = (0..6)
                .map(|n| {
                    let book = (n * 7 + reader) % 20 * 4 + reader % 4;
                    like(&format!("reader-{reader}"), &format!("book-{book}"), n as i64)
                })
                .collect();
            library.engine.record(&read).await.unwrap();
        }
    }
    let mut config = library.train_config();
    let unstated = library.engine.trainer(config.clone()).run().await.unwrap();
    assert_eq!((unstated.info.signal, unstated.info.users), (None, 80));
    let learned: Vec<_> = unstated.info.type_weights.keys().collect();
    assert_eq!(learned, [&InteractionType::View], "shown, whatever the weight is");
    config.type_weights.insert(InteractionType::View, 0.3);
    // The test is of what serves, not of what passes the gate.
    config.force = true;
    let report = library.engine.trainer(config).run().await.unwrap();
    assert_eq!(report.info.type_weights[&InteractionType::View], 0.3);
    assert!(matches!(library.engine.reload().await.unwrap(), Reloaded::Swapped(_)));
    let answer = library.engine.recommend(crate::library::request("reader-101").limit(8)).await.unwrap();
    assert!(answer.recommendations.iter().any(|of| of.scores.collaborative.is_some()));
    assert!(subject_share(&answer, 1) > 0.8, "{:?}", ids(&answer));
}
