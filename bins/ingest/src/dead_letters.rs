//! Messages that cannot be stored: to a topic, or to the log.

use std::time::Duration;

use docent_streams::{DeadLetters, Letter, Undelivered};
use futures::future::try_join_all;
use krafka::{ConsumerRecord, Kafka, KrafkaError, Record, error::ErrorCode, producer::Producer};

/// Length of the description in a header, in characters: a message that is just small enough for
/// its topic must fit with its headers.
const MAX_WHY_CHARS: usize = 300;
/// Time in which a letter must be acknowledged before it is sent again: a stop waits no longer. The
/// client demands more than a request may take.
const MAX_DELIVERY: Duration = Duration::from_secs(20);

/// Keeper of dead letters.
pub enum Keeper {
    /// Sends them to a topic, with the reason and the place of the message in headers.
    Topic { topic: String, producer: Box<Producer> },
    /// Logs the reason and the place of the message. The message itself may hold personal data.
    Log,
}

impl Keeper {
    /// Creates the keeper of a topic; that of the log without one.
    pub async fn new(kafka: &Kafka, topic: Option<&str>) -> krafka::Result<Self> {
        Ok(match topic {
            None => Self::Log,
            Some(topic) => {
                let producer =
                    kafka.producer().delivery_timeout(MAX_DELIVERY).metrics_push(false).build().await?;
                Self::Topic { topic: topic.to_owned(), producer: Box::new(producer) }
            }
        })
    }

    /// Sends what is queued, and closes the connection.
    pub async fn close(&self) {
        if let Self::Topic { producer, .. } = self
            && let Err(error) = producer.close().await
        {
            tracing::warn!(%error, "the sender of dead letters was not closed cleanly");
        }
    }
}

/// Keeper of the dead letters of some records.
pub struct Of<'a> {
    /// The keeper of the letters.
    pub keeper: &'a Keeper,
    /// The records, in which letters name a place.
    pub records: &'a [ConsumerRecord],
}

impl DeadLetters for Of<'_> {
    async fn deliver(&self, letters: &[Letter]) -> Result<(), Undelivered> {
        let records = letters.iter().filter_map(|letter| Some((letter, self.records.get(letter.place)?)));
        match self.keeper {
            Keeper::Log => {
                for (letter, record) in records {
                    tracing::warn!(
                        topic = &*record.topic,
                        partition = record.partition,
                        offset = record.offset,
                        reason = letter.reason.as_str(),
                        why = letter.why,
                        "a message is not stored"
                    );
                }
            }
            Keeper::Topic { topic, producer } => {
                try_join_all(records.map(|(letter, record)| send(producer, topic, letter, record))).await?;
            }
        }
        Ok(())
    }
}

/// Sends a letter; without its message where that is too large for the topic, which would otherwise
/// hold up everything behind it.
async fn send(
    producer: &Producer,
    topic: &str,
    letter: &Letter,
    record: &ConsumerRecord,
) -> krafka::Result<()> {
    let whole = acknowledged(producer, envelope(topic, letter, record)).await;
    if !whole.as_ref().is_err_and(is_too_large) {
        return whole;
    }
    let mut headers_alone = Record::new(topic, Vec::new());
    headers_alone.value = None;
    let headers_alone = headers_alone.header("docent-message", "too large");
    acknowledged(producer, with_place(headers_alone, letter, record)).await
}

async fn acknowledged(producer: &Producer, record: Record) -> krafka::Result<()> {
    producer.enqueue(record).await?.await.map(|_| ())
}

/// Returns true for the refusal of a message by its size, by the broker or by the client.
fn is_too_large(error: &KrafkaError) -> bool {
    use ErrorCode::{MessageTooLarge, RecordListTooLarge};
    let by_broker = matches!(error, KrafkaError::Broker { code: MessageTooLarge | RecordListTooLarge, .. });
    by_broker || matches!(error, KrafkaError::Config { .. })
}

/// Returns the message as it was, with headers that say where it was and what is wrong with it.
fn envelope(topic: &str, letter: &Letter, record: &ConsumerRecord) -> Record {
    let mut dead = Record::new(topic, record.value.clone().unwrap_or_default());
    dead.key = record.key.clone();
    dead.value = record.value.clone();
    dead.headers = record.headers.clone();
    with_place(dead, letter, record)
}

fn with_place(dead: Record, letter: &Letter, record: &ConsumerRecord) -> Record {
    dead.header("docent-topic", record.topic.to_string())
        .header("docent-partition", record.partition.to_string())
        .header("docent-offset", record.offset.to_string())
        .header("docent-reason", letter.reason.as_str())
        .header("docent-why", letter.why.chars().take(MAX_WHY_CHARS).collect::<String>())
}
