//! A store that moves from SQLite to PostgreSQL gives the same answers.

use anyhow::{Result, ensure};
use chrono::{TimeDelta, Utc};
use docent::{Engine, EngineConfig, Feedback, NewInteraction, Profile, RecommendRequest, UserId};
use docent_test_support::Database;

use crate::program::{Place, lines};

const USERS: usize = 200;

pub async fn a_store_moved_to_postgresql_answers_as_before(postgres: &Database) -> Result<()> {
    let place = Place::new();
    let users = USERS.to_string();
    place.must(&["generate", "--users", &users, "--interactions", "20", "--resources", "150"]);
    place.write("quick.toml", "[train.als]\ndim = 8\n[train.ncf]\nepochs = 1\nlayers = [8]\n");
    place.must(&["--config", "quick.toml", "train", "--force"]);
    let sqlite = format!("sqlite://{}", place.path("docent-data/docent.db").display());
    opinions(&place, &sqlite).await?;

    place.must(&["export", "store", "--out", "store.jsonl"]);
    let file = place.path("store.jsonl").display().to_string();
    let moved = place.must(&["--database-url", postgres.url(), "import", "store", &file]);
    ensure!(moved.contains("rows imported from"), "{moved}");
    let again = place.run(&["--database-url", postgres.url(), "import", "store", &file]);
    ensure!(again.code == Some(1) && again.said.contains("the store holds data already"), "{again:?}");

    place.must(&["--database-url", postgres.url(), "export", "store", "--out", "moved.jsonl"]);
    let [before, after] = ["store.jsonl", "moved.jsonl"].map(|name| lines(&place.path(name)));
    ensure!(before.len() > 4_000 && sorted(before) == sorted(after), "every row of every table");

    let [here, there] = [sqlite.as_str(), postgres.url()];
    let (here, there) = (open(&place, here).await?, open(&place, there).await?);
    for (_, user) in here.store().users_after(0, USERS as u64).await? {
        let (one, other) = (list(&here, &user).await?, list(&there, &user).await?);
        // Scores follow the age of resources, and the second list is made a moment later.
        let is_same = one.len() == other.len()
            && one.iter().zip(&other).all(|(a, b)| (&a.0, a.2) == (&b.0, b.2) && (a.1 - b.1).abs() < 1e-6);
        ensure!(is_same && one.len() == 20, "{user}: {one:#?} {other:#?}");
    }
    here.close().await?;
    Ok(there.close().await?)
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

async fn open(place: &Place, url: &str) -> Result<Engine> {
    let config = EngineConfig::in_folder(place.path("docent-data"));
    Ok(Engine::open(EngineConfig { database_url: url.to_owned(), ..config }).await?)
}

/// Returns ids, scores, and counts of views.
async fn list(engine: &Engine, user: &UserId) -> Result<Vec<(String, f64, u64)>> {
    let request = RecommendRequest::new(user.clone()).limit(20).without_impressions();
    let answer = engine.recommend(request).await?;
    let shown = answer.recommendations.into_iter();
    Ok(shown.map(|shown| (shown.resource_id.into(), shown.score, shown.view_count)).collect())
}

/// Records what only users say: dismissals, ratings, verdicts, preferences, events without a time.
async fn opinions(place: &Place, url: &str) -> Result<()> {
    let engine = open(place, url).await?;
    let users = engine.store().users_after(0, USERS as u64).await?;
    ensure!(users.len() == USERS);
    for (n, (_, user)) in users.iter().enumerate() {
        let answer = engine.recommend(RecommendRequest::new(user.clone()).limit(5)).await?;
        let [first, second, third, ..] = answer.recommendations.as_slice() else {
            anyhow::bail!("{user} has no list");
        };
        let at = Utc::now() - TimeDelta::minutes(n as i64);
        let mut untimed = NewInteraction::export(user.clone(), second.resource_id.clone(), at);
        untimed.at = None;
        engine
            .record(&[
                NewInteraction::dismiss(user.clone(), first.resource_id.clone(), at),
                untimed.clone(),
                untimed,
                NewInteraction::rating(user.clone(), second.resource_id.clone(), 1.5, at)?,
            ])
            .await?;
        engine
            .feedback(&Feedback {
                recommendation_id: answer.recommendation_id.clone(),
                user_id: Some(user.clone()),
                resource_id: third.resource_id.clone(),
                was_clicked: true,
                was_useful: Some(n % 2 == 0),
                notes: Some("said \"so\"".to_owned()),
                at: Utc::now(),
            })
            .await?;
        if n % 3 == 0 {
            let source = engine.resource(&second.resource_id).await?.resource.source;
            let profile =
                Profile { excluded_sources: source.into_iter().collect(), ..engine.profile(user).await? };
            engine.put_profile(user, &profile).await?;
        }
    }
    Ok(engine.close().await?)
}
