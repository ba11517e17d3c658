use sea_orm_migration::{
    prelude::*,
    schema::*,
    sea_orm::{DbBackend, FromQueryResult, Statement},
};

use crate::columns::{count, drop_tables, index, primary_key, refers_to};

const TABLES: [&str; 7] = [
    "impression_hours",
    "impression_ranks",
    "resource_exposures",
    "resource_exposure_totals",
    "experiment_users",
    "interaction_hours",
    "session_hours",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, WIDEN).await?;
        name_owners(manager).await?;
        make_tables(manager).await?;
        run(manager, FILL).await?;
        run(manager, &[FILL_EXPOSURE_TOTALS, FILL_SESSIONS]).await?;
        manager.create_index(index("idx_users_created_at", "users", ["created_at"])).await?;
        let active = index("idx_user_profiles_last_active_at", "user_profiles", ["last_active_at"]);
        manager.create_index(active).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, NARROW).await?;
        drop_tables(manager, &TABLES).await
    }
}

/// One row per resource, answer and user. `user_hash` identifies the user, known or not, and is 0
/// if the user is unknown. Feedback of another user gets a row of its own.
const WIDEN: &[&str] = &[
    "ALTER TABLE recommendation_feedback ADD COLUMN user_hash bigint NOT NULL DEFAULT 0",
    "ALTER TABLE recommendation_feedback ADD COLUMN novelty double precision \
     CONSTRAINT ck_recommendation_feedback_novelty CHECK (novelty BETWEEN 0 AND 1)",
    "ALTER TABLE recommendation_feedback ADD COLUMN diversity double precision \
     CONSTRAINT ck_recommendation_feedback_diversity CHECK (diversity BETWEEN 0 AND 1)",
    "ALTER TABLE recommendation_feedback ADD COLUMN experiment text",
    "ALTER TABLE recommendation_feedback ADD COLUMN variant text",
    "DROP INDEX uq_recommendation_feedback",
    "CREATE UNIQUE INDEX uq_recommendation_feedback \
     ON recommendation_feedback (recommendation_id, resource_id, user_hash)",
    "CREATE INDEX idx_recommendation_feedback_verdicts ON recommendation_feedback (user_hash) \
     WHERE was_useful IS NOT NULL",
    "CREATE INDEX idx_recommendation_feedback_unnamed ON recommendation_feedback (user_hash) \
     WHERE user_id IS NULL",
];

/// Of several rows for one resource of an answer, the one that was shown stays.
const NARROW: &[&str] = &[
    "DROP INDEX idx_user_profiles_last_active_at",
    "DROP INDEX idx_users_created_at",
    "DROP INDEX idx_recommendation_feedback_unnamed",
    "DROP INDEX idx_recommendation_feedback_verdicts",
    "DROP INDEX uq_recommendation_feedback",
    "DELETE FROM recommendation_feedback WHERE EXISTS (SELECT 1 FROM recommendation_feedback better \
     WHERE better.recommendation_id = recommendation_feedback.recommendation_id \
     AND better.resource_id = recommendation_feedback.resource_id AND better.id <> recommendation_feedback.id \
     AND (better.shown_at IS NOT NULL AND recommendation_feedback.shown_at IS NULL \
     OR (better.shown_at IS NULL) = (recommendation_feedback.shown_at IS NULL) \
     AND better.id > recommendation_feedback.id))",
    "CREATE UNIQUE INDEX uq_recommendation_feedback ON recommendation_feedback (recommendation_id, resource_id)",
    "ALTER TABLE recommendation_feedback DROP COLUMN variant",
    "ALTER TABLE recommendation_feedback DROP COLUMN experiment",
    "ALTER TABLE recommendation_feedback DROP COLUMN diversity",
    "ALTER TABLE recommendation_feedback DROP COLUMN novelty",
    "ALTER TABLE recommendation_feedback DROP COLUMN user_hash",
];

