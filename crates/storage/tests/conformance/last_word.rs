//! The last word of a user on a resource: likes, dislikes, and interactions that are taken back.

use anyhow::{Context, Result, ensure};
use docent_domain::{InteractionType, NewInteraction, Signals};
use docent_storage::{DeletedInteractions, ResourceTotal, Store, UserState};

use crate::support::{Database, at, event, export, id, record, resource, user};

async fn with_resources(database: &Database, names: &[&str]) -> Result<Store> {
    let store = database.store().await?;
    let resources: Vec<_> = names.iter().map(|name| resource(name)).collect();
    store.upsert_resources(&resources, at(0)).await?;
    Ok(store)
}

fn rated(who: &str, what: &str, stars: f64, seconds: i64) -> NewInteraction {
    let signals = Signals { rating: Some(stars), ..Signals::default() };
    NewInteraction { signals, ..event(who, what, InteractionType::Rating, seconds) }
}

fn dismissed(who: &str, what: &str, seconds: i64) -> NewInteraction {
    event(who, what, InteractionType::Dismiss, seconds)
}

fn viewed(who: &str, what: &str, seconds: i64) -> NewInteraction {
    event(who, what, InteractionType::View, seconds)
}

fn read_closely(who: &str, what: &str, seconds: i64) -> NewInteraction {
    let signals = Signals { dwell_seconds: Some(900.0), scroll_depth: Some(1.0), ..Signals::default() };
    NewInteraction { signals, ..viewed(who, what, seconds) }
}

/// Returns the sums of a resource.
async fn total(store: &Store, name: &str) -> Result<ResourceTotal> {
    let row = store.get_resource(&id(name)).await?.context("the resource")?.row_id;
    let counts = store.interaction_counts().await?;
    Ok(counts.iter().find(|of| of.resource_row == row).map(|of| of.total).unwrap_or_default())
}

/// Returns the names of the seen, liked and rejected resources.
async fn named(store: &Store, state: &UserState, names: &[&str]) -> Result<[Vec<String>; 3]> {
    let mut lists = [const { Vec::new() }; 3];
    for name in names {
        let row = store.get_resource(&id(name)).await?.context("the resource")?.row_id;
        for (list, rows) in lists.iter_mut().zip([&state.seen_rows, &state.liked_rows, &state.rejected_rows])
        {
            if rows.contains(&row) {
                list.push((*name).to_owned());
            }
        }
    }
    Ok(lists)
}

pub(crate) async fn the_newest_of_likes_and_dislikes_stands(database: &Database) -> Result<()> {
    const NAMES: [&str; 8] =
        ["taken back", "regretted", "lowered", "raised", "glimpsed", "viewed", "undated", "other"];
    let store = with_resources(database, &NAMES).await?;
    let events = [
        dismissed("ada", "taken back", 1),
        rated("ada", "taken back", 5.0, 2),
        export("ada", "regretted", 1),
        dismissed("ada", "regretted", 2),
        rated("ada", "lowered", 5.0, 1),
        rated("ada", "lowered", 1.0, 2),
        rated("ada", "raised", 1.0, 1),
        rated("ada", "raised", 3.0, 2),
        // A look at it is no word: the dismissal stands.
        read_closely("ada", "glimpsed", 1),
        dismissed("ada", "glimpsed", 2),
        viewed("ada", "glimpsed", 3),
        viewed("ada", "viewed", 1),
        NewInteraction { at: None, ..dismissed("ada", "undated", 0) },
        NewInteraction { at: None, ..export("ada", "undated", 0) },
        viewed("bob", "other", 1),
    ];
    // The same in any order of arrival.
    record(&store, &events).await?;
    let mut reversed = events.to_vec();
    reversed.reverse();
    for event in &mut reversed {
        event.user_id = user(if event.user_id == user("ada") { "eve" } else { "bob" });
    }
    record(&store, &reversed).await?;
    for who in ["ada", "eve"] {
        let state = store.user_state(&user(who), 10).await?.context("the user")?;
        let [seen, liked, rejected] = named(&store, &state, &NAMES).await?;
        ensure!(seen == NAMES[..7], "{who}: {seen:?}");
        ensure!(liked == ["taken back", "raised"], "{who}: {liked:?}");
        ensure!(rejected == ["regretted", "lowered", "glimpsed", "undated"], "{who}: {rejected:?}");
        let strengths: Vec<f64> = state.positives.iter().map(|of| of.strength.value()).collect();
        ensure!(strengths.contains(&1.0) && strengths.iter().any(|of| (of - 0.6).abs() < 1e-9));
    }
    ensure!(store.verify_totals().await?.wrong.is_empty());
    Ok(())
}

