//! Applies operations to the system and to the oracle, and compares what they say.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    operation::{Content, Event, Kind, Operation},
    oracle::Oracle,
    wire::{content_body, event_body, kind_name, patch_body, resource_name, source_name, time, user_name},
};
use docent_tests::system::{Reply, Request, System};

/// Time in which another server follows.
const LAG: Duration = Duration::from_secs(40);
/// Time in which a server finds a new model.
const MODEL_LAG: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// A system and what it should be like.
pub struct Comparison {
    pub system: System,
    pub oracle: Oracle,
    /// Requests with a key that can be repeated.
    sent: Vec<Sent>,
    pub answers: BTreeMap<u8, Vec<Answer>>,
    /// Number of keys so far.
    keys: usize,
}

struct Sent {
    key: String,
    users: BTreeSet<u8>,
    body: Value,
    reply: Reply,
}

/// Answer that feedback may be on.
#[derive(Clone)]
pub struct Answer {
    pub id: String,
    pub resources: Vec<u8>,
    /// True if the user was erased since.
    pub is_stale: bool,
}

impl Comparison {
    pub fn new(system: System) -> Self {
        Self { system, oracle: Oracle::default(), sent: Vec::new(), answers: BTreeMap::new(), keys: 0 }
    }

    pub async fn end(self) -> Result<()> {
        self.system.end().await
    }

