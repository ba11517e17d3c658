use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::{
    columns::{drop_tables, index, primary_key},
    m20260301_000006_feedback_loop::{make_experiment_users, run},
};

const PEOPLE: &str = "experiment_people";
const DAYS: &str = "experiment_days";

/// Impressions of one user on one day, with their outcomes.
const DAILY: &str = "WITH daily AS (SELECT experiment, COALESCE(variant, '') AS variant, user_hash, \
     shown_at / 86400000000 AS day, COUNT(*) AS shown, SUM(CASE WHEN was_clicked THEN 1 ELSE 0 END) AS clicked, \
     SUM(CASE WHEN was_useful IS NULL THEN 0 ELSE 1 END) AS rated, \
     SUM(CASE WHEN was_useful THEN 1 ELSE 0 END) AS useful FROM recommendation_feedback \
     WHERE experiment <> '' AND user_hash <> 0 AND shown_at IS NOT NULL \
     GROUP BY experiment, COALESCE(variant, ''), user_hash, shown_at / 86400000000)";

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    make_tables(manager).await?;
    let gathered = match manager.get_database_backend() {
        DbBackend::Postgres => {
            "CAST(json_agg(json_build_array(day, shown, clicked, rated, useful) ORDER BY day) AS text)"
        }
        _ => "json_group_array(json_array(day, shown, clicked, rated, useful))",
    };
    let people = format!(
        "INSERT INTO experiment_people (experiment, variant, user_hash, last_day, days) {DAILY} \
         SELECT experiment, variant, user_hash, MAX(day), {gathered} FROM daily GROUP BY experiment, variant, user_hash"
    );
    // Sums that a day adds to a window that ends now when the window grows to include it: squares
    // of the counts of each user.
    let product =
        |a: &str, b: &str| format!("SUM({a}_since * {b}_since - ({a}_since - {a}) * ({b}_since - {b}))");
    let days = format!(
        "INSERT INTO experiment_days (experiment, variant, day, people, shown, clicked, rated, useful, shown_shown, \
         clicked_clicked, shown_clicked, raters, rated_rated, useful_useful, rated_useful) {DAILY}, \
         running AS (SELECT daily.*, {}, {}, {}, {} FROM daily \
         WINDOW later AS (PARTITION BY experiment, variant, user_hash ORDER BY day DESC)) \
         SELECT experiment, variant, day, SUM(CASE WHEN shown_since = shown THEN 1 ELSE 0 END), SUM(shown), SUM(clicked), \
         SUM(rated), SUM(useful), {}, {}, {}, \
         SUM(CASE WHEN rated > 0 AND rated_since = rated THEN 1 ELSE 0 END), {}, {}, {} \
         FROM running GROUP BY experiment, variant, day",
        since("shown"),
        since("clicked"),
        since("rated"),
        since("useful"),
        product("shown", "shown"),
        product("clicked", "clicked"),
        product("shown", "clicked"),
        product("rated", "rated"),
        product("useful", "useful"),
        product("rated", "useful"),
    );
    run(manager, &[people.as_str(), days.as_str()]).await?;
    drop_tables(manager, &["experiment_users"]).await
}

pub(super) async fn down(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    make_experiment_users(manager).await?;
    let users = format!(
        "INSERT INTO experiment_users (experiment, variant, user_hash, shown, clicked, rated, useful) {DAILY} \
         SELECT experiment, variant, user_hash, SUM(shown), SUM(clicked), SUM(rated), SUM(useful) FROM daily \
         GROUP BY experiment, variant, user_hash"
    );
    run(manager, &[users.as_str()]).await?;
    drop_tables(manager, &[PEOPLE, DAYS]).await
}

/// Returns the column with the sum of a count over a day and the days after it.
fn since(name: &str) -> String {
    format!("SUM({name}) OVER later AS {name}_since")
}

async fn make_tables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // `days` is JSON: day, shown, clicked, rated and useful of each day on which the user had an
    // impression.
    let people = Table::create()
        .table(PEOPLE)
        .col(text("experiment"))
        .col(text("variant"))
        .col(big_integer("user_hash"))
        .col(big_integer("last_day"))
        .col(text("days"))
        .primary_key(&mut primary_key(["experiment", "variant", "user_hash"]))
        .take();
    manager.create_table(people).await?;
    manager.create_index(index("idx_experiment_people_hash", PEOPLE, ["user_hash"])).await?;
    manager.create_index(index("idx_experiment_people_last_day", PEOPLE, ["last_day"])).await?;

    // No checks: they would refuse the row that an upsert subtracts with.
    let mut days = Table::create()
        .table(DAYS)
        .col(text("experiment"))
        .col(text("variant"))
        .col(big_integer("day"))
        .take();
    for column in [
        "people",
        "shown",
        "clicked",
        "rated",
        "useful",
        "shown_shown",
        "clicked_clicked",
        "shown_clicked",
        "raters",
        "rated_rated",
        "useful_useful",
        "rated_useful",
    ] {
        days.col(big_integer(column));
    }
    days.primary_key(&mut primary_key(["experiment", "variant", "day"]));
    manager.create_table(days).await
}