pub(crate) async fn popularity_counts_users_who_like_or_at_least_accept(database: &Database) -> Result<()> {
    let store = with_resources(database, &["hated", "dismissed", "liked", "viewed"]).await?;
    let mut events = Vec::new();
    for n in 0..30 {
        events.push(rated(&format!("u{n}"), "hated", 1.0, n));
        events.push(dismissed(&format!("u{n}"), "dismissed", n));
    }
    events.extend((0..8).map(|n| rated(&format!("u{n}"), "liked", 5.0, n)));
    events.extend((0..200).map(|n| viewed("ada", "viewed", n)));
    events.push(export("ada", "liked", 1));
    events.push(event("ada", "liked", InteractionType::Annotation, 2));
    record(&store, &events).await?;
    for (name, positive, accepting, events) in
        [("hated", 0, 0, 30), ("dismissed", 0, 0, 30), ("liked", 9, 9, 10), ("viewed", 0, 1, 200)]
    {
        let sums = total(&store, name).await?;
        ensure!(
            (sums.positive_users, sums.accepting_users, sums.events) == (positive, accepting, events),
            "{name}: {sums:?}"
        );
    }
    ensure!(store.verify_totals().await?.wrong.is_empty());
    store.recount_totals().await?;
    ensure!(store.verify_totals().await?.wrong.is_empty());
    ensure!(total(&store, "liked").await?.positive_users == 9);
    Ok(())
}

pub(crate) async fn interactions_are_taken_back_one_or_all(database: &Database) -> Result<()> {
    let mut book = resource("a");
    book.authors = vec!["Rubin".into()];
    let store = database.store().await?;
    store.upsert_resources(&[book, resource("b")], at(0)).await?;
    let mut events = vec![dismissed("ada", "a", 1), viewed("ada", "a", 2), viewed("ada", "b", 3)];
    events.extend((4..12).map(|n| export("ada", "a", n)));
    events.push(export("bob", "a", 1));
    record(&store, &events).await?;
    let profile = async || anyhow::Ok(store.get_profile(&user("ada")).await?.context("ada")?.profile);
    ensure!(profile().await?.preferred_authors == ["Rubin"]);
    ensure!(total(&store, "a").await?.positive_users == 2);
    let delete = async |what: &str, kind: Option<InteractionType>| {
        anyhow::Ok(store.delete_interactions(&user("ada"), &id(what), kind.as_ref(), at(50)).await?)
    };
    for (what, kind) in [("a", Some(InteractionType::Rating)), ("c", None)] {
        ensure!(delete(what, kind).await? == DeletedInteractions::default());
    }
    let exports = delete("a", Some(InteractionType::Export)).await?;
    ensure!((exports.interactions, exports.events) == (1, 8), "{exports:?}");
    ensure!((exports.change.positive_users, exports.change.accepting_users) == (-1, -1), "{exports:?}");
    let state = store.user_state(&user("ada"), 10).await?.context("ada")?;
    let [seen, liked, rejected] = named(&store, &state, &["a", "b"]).await?;
    ensure!(seen == ["a", "b"] && liked.is_empty() && rejected == ["a"], "the dismissal stands again");
    let found = profile().await?;
    ensure!((found.total_interactions, found.last_active_at) == (3, Some(at(3))), "{found:?}");
    ensure!(found.preferred_authors.is_empty(), "{found:?}");

    let rest = delete("a", None).await?;
    ensure!((rest.interactions, rest.events) == (2, 2), "{rest:?}");
    let state = store.user_state(&user("ada"), 10).await?.context("ada")?;
    let [seen, _, rejected] = named(&store, &state, &["a", "b"]).await?;
    ensure!(seen == ["b"] && rejected.is_empty());
    ensure!(delete("b", None).await?.events == 1);
    let found = profile().await?;
    ensure!((found.total_interactions, found.last_active_at) == (0, None), "{found:?}");
    ensure!(store.interaction_counts().await?.len() == 1, "nothing is left of b");
    ensure!(store.verify_totals().await?.wrong.is_empty());
    // What comes again is counted again.
    record(&store, &[export("ada", "a", 60)]).await?;
    ensure!(total(&store, "a").await?.positive_users == 2);
    Ok(())
}

