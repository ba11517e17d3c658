//! Records of a poll, divided into batches.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent_streams::{Batch, Content, Message, Move};
use krafka::ConsumerRecord;

use crate::reader::Reader;

/// Division of records into batches.
#[derive(Debug, Clone, Copy)]
pub struct Division {
    /// Maximum number of records of a batch.
    pub size: usize,
    /// Number of parts that are stored at the same time.
    pub parts: i32,
}

/// Returns the parts of the records of one content, each with its batches. A part has whole
/// partitions, of which its batches have the records in their order.
pub fn parts(
    records: &[ConsumerRecord],
    content: Content,
    reader: &Reader,
    division: Division,
    now: DateTime<Utc>,
) -> Vec<Vec<Batch>> {
    // Writers of resources wait for each other anyway.
    let parts = if content == Content::Resources { 1 } else { division.parts };
    let mut places: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (place, record) in records.iter().enumerate() {
        if reader.content(&record.topic) == Some(content) {
            places.entry(record.partition.rem_euclid(parts)).or_default().push(place);
        }
    }
    let mut divided = Vec::with_capacity(places.len());
    for places in places.into_values() {
        // Where the batches before have moved a partition to.
        let mut moved: BTreeMap<(&str, i32), i64> = BTreeMap::new();
        let mut batches = Vec::new();
        for places in places.chunks(division.size) {
            let of_batch = places.iter().filter_map(|place| Some((*place, records.get(*place)?)));
            let of_batch: Vec<_> = of_batch.collect();
            let moves = moves(&of_batch, reader, &mut moved);
            let messages = of_batch.iter().map(|(place, record)| (*place, message(record, content, now)));
            batches.push(Batch::read(moves, messages, reader.sink().rules(), now));
        }
        divided.push(batches);
    }
    divided
}

/// Returns the moves of the partitions to after the last of their records.
fn moves<'a>(
    records: &[(usize, &'a ConsumerRecord)],
    reader: &Reader,
    moved: &mut BTreeMap<(&'a str, i32), i64>,
) -> Vec<Move> {
    let mut last: BTreeMap<(&'a str, i32), i64> = BTreeMap::new();
    for (_, record) in records {
        last.insert((&record.topic, record.partition), record.offset);
    }
    let mut moves = Vec::with_capacity(last.len());
    for ((topic, number), offset) in last {
        if let Some((partition, next)) = reader.position(topic, number) {
            let to = offset + 1;
            let from = moved.insert((topic, number), to).unwrap_or(next);
            moves.push(Move { partition: partition.clone(), from, to });
        }
    }
    moves
}

fn message(record: &ConsumerRecord, content: Content, now: DateTime<Utc>) -> Message<'_> {
    Message {
        content,
        key: record.key.as_deref(),
        value: record.value.as_deref(),
        sent: DateTime::from_timestamp_millis(record.timestamp).unwrap_or(now),
    }
}
