//! `export`: writes the store in a form that `import` reads.

mod splits;
mod store;

pub use store::VERSION as STORE_VERSION;

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use docent::{InteractionRules, InteractionType, NewInteraction, Signals, Strength, storage::Store};
use docent_formats::{FormatError, JsonlWriter, ParquetRecords, Record};
use indicatif::ProgressBar;

use crate::{exit, progress, settings::Settings};

/// Number of rows that are read at a time.
const PAGE: u64 = 5_000;

/// Form and place of an export.
#[derive(Debug, Clone)]
pub enum Export {
    /// One JSON object per record, in a file, or in `resources.jsonl` and `interactions.jsonl` in a
    /// folder.
    Jsonl(PathBuf),
    /// `resources.parquet` and `interactions.parquet` in a folder; with `splits` also what training
    /// learns from.
    Parquet { to: PathBuf, splits: bool },
    /// All rows of the store, in a file.
    Store(PathBuf),
}

/// Exports the store.
pub async fn run(settings: Settings, export: &Export) -> anyhow::Result<u8> {
    let rules = settings.engine.interactions.clone();
    let store = settings.open_store().await?;
    let said = match export {
        Export::Jsonl(to) => jsonl(&store, &rules, to).await,
        Export::Parquet { to, splits: false } => parquet(&store, &rules, to).await,
        Export::Parquet { to, splits: true } => with_splits(&store, &settings, to).await,
        Export::Store(to) => store::write(&store, to).await,
    };
    store.close().await?;
    println!("{}", said?);
    Ok(exit::DONE)
}

async fn jsonl(store: &Store, rules: &InteractionRules, to: &Path) -> anyhow::Result<String> {
    let bar = bar_of(store).await?;
    let is_folder = to.is_dir();
    let first = if is_folder { to.join("resources.jsonl") } else { to.to_owned() };
    let mut writer = JsonlWriter::create(&first)?;
    let resources = write_resources(store, &mut |record| writer.write(record), &bar).await?;
    if is_folder {
        writer.finish()?;
        writer = JsonlWriter::create(&to.join("interactions.jsonl"))?;
    }
    let interactions = write_interactions(store, rules, &mut |record| writer.write(record), &bar).await?;
    writer.finish()?;
    bar.finish_and_clear();
    Ok(written(resources, interactions, to))
}

async fn parquet(store: &Store, rules: &InteractionRules, to: &Path) -> anyhow::Result<String> {
    std::fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    let bar = bar_of(store).await?;
    let mut writer = ParquetRecords::create(to)?;
    let resources = write_resources(store, &mut |record| writer.write(record), &bar).await?;
    let interactions = write_interactions(store, rules, &mut |record| writer.write(record), &bar).await?;
    writer.finish()?;
    bar.finish_and_clear();
    Ok(written(resources, interactions, to))
}

async fn with_splits(store: &Store, settings: &Settings, to: &Path) -> anyhow::Result<String> {
    let records = parquet(store, &settings.engine.interactions, to).await?;
    Ok(format!("{records}\n{}", splits::write(store, settings, to).await?))
}

async fn bar_of(store: &Store) -> anyhow::Result<ProgressBar> {
    let counts = store.counts().await?;
    Ok(progress::steps(counts.resources + counts.interactions))
}

fn written(resources: u64, interactions: u64, to: &Path) -> String {
    format!("{resources} resources and {interactions} interactions written to {}", to.display())
}

/// Writes a record somewhere.
type Write<'a> = &'a mut (dyn FnMut(&Record) -> Result<(), FormatError> + Send);

async fn write_resources(store: &Store, write: Write<'_>, bar: &ProgressBar) -> anyhow::Result<u64> {
    let (mut after, mut written) = (0, 0);
    loop {
        // Pages of a search carry no text, so the resources are read again by id.
        let page = store.search_resources("", Some(after), PAGE).await?;
        let ids: Vec<_> = page.resources.iter().map(|stored| stored.resource.id.clone()).collect();
        for stored in store.get_resources(&ids).await? {
            write(&Record::Resource { resource: stored.resource, has_all_links: true })?;
            written += 1;
            bar.inc(1);
        }
        match page.next {
            Some(next) => after = next,
            None => return Ok(written),
        }
    }
}

async fn write_interactions(
    store: &Store,
    rules: &InteractionRules,
    write: Write<'_>,
    bar: &ProgressBar,
) -> anyhow::Result<u64> {
    let (mut after, mut written) = (0, 0);
    loop {
        let page = store.interactions_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(written) };
        after = last.row_id;
        for row in page {
            let signals = signals(&row.interaction_type, row.strength, rules);
            for at in times(row.first_at, row.at, row.return_visits) {
                write(&Record::Interaction(NewInteraction {
                    user_id: row.user_id.clone(),
                    resource_id: row.resource_id.clone(),
                    interaction_type: row.interaction_type.clone(),
                    signals,
                    at,
                }))?;
                written += 1;
            }
            bar.inc(1);
        }
    }
}

