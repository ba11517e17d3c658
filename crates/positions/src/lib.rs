//! Positions of readers in the partitions of streams, stored in the transactions that store what
//! was read. So each event is stored once, however often it is read.
//!
//! A reader begins a partition with [`begin`], and moves it with [`advance`] from where it knows it
//! to be. If another reader has moved it meanwhile, nothing moves, and the transaction must be
//! rolled back. This crate must never know what an event is, or a protocol of the network.
//!
//! ```
//! use chrono::DateTime;
//! use docent_database::{Database, StoreConfig};
//! use docent_positions::{Move, Partition, advance, begin};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Database::connect(&StoreConfig::new("sqlite::memory:")).await?;
//! database.migrate().await?;
//! let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
//! let partition = Partition { topic: "clicks".into(), topic_id: String::new(), number: 0 };
//! let next = begin(&database, "docent", &partition, 0, now).await?;
//! let step = Move { partition, from: next, to: 500 };
//! for moves in [true, false] {
//!     let transaction = database.begin().await?;
//!     let moved = advance(&transaction, "docent", std::slice::from_ref(&step), now).await?;
//!     assert_eq!(moved, moves);
//!     transaction.commit().await?;
//! }
//! # Ok(())
//! # }
//! ```

/// Rows of the table of positions, for exports of whole stores.
pub mod entity;

use chrono::{DateTime, Utc};
use docent_database::{Database, error::Result, sql, time::to_micros, writer::WriteTransaction};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

/// Partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// Name of the topic.
    pub topic: String,
    /// Id of the topic, which differs from that of a deleted one of the same name; empty if the
    /// stream has none.
    pub topic_id: String,
    /// Number of the partition.
    pub number: i32,
}

/// Move of a position, past events that are stored in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Partition that was read.
    pub partition: Partition,
    /// Offset of the next event before.
    pub from: i64,
    /// Offset of the next event after.
    pub to: i64,
}

#[derive(FromQueryResult)]
struct Position {
    next_offset: i64,
}

/// Returns the offset of the next event of a partition that a group of readers has not stored, and
/// begins at `first` if the group has never read it.
///
/// # Errors
/// Any failure of the database.
pub async fn begin(
    database: &Database,
    group: &str,
    partition: &Partition,
    first: i64,
    now: DateTime<Utc>,
) -> Result<i64> {
    let insert = "INSERT INTO stream_positions \
         (consumer_group, topic, topic_id, partition_number, next_offset, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let query = "SELECT next_offset FROM stream_positions \
         WHERE consumer_group = $1 AND topic = $2 AND topic_id = $3 AND partition_number = $4";
    let key: [Value; 4] = [
        group.into(),
        partition.topic.as_str().into(),
        partition.topic_id.as_str().into(),
        i64::from(partition.number).into(),
    ];
    let stored: Option<Position> = sql::select_one(database.reader(), query, key.clone()).await?;
    if let Some(Position { next_offset }) = stored {
        return Ok(next_offset);
    }
    let row = key.clone().into_iter().chain([first.into(), to_micros(now).into()]);
    let transaction = database.begin().await?;
    sql::execute(&transaction, insert, row).await?;
    // Another reader may have been first.
    let stored: Option<Position> = sql::select_one(&transaction, query, key).await?;
    transaction.commit().await?;
    Ok(stored.map_or(first, |row| row.next_offset))
}

/// Moves positions, all or none of which must count: if this returns false, another reader has
/// moved one of them, and the transaction must be rolled back.
///
/// # Errors
/// Any failure of the database.
pub async fn advance(
    transaction: &WriteTransaction,
    group: &str,
    moves: &[Move],
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows: Vec<(&str, &str, i32, i64, i64)> = moves
        .iter()
        .map(|Move { partition, from, to }| {
            (partition.topic.as_str(), partition.topic_id.as_str(), partition.number, *from, *to)
        })
        .collect();
    let update = format!(
        "UPDATE stream_positions SET next_offset = CAST(k.value ->> 4 AS bigint), updated_at = $3 \
         FROM {rows} WHERE consumer_group = $2 AND topic = k.value ->> 0 AND topic_id = k.value ->> 1 \
         AND partition_number = CAST(k.value ->> 2 AS bigint) \
         AND next_offset = CAST(k.value ->> 3 AS bigint)",
        rows = sql::json_rows(transaction.get_database_backend()),
    );
    let values = [sql::json(&rows)?.into(), group.into(), to_micros(now).into()];
    let moved = sql::execute(transaction, update, values).await?;
    Ok(usize::try_from(moved).is_ok_and(|moved| moved == moves.len()))
}
