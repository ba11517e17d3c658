//! Interactions without a time.

use anyhow::{Context, Result, bail, ensure};
use docent_domain::{Interaction, InteractionType, NewInteraction, Resource};
use docent_storage::{ImportReport, Recorded, Store};

use crate::support::{
    Database, at, dump, event, execute, export, filled, record, resource, revert, rules, user,
};

const FIXED: i64 = 946_684_800_000_000;

fn untimed(who: &str, what: &str) -> NewInteraction {
    NewInteraction { at: None, ..export(who, what, 0) }
}

async fn recorded(store: &Store, event: NewInteraction) -> Result<(i64, Interaction)> {
    match record(store, &[event]).await?.pop() {
        Some(Recorded::Merged { row_id, interaction }) => Ok((row_id, interaction)),
        other => bail!("{other:?}"),
    }
}

pub(crate) async fn a_time_beats_none_and_no_window_counts_what_has_none(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    let now = at(1_000_000);
    for (event, visits, time) in [
        (untimed("ada", "a"), 0, None),
        (untimed("ada", "a"), 1, None),
        (export("ada", "a", 5), 2, Some(at(5))),
        (untimed("ada", "a"), 3, Some(at(5))),
    ] {
        let (_, merged) = recorded(&store, event).await?;
        ensure!(
            (merged.return_visits, merged.first_at, merged.last_at) == (visits, time, time),
            "{merged:?}"
        );
    }
    recorded(&store, untimed("bob", "b")).await?;
    let engagement = store.engagement(now, 90).await?;
    ensure!((engagement.users, engagement.active_users, engagement.sessions) == (2, 1, 1), "{engagement:?}");
    ensure!(engagement.by_type.len() == 1 && engagement.by_type[0].events == 1, "{engagement:?}");
    let totals = store.interaction_totals().await?;
    ensure!((totals.count, totals.newest) == (2, Some(at(5))), "{totals:?}");
    ensure!(store.interactions_since(at(0)).await? == 1);
    let counts: i64 = store.interaction_counts().await?.iter().map(|count| count.total.events).sum();
    ensure!(counts == 5, "all of them are popularity");
    let bob = store.get_profile(&user("bob")).await?.context("bob")?.profile;
    ensure!((bob.total_interactions, bob.last_active_at) == (1, None), "{bob:?}");
    let rows = store.interactions_after(0, 10).await?;
    let times: Vec<_> = rows.iter().map(|row| (row.first_at, row.at)).collect();
    ensure!(times == [(Some(at(5)), Some(at(5))), (None, None)], "{times:?}");
    Ok(())
}

pub(crate) async fn what_has_no_time_is_imported_once(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    let import = async |events: &[NewInteraction]| store.import_interactions(events, &rules(), at(9)).await;
    let both = [untimed("ada", "a"), untimed("ada", "b"), untimed("ada", "a")];
    let first = import(&both).await?;
    ensure!(first == ImportReport { new: 2, already_known: 1, ..ImportReport::default() }, "{first:?}");
    let before = dump(&store).await?;
    let again = import(&both).await?;
    ensure!(again == ImportReport { already_known: 3, ..ImportReport::default() }, "{again:?}");
    ensure!(dump(&store).await? == before);
    // A time is news. Within one call, what has none comes first, wherever it stands.
    let timed = import(&[export("ada", "a", 5), untimed("bob", "b"), export("bob", "b", 5)]).await?;
    ensure!(timed == ImportReport { new: 1, repeated: 2, ..ImportReport::default() }, "{timed:?}");
    let none = import(&both).await?;
    ensure!(none == ImportReport { already_known: 3, ..ImportReport::default() }, "{none:?}");
    Ok(())
}

pub(crate) async fn positives_without_a_time_come_last_and_not_in_the_order_of_rows(
    database: &Database,
) -> Result<()> {
    const N: usize = 60;
    let store = database.store().await?;
    let names: Vec<String> = (0..N).map(|n| format!("r{n}")).collect();
    let resources: Vec<Resource> = names.iter().map(|name| resource(name)).collect();
    store.upsert_resources(&resources, at(0)).await?;
    for who in ["ada", "bob"] {
        // The last two have times; then half of the others have none, and half an equal one.
        let events = names.iter().enumerate().map(|(n, name)| match n {
            n if n >= N - 2 => export(who, name, n as i64),
            n if n % 2 == 0 => untimed(who, name),
            _ => export(who, name, 1),
        });
        record(&store, &events.collect::<Vec<_>>()).await?;
    }
    let positives =
        async |who: &str, n| anyhow::Ok(store.user_state(&user(who), n).await?.context("a user")?.positives);
    let (ada, bob) = (positives("ada", 100).await?, positives("bob", 100).await?);
    let times = |seconds: Option<i64>| ada.iter().filter(|p| p.at == seconds.map(at)).count();
    ensure!((ada.len(), times(Some(1)), times(None)) == (N, 29, 29), "{ada:?}");
    ensure!(ada.is_sorted_by(|a, b| a.at >= b.at), "newest first, none last: {ada:?}");
    ensure!((ada[0].at, ada[1].at) == (Some(at(59)), Some(at(58))), "{ada:?}");
    for equal in ada.chunk_by(|a, b| a.at == b.at).filter(|equal| equal.len() > 1) {
        let rising =
            equal.is_sorted_by_key(|p| p.row_id) || equal.iter().rev().is_sorted_by_key(|p| p.row_id);
        let ascents = equal.array_windows().filter(|[a, b]| a.row_id < b.row_id).count();
        ensure!(!rising && (7..=21).contains(&ascents), "{ascents} ascents: {equal:?}");
    }
    let rows = |of: &[docent_storage::PositiveResource]| of.iter().map(|p| p.row_id).collect::<Vec<_>>();
    ensure!(rows(&ada) != rows(&bob), "an order of each user's own");
    ensure!(rows(&positives("ada", 40).await?) == rows(&ada)[..40], "cut, and the same each time");
    Ok(())
}

