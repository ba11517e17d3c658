//! Topics are followed: resources, interactions, deletions, dead letters, metrics, the end.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use docent_telemetry::names::{ALL, Emitter};
use krafka::{Compression, Record, consumer::AutoOffsetReset};

use crate::{
    PROGRAM,
    broker::Broker,
    ingest::{Ingest, Settings, Stored, open, stored, until_stored},
    topics::{create, headers, producer, read, resources, send, views},
};

pub async fn topics_are_followed_until_the_end(database: &str) -> Result<()> {
    let broker = Broker::start().await?;
    let kafka = broker.connect().await?;
    create(&kafka, &["clicks", "books"], 3).await?;
    create(&kafka, &["dead"], 1).await?;
    let store = open(database).await?;
    let settings = Settings::new(PROGRAM, &broker.address(), database, "follow")
        .with("RESOURCES_TOPIC", "books")
        .with("INTERACTIONS_TOPIC", "clicks")
        .with("DEAD_LETTERS_TOPIC", "dead");
    let mut ingest = Ingest::start(&settings)?;

    // Every codec that a producer may choose, but zstd, which its client would have to compile.
    let books = producer(&kafka, Compression::Gzip).await?;
    send(&books, resources("books")).await?;
    let deleted = Record::tombstone("books", "r49");
    send(&books, [Record::new("books", r#"{"id": "x", "title": ""}"#).key("x"), deleted]).await?;
    wait_for(&mut ingest, "docent_stream_events_stored_total{content=\"resources\"} 51").await?;
    ensure!(store.counts().await?.resources == 49, "r49 was deleted");
    for (codec, from) in [(Compression::None, 0), (Compression::Snappy, 1_000), (Compression::Lz4, 2_000)] {
        send(&producer(&kafka, codec).await?, views("clicks", from..from + 1_000)).await?;
    }
    let clicks = producer(&kafka, Compression::None).await?;
    send(&clicks, [Record::new("clicks", "no json").key("k").header("trace", "7")]).await?;
    // One in fifty is of the resource that was deleted.
    until_stored(&store, 2_940, &[&ingest]).await?;
    wait_for(&mut ingest, "reason=\"unknown_resource\"} 60").await?;
    ensure!(stored(&store).await? == Stored { interactions: 2_940, repeats: 0 });

    let dead = read(&kafka, "dead", 62).await?;
    ensure!(dead.len() == 62, "{} dead letters", dead.len());
    let garbage = dead.iter().find(|record| record.value_str() == Some("no json")).context("no garbage")?;
    let said = headers(garbage);
    ensure!(garbage.key_str() == Some("k") && said["trace"] == "7" && said["docent-topic"] == "clicks");
    ensure!(
        said["docent-reason"] == "invalid_json" && said["docent-why"].contains("expected ident"),
        "{said:?}"
    );
    ensure!(said["docent-partition"].parse::<i32>()? < 3 && said["docent-offset"].parse::<i64>()? >= 0);
    check_metrics(&mut ingest).await?;
    ensure!(
        ingest.get("/livez").await?.starts_with("HTTP/1.1 200") && ingest.get("/").await?.contains("404")
    );

    // It leaves the group, so that the next one need not wait, and its positions are in Kafka, too.
    ingest.stop().await?;
    send(&clicks, views("clicks", 3_000..3_100)).await?;
    let observer = kafka.consumer("follow").auto_offset_reset(AutoOffsetReset::Earliest).build().await?;
    let committed = observer.committed(&[("clicks", 0), ("clicks", 1), ("clicks", 2)]).await?;
    ensure!(committed.values().map(|at| at.offset).sum::<i64>() == 3_001, "{committed:?}");
    observer.close().await?;
    let ingest = Ingest::start(&settings)?;
    until_stored(&store, 3_038, &[&ingest]).await?;
    ensure!(stored(&store).await? == Stored { interactions: 3_038, repeats: 0 });
    ensure!(store.verify_totals().await?.wrong.is_empty(), "the sums differ");
    ingest.stop().await
}

/// Waits until the metrics have a text.
async fn wait_for(ingest: &mut Ingest, text: &str) -> Result<()> {
    for _ in 0..1_000 {
        if ingest.get("/metrics").await?.contains(text) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("no {text} in {}", ingest.get("/metrics").await?)
}

/// Checks that every metric of the table is exported, and that the lag is 0 in the end.
async fn check_metrics(ingest: &mut Ingest) -> Result<()> {
    wait_for(ingest, "docent_stream_lag{topic=\"clicks\",partition=\"0\"} 0").await?;
    let metrics = ingest.get("/metrics").await?;
    let names: BTreeSet<&str> = metrics.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    for metric in ALL.iter().filter(|metric| metric.emitter() == Emitter::Ingest) {
        let is_there = names.contains(metric.name) || names.contains(format!("{}_sum", metric.name).as_str());
        ensure!(is_there, "{} is not exported: {metrics}", metric.name);
    }
    let lags = metrics.lines().filter(|line| line.starts_with("docent_stream_lag{")).count();
    ensure!(lags == 6, "{metrics}");
    Ok(())
}
