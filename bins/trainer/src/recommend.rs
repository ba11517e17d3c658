//! `recommend`: lists for all users, by the code that serves requests.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use docent::{Answer, Engine, EngineConfig, RecommendRequest, UserId};
use docent_formats::{
    ParquetFile,
    ParquetKind::{self, Number, Text, Texts, Whole},
    ParquetValue, PartialFile,
};
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::{exit, progress, settings::Settings, stop::Stop};

/// Number of users that are read at a time.
const PAGE: u64 = 1_000;
/// Interval between log lines that report the progress.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Options of `recommend`.
#[derive(Debug, Clone)]
pub struct RecommendOptions {
    /// File to write.
    pub out: PathBuf,
    /// Maximum number of recommendations for each user.
    pub limit: usize,
}

/// List of one user, as it is written.
#[derive(Serialize)]
struct Line {
    user_id: UserId,
    recommendations: Vec<Recommended>,
    model_version: Option<String>,
    degraded: Vec<&'static str>,
}

#[derive(Serialize)]
struct Recommended {
    resource_id: String,
    title: String,
    score: f64,
}

impl Line {
    fn new(user_id: UserId, answer: Answer) -> Self {
        let recommendations = answer.recommendations.into_iter().map(|shown| Recommended {
            resource_id: shown.resource_id.into(),
            title: shown.title,
            score: shown.score,
        });
        Self {
            user_id,
            recommendations: recommendations.collect(),
            model_version: answer.model_version,
            degraded: answer.degraded.into_iter().map(docent::Degradation::as_str).collect(),
        }
    }
}

/// The file of lists: one JSON object a line, or one row of Parquet for each recommendation.
enum Lists {
    Lines(PartialFile),
    Rows(Box<ParquetFile>),
}

const COLUMNS: [(&str, ParquetKind); 7] = [
    ("user_id", Text),
    ("rank", Whole),
    ("resource_id", Text),
    ("title", Text),
    ("score", Number),
    ("model_version", Text),
    ("degraded", Texts),
];

impl Lists {
    /// Creates the file; its name says the form.
    fn create(path: &Path) -> anyhow::Result<Self> {
        let is_parquet = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
        Ok(match is_parquet {
            true => Self::Rows(Box::new(ParquetFile::create(path, &COLUMNS)?)),
            false => Self::Lines(PartialFile::create(path)?),
        })
    }

    fn write(&mut self, line: &Line, path: &Path) -> anyhow::Result<()> {
        match self {
            Self::Lines(out) => serde_json::to_writer(&mut *out, line)
                .map_err(anyhow::Error::from)
                .and_then(|()| Ok(out.write_all(b"\n")?))
                .with_context(|| format!("writing {}", path.display())),
            Self::Rows(out) => {
                for (shown, rank) in line.recommendations.iter().zip(1..) {
                    out.write([
                        line.user_id.as_str().into(),
                        ParquetValue::Whole(rank),
                        shown.resource_id.as_str().into(),
                        shown.title.as_str().into(),
                        shown.score.into(),
                        line.model_version.as_deref().into(),
                        ParquetValue::Texts(line.degraded.iter().map(|part| (*part).to_owned()).collect()),
                    ])?;
                }
                Ok(())
            }
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Lines(out) => out.finish()?,
            Self::Rows(out) => out.finish()?,
        }
        Ok(())
    }
}

/// Writes the lists of all users to a file, in the order in which the users were first seen. The
/// file gets its name when it is complete. Records no impressions.
pub async fn run(settings: Settings, options: &RecommendOptions) -> anyhow::Result<u8> {
    docent::limit_checked(options.limit)?;
    let stop = Stop::listen()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let at_once = 2 * cores;
    let store = settings.open_store().await?;
    let config = EngineConfig { answers_waiting: at_once, ..settings.engine };
    let engine = Engine::with_store(config, store).await?;
    let started = Instant::now();
    let written = write_lists(&engine, options, at_once, &stop).await;
    engine.close().await?;
    match written? {
        Some(users) => {
            let seconds = started.elapsed().as_secs_f64();
            let rate = users as f64 / seconds.max(1e-9);
            println!("lists for {users} users written to {}", options.out.display());
            println!("{seconds:.1} s, {rate:.0} users a second");
            Ok(exit::DONE)
        }
        None => Ok(stop.requested().unwrap_or(exit::INTERRUPTED)),
    }
}

/// Returns the number of users, or `None` if a signal stopped the work.
async fn write_lists(
    engine: &Engine,
    options: &RecommendOptions,
    at_once: usize,
    stop: &Stop,
) -> anyhow::Result<Option<u64>> {
    let mut out = Lists::create(&options.out)?;
    let users = engine.store().counts().await?.users;
    let bar = progress::steps(users);
    let places = Arc::new(Semaphore::new(at_once));
    let (mut after, mut done, mut logged) = (0, 0, Instant::now());
    loop {
        let page = engine.store().users_after(after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        let lists = page.into_iter().map(|(_, user)| {
            let (engine, places, limit) = (engine.clone(), Arc::clone(&places), options.limit);
            tokio::spawn(async move {
                let _place = places.acquire_owned().await?;
                let request = RecommendRequest::new(user.clone()).limit(limit).without_impressions();
                anyhow::Ok(Line::new(user, engine.recommend(request).await?))
            })
        });
        for list in lists.collect::<Vec<_>>() {
            let line = list.await.context("a list could not be computed")??;
            out.write(&line, &options.out)?;
            done += 1;
            bar.set_position(done);
            if stop.requested().is_some() {
                return Ok(None);
            }
        }
        if logged.elapsed() >= LOG_INTERVAL {
            tracing::info!("lists of {done} of {users} users");
            logged = Instant::now();
        }
    }
    bar.finish_and_clear();
    out.finish()?;
    Ok(Some(done))
}