pub(crate) async fn authors_are_learned_from_what_has_no_time(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let by = |name: &str, author: &str| Resource { authors: vec![author.to_owned()], ..resource(name) };
    store.upsert_resources(&[by("a", "Ann"), by("b", "Bo"), by("old", "Old")], at(0)).await?;
    let authors = async |who: &str| {
        anyhow::Ok(store.get_profile(&user(who)).await?.context("a user")?.profile.preferred_authors)
    };
    record(&store, &vec![untimed("ada", "a"); 10]).await?;
    ensure!(authors("ada").await? == ["Ann"], "{:?}", authors("ada").await?);
    let mut events = vec![untimed("bob", "a"), export("bob", "old", 0)];
    events.extend(vec![export("bob", "b", 100 * 86_400); 8]);
    store.record(&events, &rules(), at(200 * 86_400), None).await?;
    ensure!(authors("bob").await? == ["Ann", "Bo"], "{:?}", authors("bob").await?);
    Ok(())
}

pub(crate) async fn the_fixed_time_of_earlier_imports_is_emptied_and_comes_back(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let (last_row, _) = recorded(&store, untimed("dan", "a")).await?;
    recorded(&store, untimed("cy", "a")).await?;
    store.delete_user(&user("cy"), at(9)).await?;
    revert(&store, "m20260601_000009_missing_times").await?;
    let times = async || {
        let query = "SELECT u.external_id || ' ' || i.interaction_type || ' ' || \
                     COALESCE(CAST(i.created_at AS text), 'none') || ' ' || \
                     COALESCE(CAST(i.interaction_timestamp AS text), 'none') \
                     FROM user_interactions i JOIN users u ON u.id = i.user_id ORDER BY i.id";
        anyhow::Ok(store.raw_sql(query).await?)
    };
    let active = async |who: &str| {
        let query = "SELECT COALESCE(CAST(p.last_active_at AS text), 'none') FROM user_profiles p \
                     JOIN users u ON u.id = p.user_id WHERE u.external_id = ";
        store.raw_sql(&format!("{query}'{who}'")).await?.pop().context("a profile")
    };
    let micros = |seconds| at(seconds).timestamp_micros();
    let of = |row: &str, first: Option<i64>, last: Option<i64>| {
        let text = |time: Option<i64>| time.map_or("none".to_owned(), |time| time.to_string());
        format!("{row} {} {}", text(first), text(last))
    };
    ensure!(
        times().await?.last() == Some(&of("dan export", Some(FIXED), Some(FIXED))),
        "{:?}",
        times().await?
    );
    ensure!(active("dan").await? == FIXED.to_string());

    // One that began without a time, and one a microsecond beside the fixed time.
    let began = format!("UPDATE user_interactions SET created_at = {FIXED} WHERE is_negative");
    let beside = format!(
        "UPDATE user_interactions SET created_at = {}, interaction_timestamp = {} \
         WHERE interaction_timestamp = {}",
        FIXED - 1,
        FIXED + 1,
        micros(2)
    );
    execute(&store, &[&began, &beside]).await?;
    let before = times().await?;
    let shape = store.schema_shape().await?;
    store.migrate_verified().await?;
    let expected = [
        of("ada export", Some(micros(1)), Some(micros(1))),
        of("bob export", Some(FIXED - 1), Some(FIXED + 1)),
        of("ada dismiss", Some(micros(3)), Some(micros(3))),
        of("dan export", None, None),
    ];
    let mut found = times().await?;
    found.sort_unstable();
    let mut sorted = expected.to_vec();
    sorted.sort_unstable();
    ensure!(found == sorted, "{found:?} {before:?}");
    ensure!(active("dan").await? == "none" && active("ada").await? == micros(3).to_string());
    let (row, _) = recorded(&store, event("ada", "linked", InteractionType::View, 4)).await?;
    ensure!(row > last_row + 1, "no id is given twice: {row}");
    store.verify_schema().await?;
    revert(&store, "m20260601_000009_missing_times").await?;
    ensure!(store.schema_shape().await? == shape);
    ensure!(times().await?.contains(&of("dan export", Some(FIXED), Some(FIXED))));
    ensure!(active("dan").await? == FIXED.to_string());
    Ok(())
}
