use sea_orm_migration::{prelude::*, schema::*};

use crate::{
    columns::{drop_tables, index, owned_by, primary_key},
    m20260301_000006_feedback_loop::{FILL_SESSIONS, make_session_hours, run},
};

const SESSIONS: &str = "user_sessions";
const HOURS: &str = "session_hours";

/// Sessions from the first and the newest event of each row; events between are not known. Half an
/// hour (1.8e9 microseconds) without an event ends a session. No window reaches back further than
/// 92 days (7.9488e12).
const FILL: &[&str] = &[
    "INSERT INTO user_sessions (user_id, begin_at, end_at) \
     WITH events AS (SELECT user_id, created_at AS at FROM user_interactions \
     UNION SELECT user_id, interaction_timestamp FROM user_interactions), \
     known AS (SELECT user_id, at, at - LAG(at) OVER (PARTITION BY user_id ORDER BY at) AS pause FROM events \
     WHERE at >= 0 AND at >= (SELECT MAX(interaction_timestamp) FROM user_interactions) - 7948800000000), \
     numbered AS (SELECT user_id, at, SUM(CASE WHEN pause <= 1800000000 THEN 0 ELSE 1 END) \
     OVER (PARTITION BY user_id ORDER BY at) AS number FROM known) \
     SELECT user_id, MIN(at), MAX(at) FROM numbered GROUP BY user_id, number",
    "INSERT INTO session_hours (hour, slot, sessions, length_micros) \
     SELECT begin_at / 3600000000, 0, COUNT(*), SUM(end_at - begin_at) FROM user_sessions GROUP BY 1",
];

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    drop_tables(manager, &[HOURS]).await?;
    // By the hour in which they began. No checks: they would refuse the row that an upsert
    // subtracts with.
    let hours = Table::create()
        .table(HOURS)
        .col(big_integer("hour"))
        .col(big_integer("slot"))
        .col(big_integer("sessions"))
        .col(big_integer("length_micros"))
        .primary_key(&mut primary_key(["hour", "slot"]))
        .take();
    manager.create_table(hours).await?;
    let sessions = Table::create()
        .table(SESSIONS)
        .col(big_integer("user_id"))
        .col(big_integer("begin_at"))
        .col(big_integer("end_at"))
        .primary_key(&mut primary_key(["user_id", "begin_at"]))
        .foreign_key(&mut owned_by(SESSIONS, "user_id", "users"))
        .take();
    manager.create_table(sessions).await?;
    manager.create_index(index("idx_user_sessions_end_at", SESSIONS, ["end_at"])).await?;
    run(manager, FILL).await
}

pub(super) async fn down(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    drop_tables(manager, &[SESSIONS, HOURS]).await?;
    make_session_hours(manager).await?;
    run(manager, &[FILL_SESSIONS]).await
}
