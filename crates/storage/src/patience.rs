//! Sessions of PostgreSQL that stay open while something else works, however long that takes.

use sea_orm::DatabaseConnection;

use crate::{error::Result, sql};

/// Takes the limits that a server, a database or a role may set off the session that says this. Of those that a version
/// does not know nothing is said.
pub(crate) const WITHOUT_TIMEOUTS: &str = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN \
     ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'statement_timeout', 'transaction_timeout')";

/// For a pool of one connection: nothing ends it for waiting.
pub(crate) async fn be_patient(connection: &DatabaseConnection) -> Result<()> {
    sql::execute(connection, WITHOUT_TIMEOUTS, []).await?;
    Ok(())
}
