//! A member of the consumer group, and where each of its partitions goes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use chrono::Utc;
use docent::{
    config::{KafkaConfig, KafkaStart},
    storage::StorageError,
};
use docent_streams::{Content, Move, Partition, Sink};
use docent_telemetry::{Sample, names};
use krafka::{
    CloseOptions, ConsumerRecord, Kafka, KrafkaError,
    consumer::{Consumer, ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition},
};

use crate::{away::Pauses, client, stop::Stop};

/// Time for which a poll waits for messages.
const POLL: Duration = Duration::from_secs(1);
/// Time that a commit for other tools may take.
const MAX_COMMIT: Duration = Duration::from_secs(5);
/// Time that leaving the group may take.
const MAX_LEAVE: Duration = Duration::from_secs(10);
/// Id of a topic that brokers give where they know none.
const NO_ID: [u8; 16] = [0; 16];

/// Partitions that became ours, or no longer are.
#[derive(Debug)]
struct Change {
    are_ours: bool,
    partitions: Vec<TopicPartition>,
}

/// Changes of the assignment, in their order, that a poll has made.
#[derive(Debug, Clone, Default)]
pub struct Changes(Arc<Mutex<Vec<Change>>>);

impl Changes {
    fn add(&self, are_ours: bool, partitions: &[TopicPartition]) {
        let change = Change { are_ours, partitions: partitions.to_vec() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }

    fn take(&self) -> Vec<Change> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ConsumerRebalanceListener for Changes {
    async fn on_partitions_assigned(&self, partitions: &[TopicPartition]) {
        self.add(true, partitions);
    }

    /// Nothing is flushed: what is being stored may be stored all the same, or by the next owner.
    async fn on_partitions_revoked(&self, partitions: &[TopicPartition]) {
        self.add(false, partitions);
    }

    async fn on_partitions_lost(&self, partitions: &[TopicPartition]) {
        self.add(false, partitions);
    }
}

/// Topic and number of a partition.
type Name = (String, i32);

#[derive(Debug)]
struct Position {
    partition: Partition,
    /// Offset of the next event to store.
    next: i64,
}

/// Member of the group.
pub struct Reader {
    consumer: Consumer,
    sink: Sink,
    start: KafkaStart,
    contents: BTreeMap<String, Content>,
    changes: Changes,
    /// The partitions that are ours, by topic and number.
    positions: BTreeMap<String, BTreeMap<i32, Position>>,
}

impl Reader {
    /// Joins the group with the next poll.
    ///
    /// # Errors
    /// Returns the error of a setting that cannot be used.
    pub async fn new(kafka: &Kafka, config: &KafkaConfig, sink: Sink) -> anyhow::Result<Self> {
        let topics = [
            (&config.interactions_topic, Content::Interactions),
            (&config.resources_topic, Content::Resources),
        ];
        let named = topics.into_iter().filter_map(|(topic, content)| Some((topic.clone()?, content)));
        let changes = Changes::default();
        let consumer = client::member(kafka, config, changes.clone()).await?;
        Ok(Self {
            consumer,
            sink,
            start: config.start,
            contents: named.collect(),
            changes,
            positions: BTreeMap::new(),
        })
    }

    /// Subscribes to the topics, as soon as they exist. Returns false if a stop is requested
    /// before.
    ///
    /// # Errors
    /// Returns an error that another try does not mend.
    pub async fn subscribe(&self, stop: &Stop) -> anyhow::Result<bool> {
        let mut pauses = Pauses::new("broker");
        loop {
            match self.try_to_subscribe().await {
                Ok(()) => return Ok(true),
                Err(error) if client::is_final(&error) => return Err(error).context("subscribing"),
                Err(error) => {
                    if !pauses.wait(&error, stop).await {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// A group in the classic protocol takes a topic that does not exist for one without
    /// partitions, and would never look at it again.
    async fn try_to_subscribe(&self) -> krafka::Result<()> {
        for topic in self.contents.keys() {
            let found = self.consumer.fetch_metadata(Some(topic)).await?;
            if found.topics.iter().all(|topic| topic.partitions.is_empty()) {
                return Err(KrafkaError::UnknownTopic { topic: topic.clone() });
            }
        }
        self.consumer.subscribe(self.contents.keys()).await
    }

    /// Returns the way into the store.
    pub fn sink(&self) -> &Sink {
        &self.sink
    }

    /// Returns the content of a topic.
    pub fn content(&self, topic: &str) -> Option<Content> {
        self.contents.get(topic).copied()
    }

    /// Returns a partition of ours, and the offset of its next event to store.
    pub fn position(&self, topic: &str, number: i32) -> Option<(&Partition, i64)> {
        let Position { partition, next } = self.positions.get(topic)?.get(&number)?;
        Some((partition, *next))
    }

    /// Waits for messages, for a second at most.
    ///
    /// # Errors
    /// Any error of the client.
    pub async fn poll(&self) -> krafka::Result<Vec<ConsumerRecord>> {
        self.consumer.poll(POLL).await
    }

    /// Notes what was stored.
    pub fn moved(&mut self, moves: &[Move]) {
        for Move { partition, to, .. } in moves {
            let position = self.positions.get_mut(&partition.topic);
            if let Some(position) = position.and_then(|numbers| numbers.get_mut(&partition.number)) {
                position.next = (*to).max(position.next);
            }
        }
    }

    /// Applies the changes of the assignment, and seeks to where the store says in new partitions
    /// and in those that another reader has moved. Leaves in `polled` what can be stored next.
    /// Returns false if a stop is requested before it knows.
    ///
    /// # Errors
    /// Returns an error that another try does not mend.
    pub async fn settle(
        &mut self,
        polled: &mut Vec<ConsumerRecord>,
        moved_by_others: Vec<Move>,
        stop: &Stop,
    ) -> anyhow::Result<bool> {
        let moved = moved_by_others.into_iter().map(|one| (one.partition.topic, one.partition.number));
        let mut unknown: BTreeSet<Name> = moved.collect();
        for Change { are_ours, partitions } in self.changes.take() {
            for TopicPartition { topic, partition, .. } in partitions {
                if are_ours {
                    unknown.insert((topic, partition));
                } else {
                    self.positions.get_mut(&topic).and_then(|numbers| numbers.remove(&partition));
                    unknown.remove(&(topic, partition));
                }
            }
        }
        // An offset that was stored before is one of another log: the topic was created again, or
        // its brokers have lost messages. The store is asked where to go on.
        for record in polled.iter() {
            if self.position(&record.topic, record.partition).is_some_and(|(_, next)| record.offset < next) {
                unknown.insert((record.topic.to_string(), record.partition));
            }
        }
        for (topic, number) in &unknown {
            if !self.begin(topic, *number, stop).await? {
                return Ok(false);
            }
        }
        if !unknown.is_empty() {
            polled.retain(|record| !unknown.contains(&(record.topic.to_string(), record.partition)));
        }
        polled.retain(|record| {
            let numbers = self.positions.get(&*record.topic);
            let position = numbers.and_then(|numbers| numbers.get(&record.partition));
            position.is_some_and(|position| record.offset >= position.next)
        });
        Ok(true)
    }

    /// Seeks to where the store says, as soon as brokers and store answer.
    async fn begin(&mut self, topic: &str, number: i32, stop: &Stop) -> anyhow::Result<bool> {
        let (mut broker, mut database) = (Pauses::new("broker"), Pauses::new("database"));
        loop {
            let Err(error) = self.try_to_begin(topic, number).await else { return Ok(true) };
            let of_store = error.downcast_ref::<StorageError>();
            let is_final = match (of_store, error.downcast_ref::<KrafkaError>()) {
                (Some(error), _) => !(matches!(error, StorageError::Unavailable(_)) || error.is_deadlock()),
                (None, Some(error)) => client::is_final(error),
                (None, None) => false,
            };
            if is_final {
                return Err(error).with_context(|| format!("beginning partition {number} of {topic}"));
            }
            let pauses = if of_store.is_some() { &mut database } else { &mut broker };
            if !pauses.wait(&format!("{error:#}"), stop).await {
                return Ok(false);
            }
        }
    }

    async fn try_to_begin(&mut self, topic: &str, number: i32) -> anyhow::Result<()> {
        let found = self.consumer.fetch_metadata(Some(topic)).await?;
        // A broker that has just started may not know it yet. Under another id, the partition would
        // be read from its start.
        let topic_id = found.topics.first().map(|topic| topic.topic_id).filter(|id| *id != NO_ID);
        let topic_id =
            topic_id.with_context(|| format!("the brokers do not know the id of topic {topic} yet"))?;
        let (low, high) = self.consumer.fetch_watermarks(topic, number).await?;
        let first = match self.start {
            KafkaStart::Earliest => low,
            KafkaStart::Latest => high,
        };
        let partition = Partition { topic: topic.to_owned(), topic_id: hexadecimal(topic_id), number };
        let next = self.sink.begin(&partition, first, Utc::now()).await?;
        if next > high {
            bail!(
                "partition {number} of {topic} ends at {high}, but the store has read it up to {next}: if its \
                 brokers have lost messages for good, set next_offset to {high} in its row of stream_positions"
            );
        }
        if next < low {
            tracing::error!(
                topic,
                partition = number,
                next,
                oldest = low,
                "messages were deleted before they were read: the retention of the topic is too short"
            );
            metrics::counter!(names::STREAM_EXPIRED).increment(low.abs_diff(next));
        }
        match self.consumer.seek(topic, number, next.max(low)).await {
            // It was taken away again; the next poll says so.
            Err(KrafkaError::IllegalState { .. }) => return Ok(()),
            sought => sought?,
        }
        tracing::info!(topic, partition = number, next, end = high, "reading a partition");
        self.positions.entry(topic.to_owned()).or_default().insert(number, Position { partition, next });
        Ok(())
    }

    fn each(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        self.positions.iter().flat_map(|(topic, numbers)| {
            numbers.iter().map(move |(number, at)| (TopicPartition::new(topic, *number), at.next))
        })
    }

    /// Commits the positions of the store to Kafka, where tools for the lag look. Nothing here
    /// depends on it.
    pub async fn commit(&self) {
        let offsets: Vec<_> = self.each().map(|(name, next)| (name, OffsetAndMetadata::new(next))).collect();
        if offsets.is_empty() {
            return;
        }
        let committed = tokio::time::timeout(MAX_COMMIT, self.consumer.commit_offsets(offsets)).await;
        let failure = match committed {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        tracing::debug!(failure, "positions were not committed to Kafka");
    }

    /// Returns the lag of each partition of ours whose end is known.
    pub async fn lag(&self) -> Vec<Sample> {
        let known = self.consumer.lag().await;
        let lags = self.each().filter_map(|(name, next)| {
            let known = known.get(&name)?;
            let end = known.last_stable_offset.or(known.high_watermark)?;
            let lag = Sample::new(names::STREAM_LAG, end.saturating_sub(next).max(0) as f64);
            Some(lag.with("topic", name.topic).with("partition", name.partition.to_string()))
        });
        lags.collect()
    }

    /// Commits the positions, and leaves the group.
    pub async fn leave(&self) {
        self.commit().await;
        if let Err(error) = self.consumer.close_with(CloseOptions::new().timeout(MAX_LEAVE)).await {
            tracing::warn!(%error, "the group was not left cleanly");
        }
    }
}

/// Returns the id of a topic as the store keeps it: empty if the broker gives none.
fn hexadecimal(id: [u8; 16]) -> String {
    if id == [0; 16] { String::new() } else { id.map(|byte| format!("{byte:02x}")).concat() }
}
