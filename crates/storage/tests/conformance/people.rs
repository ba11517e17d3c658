//! Profiles, feedback, and a user's right to be forgotten.

use anyhow::{Context, Result, ensure};
use docent_domain::{
    Feedback, Impression, InteractionType, NewInteraction, Profile, ResourceId, Signals, Strategy,
    UnitInterval,
};
use docent_storage::{IdempotencyKey, ProfileChange, StorageError, Store};

use crate::support::{
    Database, at, dump, event, export, filled, id, impression, record, resource, rules, user,
};

fn feedback(answer: &str, who: Option<&str>, what: &str) -> Feedback {
    Feedback {
        recommendation_id: answer.into(),
        user_id: who.map(user),
        resource_id: id(what),
        was_clicked: true,
        was_useful: Some(false),
        notes: Some("too long".into()),
        at: at(20),
    }
}

pub(crate) async fn those_who_were_active_last_come_first(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("viewed")], at(0)).await?;
    let untimed = NewInteraction { at: None, ..event("cy", "viewed", InteractionType::View, 0) };
    let of = |name: &str, seconds| event(name, "viewed", InteractionType::View, seconds);
    record(&store, &[of("ada", 3), untimed, of("bob", 9), of("di", 1), of("ada", 5)]).await?;
    for (limit, expected) in [(0, &[][..]), (2, &["bob", "ada"]), (9, &["bob", "ada", "di", "cy"])] {
        let found = store.latest_users(limit).await?;
        ensure!(found.iter().map(|user| user.as_str()).eq(expected.iter().copied()), "{limit}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn the_state_of_a_user_tells_liked_from_rejected(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let names = ["viewed", "exported", "both", "dismissed", "rated low", "rated high", "regretted"];
    store.upsert_resources(&names.map(resource), at(0)).await?;
    ensure!(store.user_state(&user("ada"), 10).await?.is_none());
    ensure!(store.counts().await?.users == 0, "reading makes no one");
    let rated = |what: &str, stars, seconds| NewInteraction {
        signals: Signals { rating: Some(stars), ..Signals::default() },
        ..event("ada", what, InteractionType::Rating, seconds)
    };
    let events = [
        event("ada", "viewed", InteractionType::View, 1),
        export("ada", "exported", 2),
        event("ada", "both", InteractionType::Annotation, 3),
        export("ada", "both", 9),
        event("ada", "dismissed", InteractionType::Dismiss, 4),
        rated("rated low", 2.0, 5),
        rated("rated high", 5.0, 6),
        export("ada", "regretted", 7),
        event("ada", "regretted", InteractionType::Dismiss, 8),
        export("bob", "viewed", 8),
    ];
    record(&store, &events).await?;
    let state = store.user_state(&user("ada"), 10).await?.context("ada")?;
    let rows = async |names: &[&str]| {
        let ids: Vec<ResourceId> = names.iter().map(|name| id(name)).collect();
        anyhow::Ok(store.get_resources(&ids).await?.into_iter().map(|r| r.row_id).collect::<Vec<_>>())
    };
    let liked: Vec<_> = state.positives.iter().map(|p| (p.row_id, p.strength.value(), p.at)).collect();
    let newest_first = [("both", 0.9, 9), ("rated high", 1.0, 6), ("exported", 0.9, 2)];
    for (found, (name, strength, seconds)) in liked.iter().zip(newest_first) {
        ensure!(*found == (rows(&[name]).await?[0], strength, Some(at(seconds))), "{liked:?}");
    }
    ensure!(liked.len() == newest_first.len(), "{liked:?}");
    let seen = ["viewed", "exported", "both", "dismissed", "rated low", "rated high", "regretted"];
    let mut seen_rows = rows(&seen).await?;
    seen_rows.sort_unstable();
    ensure!(state.seen_rows == seen_rows);
    ensure!(state.liked_rows == rows(&["exported", "both", "rated high"]).await?);
    ensure!(state.rejected_rows == rows(&["dismissed", "rated low", "regretted"]).await?);
    let neutral: Vec<_> =
        state.neutral.iter().map(|of| (of.row_id, of.interaction_type.as_str(), of.at)).collect();
    ensure!(neutral == [(rows(&["viewed"]).await?[0], "view", Some(at(1)))], "{neutral:?}");
    ensure!(state.profile.total_interactions == 9);
    let newest = store.user_state(&user("ada"), 1).await?.context("ada")?;
    ensure!(
        newest.positives == state.positives[..1] && newest.liked_rows == state.liked_rows,
        "only positives are cut"
    );
    Ok(())
}

/// Returns all rows except sums over all users, in which no user can be found.
async fn of_people(store: &Store) -> Result<Vec<String>> {
    const SUMS: [&str; 5] = [
        "impression_hours",
        "impression_ranks",
        "resource_exposure_days",
        "interaction_hours",
        "session_hours",
    ];
    let mut rows = dump(store).await?;
    rows.retain(|row| {
        !SUMS.iter().any(|table| row.strip_prefix(table).is_some_and(|rest| rest.starts_with(':')))
    });
    Ok(rows)
}

pub(crate) async fn an_erased_user_leaves_nothing(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    record(&store, &[export("someone else", "a", 1)]).await?;
    store.put_impressions(&[impression("theirs", "someone else", "a")]).await?;
    let key = IdempotencyKey { scope: "s".into(), key: "k".into(), request_hash: "h".into() };
    let before = of_people(&store).await?;
    store.record(&[export("ada lovelace", "a", 1)], &rules(), at(1), Some(&key)).await?;
    store.put_impressions(&[impression("hers", "ada lovelace", "a")]).await?;
    store.put_feedback(&feedback("hers", Some("ada lovelace"), "a")).await?;
    ensure!(of_people(&store).await?.len() > before.len() + 3);
    ensure!(store.delete_user(&user("ada lovelace"), at(1_000)).await?.is_some());
    ensure!(store.delete_user(&user("ada lovelace"), at(1_000)).await?.is_none());
    // One who has only looked is erased, and that is said.
    let seen = Impression { shown_at: at(2_000), ..impression("seen", "ada lovelace", "a") };
    store.put_impressions(&[seen]).await?;
    ensure!(store.delete_user(&user("ada lovelace"), at(1_000_000)).await?.is_some());
    ensure!(!dump(&store).await?.iter().any(|row| row.contains("lovelace")));
    let mut after = of_people(&store).await?;
    after.retain(|row| !row.starts_with("idempotency_keys"));
    // The erasure itself is remembered, by hash and time alone.
    let remembered: Vec<String> = after.extract_if(.., |row| row.starts_with("erased_users")).collect();
    ensure!(remembered.len() == 1, "{remembered:?}");
    ensure!(after == before, "{after:#?}");
    Ok(())
}

pub(crate) async fn a_profile_of_zeros_is_kept(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let zero = UnitInterval::new("zero", 0.0)?;
    let wished = Profile {
        diversity_preference: zero,
        novelty_preference: zero,
        recency_bias: zero,
        research_domains: vec!["logic".into(), "линии".into()],
        active_domain: Some("".into()),
        preferred_authors: vec!["Ann".into()],
        preferred_sources: vec!["A".into()],
        excluded_sources: vec!["B".into()],
        ..Profile::default()
    };
    let written = store.update_profile(&user("ada"), &ProfileChange::all_of(&wished), at(1)).await?;
    ensure!(written.profile == wished, "{written:?}");
    ensure!(store.get_profile(&user("ada")).await? == Some(written));
    let too_many = Profile { research_domains: vec!["d".into(); 11], ..Profile::default() };
    ensure!(matches!(
        store.update_profile(&user("bob"), &ProfileChange::all_of(&too_many), at(1)).await,
        Err(StorageError::Invalid { .. })
    ));
    ensure!(store.get_profile(&user("bob")).await?.is_none());
    Ok(())
}

pub(crate) async fn the_totals_of_a_profile_are_not_the_users_to_write(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let recorded = store.get_profile(&user("ada")).await?.context("ada")?;
    ensure!(recorded.profile.total_interactions == 2 && recorded.profile.last_active_at == Some(at(3)));
    let boast = Profile { total_interactions: 99, last_active_at: Some(at(99)), ..recorded.profile.clone() };
    let written = store.update_profile(&user("ada"), &ProfileChange::all_of(&boast), at(60)).await?;
    ensure!(written.profile == recorded.profile && written.created_at == recorded.created_at, "{written:?}");
    let new = store.update_profile(&user("new"), &ProfileChange::all_of(&boast), at(60)).await?.profile;
    ensure!((new.total_interactions, new.last_active_at) == (0, None));
    Ok(())
}

pub(crate) async fn a_change_of_a_profile_writes_only_what_it_names(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let sources = ProfileChange { preferred_sources: Some(vec!["A".into()]), ..ProfileChange::default() };
    let first = store.update_profile(&user("ada"), &sources, at(1)).await?;
    ensure!(first.profile.preferred_sources == ["A"] && first.created_at == at(1), "{first:?}");
    let domain = ProfileChange { active_domain: Some(Some("optics".into())), ..ProfileChange::default() };
    let second = store.update_profile(&user("ada"), &domain, at(2)).await?;
    ensure!(
        second.profile == Profile { active_domain: Some("optics".into()), ..first.profile },
        "{second:?}"
    );
    ensure!((second.created_at, second.updated_at) == (at(1), at(2)));
    let none = ProfileChange { active_domain: Some(None), ..ProfileChange::default() };
    ensure!(store.update_profile(&user("ada"), &none, at(3)).await?.profile.active_domain.is_none());
    let too_many = ProfileChange { research_domains: Some(vec!["d".into(); 11]), ..ProfileChange::default() };
    let refused = store.update_profile(&user("bob"), &too_many, at(3)).await;
    ensure!(matches!(refused, Err(StorageError::Invalid { .. })), "{refused:?}");
    ensure!(store.get_profile(&user("bob")).await?.is_none());
    Ok(())
}

pub(crate) async fn concurrent_changes_of_a_profile_all_survive(database: &Database) -> Result<()> {
    let one = database.store().await?;
    // As another server would.
    let other = Store::connect(&database.config()).await?;
    let book = docent_domain::Resource { authors: vec!["Ann".into()], ..resource("book") };
    one.upsert_resources(&[book], at(0)).await?;
    for round in 0..20 {
        let who = user(&format!("user-{round}"));
        let name = who.as_str().to_owned();
        record(&one, &(0..9).map(|n| export(&name, "book", n)).collect::<Vec<_>>()).await?;
        let half = UnitInterval::new("half", 0.25)?;
        let taste = ProfileChange { novelty_preference: Some(half), ..ProfileChange::default() };
        let domain = ProfileChange { active_domain: Some(Some("optics".into())), ..ProfileChange::default() };
        let tenth = [export(&name, "book", 10)];
        let (learned, first, second) = tokio::join!(
            record(&one, &tenth),
            one.update_profile(&who, &taste, at(20)),
            other.update_profile(&who, &domain, at(20)),
        );
        learned?;
        first?;
        second?;
        let profile = one.get_profile(&who).await?.context("the user")?.profile;
        ensure!(profile.preferred_authors == ["Ann"], "round {round}: {profile:?}");
        ensure!(profile.novelty_preference == half, "round {round}: {profile:?}");
        ensure!(profile.active_domain.as_deref() == Some("optics"), "round {round}: {profile:?}");
    }
    Ok(())
}

/// Returns true if any row of any table holds the user's name or hash; the list of erasures aside.
async fn is_known(store: &Store, name: &str) -> Result<bool> {
    let hash = i64::from_be_bytes(blake3::hash(name.as_bytes()).as_bytes()[..8].try_into()?).to_string();
    let mut rows = dump(store).await?;
    rows.retain(|row| !row.starts_with("erased_users"));
    Ok(rows.iter().any(|row| row.contains(name) || row.contains(&hash)))
}

pub(crate) async fn late_feedback_of_an_erased_user_stays_without_a_name(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    store.put_impressions(&[impression("late", "lovelace", "a")]).await?;
    record(&store, &[export("lovelace", "a", 1)]).await?;
    ensure!(store.delete_user(&user("lovelace"), at(15)).await?.is_some());
    let owner = store.put_feedback(&feedback("late", Some("lovelace"), "a")).await?;
    ensure!(owner.is_none() && !is_known(&store, "lovelace").await?, "{owner:?}");
    let rows = store.feedback_of("late").await?;
    ensure!(rows.len() == 1 && rows[0].was_useful == Some(false) && rows[0].user_id.is_none(), "{rows:?}");
    ensure!(!dump(&store).await?.iter().any(|row| row.contains("too long")), "their words are gone, too");
    // Nor does it touch the answer of another.
    store.put_feedback(&feedback("answer", Some("lovelace"), "a")).await?;
    let rows = store.feedback_of("answer").await?;
    ensure!(
        rows.len() == 2 && rows[0].was_useful.is_none() && rows[0].user_id == Some(user("ada")),
        "{rows:?}"
    );
    ensure!(!is_known(&store, "lovelace").await?);
    Ok(())
}

pub(crate) async fn a_late_impression_of_an_erased_user_stays_without_a_name(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    record(&store, &[export("lovelace", "a", 1)]).await?;
    ensure!(store.delete_user(&user("lovelace"), at(15)).await?.is_some());
    // Shown before the erasure, written after it, whether or not the user came back meanwhile.
    ensure!(store.put_impressions(&[impression("flight", "lovelace", "a")]).await? == 1);
    store.put_feedback(&feedback("flight", Some("lovelace"), "a")).await?;
    ensure!(!is_known(&store, "lovelace").await?);
    let rows = store.feedback_of("flight").await?;
    ensure!(rows.len() == 1 && rows[0].rank == Some(3) && rows[0].was_clicked == Some(true), "{rows:?}");
    ensure!(store.verdicts_of(&user("lovelace")).await?.is_empty());
    record(&store, &[export("lovelace", "b", 30)]).await?;
    store.put_impressions(&[impression("second flight", "lovelace", "a")]).await?;
    store.put_feedback(&feedback("second flight", Some("lovelace"), "a")).await?;
    let rows = store.feedback_of("second flight").await?;
    ensure!(rows.len() == 1 && rows[0].user_id.is_none(), "{rows:?}");
    ensure!(store.verdicts_of(&user("lovelace")).await?.is_empty());
    Ok(())
}

pub(crate) async fn an_erased_user_who_comes_back_is_a_new_user(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    record(&store, &[export("ada", "a", 1)]).await?;
    ensure!(store.delete_user(&user("ada"), at(15)).await?.is_some());
    record(&store, &[export("ada", "b", 30)]).await?;
    let again = Impression { shown_at: at(40), ..impression("again", "ada", "a") };
    store.put_impressions(&[again]).await?;
    let owner = store.put_feedback(&Feedback { at: at(50), ..feedback("again", Some("ada"), "a") }).await?;
    ensure!(owner == Some(user("ada")), "{owner:?}");
    ensure!(store.verdicts_of(&user("ada")).await?.len() == 1);
    let state = store.user_state(&user("ada"), 9).await?.context("ada")?;
    ensure!(state.profile.total_interactions == 1, "{state:?}");
    Ok(())
}

pub(crate) async fn feedback_completes_the_row_of_its_impression(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let twice = [
        impression("answer", "ada", "b"),
        impression("answer", "ada", "b"),
        impression("answer", "nobody yet", "linked"),
    ];
    ensure!(store.put_impressions(&twice).await? == 2);
    store.put_feedback(&feedback("answer", None, "b")).await?;
    store
        .put_feedback(&Feedback {
            was_useful: Some(true),
            notes: None,
            at: at(30),
            ..feedback("answer", None, "b")
        })
        .await?;
    let owner = store.put_feedback(&Feedback { was_clicked: true, ..feedback("answer", None, "a") }).await?;
    ensure!(owner == Some(user("ada")), "{owner:?}");
    // The same answer written again changes nothing.
    store.put_impressions(&[Impression { rank: 9, ..impression("answer", "ada", "b") }]).await?;
    let rows = store.feedback_of("answer").await?;
    ensure!(rows.len() == 3, "{rows:?}");
    let row = rows.iter().find(|row| row.resource_id == id("b")).context("b")?;
    ensure!(
        (row.strategy, row.score, row.rank) == (Some(Strategy::Content), Some(0.1 + 0.2), Some(3)),
        "{row:?}"
    );
    ensure!(
        row.user_id == Some(user("ada"))
            && row.model_version.as_deref() == Some("m1")
            && row.shown_at == Some(at(10))
    );
    ensure!(
        (row.was_clicked, row.was_useful, row.feedback_at) == (Some(true), Some(true), Some(at(30))),
        "{row:?}"
    );
    ensure!(row.notes.as_deref() == Some("too long"), "what nothing is said of stays");
    let later =
        Feedback { was_clicked: false, was_useful: None, notes: None, ..feedback("answer", None, "b") };
    store.put_feedback(&Feedback { at: at(40), ..later.clone() }).await?;
    let rows = store.feedback_of("answer").await?;
    let row = rows.iter().find(|row| row.resource_id == id("b")).context("b")?;
    let said = (row.was_clicked, row.was_useful, row.notes.as_deref(), row.feedback_at);
    ensure!(said == (Some(false), Some(true), Some("too long"), Some(at(30))), "{row:?}");
    let notes = Feedback { was_useful: Some(false), notes: Some("dull".into()), at: at(50), ..later };
    store.put_feedback(&notes).await?;
    let rows = store.feedback_of("answer").await?;
    let row = rows.iter().find(|row| row.resource_id == id("b")).context("b")?;
    let said = (row.was_clicked, row.was_useful, row.notes.as_deref(), row.feedback_at);
    ensure!(said == (Some(false), Some(false), Some("dull"), Some(at(50))), "newer replaces older: {row:?}");
    let untouched = rows.iter().find(|row| row.resource_id == id("linked")).context("linked")?;
    ensure!(untouched.was_clicked.is_none() && untouched.user_id.is_none(), "{untouched:?}");
    ensure!(store.get_profile(&user("nobody yet")).await?.is_none(), "an impression makes no user");
    Ok(())
}

pub(crate) async fn feedback_may_come_before_its_impression(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    store.put_feedback(&feedback("early", Some("bob"), "a")).await?;
    let row = store.feedback_of("early").await?.remove(0);
    ensure!(row.shown_at.is_none() && row.strategy.is_none() && row.user_id == Some(user("bob")), "{row:?}");
    ensure!(store.put_impressions(&[impression("early", "bob", "a")]).await? == 1);
    let row = store.feedback_of("early").await?.remove(0);
    ensure!(row.shown_at == Some(at(10)) && row.rank == Some(3) && row.was_clicked == Some(true), "{row:?}");
    Ok(())
}

pub(crate) async fn feedback_on_an_unknown_resource_is_not_found(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let refused = store.put_feedback(&feedback("answer", None, "nowhere")).await;
    ensure!(matches!(&refused, Err(StorageError::NotFound { id, .. }) if id == "nowhere"), "{refused:?}");
    Ok(())
}

pub(crate) async fn feedback_of_somebody_else_touches_no_row_of_the_owner(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    store.put_feedback(&feedback("answer", Some("bob"), "a")).await?;
    let rows = store.feedback_of("answer").await?;
    let of = |who: &str| rows.iter().find(|row| row.user_id == Some(user(who))).cloned().context("no row");
    let (hers, his) = (of("ada")?, of("bob")?);
    ensure!(rows.len() == 2 && hers.shown_at.is_some() && hers.was_clicked.is_none(), "{rows:?}");
    ensure!(his.shown_at.is_none() && his.strategy.is_none() && his.was_clicked == Some(true), "{rows:?}");
    store.put_feedback(&Feedback { was_clicked: false, ..feedback("answer", Some("ada"), "a") }).await?;
    store.put_feedback(&Feedback { was_useful: None, ..feedback("answer", Some("bob"), "a") }).await?;
    let rows = store.feedback_of("answer").await?;
    ensure!(
        rows.len() == 2 && rows[0].was_clicked == Some(false) && rows[1].was_useful == Some(false),
        "{rows:?}"
    );

    // The feedback may also precede the impression of the owner, and the users may be unknown.
    store.put_feedback(&feedback("early", Some("mallory"), "b")).await?;
    store.put_feedback(&Feedback { was_useful: None, ..feedback("early", None, "b") }).await?;
    ensure!(store.put_impressions(&[impression("early", "new", "b")]).await? == 1);
    let rows = store.feedback_of("early").await?;
    ensure!(rows.len() == 2 && rows[0].rank == Some(3) && rows[0].was_useful.is_none(), "{rows:?}");
    ensure!(rows[0].user_id.is_none() && rows[1].user_id == Some(user("mallory")), "{rows:?}");
    ensure!(rows[1].shown_at.is_none(), "{rows:?}");
    store.put_feedback(&feedback("early", Some("new"), "b")).await?;
    let rows = store.feedback_of("early").await?;
    ensure!(rows.len() == 2 && rows[0].user_id == Some(user("new")) && rows[0].was_useful == Some(false));
    Ok(())
}

pub(crate) async fn verdicts_are_those_of_the_person_whether_known_or_not(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    store.put_impressions(&[impression("first", "new", "a"), impression("second", "new", "a")]).await?;
    store.put_feedback(&feedback("first", None, "a")).await?;
    let useful = Feedback { was_useful: Some(true), at: at(30), ..feedback("second", None, "a") };
    store.put_feedback(&useful).await?;
    store.put_feedback(&feedback("other", Some("bob"), "b")).await?;
    let hers = store.verdicts_of(&user("new")).await?;
    ensure!(hers.len() == 1 && hers[0].was_useful && hers[0].at == at(30), "the newest counts: {hers:?}");
    ensure!(store.verdicts_of(&user("ada")).await?.is_empty());
    ensure!(store.verdicts_of(&user("bob")).await?.iter().all(|verdict| !verdict.was_useful));
    // Training reads only the feedback of known users.
    let learned = store.verdicts_after(0, 10).await?;
    ensure!(learned.len() == 1 && learned[0].user_id == user("bob"), "{learned:?}");
    ensure!(store.verdicts_after(learned[0].row_id, 10).await?.is_empty());
    store.delete_user(&user("new"), at(1_000)).await?;
    ensure!(store.verdicts_of(&user("new")).await?.is_empty(), "what has no name is erased too");
    Ok(())
}
