//! Every event is stored exactly once.

use anyhow::{Result, ensure};
use docent_storage::{Store, StoreConfig};
use docent_streams::{Content, Outcome, Partition, Sink};
use docent_test_support::Database;

use crate::support::{batch, events, now, partition, put, sink, store, view};

pub async fn a_batch_that_is_given_again_is_not_stored_again(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let sink = sink(&store);
    ensure!(sink.begin(&partition(0), 7, now()).await? == 7);
    let first = batch(Content::Interactions, 0, 7, &[view("ada", "r0"), view("ada", "r0")]);
    ensure!(put(&sink, first.clone()).await? == Outcome::Stored);
    ensure!(put(&sink, first).await? == Outcome::Moved);
    ensure!(events(&store).await? == 2);
    ensure!(sink.begin(&partition(0), 0, now()).await? == 9);
    Ok(())
}

pub async fn a_reader_that_lost_its_partition_stores_nothing(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let (old, new) = (sink(&store), sink(&store));
    for number in [0, 1] {
        old.begin(&partition(number), 0, now()).await?;
    }
    put(&new, batch(Content::Interactions, 0, 0, &[view("ada", "r0")])).await?;
    // One of its two partitions was moved, so neither counts.
    let mut stale = batch(Content::Interactions, 0, 0, &[view("ada", "r0"), view("ada", "r1")]);
    let other = batch(Content::Interactions, 1, 0, &[view("bob", "r0")]);
    stale = docent_streams::Batch::read([stale.moves(), other.moves()].concat(), [], old.rules(), now());
    ensure!(put(&old, stale).await? == Outcome::Moved);
    ensure!(old.begin(&partition(0), 0, now()).await? == 1);
    ensure!(old.begin(&partition(1), 0, now()).await? == 0);
    ensure!(events(&store).await? == 1);
    Ok(())
}

/// Log of a partition, of which every event is a view of one resource by one user: their number is
/// what the store counts.
const EVENTS: i64 = 300;

/// Reader that may be wrong about where the partition is.
struct Reader {
    sink: Sink,
    next: i64,
}

impl Reader {
    async fn step(&mut self, size: i64) -> Result<()> {
        let size = size.min(EVENTS - self.next);
        if size <= 0 {
            self.next = self.sink.begin(&partition(0), 0, now()).await?;
            return Ok(());
        }
        let values = vec![view("ada", "r0"); usize::try_from(size)?];
        match put(&self.sink, batch(Content::Interactions, 0, self.next, &values)).await? {
            Outcome::Stored => self.next += size,
            Outcome::Moved => self.next = self.sink.begin(&partition(0), 0, now()).await?,
        }
        Ok(())
    }
}

pub async fn every_event_is_stored_once_however_readers_alternate(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let mut readers = Vec::new();
    for _ in 0..3 {
        let sink = sink(&store);
        readers.push(Reader { next: sink.begin(&partition(0), 0, now()).await?, sink });
    }
    // A fixed sequence that visits readers and sizes in no order.
    let mut state = 17_u64;
    while sink(&store).begin(&partition(0), 0, now()).await? < EVENTS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (reader, size) = ((state >> 33) as usize % readers.len(), (state >> 40) % 20 + 1);
        readers[reader].step(i64::try_from(size)?).await?;
    }
    ensure!(events(&store).await? == EVENTS);
    Ok(())
}

pub async fn readers_at_the_same_time_store_every_event_once(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let readers = (0..4).map(|n| {
        let sink = sink(&store);
        tokio::spawn(async move {
            let mut reader = Reader { next: sink.begin(&partition(0), 0, now()).await?, sink };
            while reader.next < EVENTS {
                reader.step(n + 3).await?;
            }
            anyhow::Ok(())
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await??;
    }
    ensure!(events(&store).await? == EVENTS);
    Ok(())
}

pub async fn a_group_begins_where_it_ended_and_another_one_at_the_start(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let (one, other) = (sink(&store), Sink::new(store.clone(), "other", Default::default(), false));
    one.begin(&partition(0), 0, now()).await?;
    put(&one, batch(Content::Interactions, 0, 0, &[view("ada", "r0")])).await?;
    ensure!(sink(&store).begin(&partition(0), 0, now()).await? == 1);
    ensure!(other.begin(&partition(0), 0, now()).await? == 0);
    Ok(())
}

pub async fn a_topic_that_was_created_again_is_read_from_its_start(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let sink = sink(&store);
    ensure!(sink.begin(&partition(0), 500, now()).await? == 500);
    let again = Partition { topic_id: "b2".into(), ..partition(0) };
    ensure!(sink.begin(&again, 0, now()).await? == 0);
    Ok(())
}

pub async fn positions_move_with_the_store(database: &Database) -> Result<()> {
    let from = store(database).await?;
    let reader = sink(&from);
    reader.begin(&partition(0), 0, now()).await?;
    put(&reader, batch(Content::Interactions, 0, 0, &[view("ada", "r0")])).await?;
    let mut rows = Vec::new();
    from.export_rows(&mut |table, row| {
        rows.push((table, row.clone()));
        Ok(())
    })
    .await?;

    let place = Database::sqlite()?;
    let to = Store::connect(&StoreConfig::new(place.url())).await?;
    to.migrate().await?;
    let import = to.begin_row_import().await?;
    for (table, row) in rows {
        import.write(table, vec![row]).await?;
    }
    import.commit().await?;
    ensure!(sink(&to).begin(&partition(0), 0, now()).await? == 1);
    ensure!(events(&to).await? == 1);
    Ok(())
}
