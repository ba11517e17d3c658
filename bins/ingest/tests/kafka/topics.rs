//! Topics, and events in them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use krafka::{
    Compression, ConsumerRecord, Kafka, Record,
    admin::{CreateTopicsOptions, NewTopic},
    producer::Producer,
};

/// Interactions of a user, each with another resource.
const RESOURCES: u64 = 50;

/// Creates topics, each with as many partitions.
pub async fn create(kafka: &Kafka, topics: &[&str], partitions: i32) -> Result<()> {
    let new =
        topics.iter().map(|topic| NewTopic::new(*topic, partitions, 1)).collect::<Result<Vec<_>, _>>()?;
    for (topic, created) in kafka.admin().create_topics(new, CreateTopicsOptions::default()).await? {
        created.context(topic)?;
    }
    Ok(())
}

pub async fn producer(kafka: &Kafka, compression: Compression) -> Result<Producer> {
    Ok(kafka.producer().compression(compression).metrics_push(false).build().await?)
}

/// Sends records, and waits until the broker has all of them.
pub async fn send(producer: &Producer, records: impl IntoIterator<Item = Record>) -> Result<()> {
    let mut sent = Vec::new();
    for record in records {
        sent.push(producer.enqueue(record).await?);
    }
    for one in sent {
        let _acknowledged = one.await?;
    }
    Ok(())
}

/// Returns one view of each of the pairs of user and resource with these numbers: stored exactly
/// once, each is a row without a repeat.
pub fn views(topic: &str, numbers: std::ops::Range<u64>) -> impl Iterator<Item = Record> {
    numbers.map(move |n| {
        let (user, resource) = (n / RESOURCES, n % RESOURCES);
        let json =
            format!(r#"{{"user_id": "u{user}", "resource_id": "r{resource}", "interaction_type": "view"}}"#);
        Record::new(topic, json).key(format!("u{user}"))
    })
}

/// Returns the resources of the views.
pub fn resources(topic: &str) -> impl Iterator<Item = Record> {
    (0..RESOURCES).map(move |n| {
        let json = format!(r#"{{"id": "r{n}", "title": "Resource {n}"}}"#);
        Record::new(topic, json).key(format!("r{n}"))
    })
}

/// Reads a number of records of a topic with one partition.
pub async fn read(kafka: &Kafka, topic: &str, count: usize) -> Result<Vec<ConsumerRecord>> {
    let reset = krafka::consumer::AutoOffsetReset::Earliest;
    let consumer = kafka.consumer_without_group().auto_offset_reset(reset).build().await?;
    consumer.assign(topic, vec![0]).await?;
    let mut records = Vec::new();
    for _ in 0..20 {
        records.extend(consumer.poll(std::time::Duration::from_secs(1)).await?);
        if records.len() >= count {
            break;
        }
    }
    consumer.close().await?;
    Ok(records)
}

/// Returns the headers of a record as text.
pub fn headers(record: &ConsumerRecord) -> HashMap<String, String> {
    let headers = record.headers.iter();
    headers
        .map(|(name, value)| {
            (name.clone(), String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned())
        })
        .collect()
}
