//! How long filters take on 100,000 resources: `cargo run --release -p docent-ranker --example filter_speed`.
#![allow(clippy::print_stdout, reason = "an example tells people what it finds")]

use std::{sync::Arc, time::Instant};

use chrono::{DateTime, Utc};
use docent_ranker::{Attribute, AttributeValue, Facts, Filter, FilterError};

const RESOURCES: usize = 100_000;

struct Resource {
    id: String,
    subjects: Vec<Arc<str>>,
    authors: Vec<Arc<str>>,
    language: Arc<str>,
    published_at: DateTime<Utc>,
    attributes: Vec<Attribute>,
}

fn main() -> Result<(), FilterError> {
    let names =
        |what: &str| -> Vec<Arc<str>> { (0..500).map(|n| format!("{what} number {n}").into()).collect() };
    let (subjects, authors, languages) = (names("subject"), names("Åuthor"), names("language"));
    let some = |of: &[Arc<str>], n: usize| -> Vec<Arc<str>> {
        of.iter().cycle().skip(n * 7 % 500).take(3).cloned().collect()
    };
    let (kind, year): (Arc<str>, Arc<str>) = ("kind".into(), "year".into());
    let resources: Vec<Resource> = (0..RESOURCES)
        .map(|n| Resource {
            id: format!("resource-{n}"),
            subjects: some(&subjects, n),
            authors: some(&authors, n + 1),
            language: some(&languages, n).swap_remove(0),
            published_at: DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(n as i64),
            attributes: vec![
                Attribute {
                    path: kind.clone(),
                    value: AttributeValue::Text(some(&subjects, n).swap_remove(0)),
                },
                Attribute { path: year.clone(), value: AttributeValue::Number((1900 + n % 100) as f64) },
            ],
        })
        .collect();
    println!("one attribute: {} bytes and its text, shared", size_of::<Attribute>());
    for text in [
        "subjects = 'subject number 250'",
        "authors = 'åuthor number 250'",
        "attributes.year in 1950..1960 and not language = 'Language number 3'",
        "published_at < 1975 or id in ('resource-7', 'resource-8') or attributes.kind = 'subject number 250'",
    ] {
        let filter: Filter = text.parse()?;
        let started = Instant::now();
        let met = resources.iter().filter(|resource| {
            filter.accepts(&Facts {
                id: &resource.id,
                subjects: &resource.subjects,
                authors: &resource.authors,
                language: Some(&resource.language),
                published_at: Some(resource.published_at),
                attributes: &resource.attributes,
                ..Facts::default()
            })
        });
        let met = met.count();
        println!("{:6.2} ms, {met:6} of {RESOURCES} meet {text}", started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}