/// Counts from the start, computed from the stored rows. An hour has 3.6e9 microseconds, a day
/// 8.64e10; a pause of more than 1.8e9 (half an hour) ends a session.
///
/// A row of interactions represents one event and `return_visits` repeats. Only the times of the
/// first and the newest event are known; those between are counted with the newest, and all of them
/// as positive if the row is.
const FILL: &[&str] = &[
    "INSERT INTO impression_hours (hour, strategy, model_version, experiment, variant, shown, clicked, rated, \
     useful, novelty_sum, novelty_count, diversity_sum, diversity_count) \
     SELECT shown_at / 3600000000, COALESCE(strategy, ''), COALESCE(model_version, ''), '', '', COUNT(*), \
     SUM(CASE WHEN was_clicked THEN 1 ELSE 0 END), SUM(CASE WHEN was_useful IS NULL THEN 0 ELSE 1 END), \
     SUM(CASE WHEN was_useful THEN 1 ELSE 0 END), 0, 0, 0, 0 \
     FROM recommendation_feedback WHERE shown_at IS NOT NULL GROUP BY 1, 2, 3",
    "INSERT INTO impression_ranks (day, rank, shown, clicked, rated, useful) \
     SELECT shown_at / 86400000000, rank, COUNT(*), SUM(CASE WHEN was_clicked THEN 1 ELSE 0 END), \
     SUM(CASE WHEN was_useful IS NULL THEN 0 ELSE 1 END), SUM(CASE WHEN was_useful THEN 1 ELSE 0 END) \
     FROM recommendation_feedback WHERE shown_at IS NOT NULL AND rank IS NOT NULL GROUP BY 1, 2",
    "INSERT INTO resource_exposures (resource_id, day, total) \
     SELECT resource_id, day, SUM(n) OVER (PARTITION BY resource_id ORDER BY day) FROM \
     (SELECT resource_id, shown_at / 86400000000 AS day, COUNT(*) AS n FROM recommendation_feedback \
     WHERE shown_at IS NOT NULL GROUP BY 1, 2) daily",
    "INSERT INTO interaction_hours (hour, interaction_type, slot, events, positive) \
     SELECT at / 3600000000, interaction_type, 0, SUM(events), \
     SUM(CASE WHEN is_positive THEN events ELSE 0 END) FROM \
     (SELECT created_at AS at, interaction_type, is_positive, 1 AS events FROM user_interactions \
     WHERE return_visits > 0 UNION ALL \
     SELECT interaction_timestamp, interaction_type, is_positive, \
     CASE WHEN return_visits > 0 THEN return_visits ELSE 1 END FROM user_interactions) counted \
     WHERE at >= 0 GROUP BY 1, 2",
];

/// Totals of each resource, from its days.
pub(super) const FILL_EXPOSURE_TOTALS: &str = "INSERT INTO resource_exposure_totals (resource_id, total, last_day) \
     SELECT resource_id, MAX(total), MAX(day) FROM resource_exposures GROUP BY resource_id";

/// Sessions, as far as the newest events of rows show them.
pub(super) const FILL_SESSIONS: &str = "INSERT INTO session_hours (hour, slot, sessions, seconds) SELECT at / 3600000000, 0, \
     SUM(CASE WHEN pause <= 1800000000 THEN 0 ELSE 1 END), \
     SUM(CASE WHEN pause <= 1800000000 THEN pause ELSE 0 END) / 1000000.0 FROM \
     (SELECT interaction_timestamp AS at, interaction_timestamp - LAG(interaction_timestamp) \
     OVER (PARTITION BY user_id ORDER BY interaction_timestamp) AS pause FROM user_interactions \
     WHERE interaction_timestamp >= 0) pauses GROUP BY 1";

pub(super) async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Person {
    id: i64,
    external_id: String,
}

/// Returns the hash of an external id. A copy that stays as it is when the live code changes.
fn person_hash(external_id: &str) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(external_id.as_bytes()).as_bytes();
    match i64::from_be_bytes([a, b, c, d, e, f, g, h]) {
        0 => 1,
        hash => hash,
    }
}

fn statement(backend: DbBackend, sql: &str, values: [Value; 2]) -> Statement {
    Statement::from_sql_and_values(backend, sql, values)
}

async fn name_owners(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = manager.get_database_backend();
    let mut after = 0;
    loop {
        let page = statement(
            backend,
            "SELECT id, external_id FROM users WHERE id > $1 AND EXISTS \
             (SELECT 1 FROM recommendation_feedback f WHERE f.user_id = users.id) ORDER BY id LIMIT $2",
            [after.into(), 1_000i64.into()],
        );
        let people = Person::find_by_statement(page).all(connection).await?;
        let Some(last) = people.last() else { return Ok(()) };
        after = last.id;
        for person in &people {
            let hash = person_hash(&person.external_id);
            let sql = "UPDATE recommendation_feedback SET user_hash = $1 WHERE user_id = $2";
            connection.execute_raw(statement(backend, sql, [hash.into(), person.id.into()])).await?;
        }
    }
}

