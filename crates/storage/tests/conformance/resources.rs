//! The catalogue: written, read, followed, searched.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use docent_domain::{Link, Resource, ResourceId};
use docent_storage::{ChangeCursor, NewEmbedding, TextColumn, UpsertOutcome};
use serde_json::json;

use crate::support::{Database, at, dump, filled, id, resource};

pub(crate) async fn upserts_create_update_and_leave_alone(database: &Database) -> Result<()> {
    use UpsertOutcome::{Created, Unchanged, Updated};
    let store = database.store().await?;
    let full = Resource {
        authors: vec!["Ada \"the\" Müller".into()],
        subjects: vec!["x".into(), "y".into()],
        source: Some("Journal".into()),
        language: Some("en".into()),
        url: Some("https://example.org/?a=b".into()),
        published_at: Some(at(-5)),
        quality: Some(0.3),
        attributes: json!({"z": [1, 2.5, null], "a": {"b": "c"}}).as_object().unwrap().clone(),
        hidden: true,
        links: vec![Link { target: id("later"), kind: "citation".into(), weight: 0.7 }],
        ..resource("full")
    };
    ensure!(
        store.upsert_resources(&[full.clone(), resource("b"), full.clone()], at(0)).await?
            == [Created, Created, Unchanged]
    );
    let stored = store.get_resource(&id("full")).await?.context("full")?;
    ensure!(stored.resource == full, "{stored:?}");
    ensure!((stored.created_at, stored.updated_at) == (at(0), at(0)));

    let changed = Resource { title: "Other".into(), ..resource("b") };
    ensure!(store.upsert_resources(&[full.clone(), changed.clone()], at(5)).await? == [Unchanged, Updated]);
    ensure!(store.get_resource(&id("full")).await?.context("full")? == stored, "untouched");
    let b = store.get_resource(&id("b")).await?.context("b")?;
    ensure!(b.resource == changed && (b.created_at, b.updated_at) == (at(0), at(5)), "{b:?}");

    let relinked = Resource { links: Vec::new(), ..full.clone() };
    ensure!(
        store.upsert_resources(std::slice::from_ref(&relinked), at(6)).await? == [Updated],
        "links are content"
    );
    ensure!(store.get_resource(&id("full")).await?.context("full")?.updated_at == at(6));

    ensure!(store.delete_resource(&id("full"), at(7)).await?);
    ensure!(store.upsert_resources(std::slice::from_ref(&full), at(8)).await? == [Created], "revived");
    let revived = store.get_resource(&id("full")).await?.context("full")?;
    ensure!(revived.resource == full && revived.row_id == stored.row_id && !revived.deleted, "{revived:?}");
    let both = store.get_resources(&[id("b"), id("nowhere"), id("full")]).await?;
    ensure!(both.len() == 2 && both[0] == revived && both[1] == b);
    Ok(())
}

pub(crate) async fn links_are_replaced_and_come_back_in_order(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let link = |target: &str, kind: &str, weight| Link { target: id(target), kind: kind.into(), weight };
    let mut source = resource("source");
    source.links = vec![
        link("z", "citation", 1.0),
        link("a", "temporal", 2.0),
        link("a", "citation", 3.0),
        link("z", "citation", 4.0),
    ];
    store.upsert_resources(std::slice::from_ref(&source), at(0)).await?;
    let sorted = vec![link("a", "citation", 3.0), link("a", "temporal", 2.0), link("z", "citation", 4.0)];
    ensure!(store.get_resource(&id("source")).await?.context("source")?.resource.links == sorted);
    ensure!(
        store.upsert_resources(std::slice::from_ref(&source), at(1)).await? == [UpsertOutcome::Unchanged]
    );
    source.links = vec![link("z", "citation", 4.5)];
    store.upsert_resources(std::slice::from_ref(&source), at(2)).await?;
    ensure!(store.get_resource(&id("source")).await?.context("source")?.resource.links == source.links);
    Ok(())
}

pub(crate) async fn of_a_deleted_resource_only_its_id_is_left(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let linked = store.get_resource(&id("linked")).await?.context("linked")?;
    ensure!(store.delete_resource(&id("linked"), at(50)).await?);
    ensure!(!store.delete_resource(&id("linked"), at(51)).await?, "there is none any more");
    ensure!(!store.delete_resource(&id("nowhere"), at(51)).await?);
    ensure!(store.delete_resource(&id("a"), at(52)).await?, "although interactions refer to it");
    ensure!(store.get_resource(&id("linked")).await?.is_none() && store.counts().await?.resources == 1);
    ensure!(store.embeddings_of("test", 0, 10).await?.is_empty());
    let rest = dump(&store)
        .await?
        .into_iter()
        .filter(|row| row.contains("Title of linked") || row.contains("resource_links"));
    ensure!(rest.collect::<Vec<_>>().is_empty());
    let cursor = ChangeCursor { updated_at: at(49), row_id: 0 };
    let changes = store.resources_changed_since(cursor, 10, TextColumn::Load).await?;
    ensure!(changes.len() == 2 && changes[0].deleted && changes[0].row_id == linked.row_id, "{changes:?}");
    ensure!(changes[0].resource.id == id("linked") && changes[0].resource.links.is_empty());
    ensure!(store.counts().await?.interactions == 3, "history stays");
    Ok(())
}

