//! Requests that are recorded together.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use anyhow::{Context, Result, ensure};
use docent_domain::NewInteraction;
use docent_storage::{IdempotencyKey, RecordOutcome, Recorded, StorageError, Store};

use crate::support::{Database, at, execute, export, record, resource, rules, user};

type Requests = Vec<(Vec<NewInteraction>, Option<IdempotencyKey>)>;
type Recording = Pin<Box<dyn Future<Output = Result<RecordOutcome, StorageError>> + Send>>;
type Outcomes = Vec<Result<RecordOutcome, StorageError>>;

fn key(hash: &str) -> IdempotencyKey {
    IdempotencyKey { scope: "team".into(), key: "k".into(), request_hash: hash.into() }
}

/// Counts the transactions that record interactions.
fn watch(store: &Store) -> Arc<AtomicUsize> {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    store.observe(move |query| {
        if query.sql.starts_with("UPDATE user_profiles SET total_interactions") {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    seen
}

/// Sends requests while another one waits for another writer, so that they gather.
async fn gathered(store: &Store, requests: Requests) -> Result<Outcomes> {
    let other = store.begin_import().await?;
    other.write_interactions(&[export("ada", "a", 1)], &rules(), at(5)).await?;
    let first = (vec![export("ada", "a", 2)], None);
    let mut recordings: Vec<Recording> = Vec::new();
    for (events, key) in std::iter::once(first).chain(requests) {
        let store = store.clone();
        recordings.push(Box::pin(async move { store.record(&events, &rules(), at(5), key.as_ref()).await }));
    }
    // The first poll of each sends it.
    std::future::poll_fn(|context| {
        let ready =
            recordings.iter_mut().filter_map(|one| one.as_mut().poll(context).is_ready().then_some(()));
        assert_eq!(ready.count(), 0, "nothing is recorded while another writes");
        Poll::Ready(())
    })
    .await;
    other.commit().await?;
    let mut outcomes = Vec::new();
    for recording in recordings {
        outcomes.push(recording.await);
    }
    outcomes.remove(0)?;
    Ok(outcomes)
}

pub(crate) async fn requests_that_wait_share_a_transaction(database: &Database) -> Result<()> {
    const WAITING: usize = 20;
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    record(&store, &[export("ada", "a", 0)]).await?;
    let transactions = watch(&store);
    let requests = (0..WAITING).map(|n| (vec![export(&format!("u{}", n % 3), "b", n as i64)], None));
    let outcomes = gathered(&store, requests.collect()).await?;
    let mut visits = Vec::new();
    for outcome in outcomes {
        let outcome = outcome?;
        let [Recorded::Merged { interaction, .. }] = outcome.items.as_slice() else {
            anyhow::bail!("{outcome:?}")
        };
        visits.push(interaction.return_visits);
    }
    visits.sort_unstable();
    let expected: Vec<u32> = (0..WAITING as u32).map(|n| n / 3).collect();
    ensure!(visits == expected, "each sees its own event merged, and no later one: {visits:?}");
    let count = transactions.load(Ordering::SeqCst);
    // That of the other writer, that of the first requests to arrive, and one more.
    ensure!(count <= 3, "{count} transactions for {WAITING} requests that wait together");
    Ok(())
}

pub(crate) async fn of_requests_together_only_those_at_fault_fail(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    record(&store, &[export("ada", "a", 0), export("broken", "b", 0)]).await?;
    store.record(&[export("cy", "a", 0)], &rules(), at(5), Some(&key("first"))).await?;
    // More repeats than there are numbers for.
    let damage = "UPDATE user_interactions SET return_visits = 5000000000 WHERE user_id = \
                  (SELECT id FROM users WHERE external_id = 'broken')";
    execute(&store, &[damage]).await?;
    let single = |who: &str, what: &str| vec![export(who, what, 9)];
    let other_key = IdempotencyKey { key: "vain".into(), ..key("x") };
    let requests = vec![
        (single("bob", "b"), None),
        (single("broken", "b"), None),
        (single("cy", "a"), Some(key("another"))),
        (single("cy", "a"), Some(key("first"))),
        (single("dan", "nowhere"), Some(other_key.clone())),
        (single("eve", "a"), None),
    ];
    let outcomes = gathered(&store, requests).await?;
    let [bob, broken, mismatch, replayed, vain, eve] = outcomes.as_slice() else {
        anyhow::bail!("{outcomes:?}")
    };
    for good in [bob, eve] {
        let items = &good.as_ref().ok().context(format!("{good:?}"))?.items;
        ensure!(matches!(items.as_slice(), [Recorded::Merged { .. }]), "{items:?}");
    }
    ensure!(matches!(broken, Err(StorageError::Corrupt { .. })), "{broken:?}");
    ensure!(matches!(mismatch, Err(StorageError::IdempotencyMismatch)), "{mismatch:?}");
    ensure!(matches!(replayed, Ok(outcome) if outcome.replayed), "{replayed:?}");
    ensure!(matches!(vain, Ok(outcome) if outcome.items == [Recorded::UnknownResource]), "{vain:?}");
    ensure!(store.get_profile(&user("dan")).await?.is_none());
    let total = |who: &'static str| {
        let store = store.clone();
        async move { anyhow::Ok(store.get_profile(&user(who)).await?.context(who)?.profile.total_interactions) }
    };
    ensure!(
        (total("bob").await?, total("eve").await?, total("broken").await?, total("cy").await?)
            == (1, 1, 1, 1)
    );
    // The key of a request without effect is free.
    let again = store.record(&single("dan", "a"), &rules(), at(6), Some(&other_key)).await?;
    ensure!(!again.replayed, "{again:?}");
    Ok(())
}

pub(crate) async fn keys_are_kept_by_requests_that_share_a_transaction(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    record(&store, &[export("ada", "a", 0)]).await?;
    let numbered = |n: usize| IdempotencyKey { key: format!("k{}", n / 2), ..key("same") };
    let requests = (0..10).map(|n| (vec![export(&format!("u{}", n / 2), "b", 3)], Some(numbered(n))));
    let outcomes = gathered(&store, requests.collect()).await?;
    let outcomes = outcomes.into_iter().collect::<Result<Vec<_>, _>>()?;
    ensure!(outcomes.iter().filter(|outcome| outcome.replayed).count() == 5, "{outcomes:?}");
    for pair in outcomes.chunks(2) {
        ensure!(pair[0].items == pair[1].items, "{pair:?}");
    }
    let again = store.record(&[export("u0", "b", 3)], &rules(), at(6), Some(&numbered(0))).await?;
    ensure!(again.replayed && again.items == outcomes[0].items, "{again:?}");
    Ok(())
}