async fn make_tables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // Hours and days are counted from 1970, in UTC.
    let mut hours = Table::create().table("impression_hours").col(big_integer("hour")).take();
    for column in ["strategy", "model_version", "experiment", "variant"] {
        hours.col(text(column));
    }
    with_marks("impression_hours", &mut hours);
    for column in ["novelty_sum", "diversity_sum"] {
        hours.col(double(column));
    }
    for column in ["novelty_count", "diversity_count"] {
        hours.col(count("impression_hours", column));
    }
    let key = ["hour", "strategy", "model_version", "experiment", "variant"];
    hours.primary_key(&mut primary_key(key));
    manager.create_table(hours).await?;

    let mut ranks =
        Table::create().table("impression_ranks").col(big_integer("day")).col(big_integer("rank")).take();
    with_marks("impression_ranks", &mut ranks);
    ranks.primary_key(&mut primary_key(["day", "rank"]));
    manager.create_table(ranks).await?;

    make_exposures(manager).await?;
    make_experiment_users(manager).await?;

    // `slot` spreads one hour over several rows, so that writers on PostgreSQL do not wait for each
    // other.
    let interactions = Table::create()
        .table("interaction_hours")
        .col(big_integer("hour"))
        .col(text("interaction_type"))
        .col(big_integer("slot"))
        .col(count("interaction_hours", "events"))
        .col(count("interaction_hours", "positive"))
        .primary_key(&mut primary_key(["hour", "interaction_type", "slot"]))
        .take();
    manager.create_table(interactions).await?;
    make_session_hours(manager).await
}

/// Counts without checks: only `shown` never shrinks, and a check would refuse the row that an
/// upsert subtracts with.
fn with_marks(table: &'static str, made: &mut TableCreateStatement) {
    made.col(count(table, "shown"));
    for column in ["clicked", "rated", "useful"] {
        made.col(big_integer(column));
    }
}

pub(super) async fn make_exposures(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // Impressions of a resource up to the end of a day, so that a window of any length is one
    // subtraction.
    let exposures = Table::create()
        .table("resource_exposures")
        .col(big_integer("resource_id"))
        .col(big_integer("day"))
        .col(count("resource_exposures", "total"))
        .primary_key(&mut primary_key(["resource_id", "day"]))
        .foreign_key(&mut refers_to("resource_exposures", "resource_id", "resources"))
        .take();
    manager.create_table(exposures).await?;
    let covering = ["resource_id", "day", "total"];
    manager.create_index(index("idx_resource_exposures_covering", "resource_exposures", covering)).await?;
    let totals = Table::create()
        .table("resource_exposure_totals")
        .col(big_integer("resource_id"))
        .col(count("resource_exposure_totals", "total"))
        .col(big_integer("last_day"))
        .primary_key(&mut primary_key(["resource_id"]))
        .foreign_key(&mut refers_to("resource_exposure_totals", "resource_id", "resources"))
        .take();
    manager.create_table(totals).await?;
    let last = index("idx_resource_exposure_totals_last_day", "resource_exposure_totals", ["last_day"]);
    manager.create_index(last).await
}

pub(super) async fn make_experiment_users(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut people = Table::create()
        .table("experiment_users")
        .col(text("experiment"))
        .col(text("variant"))
        .col(big_integer("user_hash"))
        .take();
    with_marks("experiment_users", &mut people);
    people.primary_key(&mut primary_key(["experiment", "variant", "user_hash"]));
    manager.create_table(people).await?;
    manager.create_index(index("idx_experiment_users_hash", "experiment_users", ["user_hash"])).await
}

pub(super) async fn make_session_hours(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let sessions = Table::create()
        .table("session_hours")
        .col(big_integer("hour"))
        .col(big_integer("slot"))
        .col(count("session_hours", "sessions"))
        .col(double("seconds"))
        .primary_key(&mut primary_key(["hour", "slot"]))
        .take();
    manager.create_table(sessions).await
}
