//! Sessions of PostgreSQL that stay open while something else works, however long that takes.

use sea_orm::DatabaseConnection;

use crate::{error::Result, sql};

/// Lifts, for its session, the timeouts that a server, a database or a role may set. Ignores those
/// that the version does not know.
pub const WITHOUT_TIMEOUTS: &str = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN \
     ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'statement_timeout', 'transaction_timeout')";

/// Lifts the timeouts of a pool of one connection.
pub async fn lift_timeouts(connection: &DatabaseConnection) -> Result<()> {
    sql::execute(connection, WITHOUT_TIMEOUTS, []).await?;
    Ok(())
}