/// Returns the times of an interaction and its repeats, oldest first, so that an import counts as
/// many. The store keeps the first and the newest time; the others are spaced evenly between them
/// and never equal, because an import would take equal times for one interaction.
///
/// Without a time there is one line, whatever the number of repeats, for the same reason.
fn times(
    first: Option<DateTime<Utc>>,
    newest: Option<DateTime<Utc>>,
    repeats: u32,
) -> impl Iterator<Item = Option<DateTime<Utc>>> {
    let first = first.or(newest).unwrap_or_default();
    let repeats = if newest.is_some() { repeats } else { 0 };
    (0..=repeats).rev().map(move |left| {
        let newest = newest?;
        let span = (newest - first).num_microseconds().unwrap_or(i64::MAX).max(i64::from(repeats));
        let micros = i128::from(span) * i128::from(left) / i128::from(repeats.max(1));
        Some(newest - TimeDelta::microseconds(i64::try_from(micros).unwrap_or(i64::MAX)))
    })
}

/// Returns signals that lead to a strength. The store keeps the strength, not the signals that it
/// came from.
fn signals(kind: &InteractionType, strength: Strength, rules: &InteractionRules) -> Signals {
    let (is_view, is_rating) = (*kind == InteractionType::View, *kind == InteractionType::Rating);
    let of_type = rules.strength(kind, &Signals::default()).ok();
    let is_out_of_reach = !(0.1..=0.5).contains(&strength.value());
    if !is_rating && of_type != Some(strength) && (!is_view || is_out_of_reach) {
        return Signals { count: count(strength, rules), ..Signals::default() };
    }
    match kind {
        InteractionType::Rating => {
            Signals { rating: Some((strength.value() * 10.0).round() / 2.0), ..Signals::default() }
        }
        InteractionType::View => {
            // The inverse of the strength of a view: 0.1 + min(0.3, seconds / 1000) + 0.1 * depth.
            let above_minimum = (strength.value() - 0.1).clamp(0.0, 0.4);
            let from_dwell = above_minimum.min(0.3);
            Signals {
                dwell_seconds: positive(from_dwell * 1_000.0),
                scroll_depth: positive((above_minimum - from_dwell) * 10.0),
                ..Signals::default()
            }
        }
        _ => Signals::default(),
    }
}

/// Returns the count that gives a strength by the rule of counts, with as few decimals as it needs.
fn count(strength: Strength, rules: &InteractionRules) -> Option<f64> {
    let exact = rules.counts.count(strength);
    let rounded = (0..=9).map(|decimals| (exact * 10_f64.powi(decimals)).round() / 10_f64.powi(decimals));
    let found = rounded
        .into_iter()
        .find(|count| *count > 0.0 && Strength::new(rules.counts.strength(*count)) == Ok(strength));
    found.or(Some(exact)).filter(|count| count.is_finite())
}

/// Rounds to six decimals; `None` for 0.
fn positive(value: f64) -> Option<f64> {
    Some((value * 1e6).round() / 1e6).filter(|value| *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_laid_between_the_first_and_the_newest() {
        let at = |micros: i64| DateTime::from_timestamp_micros(micros).unwrap_or_default();
        let of = |first: i64, newest: i64, repeats| {
            times(Some(at(first)), Some(at(newest)), repeats).flatten().collect::<Vec<_>>()
        };
        assert_eq!(of(10, 10, 0), [at(10)]);
        assert_eq!(of(10, 40, 3), [at(10), at(20), at(30), at(40)]);
        assert_eq!(of(10, 10, 2), [at(8), at(9), at(10)]);
    }

    #[test]
    fn a_count_gives_back_the_strength_that_it_was_read_with() {
        let rules = InteractionRules::default();
        for (kind, strength) in [
            (InteractionType::Export, 0.875),
            (InteractionType::View, 0.75),
            (InteractionType::CollectionAdd, 0.0),
        ] {
            let Ok(strength) = Strength::new(strength) else { unreachable!("a strength") };
            let signals = signals(&kind, strength, &rules);
            assert!(signals.count.is_some(), "{kind}");
            assert_eq!(rules.strength(&kind, &signals), Ok(strength), "{kind}");
        }
        assert_eq!(signals(&InteractionType::Export, Strength::ZERO, &rules).count, Some(0.1));
        let Ok(own) = Strength::new(0.9) else { unreachable!("a strength") };
        assert_eq!(signals(&InteractionType::Export, own, &rules), Signals::default());
    }

    #[test]
    fn an_interaction_without_a_time_is_one_line() {
        for repeats in [0, 3] {
            assert_eq!(times(None, None, repeats).collect::<Vec<_>>(), [None]);
        }
    }
}
