//! The loop: while one poll is stored, the next one is fetched. So the buffer is bounded, and a
//! store that is slow or away holds up the fetching.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chrono::Utc;
use docent::{
    config::{Config, KafkaConfig},
    storage::{StorageError, Store, StoreConfig},
};
use docent_streams::{Batch, Content, Move, Outcome, Sink, StreamError};
use docent_telemetry::{
    Exporter,
    names::{self, Emitter},
};
use futures::future::try_join_all;
use krafka::ConsumerRecord;

use crate::{
    away::Pauses,
    client,
    dead_letters::{Keeper, Of},
    listener,
    reader::Reader,
    records::{Division, parts},
    stop::Stop,
};

/// Interval at which positions are committed to Kafka and gauges are set.
const UPKEEP: Duration = Duration::from_secs(1);
/// Interval at which progress is logged.
const PROGRESS: Duration = Duration::from_secs(60);

/// Reads until a stop is requested.
///
/// # Errors
/// Returns an error if the settings cannot be used, if the brokers refuse the credentials, or if
/// the store fails otherwise than by being away.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let kafka = &config.kafka;
    check(kafka)?;
    let exporter = Exporter::install(Emitter::Ingest)?;
    let stop = Stop::listen().context("cannot register signal handlers")?;
    if let Some(address) = &kafka.metrics_listen {
        listener::serve(address, exporter.clone()).await?;
    }
    let Some(store) = open_store(&config.engine.database_url, &stop).await? else { return Ok(()) };
    let Some(brokers) = client::connect(kafka, &stop).await? else { return Ok(()) };
    let rules = config.engine.interactions.clone();
    let sink = Sink::new(store.clone(), &kafka.group, rules, kafka.create_missing);
    let keeper = Keeper::new(&brokers, kafka.dead_letters_topic.as_deref()).await?;
    let mut reader = Reader::new(&brokers, kafka, sink).await?;
    let division =
        Division { size: usize::try_from(kafka.batch_size)?, parts: i32::try_from(kafka.writers)? };
    let done = read(&mut reader, &keeper, division, &exporter, &stop).await;
    reader.leave().await;
    keeper.close().await;
    store.close().await?;
    done
}

fn check(kafka: &KafkaConfig) -> anyhow::Result<()> {
    if kafka.bootstrap_servers.is_empty() {
        bail!(
            "kafka.bootstrap_servers: expected the address of a broker, got nothing; set it or give --bootstrap-server"
        );
    }
    if kafka.interactions_topic.is_none() && kafka.resources_topic.is_none() {
        bail!(
            "kafka.interactions_topic: expected a topic, got nothing; set it or kafka.resources_topic, or give --interactions or --resources"
        );
    }
    Ok(())
}

