//! Transactions that are tried again after a deadlock.

use std::time::Duration;

use crate::error::Result;

/// Maximum number of tries.
const MAX_TRIES: u32 = 5;
/// Pause before the second try; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Runs a transaction, and again if PostgreSQL ended it in favour of another one that waited for
/// it. Nothing of it is stored then.
///
/// # Errors
/// The error of the last try.
pub async fn after_deadlocks<T, F: Future<Output = Result<T>>>(transaction: impl Fn() -> F) -> Result<T> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..MAX_TRIES {
        match transaction().await {
            Err(error) if error.is_deadlock() => {
                tracing::debug!(%error, ?pause, "trying the transaction again");
            }
            done => return done,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    transaction().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{MAX_TRIES, after_deadlocks};
    use crate::error::StorageError;

    #[tokio::test]
    async fn only_deadlocks_are_tried_again_and_not_without_end() {
        for (deadlocks, other, expected) in
            [(0, false, 1), (2, false, 3), (2, true, 3), (9, false, MAX_TRIES)]
        {
            let tries = Cell::new(0);
            let done = after_deadlocks(|| async {
                tries.set(tries.get() + 1);
                match (tries.get() > deadlocks, other) {
                    (false, _) => Err(StorageError::deadlock()),
                    (true, true) => Err(StorageError::Conflict("another".into())),
                    (true, false) => Ok(()),
                }
            })
            .await;
            assert_eq!((tries.get(), done.is_ok()), (expected, deadlocks < MAX_TRIES && !other));
        }
    }
}