    /// Applies an operation to both.
    pub async fn apply(&mut self, operation: &Operation) -> Result<()> {
        match operation {
            Operation::Ingest(resources) => self.ingest(resources).await,
            Operation::Patch { resource, .. } | Operation::Delete(resource) => {
                self.change(operation, *resource).await
            }
            Operation::Hide { resources, is_hidden } => self.hide(resources, *is_hidden).await,
            Operation::Record { events, is_batch, is_keyed } => {
                self.record(events, *is_batch, *is_keyed).await
            }
            Operation::Repeat(back) => self.repeat(*back).await,
            Operation::TakeBack { user, resource, kind } => self.take_back(*user, *resource, *kind).await,
            Operation::Profile { .. } => self.profile(operation).await,
            Operation::Erase(user) => self.erase(*user).await,
            Operation::Merge { from, into } => self.merge(*from, *into).await,
            Operation::Feedback { user, answer, place, is_useful } => {
                self.feedback(*user, *answer, *place, *is_useful).await
            }
            Operation::Publish => self.publish().await,
            Operation::Restart => self.system.restart(false).await,
            Operation::Kill => {
                // Impressions that were not written yet are lost, which is said.
                self.answers.clear();
                self.system.restart(true).await
            }
            Operation::Recommend { .. }
            | Operation::Pages { .. }
            | Operation::Similar(_)
            | Operation::Rank { .. } => {
                let deadline = self.lag();
                while let Err(error) = self.read(operation).await {
                    ensure!(Instant::now() < deadline, error);
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(())
            }
        }
    }

    /// Compares every resource and every user.
    pub async fn sweep(&mut self) -> Result<()> {
        let deadline = self.lag();
        while let Err(error) = self.read_everything().await {
            ensure!(Instant::now() < deadline, error);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Returns the time until which a read may be repeated: not at all with one server.
    fn lag(&self) -> Instant {
        Instant::now() + if self.system.is_replicated() { LAG } else { Duration::ZERO }
    }

    pub async fn send(&mut self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Reply> {
        self.system.send(&Request { method, path, query: &[], body, key: None }).await
    }

    pub async fn get(&mut self, path: &[&str], query: &[(&str, String)]) -> Result<Reply> {
        self.system.send(&Request { method: Method::GET, path, query, body: None, key: None }).await
    }

    async fn ingest(&mut self, resources: &[(u8, Content)]) -> Result<()> {
        let bodies: Vec<Value> = resources.iter().map(|(id, content)| content_body(*id, content)).collect();
        let body = json!({ "resources": bodies });
        let reply = self.send(Method::POST, &["api", "resources", "ingest"], Some(&body)).await?;
        is(&reply, StatusCode::OK)?;
        let results = reply.body["results"].as_array().context("no results")?;
        ensure!(results.len() == resources.len(), "{results:?}");
        for (result, (id, content)) in results.iter().zip(resources) {
            let is_unique = resources.iter().filter(|(other, _)| other == id).count() == 1;
            let expected = match self.oracle.resources.get(id) {
                None => "created",
                Some(before) if before == content => "unchanged",
                Some(_) => "updated",
            };
            ensure!(result["id"] == resource_name(*id), "{result}");
            ensure!(!is_unique || result["result"] == expected, "{result}, expected {expected}");
        }
        self.oracle.resources.extend(resources.iter().cloned());
        Ok(())
    }

    async fn change(&mut self, operation: &Operation, resource: u8) -> Result<()> {
        let name = resource_name(resource);
        let path = ["api", "resources", &name];
        let known = self.oracle.resources.contains_key(&resource);
        if let Operation::Patch { title, source, is_hidden, .. } = operation {
            let body = patch_body(*title, *source, *is_hidden);
            let reply = self.send(Method::PATCH, &path, Some(&body)).await?;
            is(&reply, if known { StatusCode::OK } else { StatusCode::NOT_FOUND })?;
            if let Some(content) = self.oracle.resources.get_mut(&resource) {
                content.title = title.unwrap_or(content.title);
                content.source = source.unwrap_or(content.source);
                content.is_hidden = is_hidden.unwrap_or(content.is_hidden);
            }
        } else {
            let reply = self.send(Method::DELETE, &path, None).await?;
            is(&reply, if known { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })?;
            self.oracle.resources.remove(&resource);
        }
        Ok(())
    }

    async fn hide(&mut self, resources: &[u8], is_hidden: bool) -> Result<()> {
        let ids: Vec<String> = resources.iter().map(|id| resource_name(*id)).collect();
        let body = json!({ "ids": ids, "hidden": is_hidden });
        let reply = self.send(Method::PATCH, &["api", "resources"], Some(&body)).await?;
        is(&reply, StatusCode::OK)?;
        for (place, id) in resources.iter().enumerate() {
            let expected = match self.oracle.resources.get_mut(id) {
                None => "unknown_resource",
                Some(content) if content.is_hidden == is_hidden => "unchanged",
                Some(content) => {
                    content.is_hidden = is_hidden;
                    "updated"
                }
            };
            ensure!(reply.body["results"][place]["result"] == expected, "{}: {expected}", reply.body);
        }
        Ok(())
    }

    async fn record(&mut self, events: &[Event], is_batch: bool, is_keyed: bool) -> Result<()> {
        let bodies: Vec<Value> = events.iter().map(event_body).collect();
        let body = if is_batch { json!({ "interactions": bodies }) } else { bodies[0].clone() };
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        let reply = self.interactions(&body, is_keyed.then_some(&*key)).await?;
        ensure!(!reply.is_replayed, "a new key is replayed");
        let recorded = self.oracle.record(events);
        let expected = match (is_batch, recorded == events.len()) {
            (_, true) => StatusCode::CREATED,
            (true, false) => StatusCode::OK,
            (false, false) => StatusCode::NOT_FOUND,
        };
        is(&reply, expected)?;
        for (place, event) in events.iter().enumerate() {
            let known = self.oracle.resources.contains_key(&event.resource);
            let result = &reply.body["results"][place];
            let expected = if known { "recorded" } else { "unknown_resource" };
            ensure!(!is_batch || result["result"] == expected, "{}", reply.body);
            if known {
                self.recorded(event, if is_batch { &result["interaction"] } else { &reply.body })?;
            }
        }
        if is_keyed && recorded > 0 {
            let users = events.iter().map(|event| event.user).collect();
            self.sent.push(Sent { key, users, body, reply });
        }
        Ok(())
    }

    async fn interactions(&mut self, body: &Value, key: Option<&str>) -> Result<Reply> {
        let path = &["api", "interactions"];
        self.system.send(&Request { method: Method::POST, path, query: &[], body: Some(body), key }).await
    }

    /// Compares the recorded state of an interaction.
    fn recorded(&self, event: &Event, found: &Value) -> Result<()> {
        let row = self.oracle.user(event.user).row(event.resource, event.kind).context("no row")?;
        let strength = found["interaction_strength"].as_f64().context("no strength")?;
        ensure!((strength - row.strength).abs() < 1e-9, "{found}, expected {row:?}");
        ensure!(found["is_positive"] == (row.strength > 0.4 + 1e-9), "{found}, expected {row:?}");
        ensure!(found["return_visits"] == row.repeats, "{found}, expected {row:?}");
        ensure!(found["created_at"] == json!(row.first_at.map(time)), "{found}, expected {row:?}");
        Ok(())
    }

    async fn repeat(&mut self, back: usize) -> Result<()> {
        let Some(place) = self.sent.len().checked_sub(back + 1) else { return Ok(()) };
        let (key, body) = (self.sent[place].key.clone(), self.sent[place].body.clone());
        let reply = self.interactions(&body, Some(&key)).await?;
        let first = &self.sent[place].reply;
        ensure!(reply.is_replayed, "{key} is not replayed");
        ensure!((reply.status, &reply.body) == (first.status, &first.body), "{first:?}, then {reply:?}");
        Ok(())
    }

    async fn take_back(&mut self, user: u8, resource: u8, kind: Option<Kind>) -> Result<()> {
        let mut query = vec![("user_id", user_name(user)), ("resource_id", resource_name(resource))];
        query.extend(kind.map(|kind| ("interaction_type", kind_name(kind).to_owned())));
        let (method, path) = (Method::DELETE, &["api", "interactions"]);
        let reply = self.system.send(&Request { method, path, query: &query, body: None, key: None }).await?;
        is(&reply, StatusCode::OK)?;
        let deleted = self.oracle.take_back(user, resource, kind);
        ensure!(reply.body["deleted"] == deleted, "{}, expected {deleted}", reply.body);
        Ok(())
    }

    async fn profile(&mut self, operation: &Operation) -> Result<()> {
        let Operation::Profile { user, diversity, domain, excluded } = operation else { return Ok(()) };
        let state = self.oracle.user_mut(*user);
        (state.is_known, state.has_profile) = (true, true);
        let mut body = serde_json::Map::new();
        if let Some(diversity) = diversity {
            state.preferences.diversity = diversity.unwrap_or(0.25);
            body.insert("diversity_preference".into(), json!(diversity));
        }
        if let Some(domain) = domain {
            state.preferences.domain = *domain;
            body.insert("active_domain".into(), json!(domain.map(|domain| format!("domain {domain}"))));
        }
        if let Some(excluded) = excluded {
            state.preferences.excluded.clone_from(excluded);
            let names: Vec<String> = excluded.iter().map(|source| source_name(*source)).collect();
            body.insert("excluded_sources".into(), json!(names));
        }
        let query = [("user_id", user_name(*user))];
        let (method, path, body) = (Method::PUT, &["api", "profile"], Value::Object(body));
        let request = Request { method, path, query: &query, body: Some(&body), key: None };
        let reply = self.system.send(&request).await?;
        is(&reply, StatusCode::OK)?;
        self.preferences(*user, &reply.body)
    }

    async fn erase(&mut self, user: u8) -> Result<()> {
        let query = [("user_id", user_name(user))];
        let (method, path) = (Method::DELETE, &["api", "profile"]);
        let reply = self.system.send(&Request { method, path, query: &query, body: None, key: None }).await?;
        let is_known = self.oracle.user(user).is_known;
        is(&reply, if is_known { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })?;
        self.oracle.users.remove(&user);
        self.sent.retain(|sent| !sent.users.contains(&user));
        for answer in self.answers.entry(user).or_default() {
            answer.is_stale = true;
        }
        Ok(())
    }

    async fn merge(&mut self, from: u8, into: u8) -> Result<()> {
        let body = json!({ "from_user_id": user_name(from), "into_user_id": user_name(into) });
        let reply = self.send(Method::POST, &["api", "users", "merge"], Some(&body)).await?;
        let [first, second] = [from, into].map(|user| self.oracle.user(user));
        if !first.is_known && !second.is_known {
            return is(&reply, StatusCode::NOT_FOUND);
        }
        is(&reply, StatusCode::OK)?;
        let moved = if first.is_known { first.rows().len() } else { 0 };
        ensure!(reply.body["merged_interactions"] == moved, "{}, expected {moved}", reply.body);
        if first.is_known {
            self.oracle.merge(from, into);
            self.answers.remove(&from);
            self.sent.retain(|sent| !sent.users.contains(&from));
        }
        Ok(())
    }

    async fn feedback(
        &mut self,
        user: u8,
        answer: usize,
        place: usize,
        is_useful: Option<bool>,
    ) -> Result<()> {
        let answers = self.answers.get(&user).map(Vec::as_slice).unwrap_or_default();
        let Some(answer) = answers.iter().rev().nth(answer).cloned() else { return Ok(()) };
        if answer.resources.is_empty() {
            return Ok(());
        }
        let resource = answer.resources[place % answer.resources.len()];
        let body = json!({
            "recommendation_id": answer.id, "resource_id": resource_name(resource),
            "user_id": user_name(user), "was_clicked": true, "was_useful": is_useful,
        });
        let path = &["api", "recommendations", "feedback"];
        is(&self.send(Method::POST, path, Some(&body)).await?, StatusCode::OK)?;
        // Late feedback of an erased user does not bring them back.
        if let Some(is_useful) = is_useful.filter(|_| !answer.is_stale) {
            self.oracle.judge(user, resource, is_useful);
        }
        Ok(())
    }

    async fn publish(&mut self) -> Result<()> {
        let Some(version) = self.system.publish().await? else { return Ok(()) };
        let deadline = Instant::now() + MODEL_LAG;
        loop {
            let query = [("user_id", "reader".to_owned()), ("limit", "1".to_owned())];
            let reply = self.get(&["api", "recommendations"], &query).await?;
            let found = &reply.body["metadata"]["model_version"];
            if *found == json!(version) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "model {found} serves, and {version} is published");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Compares the status of a reply.
pub fn is(reply: &Reply, status: StatusCode) -> Result<()> {
    ensure!(reply.status == status, "{} {}, expected {status}", reply.status, reply.body);
    Ok(())
}
