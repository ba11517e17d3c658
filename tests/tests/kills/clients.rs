//! Clients that write through two servers, and remember what was acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const CLIENTS: usize = 8;
/// Resources that users choose, each once; twice as many are there to be recommended.
const CHOSEN: usize = 40;
/// Maximum time of a request, and of waiting for one that succeeds.
const MAX_REQUEST: Duration = Duration::from_secs(5);
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Maximum time for which a server may not count what the other one has acknowledged.
const MAX_LAG: Duration = Duration::from_secs(1);
/// Pause after a request without an acknowledgement.
const PAUSE: Duration = Duration::from_millis(20);
/// Pause between the requests of a client.
const THINKING: Duration = Duration::from_millis(10);

/// Resources by user, as they were acknowledged.
type Acknowledged = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug, Default)]
struct Shared {
    servers: Vec<Url>,
    acknowledged: Acknowledged,
    /// Time of the newest acknowledgement of each server whose request began before it.
    newest: [Option<Instant>; 2],
    repeated: usize,
}

/// Clients that write at all times.
pub struct Clients {
    shared: Arc<Mutex<Shared>>,
    ends: Arc<AtomicBool>,
    tasks: JoinSet<()>,
    client: reqwest::Client,
}

/// Writes of all clients.
#[derive(Debug, Default)]
pub struct Counts {
    pub acknowledged: usize,
    /// Requests that were sent again, since no acknowledgement came.
    pub repeated: usize,
    pub lost: usize,
    pub twice: usize,
}

impl Clients {
    /// Ingests the resources and starts the clients, whose users have a name of their own.
    pub async fn start(name: &str, servers: Vec<Url>) -> Result<Self> {
        let client = reqwest::Client::builder().timeout(MAX_REQUEST).build()?;
        let resources: Vec<Value> = (0..3 * CHOSEN)
            .map(|n| json!({ "id": format!("r{n}"), "title": format!("Volume {n} of subject {}", n % 7) }))
            .collect();
        let ingest = servers[0].join("api/resources/ingest")?;
        let answer = client.post(ingest).json(&json!({ "resources": resources })).send().await?;
        ensure!(answer.status() == StatusCode::OK, "{answer:?}");
        let shared = Arc::new(Mutex::new(Shared { servers, ..Shared::default() }));
        let ends = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for number in 0..CLIENTS {
            let (client, shared, ends) = (client.clone(), Arc::clone(&shared), Arc::clone(&ends));
            let users = format!("{name}-{number}");
            tasks.spawn(async move {
                for n in number.. {
                    if ends.load(Ordering::Relaxed) {
                        return;
                    }
                    write(&client, &shared, &users, n).await;
                    tokio::time::sleep(THINKING).await;
                }
            });
        }
        Ok(Self { shared, ends, tasks, client })
    }

    /// Tells the clients where the servers are now.
    pub fn serve_at(&self, servers: Vec<Url>) {
        locked(&self.shared, |shared| shared.servers = servers);
    }

    /// Waits until both servers have acknowledged a write that was sent after `since`.
    pub async fn written_through_both(&self, since: Instant) -> Result<()> {
        while !locked(&self.shared, |shared| shared.newest.iter().all(|newest| newest > &Some(since))) {
            ensure!(since.elapsed() < MAX_WAIT, "a server acknowledges nothing");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Checks that the lists of both servers leave out what users chose.
    pub async fn check_answers(&self) -> Result<()> {
        let (servers, chosen) =
            locked(&self.shared, |shared| (shared.servers.clone(), shared.acknowledged.clone()));
        for (user, chosen) in chosen.iter().rev().step_by(1 + chosen.len() / 4) {
            for server in &servers {
                let mut url = server.join("api/recommendations")?;
                url.query_pairs_mut().append_pair("user_id", user).append_pair("limit", "100");
                let deadline = Instant::now() + MAX_LAG;
                while let Some(id) = self.listed(&url, chosen).await? {
                    ensure!(Instant::now() < deadline, "{url} lists {id}, which the user has chosen");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        Ok(())
    }

    /// Returns a resource of a list that is among the chosen ones.
    async fn listed(&self, url: &Url, chosen: &BTreeSet<String>) -> Result<Option<String>> {
        let answer = self.get(url).await?;
        let listed = answer["recommendations"].as_array().context("no list")?;
        ensure!(!listed.is_empty(), "{url}: {answer}");
        let mut ids = listed.iter().filter_map(|one| one["resource_id"].as_str());
        Ok(ids.find(|id| chosen.contains(*id)).map(str::to_owned))
    }

    /// Stops the clients, whose open requests are repeated until they succeed, and compares the
    /// acknowledged writes with the exports of both servers.
    pub async fn end(mut self) -> Result<Counts> {
        self.ends.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        let (servers, acknowledged, repeated) = locked(&self.shared, |shared| {
            (shared.servers.clone(), std::mem::take(&mut shared.acknowledged), shared.repeated)
        });
        let mut counts = Counts { repeated, ..Counts::default() };
        counts.acknowledged = acknowledged.values().map(BTreeSet::len).sum();
        for server in servers {
            for (user, chosen) in &acknowledged {
                let mut url = server.join("api/profile/export")?;
                url.query_pairs_mut().append_pair("user_id", user);
                let export = self.get(&url).await?;
                let stored = export["interactions"].as_array().context("no interactions")?;
                let ids: BTreeSet<&str> =
                    stored.iter().filter_map(|one| one["resource_id"].as_str()).collect();
                counts.lost += chosen.iter().filter(|id| !ids.contains(id.as_str())).count();
                let twice = stored.iter().filter(|one| one["return_visits"] != 0).count();
                counts.twice += twice + stored.len().saturating_sub(chosen.len());
            }
        }
        Ok(counts)
    }

    /// Asks until there is an answer.
    async fn get(&self, url: &Url) -> Result<Value> {
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            match self.client.get(url.clone()).send().await.and_then(reqwest::Response::error_for_status) {
                Ok(answer) => return Ok(answer.json().await?),
                Err(error) => ensure!(Instant::now() < deadline, "{url}: {error}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Writes once, and repeats it until it is acknowledged, by any server.
async fn write(client: &reqwest::Client, shared: &Mutex<Shared>, users: &str, n: usize) {
    let (user, resource) = (format!("{users}-{}", n / CHOSEN), format!("r{}", n % CHOSEN));
    let body = json!({ "user_id": user, "resource_id": resource, "interaction_type": "collection_add" });
    for attempt in 0.. {
        let place = (n + attempt) % 2;
        let url = locked(shared, |shared| shared.servers[place].join("api/interactions"));
        let Ok(url) = url else { return };
        let begun = Instant::now();
        let request = client.post(url).header("Idempotency-Key", format!("{users}-{n}")).json(&body);
        let answer = request.send().await;
        if answer.is_ok_and(|answer| answer.status() == StatusCode::CREATED) {
            locked(shared, |shared| {
                shared.acknowledged.entry(user).or_default().insert(resource);
                shared.newest[place] = shared.newest[place].max(Some(begun));
            });
            return;
        }
        locked(shared, |shared| shared.repeated += 1);
        tokio::time::sleep(PAUSE).await;
    }
}

fn locked<T>(shared: &Mutex<Shared>, work: impl FnOnce(&mut Shared) -> T) -> T {
    work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}