/// Opens the store as soon as it answers, and creates the tables of an empty one. Returns `None` if
/// a stop is requested before.
async fn open_store(url: &str, stop: &Stop) -> anyhow::Result<Option<Store>> {
    let mut pauses = Pauses::new("database");
    loop {
        match try_to_open(url).await {
            Ok(store) => return Ok(Some(store)),
            Err(error @ StorageError::Unavailable(_)) => {
                if !pauses.wait(&format!("{:#}", anyhow::Error::from(error)), stop).await {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error).context("the store cannot be used"),
        }
    }
}

async fn try_to_open(url: &str) -> Result<Store, StorageError> {
    let store = Store::connect(&StoreConfig::new(url)).await?;
    store.create_schema().await?;
    Ok(store)
}

async fn read(
    reader: &mut Reader,
    keeper: &Keeper,
    division: Division,
    exporter: &Exporter,
    stop: &Stop,
) -> anyhow::Result<()> {
    if !reader.subscribe(stop).await? {
        return Ok(());
    }
    let mut records: Vec<ConsumerRecord> = Vec::new();
    let (mut upkeep, mut progress, mut messages) = (Instant::now(), Instant::now(), 0);
    let mut pauses = Pauses::new("broker");
    loop {
        let (stored, polled) = tokio::join!(
            store_all(&records, reader, keeper, division, stop),
            poll(reader, &mut pauses, stop),
        );
        let mut moved_by_others = Vec::new();
        for (moves, outcome) in stored? {
            match outcome {
                Outcome::Stored => reader.moved(&moves),
                Outcome::Moved => moved_by_others.extend(moves),
            }
        }
        messages += records.len();
        let mut polled = polled?;
        if stop.is_requested() || !reader.settle(&mut polled, moved_by_others, stop).await? {
            return Ok(());
        }
        records = polled;
        if upkeep.elapsed() >= UPKEEP {
            upkeep = Instant::now();
            reader.commit().await;
            exporter.set_state(reader.lag().await);
            exporter.run_upkeep();
        }
        if progress.elapsed() >= PROGRESS {
            progress = Instant::now();
            tracing::info!(messages, "read");
        }
    }
}

/// Returns the next records; none if a stop is requested.
async fn poll(reader: &Reader, pauses: &mut Pauses, stop: &Stop) -> anyhow::Result<Vec<ConsumerRecord>> {
    let polled = tokio::select! {
        polled = reader.poll() => polled,
        () = stop.requested() => return Ok(Vec::new()),
    };
    match polled {
        Ok(records) => {
            *pauses = Pauses::new("broker");
            Ok(records)
        }
        Err(error) if client::is_final(&error) => Err(error).context("reading from Kafka"),
        Err(error) => {
            pauses.wait(&error, stop).await;
            Ok(Vec::new())
        }
    }
}

/// Stores records: resources first, then the interactions of several partitions at a time.
async fn store_all(
    records: &[ConsumerRecord],
    reader: &Reader,
    keeper: &Keeper,
    division: Division,
    stop: &Stop,
) -> anyhow::Result<Vec<(Vec<Move>, Outcome)>> {
    let dead_letters = Of { keeper, records };
    let mut stored = Vec::new();
    for content in [Content::Resources, Content::Interactions] {
        let parts = parts(records, content, reader, division, Utc::now());
        let each = parts.into_iter().map(|batches| store_part(reader.sink(), batches, &dead_letters, stop));
        stored.extend(try_join_all(each).await?.into_iter().flatten());
    }
    Ok(stored)
}

/// Stores the batches of a part one after the other. If another reader has moved a partition of
/// one, those after it count as moved, too: the reader has to seek in all of their partitions.
async fn store_part(
    sink: &Sink,
    batches: Vec<Batch>,
    dead_letters: &Of<'_>,
    stop: &Stop,
) -> anyhow::Result<Vec<(Vec<Move>, Outcome)>> {
    let mut stored = Vec::with_capacity(batches.len());
    let mut batches = batches.into_iter();
    for batch in batches.by_ref() {
        let Some((moves, outcome)) = store(sink, batch, dead_letters, stop).await? else { break };
        stored.push((moves, outcome));
        if outcome == Outcome::Moved {
            break;
        }
    }
    stored.extend(batches.map(|batch| (batch.moves().to_vec(), Outcome::Moved)));
    Ok(stored)
}

/// Stores a batch, as soon as the store takes it. Returns `None` if a stop is requested before.
async fn store(
    sink: &Sink,
    mut batch: Batch,
    dead_letters: &Of<'_>,
    stop: &Stop,
) -> anyhow::Result<Option<(Vec<Move>, Outcome)>> {
    let started = Instant::now();
    let (mut database, mut letters) = (Pauses::new("database"), Pauses::new("dead_letters"));
    loop {
        let error = match sink.store(&mut batch, dead_letters, Utc::now()).await {
            Ok(outcome) => {
                metrics::histogram!(names::STREAM_BATCH_DURATION).record(started.elapsed().as_secs_f64());
                if outcome == Outcome::Moved {
                    metrics::counter!(names::STREAM_RETRIES, "cause" => "moved").increment(1);
                }
                return Ok(Some((batch.moves().to_vec(), outcome)));
            }
            Err(error) if error.is_temporary() => error,
            Err(error) => return Err(error).context("storing a batch"),
        };
        let pauses = match error {
            StreamError::DeadLetters(_) => &mut letters,
            _ => &mut database,
        };
        if !pauses.wait(&format!("{:#}", anyhow::Error::from(error)), stop).await {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use docent::{InteractionRules, storage::Store};
    use docent_streams::Partition;

    use super::*;

    fn move_of(number: i32, from: i64) -> Move {
        Move {
            partition: Partition { topic: "t".into(), topic_id: String::new(), number },
            from,
            to: from + 1,
        }
    }

    #[tokio::test]
    async fn what_comes_after_a_moved_partition_is_sought_again_and_not_left_out() {
        let store = Store::connect(&StoreConfig::new("sqlite::memory:")).await.unwrap();
        store.migrate().await.unwrap();
        let sink = Sink::new(store, "docent", InteractionRules::default(), false);
        for number in 0..3 {
            sink.begin(&move_of(number, 0).partition, 5, Utc::now()).await.unwrap();
        }
        let batches = [move_of(0, 5), move_of(1, 4), move_of(2, 5)];
        let batches = batches.map(|step| Batch::read(vec![step], [], sink.rules(), Utc::now())).to_vec();
        let letters = Of { keeper: &Keeper::Log, records: &[] };
        let stop = Stop::never();
        let stored = store_part(&sink, batches, &letters, &stop).await.unwrap();
        let outcomes: Vec<_> = stored.iter().map(|(moves, outcome)| (moves[0].from, *outcome)).collect();
        assert_eq!(outcomes, [(5, Outcome::Stored), (4, Outcome::Moved), (5, Outcome::Moved)]);
    }
}