pub(crate) async fn a_visitor_becomes_a_user_and_every_count_is_exact(database: &Database) -> Result<()> {
    let store = with_resources(database, &["a", "b", "c"]).await?;
    let events = [
        rated("visitor", "a", 2.0, 10),
        rated("ada", "a", 5.0, 5),
        viewed("visitor", "b", 11),
        viewed("visitor", "b", 12),
        viewed("ada", "b", 100_000),
        dismissed("visitor", "c", 13),
        export("bob", "c", 14),
    ];
    record(&store, &events).await?;
    store.put_impressions(&[crate::support::impression("answer", "visitor", "a")]).await?;
    let merged = store.merge_users(&user("visitor"), &user("ada"), at(200)).await?;
    ensure!(merged.interactions == 3, "{merged:?}");
    // The same as if ada had done everything.
    let elsewhere = database.another().await?;
    let direct = with_resources(&elsewhere, &["a", "b", "c"]).await?;
    let by_ada = events.clone().map(|event| {
        let is_visitor = event.user_id == user("visitor");
        if is_visitor { NewInteraction { user_id: user("ada"), ..event } } else { event }
    });
    record(&direct, &by_ada).await?;
    for who in ["ada", "bob"] {
        let found = store.user_state(&user(who), 10).await?.context("found")?;
        let expected = direct.user_state(&user(who), 10).await?.context("expected")?;
        ensure!(found.profile == expected.profile, "{found:?} {expected:?}");
        ensure!(found.positives == expected.positives && found.rejected_rows == expected.rejected_rows);
        ensure!(found.seen_rows == expected.seen_rows);
    }
    for name in ["a", "b", "c"] {
        ensure!(total(&store, name).await? == total(&direct, name).await?, "{name}");
    }
    let now = at(100_001);
    let [found, expected] = [&store, &direct].map(|store| store.engagement(now, 90));
    let (found, expected) = (found.await?, expected.await?);
    ensure!(found == expected, "{found:?} {expected:?}");
    ensure!(store.verify_totals().await?.wrong.is_empty());
    ensure!(store.feedback_of("answer").await?.iter().all(|row| row.user_id == Some(user("ada"))));

    let before = crate::support::dump(&store).await?;
    ensure!(store.merge_users(&user("visitor"), &user("ada"), at(300)).await?.interactions == 0);
    ensure!(crate::support::dump(&store).await? == before, "a repeat changes nothing");
    ensure!(store.merge_users(&user("x"), &user("y"), at(300)).await.is_err(), "no one is known");
    // One who has only looked has no interactions, but impressions.
    for (answer, into) in [("looked", "ada"), ("looked at home", "someone new")] {
        store.put_impressions(&[crate::support::impression(answer, "onlooker", "a")]).await?;
        ensure!(store.merge_users(&user("onlooker"), &user(into), at(300)).await?.interactions == 0);
        ensure!(
            store.feedback_of(answer).await?.iter().all(|row| row.user_id == Some(user(into))),
            "{answer}"
        );
        ensure!(store.merge_users(&user("onlooker"), &user("nobody"), at(300)).await.is_err(), "{answer}");
    }
    ensure!(store.delete_user(&user("someone new"), at(300)).await?.is_some());
    store.merge_users(&user("ada"), &user("new"), at(300)).await?;
    ensure!(store.counts().await?.users == 2);
    ensure!(store.verify_totals().await?.wrong.is_empty());
    Ok(())
}
