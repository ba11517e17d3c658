//! Finds the few operations that are needed for a failure.

use crate::{Failure, operation::Operation, round};

/// Rounds that shrinking may take.
const MAX_ROUNDS: usize = 100;

/// Drops operations while what is left still fails: halves first, single ones last.
pub async fn shrink(
    is_sqlite: bool,
    servers: usize,
    mut operations: Vec<Operation>,
    mut failure: Failure,
) -> (Vec<Operation>, Failure) {
    operations.truncate(failure.index + 1);
    let (mut chunk, mut rounds) = (operations.len() / 2, 0);
    while chunk > 0 {
        let mut start = 0;
        while start < operations.len() && rounds < MAX_ROUNDS {
            let mut fewer = operations.clone();
            fewer.drain(start..(start + chunk).min(operations.len()));
            rounds += 1;
            match round(is_sqlite, servers, &fewer).await {
                Ok(()) => start += chunk,
                Err(found) => {
                    fewer.truncate(found.index + 1);
                    (operations, failure) = (fewer, found);
                }
            }
        }
        chunk /= 2;
    }
    (operations, failure)
}
