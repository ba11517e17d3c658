//! Reads of the system, compared with the oracle.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    compare::{Answer, Comparison, is},
    operation::{Operation, RESOURCES, Seen, USERS},
    wire::{kind_name, resource_name, source_name, time, user_name},
};

/// Answers of a user that feedback may be on.
const ANSWERS: usize = 4;

impl Comparison {
    /// Compares a profile.
    pub fn preferences(&self, user: u8, found: &Value) -> Result<()> {
        let state = self.oracle.user(user);
        let preferences = &state.preferences;
        let names: Vec<String> = preferences.excluded.iter().map(|source| source_name(*source)).collect();
        for (field, expected) in [
            ("diversity_preference", json!(preferences.diversity)),
            ("active_domain", json!(preferences.domain.map(|domain| format!("domain {domain}")))),
            ("excluded_sources", json!(names)),
            ("total_interactions", json!(state.events.len())),
            ("last_active_at", json!(state.events.iter().filter_map(|event| event.at).max().map(time))),
        ] {
            ensure!(
                found[field] == expected,
                "user {user}: {field} is {}, expected {expected}",
                found[field]
            );
        }
        Ok(())
    }

    /// Compares the answer of an operation that reads.
    pub async fn read(&mut self, operation: &Operation) -> Result<()> {
        match operation {
            Operation::Recommend { user, seen, excluded } => self.recommend(*user, *seen, excluded).await,
            Operation::Pages { user, limit } => self.pages(*user, *limit).await,
            Operation::Similar(resource) => self.similar(*resource).await,
            Operation::Rank { user, resources } => self.rank(*user, resources).await,
            _ => Ok(()),
        }
    }

    async fn recommend(&mut self, user: u8, seen: Seen, excluded: &[u8]) -> Result<()> {
        let mut query = vec![("user_id", user_name(user)), ("limit", "100".to_owned())];
        match seen {
            Seen::Any => {}
            Seen::Positive => query.push(("seen", "positive".to_owned())),
            Seen::Included => query.push(("include_seen", "true".to_owned())),
        }
        query.extend(excluded.iter().map(|id| ("exclude", resource_name(*id))));
        let reply = self.get(&["api", "recommendations"], &query).await?;
        is(&reply, StatusCode::OK)?;
        let listed = self.listed(&reply.body, 1)?;
        let expected = self.oracle.recommendable(user, seen, excluded);
        same(&listed, &expected).with_context(|| format!("user {user}, {seen:?}, excluded {excluded:?}"))?;
        let (metadata, events) = (&reply.body["metadata"], self.oracle.user(user).events.len());
        ensure!(metadata["interaction_count"] == events, "{metadata}, expected {events}");
        let id = metadata["recommendation_id"].as_str().context("no id")?.to_owned();
        let answers = self.answers.entry(user).or_default();
        answers.push(Answer { id, resources: listed, is_stale: false });
        if answers.len() > ANSWERS {
            answers.remove(0);
        }
        Ok(())
    }

    /// Returns the resources of a list, after comparing titles, ranks and counts.
    fn listed(&self, body: &Value, first_rank: usize) -> Result<Vec<u8>> {
        let list = body["recommendations"].as_array().context("no list")?;
        let listed = list.iter().enumerate().map(|(place, found)| {
            let resource = self.named(&found["resource_id"])?;
            let content = self.oracle.resources.get(&resource).context("a deleted resource")?;
            ensure!(found["title"] == format!("Title {}", content.title), "{found}, expected {content:?}");
            ensure!(found["rank"] == place + first_rank, "{found}, expected {}", place + first_rank);
            let views = self.oracle.views(resource);
            ensure!(found["view_count"] == views, "{found}, expected {views} views");
            Ok(resource)
        });
        listed.collect()
    }

    fn named(&self, name: &Value) -> Result<u8> {
        (0..RESOURCES).find(|id| *name == resource_name(*id)).with_context(|| format!("no resource {name}"))
    }

    async fn pages(&mut self, user: u8, limit: usize) -> Result<()> {
        let mut query = vec![("user_id", user_name(user)), ("limit", limit.to_string())];
        let mut all = Vec::new();
        loop {
            let reply = self.get(&["api", "recommendations"], &query).await?;
            is(&reply, StatusCode::OK)?;
            let page = self.listed(&reply.body, all.len() + 1)?;
            ensure!(page.len() <= limit, "a page of {}, the limit is {limit}", page.len());
            all.extend(page);
            let Some(cursor) = reply.body["metadata"]["next_cursor"].as_str() else { break };
            query.truncate(2);
            query.push(("cursor", cursor.to_owned()));
        }
        same(&all, &self.oracle.recommendable(user, Seen::Any, &[])).context("all pages")
    }

