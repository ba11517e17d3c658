//! Messages that cannot be stored.

use anyhow::{Result, ensure};
use docent_streams::{Content, Outcome, Reason};
use docent_test_support::Database;

use crate::support::{Keeper, batch, events, keyed_batch, now, partition, sink, store, view};

pub async fn messages_that_cannot_be_stored_are_dead_letters_with_their_reason(
    database: &Database,
) -> Result<()> {
    use Content::{Interactions, Resources};
    use Reason::{InvalidJson, InvalidValue, UnknownResource};
    let store = store(database).await?;
    let sink = sink(&store);
    sink.begin(&partition(0), 0, now()).await?;
    let mut next = 0;
    let with = |field: &str| {
        format!(r#"{{"user_id": "ada", "resource_id": "r0", "interaction_type": "view", {field}}}"#)
    };
    let control = r#"{"user_id": "a\u0000", "resource_id": "r0", "interaction_type": "view"}"#;
    let no_rating = r#"{"user_id": "ada", "resource_id": "r0", "interaction_type": "rating"}"#;
    for (content, key, value, reason, why) in [
        (Interactions, None, Some("not json"), InvalidJson, "expected"),
        (Interactions, None, Some(""), InvalidJson, "it ends too early"),
        (Interactions, None, Some("[1]"), InvalidJson, "expected an object"),
        (Interactions, None, None, InvalidJson, "expected JSON, got no value"),
        (Interactions, None, Some(r#"{"user_id": "ada"}"#), InvalidJson, "resource_id is missing"),
        (Interactions, None, Some(with(r#""user_id": "bob""#).as_str()), InvalidJson, "\"user_id\" twice"),
        (Interactions, None, Some(with(r#""dwell": 3"#).as_str()), InvalidJson, "unknown field \"dwell\""),
        (Interactions, None, Some(with(r#""dwell_seconds": -3"#).as_str()), InvalidValue, "dwell_seconds"),
        (Interactions, None, Some(with(r#""occurred_at": "soon""#).as_str()), InvalidValue, "occurred_at"),
        (
            Interactions,
            None,
            Some(with(r#""occurred_at": "2100-01-01T00:00:00Z""#).as_str()),
            InvalidValue,
            "at most 5 minutes ahead",
        ),
        (Interactions, None, Some(control), InvalidValue, "user id"),
        (Interactions, None, Some(no_rating), InvalidValue, "rating"),
        (Interactions, None, Some(view("ada", "unknown").as_str()), UnknownResource, "\"unknown\""),
        (Resources, None, Some(r#"{"id": "x"}"#), InvalidJson, "title is missing"),
        (Resources, None, Some(r#"{"id": "x", "title": ""}"#), InvalidValue, "title"),
        (Resources, None, None, InvalidValue, "resource id"),
        (Resources, Some("a\u{1}"), None, InvalidValue, "resource id"),
    ] {
        let keeper = Keeper::default();
        let mut batch = keyed_batch(content, 0, next, &[(key, value)]);
        ensure!(sink.store(&mut batch, &keeper, now()).await? == Outcome::Stored, "{value:?}");
        next += 1;
        let letters = keeper.kept.lock().unwrap().clone();
        ensure!(letters.len() == 1 && letters[0].reason == reason, "{value:?}: {letters:?}");
        ensure!(letters[0].why.contains(why), "{value:?}: {letters:?}");
    }
    ensure!(events(&store).await? == 0 && sink.begin(&partition(0), 0, now()).await? == next);
    Ok(())
}

pub async fn undelivered_letters_hold_the_batch_back(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let sink = sink(&store);
    sink.begin(&partition(0), 0, now()).await?;
    let keeper = Keeper::failing(2);
    let values = ["nonsense".to_owned(), view("ada", "r0"), view("ada", "unknown")];
    let mut batch = batch(Content::Interactions, 0, 0, &values);
    for _ in 0..2 {
        let error = sink.store(&mut batch, &keeper, now()).await.unwrap_err();
        ensure!(error.is_temporary(), "{error}");
        ensure!(events(&store).await? == 0 && sink.begin(&partition(0), 0, now()).await? == 0);
    }
    ensure!(sink.store(&mut batch, &keeper, now()).await? == Outcome::Stored);
    ensure!(keeper.reasons() == [(0, Reason::InvalidJson), (2, Reason::UnknownResource)], "{keeper:?}");
    // Those that were delivered are not delivered again with a second try of the batch.
    ensure!(sink.store(&mut batch, &keeper, now()).await? == Outcome::Moved);
    ensure!(keeper.reasons().len() == 2 && events(&store).await? == 1);
    Ok(())
}

pub async fn an_unknown_resource_does_not_hold_its_batch_back(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let sink = sink(&store);
    sink.begin(&partition(0), 0, now()).await?;
    let values: Vec<String> = (0..200).map(|n| view("ada", &format!("r{}", n % 10))).collect();
    let (mut batch, keeper) = (batch(Content::Interactions, 0, 0, &values), Keeper::default());
    ensure!(sink.store(&mut batch, &keeper, now()).await? == Outcome::Stored);
    let expected: Vec<_> = (0..200).filter(|n| n % 10 > 4).map(|n| (n, Reason::UnknownResource)).collect();
    ensure!(keeper.reasons() == expected, "{keeper:?}");
    ensure!(events(&store).await? == 100);
    Ok(())
}