pub(crate) async fn changes_are_followed_without_missing_any(database: &Database) -> Result<()> {
    let store = database.store().await?;
    // All at the same instant of the callers' clocks, from two connections.
    let other = database.store().await?;
    let writers = (0..6).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let batch: Vec<Resource> = (0..5).map(|m| resource(&format!("r{n}-{m}"))).collect();
            store.upsert_resources(&batch, at(0)).await
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut seen = Vec::new();
    let mut cursor = ChangeCursor { updated_at: at(-1), row_id: 0 };
    let mut follow = async |seen: &mut Vec<String>| loop {
        let page = store.resources_changed_since(cursor, 4, TextColumn::Skip).await?;
        let Some(last) = page.last() else { break anyhow::Ok(()) };
        cursor = ChangeCursor { updated_at: last.updated_at, row_id: last.row_id };
        seen.extend(page.iter().map(|stored| stored.resource.id.to_string()));
    };
    for writer in writers {
        follow(&mut seen).await?;
        writer.await??;
    }
    follow(&mut seen).await?;
    ensure!(seen.len() == 30 && seen.iter().collect::<BTreeSet<_>>().len() == 30, "{seen:?}");
    store.upsert_resources(&[Resource::new(id("r0-0"), "Changed")], at(-100)).await?;
    seen.clear();
    follow(&mut seen).await?;
    ensure!(seen == ["r0-0"], "also with a clock that went back: {seen:?}");
    Ok(())
}

pub(crate) async fn search_ignores_case_in_every_script_and_knows_no_wildcards(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    let titled = |name: &str, title: &str, author: &str| Resource {
        authors: vec![author.into()],
        ..Resource::new(id(name), title)
    };
    let books = [
        titled("1", "ÉTUDE in Blue", "Жук"),
        titled("2", "100% Wool_Socks", "O'Brien \"Bob\" \\ Co"),
        titled("3", "1000 Wool Socks", "Nobody"),
        titled("4", "Gone", "Жук"),
    ];
    store.upsert_resources(&books, at(0)).await?;
    store.delete_resource(&id("4"), at(1)).await?;
    for (query, expected) in [
        ("étude", &["1"][..]),
        ("жУК", &["1"]),
        ("100%", &["2"]),
        ("l_s", &["2"]),
        ("\"bob\" \\", &["2"]),
        ("o'brien", &["2"]),
        ("WOOL", &["2", "3"]),
        ("[\"", &[]),
        ("", &["1", "2", "3"]),
    ] {
        let found = store.search_resources(query, None, 10).await?;
        let ids: Vec<&str> = found.resources.iter().map(|stored| stored.resource.id.as_str()).collect();
        ensure!(ids == expected && found.next.is_none(), "{query}: {ids:?}");
    }
    let first = store.search_resources("", None, 2).await?;
    let second = store.search_resources("", first.next, 2).await?;
    ensure!(first.resources.len() == 2 && second.resources.len() == 1 && second.next.is_none());
    ensure!(second.resources[0].resource.id == id("3"));
    Ok(())
}

pub(crate) async fn the_catalogue_is_paged_without_its_text(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let all: Vec<Resource> = (0..25).map(|n| resource(&format!("r{n}"))).collect();
    store.upsert_resources(&all, at(0)).await?;
    store.delete_resource(&id("r3"), at(1)).await?;
    for text in [TextColumn::Load, TextColumn::Skip] {
        let (mut cursor, mut ids) = (0, Vec::new());
        loop {
            let page = store.resources_after(cursor, 10, text).await?;
            let Some(last) = page.last() else { break };
            cursor = last.row_id;
            ensure!(page.iter().all(|stored| stored.resource.text.is_empty() == (text == TextColumn::Skip)));
            ids.extend(page.into_iter().map(|stored| stored.resource.id));
        }
        let expected: Vec<ResourceId> = all.iter().map(|r| r.id.clone()).filter(|r| *r != id("r3")).collect();
        ensure!(ids == expected, "in the order of the input, without the deleted one: {ids:?}");
    }
    Ok(())
}

pub(crate) async fn embeddings_come_back_bit_for_bit(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    let a = store.get_resource(&id("a")).await?.context("it was just written")?;
    let vector = vec![0.1_f32, -0.0, f32::MIN_POSITIVE / 2.0, f32::MAX];
    let batch = [
        embedding("a", "superseded", &vector),
        embedding("a", "h", &vector),
        embedding("nowhere", "h", &vector),
    ];
    ensure!(store.put_embeddings("lsa", &batch, at(1)).await? == 1);
    store.put_embeddings("other", &[embedding("b", "h", &vector)], at(1)).await?;
    let rows = store.embeddings_of("lsa", 0, 10).await?;
    ensure!(rows.len() == 1 && rows[0].row_id == a.row_id && rows[0].text_hash == "h", "{rows:?}");
    let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    ensure!(bits(&rows[0].vector) == bits(&vector));
    ensure!(store.embeddings_of("lsa", rows[0].row_id, 10).await?.is_empty());
    let ids = ["b", "a", "nowhere"].map(id);
    ensure!(
        store.embeddings_of_resources("lsa", &ids).await? == rows,
        "of b there is another embedder's only"
    );
    ensure!(store.embeddings_of_resources("lsa", &[]).await?.is_empty());
    Ok(())
}

pub(crate) async fn embeddings_of_former_embedders_are_forgotten(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    let both = [embedding("a", "h", &[1.0]), embedding("b", "h", &[1.0])];
    for embedder in ["first", "second", "third"] {
        store.put_embeddings(embedder, &both, at(1)).await?;
    }
    ensure!(store.forget_other_embeddings("second").await? == 4);
    for (embedder, left) in [("first", 0), ("second", 2), ("third", 0)] {
        ensure!(store.embeddings_of(embedder, 0, 10).await?.len() == left, "{embedder}");
    }
    ensure!(store.forget_other_embeddings("second").await? == 0);
    Ok(())
}

fn embedding(name: &str, hash: &str, vector: &[f32]) -> NewEmbedding {
    NewEmbedding { resource_id: id(name), text_hash: hash.into(), vector: vector.to_vec() }
}
