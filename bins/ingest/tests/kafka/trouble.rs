//! Brokers that ask for a password, come late, or have deleted what was not read.

use anyhow::{Result, ensure};
use krafka::{
    Compression, Record,
    admin::{CreateTopicsOptions, DeleteRecordsOptions, DeleteTopicsOptions, NewTopic},
    consumer::TopicPartition,
};

use crate::{
    PROGRAM,
    broker::Broker,
    ingest::{Ingest, Settings, Stored, open, stored, until_stored},
    topics::{create, headers, producer, read, send, views},
};

pub async fn brokers_are_reached_over_tls_with_a_password(database: &str) -> Result<()> {
    let broker = Broker::start().await?;
    let kafka = broker.connect().await?;
    create(&kafka, &["clicks"], 1).await?;
    send(&producer(&kafka, Compression::None).await?, views("clicks", 0..100)).await?;
    let store = open(database).await?;
    let settings = Settings::new(PROGRAM, &broker.secure_address(), database, "secure")
        .with("INTERACTIONS_TOPIC", "clicks")
        .with("CREATE_MISSING", "true")
        .with("TLS__CA_FILE", &broker.certificate().display().to_string())
        .with("SASL__MECHANISM", "plain")
        .with("SASL__USERNAME", "docent");
    let ingest = Ingest::start(&settings.clone().with("SASL__PASSWORD", "s3cret"))?;
    until_stored(&store, 100, &[&ingest]).await?;
    ingest.stop().await?;

    let mut refused = Ingest::start(&settings.with("SASL__PASSWORD", "wr0ng"))?;
    let status = refused.ended().await?;
    let log = refused.log()?;
    ensure!(status.code() == Some(1) && log.contains("connecting to Kafka"), "{status}: {log}");
    ensure!(log.contains("Authentication failed") && !log.contains("wr0ng"), "{log}");
    Ok(())
}

pub async fn messages_that_expired_are_counted_and_reading_goes_on(database: &str) -> Result<()> {
    let broker = Broker::start().await?;
    let kafka = broker.connect().await?;
    create(&kafka, &["clicks"], 1).await?;
    let producer = producer(&kafka, Compression::None).await?;
    let store = open(database).await?;
    let settings = Settings::new(PROGRAM, &broker.address(), database, "late")
        .with("INTERACTIONS_TOPIC", "clicks")
        .with("CREATE_MISSING", "true");
    let ingest = Ingest::start(&settings)?;
    send(&producer, views("clicks", 0..100)).await?;
    until_stored(&store, 100, &[&ingest]).await?;
    ingest.stop().await?;
    send(&producer, views("clicks", 100..300)).await?;
    let before = [(TopicPartition::new("clicks", 0), 250)];
    for deleted in kafka.admin().delete_records(before, DeleteRecordsOptions::default()).await?.into_values()
    {
        ensure!(deleted? == 250);
    }
    let mut ingest = Ingest::start(&settings)?;
    until_stored(&store, 150, &[&ingest]).await?;
    let line = ingest
        .logged("messages were deleted before they were read: the retention of the topic is too short")
        .await?;
    ensure!(line["next"] == 100 && line["oldest"] == 250, "{line}");
    ensure!(ingest.get("/metrics").await?.contains("docent_stream_events_expired_total 150"));
    ingest.stop().await?;

    // A topic of the same name is another one.
    kafka.admin().delete_topics(["clicks"], DeleteTopicsOptions::default()).await?;
    let kafka = broker.connect().await?;
    while create(&kafka, &["clicks"], 1).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let again = crate::topics::producer(&kafka, Compression::None).await?;
    send(&again, views("clicks", 1_000..1_010)).await?;
    let ingest = Ingest::start(&settings)?;
    until_stored(&store, 160, &[&ingest]).await?;
    ensure!(stored(&store).await? == Stored { interactions: 160, repeats: 0 });
    ingest.stop().await
}

pub async fn a_dead_letter_that_its_topic_refuses_goes_without_its_message(database: &str) -> Result<()> {
    let broker = Broker::start().await?;
    let kafka = broker.connect().await?;
    create(&kafka, &["clicks"], 1).await?;
    let mut dead = NewTopic::new("dead", 1, 1)?;
    dead.configs.insert("max.message.bytes".into(), "2000".into());
    let created = kafka.admin().create_topics([dead], CreateTopicsOptions::default()).await?;
    created.into_iter().try_for_each(|(_, created)| created.map(|_| ()))?;
    let store = open(database).await?;
    let settings = Settings::new(PROGRAM, &broker.address(), database, "large")
        .with("INTERACTIONS_TOPIC", "clicks")
        .with("DEAD_LETTERS_TOPIC", "dead")
        .with("CREATE_MISSING", "true");
    let ingest = Ingest::start(&settings)?;
    let clicks = producer(&kafka, Compression::None).await?;
    send(&clicks, [Record::new("clicks", "x".repeat(5_000)), Record::new("clicks", "small")]).await?;
    send(&clicks, views("clicks", 0..100)).await?;
    until_stored(&store, 100, &[&ingest]).await?;
    let letters = read(&kafka, "dead", 2).await?;
    let (cut, whole): (Vec<_>, Vec<_>) =
        letters.iter().partition(|letter| headers(letter).contains_key("docent-message"));
    ensure!(cut.len() == 1 && whole.len() == 1, "{letters:?}");
    let said = headers(cut[0]);
    ensure!(cut[0].value.is_none() && said["docent-message"] == "too large", "{said:?}");
    ensure!(said["docent-offset"] == "0" && said["docent-reason"] == "invalid_json", "{said:?}");
    ensure!(whole[0].value_str() == Some("small"), "{letters:?}");
    ingest.stop().await
}

pub async fn brokers_and_topics_may_come_later(database: &str) -> Result<()> {
    let mut broker = Broker::start().await?;
    broker.kill()?;
    let store = open(database).await?;
    let settings = Settings::new(PROGRAM, &broker.address(), database, "early")
        .with("INTERACTIONS_TOPIC", "clicks")
        .with("CREATE_MISSING", "true");
    let mut ingest = Ingest::start(&settings)?;
    let line = ingest.logged("trying again").await?;
    ensure!(line["cause"] == "broker", "{line}");
    // It stops while it waits.
    ingest.stop().await?;
    let ingest = Ingest::start(&settings)?;
    broker.restart().await?;
    let kafka = broker.connect().await?;
    create(&kafka, &["clicks"], 1).await?;
    send(&producer(&kafka, Compression::None).await?, views("clicks", 0..100)).await?;
    until_stored(&store, 100, &[&ingest]).await?;
    ensure!(stored(&store).await? == Stored { interactions: 100, repeats: 0 });
    ingest.stop().await?;

    // The broker is there, and the topic is not.
    let settings = Settings::new(PROGRAM, &broker.address(), database, "early")
        .with("INTERACTIONS_TOPIC", "later")
        .with("CREATE_MISSING", "true");
    let mut ingest = Ingest::start(&settings)?;
    let line = ingest.logged("trying again").await?;
    ensure!(line["error"].as_str().is_some_and(|error| error.contains("later")), "{line}");
    create(&kafka, &["later"], 1).await?;
    send(&producer(&kafka, Compression::None).await?, views("later", 100..200)).await?;
    until_stored(&store, 200, &[&ingest]).await?;
    ingest.stop().await
}