    async fn similar(&mut self, resource: u8) -> Result<()> {
        let name = resource_name(resource);
        let query = [("limit", "50".to_owned())];
        let reply = self.get(&["api", "resources", &name, "similar"], &query).await?;
        if !self.oracle.is_visible(resource) {
            return is(&reply, StatusCode::NOT_FOUND);
        }
        is(&reply, StatusCode::OK)?;
        let mut found = BTreeSet::new();
        for similar in reply.body["similar"].as_array().context("no list")? {
            let other = self.named(&similar["resource_id"])?;
            let shown = self.oracle.is_visible(other) && !self.oracle.resources[&other].is_unpublished;
            ensure!(other != resource && shown && found.insert(other), "{similar} is similar to {name}");
        }
        Ok(())
    }

    async fn rank(&mut self, user: u8, resources: &[u8]) -> Result<()> {
        let ids: Vec<String> = resources.iter().map(|id| resource_name(*id)).collect();
        let body = json!({ "user_id": user_name(user), "resource_ids": ids });
        let path = &["api", "recommendations", "rank"];
        let reply = self.send(Method::POST, path, Some(&body)).await?;
        is(&reply, StatusCode::OK)?;
        let (visible, unknown): (BTreeSet<u8>, BTreeSet<u8>) =
            resources.iter().partition(|id| self.oracle.is_visible(**id));
        same(&self.listed(&reply.body, 1)?, &visible).context("ranked")?;
        let named = reply.body["metadata"]["unknown_resources"].as_array().context("no list")?;
        let named: Vec<u8> = named.iter().map(|name| self.named(name)).collect::<Result<_>>()?;
        same(&named, &unknown).context("unknown resources")
    }

    /// Compares every resource and every user.
    pub async fn read_everything(&mut self) -> Result<()> {
        for resource in 0..RESOURCES {
            let name = resource_name(resource);
            let reply = self.get(&["api", "resources", &name], &[]).await?;
            let Some(content) = self.oracle.resources.get(&resource) else {
                is(&reply, StatusCode::NOT_FOUND)?;
                continue;
            };
            is(&reply, StatusCode::OK)?;
            let (found, source) = (&reply.body, content.source.map(source_name));
            ensure!(found["title"] == format!("Title {}", content.title), "{found}, expected {content:?}");
            ensure!(found["source"] == json!(source), "{found}, expected {content:?}");
            ensure!(found["hidden"] == content.is_hidden, "{found}, expected {content:?}");
        }
        for user in 0..USERS {
            let query = [("user_id", user_name(user))];
            let reply = self.get(&["api", "profile"], &query).await?;
            is(&reply, StatusCode::OK)?;
            self.preferences(user, &reply.body)?;
            self.export(user).await?;
            self.recommend(user, Seen::Any, &[]).await?;
        }
        Ok(())
    }

    async fn export(&mut self, user: u8) -> Result<()> {
        let state = self.oracle.user(user);
        let query = [("user_id", user_name(user))];
        let reply = self.get(&["api", "profile", "export"], &query).await?;
        if reply.status == StatusCode::NOT_FOUND {
            ensure!(!state.is_known, "user {user} cannot be exported");
            return Ok(());
        }
        is(&reply, StatusCode::OK)?;
        let found = &reply.body;
        ensure!(found["created_at"].is_null() != state.is_known, "user {user}: {}", found["created_at"]);
        ensure!(found["profile"].is_null() != state.has_profile, "user {user}: {}", found["profile"]);
        let rows = found["interactions"].as_array().context("no interactions")?;
        ensure!(rows.len() == state.rows().len(), "user {user}: {rows:?}, expected {:?}", state.rows());
        for (resource, kind) in state.rows() {
            let row = state.row(resource, kind).context("no row")?;
            let found = rows
                .iter()
                .find(|found| {
                    found["resource_id"] == resource_name(resource)
                        && found["interaction_type"] == kind_name(kind)
                })
                .with_context(|| format!("user {user}: no {kind:?} of resource {resource}"))?;
            let strength = found["interaction_strength"].as_f64().context("no strength")?;
            ensure!((strength - row.strength).abs() < 1e-9, "user {user}: {found}, expected {row:?}");
            ensure!(found["return_visits"] == row.repeats, "user {user}: {found}, expected {row:?}");
            ensure!(
                found["first_at"] == json!(row.first_at.map(time)),
                "user {user}: {found}, expected {row:?}"
            );
            ensure!(
                found["last_at"] == json!(row.last_at.map(time)),
                "user {user}: {found}, expected {row:?}"
            );
            let stars = row.half_stars.map(|halves| f64::from(halves) / 2.0);
            ensure!(found["rating"] == json!(stars), "user {user}: {found}, expected {row:?}");
        }
        Ok(())
    }
}

/// Compares a list with a set: the same resources, each once.
fn same(found: &[u8], expected: &BTreeSet<u8>) -> Result<()> {
    let distinct: BTreeSet<u8> = found.iter().copied().collect();
    ensure!(distinct.len() == found.len(), "{found:?} has one twice");
    let missing: Vec<&u8> = expected.difference(&distinct).collect();
    let extra: Vec<&u8> = distinct.difference(expected).collect();
    ensure!(missing.is_empty() && extra.is_empty(), "missing {missing:?}, and {extra:?} should not be there");
    Ok(())
}
