//! Members of a group.

use anyhow::{Result, ensure};
use krafka::Compression;

use crate::{
    PROGRAM,
    broker::Broker,
    ingest::{Ingest, Settings, Stored, open, stored, until_stored},
    topics::{create, producer, send, views},
};

pub async fn members_share_the_partitions_and_every_event_is_stored_once(database: &str) -> Result<()> {
    let broker = Broker::start().await?;
    let kafka = broker.connect().await?;
    let store = open(database).await?;
    let mut total = 0;
    for protocol in ["classic", "consumer"] {
        create(&kafka, &[protocol], 6).await?;
        let settings = Settings::new(PROGRAM, &broker.address(), database, protocol)
            .with("INTERACTIONS_TOPIC", protocol)
            .with("PROTOCOL", protocol)
            .with("CREATE_MISSING", "true")
            .with("BATCH_SIZE", "200");
        let producer = producer(&kafka, Compression::None).await?;
        let mut members = vec![Ingest::start(&settings)?];
        // Members come and go while events arrive.
        for round in 0..6 {
            send(&producer, views(protocol, total..total + 500)).await?;
            total += 500;
            match round {
                0 | 2 | 4 => members.push(Ingest::start(&settings)?),
                1 => members.remove(0).stop().await?,
                _ => members.remove(0).kill()?,
            }
            for member in &mut members {
                member.logged("reading a partition").await?;
            }
        }
        send(&producer, views(protocol, total..total + 500)).await?;
        total += 500;
        until_stored(&store, total, &members.iter().collect::<Vec<_>>()).await?;
        ensure!(stored(&store).await? == Stored { interactions: total, repeats: 0 }, "{protocol}");
        for member in members {
            member.stop().await?;
        }
    }
    Ok(())
}
