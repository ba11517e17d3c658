//! Measures the time that filters take on 100,000 resources:
//! `cargo run --release -p docent-ranker --example filter_speed`.
#![allow(clippy::print_stdout, reason = "an example prints its results")]

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

/// Returns 500 names of a kind.
fn names(kind: &str) -> Vec<Arc<str>> {
    (0..500).map(|n| format!("{kind} number {n}").into()).collect()
}

/// Returns three names, which differ from one resource `n` to the next.
fn three_of(names: &[Arc<str>], n: usize) -> Vec<Arc<str>> {
    names.iter().cycle().skip(n * 7 % 500).take(3).cloned().collect()
}

fn main() -> Result<(), FilterError> {
    let (subjects, authors, languages) = (names("subject"), names("Åuthor"), names("language"));
    let (kind, year): (Arc<str>, Arc<str>) = ("kind".into(), "year".into());
    let resources: Vec<Resource> = (0..RESOURCES)
        .map(|n| Resource {
            id: format!("resource-{n}"),
            subjects: three_of(&subjects, n),
            authors: three_of(&authors, n + 1),
            language: three_of(&languages, n).swap_remove(0),
            published_at: DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(n as i64),
            attributes: vec![
                Attribute {
                    path: kind.clone(),
                    value: AttributeValue::Text(three_of(&subjects, n).swap_remove(0)),
                },
                Attribute { path: year.clone(), value: AttributeValue::Number((1900 + n % 100) as f64) },
            ],
        })
        .collect();
    println!("one attribute takes {} bytes and its shared text", size_of::<Attribute>());
    for text in [
        "subjects = 'subject number 250'",
        "authors = 'åuthor number 250'",
        "attributes.year in 1950..1960 and not language = 'Language number 3'",
        "published_at < 1975 or id in ('resource-7', 'resource-8') or attributes.kind = 'subject number 250'",
    ] {
        let filter: Filter = text.parse()?;
        let started = Instant::now();
        let matching = resources.iter().filter(|resource| {
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
        let matching = matching.count();
        println!(
            "{:6.2} ms, {matching:6} of {RESOURCES} match {text}",
            started.elapsed().as_secs_f64() * 1e3
        );
    }
    Ok(())
}
