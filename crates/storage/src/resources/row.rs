//! Conversion between resources and rows.

use std::collections::BTreeMap;

use docent_domain::{Link, Resource, ResourceId};
use sea_orm::Set;

use super::{StoredResource, TABLE};
use crate::entity::{
    link,
    resource::{ActiveModel, Model},
};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::{from_micros, from_micros_null, to_micros},
};

/// Returns the digest of what is embedded of a resource: title, text, subjects and authors. A
/// vector made from another digest is out of date.
#[must_use]
pub fn text_hash(resource: &Resource) -> String {
    let mut hasher = blake3::Hasher::new();
    update(&mut hasher, &resource.title);
    update(&mut hasher, &resource.text);
    for list in [&resource.subjects, &resource.authors] {
        update(&mut hasher, &list.len().to_string());
        list.iter().for_each(|name| update(&mut hasher, name));
    }
    hasher.finalize().to_hex().to_string()
}

/// Adds a text with its length, so that two lists of texts with the same letters differ.
fn update(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// Returns the text that a search reads: title and authors in lower case. Stored as a column,
/// because SQLite's own `lower` and `LIKE` know no letters beyond ASCII, and the two databases
/// would answer differently.
fn search_text(resource: &Resource) -> String {
    let mut text = resource.title.to_lowercase();
    for author in &resource.authors {
        text.push('\n');
        text.push_str(&author.to_lowercase());
    }
    text
}

/// Row of a resource without its id, with links that are unique and in a fixed order.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) row: Model,
    pub(super) links: BTreeMap<(String, String), f64>,
}

impl Content {
    /// Returns the content of a resource that is written at a time, in microseconds.
    pub(super) fn new(resource: &Resource, now: i64) -> Result<Self> {
        let row = Model {
            id: 0,
            external_id: resource.id.as_str().to_owned(),
            hidden: resource.hidden,
            deleted_at: None,
            created_at: now,
            updated_at: now,
            published_at: resource.published_at.map(to_micros),
            quality_overall: resource.quality,
            text_hash: text_hash(resource),
            title: resource.title.clone(),
            authors: sql::json(&resource.authors)?,
            subjects: sql::json(&resource.subjects)?,
            source: resource.source.clone(),
            language: resource.language.clone(),
            url: resource.url.clone(),
            attributes: sql::json(&resource.attributes)?,
            search_text: search_text(resource),
            text: resource.text.clone(),
        };
        let links = resource.links.iter();
        let links = links.map(|link| ((link.target.as_str().to_owned(), link.kind.clone()), link.weight));
        Ok(Self { row, links: links.collect() })
    }

    /// Returns true if the rows differ at most in id and times.
    pub(super) fn same_row(&self, stored: &Model) -> bool {
        let times = Model {
            id: stored.id,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            ..self.row.clone()
        };
        times == *stored
    }
}

/// Returns the row for an insert, which chooses the id.
pub(super) fn insert(row: Model) -> ActiveModel {
    ActiveModel {
        external_id: Set(row.external_id),
        hidden: Set(row.hidden),
        deleted_at: Set(row.deleted_at),
        created_at: Set(row.created_at),
        updated_at: Set(row.updated_at),
        published_at: Set(row.published_at),
        quality_overall: Set(row.quality_overall),
        text_hash: Set(row.text_hash),
        title: Set(row.title),
        authors: Set(row.authors),
        subjects: Set(row.subjects),
        source: Set(row.source),
        language: Set(row.language),
        url: Set(row.url),
        attributes: Set(row.attributes),
        search_text: Set(row.search_text),
        text: Set(row.text),
        ..Default::default()
    }
}

/// Returns what is left of a deleted resource: its id.
pub(super) fn wiped(row: Model, now: i64) -> Model {
    Model {
        deleted_at: Some(now),
        updated_at: now,
        hidden: true,
        published_at: None,
        quality_overall: None,
        text_hash: String::new(),
        title: String::new(),
        authors: "[]".to_owned(),
        subjects: "[]".to_owned(),
        source: None,
        language: None,
        url: None,
        attributes: "{}".to_owned(),
        search_text: String::new(),
        text: String::new(),
        ..row
    }
}

pub(super) fn stored(row: Model, links: Vec<link::Model>) -> Result<StoredResource> {
    let id = row.id;
    let links = links.into_iter().map(to_link).collect::<Result<_>>()?;
    Ok(StoredResource {
        row_id: id,
        deleted: row.deleted_at.is_some(),
        created_at: from_micros(TABLE, id, row.created_at)?,
        updated_at: from_micros(TABLE, id, row.updated_at)?,
        text_hash: row.text_hash,
        resource: Resource {
            id: ResourceId::new(row.external_id).map_err(|error| StorageError::corrupt(TABLE, id, error))?,
            title: row.title,
            text: row.text,
            authors: sql::from_json(TABLE, id, "authors", &row.authors)?,
            subjects: sql::from_json(TABLE, id, "subjects", &row.subjects)?,
            source: row.source,
            language: row.language,
            url: row.url,
            published_at: from_micros_null(TABLE, id, row.published_at)?,
            quality: row.quality_overall,
            attributes: sql::from_json(TABLE, id, "attributes", &row.attributes)?,
            hidden: row.hidden,
            links,
        },
    })
}

fn to_link(row: link::Model) -> Result<Link> {
    let target = ResourceId::new(row.target_external_id)
        .map_err(|error| StorageError::corrupt("resource_links", row.id, error))?;
    Ok(Link { target, kind: row.kind, weight: row.weight })
}
