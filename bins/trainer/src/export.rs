//! `export`: what is in the store, as `import jsonl` reads it.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use docent::{InteractionType, Resource, Store, Strength};
use serde_json::{Map, Value, json};

use crate::{
    cli::{ExportArgs, ExportFormat},
    exit, progress,
    settings::Settings,
};

const PAGE: u64 = 5_000;

pub async fn run(settings: Settings, args: ExportArgs) -> anyhow::Result<u8> {
    let ExportFormat::Jsonl { to } = args.format;
    let store = settings.open_store().await?;
    let counts = store.counts().await?;
    let bar = progress::steps(counts.resources + counts.interactions);
    let (resources, interactions) = if to.is_dir() {
        let first =
            write(&to.join("resources.jsonl"), async |out| resources(&store, out, &bar).await).await?;
        (
            first,
            write(&to.join("interactions.jsonl"), async |out| interactions(&store, out, &bar).await).await?,
        )
    } else {
        let both = async |out: &mut Out| {
            let first = resources(&store, out, &bar).await?;
            Ok((first, interactions(&store, out, &bar).await?))
        };
        write(&to, both).await?
    };
    bar.finish_and_clear();
    println!("{resources} resources and {interactions} interactions written to {}", to.display());
    store.close().await?;
    Ok(exit::DONE)
}

type Out = BufWriter<File>;

/// Writes under another name first: no one takes half an export for a whole one.
async fn write<T>(
    path: &Path,
    content: impl AsyncFnOnce(&mut Out) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let failed = || format!("writing {}", part.display());
    let mut out = BufWriter::new(File::create(&part).with_context(failed)?);
    let written = content(&mut out).await.with_context(failed)?;
    out.into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .with_context(failed)?;
    std::fs::rename(&part, path).with_context(|| format!("naming {}", path.display()))?;
    Ok(written)
}

async fn resources(store: &Store, out: &mut Out, bar: &indicatif::ProgressBar) -> anyhow::Result<u64> {
    let (mut after, mut written) = (0, 0);
    loop {
        // The page that carries no text is for catalogues; by id all of it comes.
        let page = store.search_resources("", Some(after), PAGE).await?;
        let ids: Vec<_> = page.resources.iter().map(|stored| stored.resource.id.clone()).collect();
        for stored in store.get_resources(&ids).await? {
            line(out, &resource(stored.resource))?;
            written += 1;
            bar.inc(1);
        }
        match page.next {
            Some(next) => after = next,
            None => return Ok(written),
        }
    }
}

/// Every field, so that an import replaces what differs; absent ones are left out.
fn resource(resource: Resource) -> Value {
    let link = |link: docent::Link| json!({"target": link.target, "kind": link.kind, "weight": link.weight});
    let all = json!({
        "type": "resource",
        "id": resource.id,
        "title": resource.title,
        "text": resource.text,
        "authors": resource.authors,
        "subjects": resource.subjects,
        "source": resource.source,
        "language": resource.language,
        "url": resource.url,
        "published_at": resource.published_at,
        "quality": resource.quality,
        "attributes": resource.attributes,
        "hidden": resource.hidden,
        "links": resource.links.into_iter().map(link).collect::<Vec<_>>(),
    });
    without_nulls(all)
}

async fn interactions(store: &Store, out: &mut Out, bar: &indicatif::ProgressBar) -> anyhow::Result<u64> {
    let (mut after, mut written) = (0, 0);
    loop {
        let page = store.interactions_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(written) };
        after = last.row_id;
        for row in page {
            let [rating, dwell_seconds, scroll_depth] = signals(&row.interaction_type, row.strength);
            for at in times(row.first_at, row.at, row.return_visits) {
                let all = json!({
                    "type": "interaction",
                    "user_id": row.user_id,
                    "resource_id": row.resource_id,
                    "interaction_type": row.interaction_type,
                    "rating": rating,
                    "dwell_seconds": dwell_seconds,
                    "scroll_depth": scroll_depth,
                    "occurred_at": at,
                });
                line(out, &without_nulls(all))?;
                written += 1;
            }
            bar.inc(1);
        }
    }
}

/// When the first was and each repeat, oldest first: a line for each, so that an import counts as many. The store knows the
/// first and the newest; those between are laid evenly, and never at the same time, which an import would take for one.
fn times(first: DateTime<Utc>, newest: DateTime<Utc>, repeats: u32) -> impl Iterator<Item = DateTime<Utc>> {
    let span = (newest - first).num_microseconds().unwrap_or(i64::MAX).max(i64::from(repeats));
    let before = move |left: u32| {
        let micros = i128::from(span) * i128::from(left) / i128::from(repeats.max(1));
        TimeDelta::microseconds(i64::try_from(micros).unwrap_or(i64::MAX))
    };
    (0..=repeats).rev().map(move |left| newest - before(left))
}

/// The store gives a strength, not the signals that it came from; these come to the same strength. Rating, seconds of
/// dwelling, scroll depth.
fn signals(kind: &InteractionType, strength: Strength) -> [Option<f64>; 3] {
    let rounded = |value: f64| (value * 1e6).round() / 1e6;
    match kind {
        InteractionType::Rating => [Some((strength.value() * 10.0).round() / 2.0), None, None],
        InteractionType::View => {
            let beyond = (strength.value() - 0.1).clamp(0.0, 0.4);
            let dwell = beyond.min(0.3);
            let some = |value: f64| Some(rounded(value)).filter(|value| *value > 0.0);
            [None, some(dwell * 1_000.0), some((beyond - dwell) * 10.0)]
        }
        _ => [None; 3],
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().filter(|(_, v)| !v.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn line(out: &mut Out, value: &Value) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    Ok(out.write_all(b"\n")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_laid_between_the_first_and_the_newest() {
        let at = |micros: i64| DateTime::from_timestamp_micros(micros).unwrap_or_default();
        let of = |first, newest, repeats| times(at(first), at(newest), repeats).collect::<Vec<_>>();
        assert_eq!(of(10, 10, 0), [at(10)]);
        assert_eq!(of(10, 40, 3), [at(10), at(20), at(30), at(40)]);
        assert_eq!(of(10, 10, 2), [at(8), at(9), at(10)]);
    }
}
