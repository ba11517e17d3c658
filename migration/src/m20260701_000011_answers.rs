//! Impressions as one row per answer with the list of its resources, where each had a row of its
//! own. An impression gets a row in `recommendation_feedback` with its first feedback. Rows that are
//! there already stay: they are what feedback on a list makes, too.

use sea_orm_migration::{
    prelude::*,
    schema::*,
    sea_orm::{FromQueryResult, Statement},
};

use crate::{
    columns::{check_name, drop_tables, index, unit_interval_null},
    m20260301_000006_feedback_loop::run,
};

const TABLE: &str = "recommendation_answers";
/// Answers read at a time.
const PAGE: i64 = 500;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Without a foreign key on the user, which would need an index of its own: an erasure deletes
        // by the hash.
        let share = Expr::col("kept_share");
        let answers = Table::create()
            .table(TABLE)
            .col(big_pk_auto("id"))
            .col(text("recommendation_id"))
            .col(big_integer_null("user_id"))
            .col(big_integer("user_hash"))
            .col(text("strategy"))
            .col(text_null("model_version"))
            .col(unit_interval_null(TABLE, "diversity"))
            .col(text_null("experiment"))
            .col(text_null("variant"))
            .col(big_integer("shown_at"))
            .col(
                double("kept_share")
                    .check((check_name(TABLE, "kept_share"), share.clone().gt(0.0).and(share.lte(1.0)))),
            )
            .col(ColumnDef::new("items").blob().not_null())
            .take();
        manager.create_table(answers).await?;
        let once = ["recommendation_id", "user_hash"];
        manager.create_index(index("uq_recommendation_answers", TABLE, once).unique().take()).await?;
        manager.create_index(index("idx_recommendation_answers_user", TABLE, ["user_hash"])).await?;
        manager.create_index(index("idx_recommendation_answers_shown_at", TABLE, ["shown_at"])).await?;
        run(manager, &["ALTER TABLE recommendation_feedback ADD COLUMN kept_share double precision"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &["ALTER TABLE recommendation_feedback DROP COLUMN kept_share"]).await?;
        to_rows(manager).await?;
        drop_tables(manager, &[TABLE]).await
    }
}

#[derive(FromQueryResult)]
struct Answer {
    id: i64,
    recommendation_id: String,
    user_id: Option<i64>,
    user_hash: i64,
    strategy: String,
    model_version: Option<String>,
    diversity: Option<f64>,
    experiment: Option<String>,
    variant: Option<String>,
    shown_at: i64,
    items: Vec<u8>,
}

/// Gives each impression a row of its own.
async fn to_rows(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
    let mut after = i64::MIN;
    loop {
        let page = Statement::from_sql_and_values(
            backend,
            "SELECT a.* FROM recommendation_answers a WHERE a.id > $1 ORDER BY a.id LIMIT $2",
            [after.into(), PAGE.into()],
        );
        let page = Answer::find_by_statement(page).all(connection).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for answer in page {
            let items = items(&answer.items).ok_or_else(|| {
                DbErr::Custom(format!("{TABLE}: the list of answer {} is damaged", answer.id))
            })?;
            for item in items {
                connection.execute_raw(insert(backend, &answer, &item)).await?;
            }
        }
    }
}

fn insert(backend: sea_orm_migration::sea_orm::DbBackend, answer: &Answer, item: &Item) -> Statement {
    let values: [Value; 13] = [
        answer.recommendation_id.clone().into(),
        answer.user_id.into(),
        answer.user_hash.into(),
        item.resource.into(),
        answer.strategy.clone().into(),
        item.score.into(),
        item.rank.into(),
        answer.model_version.clone().into(),
        answer.shown_at.into(),
        item.novelty.into(),
        answer.diversity.into(),
        answer.experiment.clone().into(),
        answer.variant.clone().into(),
    ];
    let insert = "INSERT INTO recommendation_feedback (recommendation_id, user_id, user_hash, resource_id, strategy, \
                  score, rank, model_version, shown_at, novelty, diversity, experiment, variant) VALUES \
                  ($1, (SELECT id FROM users WHERE id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
                  ON CONFLICT DO NOTHING";
    Statement::from_sql_and_values(backend, insert, values)
}

struct Item {
    resource: i64,
    rank: i64,
    score: f64,
    novelty: Option<f64>,
}

/// Reads a list. A copy that stays as it is when the live code changes.
fn items(mut bytes: &[u8]) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    while !bytes.is_empty() {
        let resource = number(&mut bytes)?;
        let rank = number(&mut bytes)?;
        let score = fraction(&mut bytes)?;
        let novelty = Some(fraction(&mut bytes)?).filter(|novelty| !novelty.is_nan());
        items.push(Item { resource, rank, score, novelty });
    }
    Some(items)
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number.cast_signed());
        }
    }
    None
}

fn fraction(bytes: &mut &[u8]) -> Option<f64> {
    let (fraction, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(f64::from_le_bytes(*fraction))
}
