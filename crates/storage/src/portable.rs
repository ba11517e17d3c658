//! All rows of a store as JSON, which a store on either database takes: to move a store as it is,
//! with its row ids.
//!
//! API keys, the audit log, idempotency keys and training runs stay behind: they belong to a place.

use docent_changes::Changed;
use sea_orm::{
    AccessMode, ActiveModelTrait, ColumnTrait, ColumnType, ConnectionTrait, DatabaseTransaction, DbBackend,
    EntityTrait, FromQueryResult, IdenStatic, IntoActiveModel, IsolationLevel, Iterable, PrimaryKeyToColumn,
    PrimaryKeyTrait, Statement, TransactionTrait, Value,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value as Json};

use crate::{Store, entity};
use docent_database::{
    error::{Result, StorageError},
    sql,
    writer::WriteTransaction,
};

/// Number of rows that are read at a time.
const PAGE: usize = 5_000;

/// Calls a function for each table, those that others refer to first.
macro_rules! each_table {
    ($call:ident $arguments:tt) => {
        each_table!(@ $call $arguments: user, profile, resource, embedding, link, interaction, feedback,
            answer, impression_hour, impression_rank, exposure, experiment_person, experiment_day,
            interaction_hour, session_hour, user_session, erased_user, stream_position)
    };
    (@ $call:ident $arguments:tt: $($table:ident),*) => {
        $($call::<entity::$table::Entity> $arguments.await?;)*
    };
}

/// Rows that a store takes from another one, in one transaction.
#[derive(Debug)]
pub struct RowImport {
    transaction: WriteTransaction,
}

impl Store {
    /// Gives every row to `sink`, with the name of its table, as of one moment. Tables come in the
    /// order in which [`RowImport::write`] takes them. Fractions are texts, because not every
    /// reader of JSON keeps their last bit; bytes are hexadecimal.
    ///
    /// # Errors
    /// Any failure of the database, and the first of `sink`.
    pub async fn export_rows(
        &self,
        sink: &mut (dyn FnMut(&'static str, &Json) -> Result<()> + Send),
    ) -> Result<()> {
        let backend = self.reader().get_database_backend();
        let transaction = match backend {
            DbBackend::Postgres => {
                let level = Some(IsolationLevel::RepeatableRead);
                self.reader().begin_with_config(level, Some(AccessMode::ReadOnly)).await?
            }
            // The first statement of a transaction decides what it sees.
            _ => self.reader().begin().await?,
        };
        each_table!(read(&transaction, &mut *sink));
        totals(&transaction, &mut *sink).await?;
        Ok(transaction.rollback().await?)
    }

    /// Begins an import of rows that [`Store::export_rows`] gave.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if the store holds data already.
    pub async fn begin_row_import(&self) -> Result<RowImport> {
        let transaction = self.begin().await?;
        each_table!(refuse_filled(&transaction));
        Ok(RowImport { transaction })
    }
}

impl RowImport {
    /// Writes rows of a table.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for an unknown table and for a row of another form. The import is
    /// then unusable, and nothing of it is stored.
    pub async fn write(&self, table: &str, rows: Vec<Json>) -> Result<()> {
        if table == TOTALS {
            return write_totals(&self.transaction, &rows).await;
        }
        let mut rows = Some(rows);
        each_table!(write_if(&self.transaction, table, &mut rows));
        match rows {
            None => Ok(()),
            Some(_) => Err(StorageError::corrupt("tables", table, "there is no such table")),
        }
    }

    /// Commits everything.
    ///
    /// # Errors
    /// Any failure of the database; nothing is stored then.
    pub async fn commit(self) -> Result<()> {
        if self.transaction.get_database_backend() == DbBackend::Postgres {
            each_table!(count_on(&self.transaction));
        }
        let changed = Changed { catalogue: true, ..Changed::everything() };
        docent_changes::write(&self.transaction, &changed).await?;
        self.transaction.commit().await
    }
}

async fn read<E>(
    transaction: &DatabaseTransaction,
    sink: &mut (dyn FnMut(&'static str, &Json) -> Result<()> + Send),
) -> Result<()>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Serialize + IntoActiveModel<E::ActiveModel> + Clone,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let table = name_of::<E>();
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let names = keys.iter().map(IdenStatic::as_str).collect::<Vec<_>>().join(", ");
    let places = (1..=keys.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
    let (mut after, columns): (Vec<Value>, _) = (Vec::new(), sql::columns::<E>(""));
    loop {
        let condition = match after.is_empty() {
            true => String::new(),
            false => format!("WHERE ({names}) > ({places})"),
        };
        let query = format!("SELECT {columns} FROM {table} {condition} ORDER BY {names} LIMIT {PAGE}");
        let page: Vec<E::Model> = sql::select(transaction, query, after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        let last = last.clone().into_active_model();
        after = keys.iter().filter_map(|key| last.get(*key).into_value()).collect();
        for row in &page {
            let mut row = serde_json::to_value(row).map_err(StorageError::database)?;
            if let Json::Object(fields) = &mut row {
                change_fields::<E>(fields, written);
            }
            sink(table, &row)?;
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

fn name_of<E: EntityTrait>() -> &'static str {
    E::default().table_name()
}

/// Changes the form of fractions and bytes.
fn change_fields<E: EntityTrait>(
    fields: &mut Map<String, Json>,
    change: fn(&ColumnType, &Json) -> Option<Json>,
) {
    for column in E::Column::iter() {
        if let Some(field) = fields.get_mut(column.as_str())
            && let Some(changed) = change(column.def().get_column_type(), field)
        {
            *field = changed;
        }
    }
}

fn written(kind: &ColumnType, field: &Json) -> Option<Json> {
    match (kind, field) {
        (ColumnType::Double, Json::Number(number)) => Some(Json::String(number.as_f64()?.to_string())),
        (ColumnType::Blob, Json::Array(bytes)) => {
            let hex = bytes.iter().map(|byte| format!("{:02x}", byte.as_u64().unwrap_or_default()));
            Some(Json::String(hex.collect()))
        }
        _ => None,
    }
}

fn read_back(kind: &ColumnType, field: &Json) -> Option<Json> {
    match (kind, field) {
        (ColumnType::Double, Json::String(text)) => Some(Json::Number(Number::from_f64(text.parse().ok()?)?)),
        (ColumnType::Blob, Json::String(text)) => {
            let bytes = (0..text.len() / 2).map(|place| {
                let digits = text.get(2 * place..2 * place + 2)?;
                u8::from_str_radix(digits, 16).ok().map(Json::from)
            });
            bytes.collect::<Option<Vec<Json>>>().map(Json::Array)
        }
        _ => None,
    }
}

async fn refuse_filled<E: EntityTrait>(transaction: &WriteTransaction) -> Result<()> {
    let table = name_of::<E>();
    let query = format!("SELECT 1 AS found FROM {table} LIMIT 1");
    let statement = Statement::from_string(transaction.get_database_backend(), query);
    match transaction.query_one_raw(statement).await? {
        None => Ok(()),
        Some(_) => Err(StorageError::Conflict(format!(
            "the store holds data already, in {table}; rows of another store go into an empty one"
        ))),
    }
}

/// Writes the rows, and takes them out of `rows`, if they are of the table of the entity.
async fn write_if<E>(transaction: &WriteTransaction, table: &str, rows: &mut Option<Vec<Json>>) -> Result<()>
where
    E: EntityTrait,
    E::Model: DeserializeOwned + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let name = name_of::<E>();
    let Some(rows) = rows.take_if(|_| name == table) else { return Ok(()) };
    let rows = rows.into_iter().enumerate().map(|(place, mut row)| {
        if let Json::Object(fields) = &mut row {
            change_fields::<E>(fields, read_back);
        }
        let row: E::Model = serde_json::from_value(row)
            .map_err(|_| StorageError::corrupt(name, place, "expected the columns of this table"))?;
        Ok(row.into_active_model())
    });
    sql::insert_rows(transaction, rows.collect::<Result<Vec<_>>>()?, None).await.map(|_| ())
}

/// Has PostgreSQL number the next row after the last.
async fn count_on<E: EntityTrait>(transaction: &WriteTransaction) -> Result<()> {
    if !<E::PrimaryKey as PrimaryKeyTrait>::auto_increment() {
        return Ok(());
    }
    let table = name_of::<E>();
    let query = format!(
        "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table})) \
         WHERE EXISTS (SELECT 1 FROM {table})"
    );
    let statement = Statement::from_string(DbBackend::Postgres, query);
    transaction.query_one_raw(statement).await?;
    Ok(())
}

/// The table of sums by resource, which has no entity.
const TOTALS: &str = "resource_totals";
const COLUMNS: [&str; 6] =
    ["resource_id", "slot", "interactions", "events", "positive_users", "accepting_users"];

async fn totals(
    transaction: &DatabaseTransaction,
    sink: &mut (dyn FnMut(&'static str, &Json) -> Result<()> + Send),
) -> Result<()> {
    let backend = transaction.get_database_backend();
    let query = format!("SELECT {} FROM {TOTALS} ORDER BY resource_id, slot", COLUMNS.join(", "));
    for row in transaction.query_all_raw(Statement::from_string(backend, query)).await? {
        let fields =
            COLUMNS.map(|column| row.try_get::<i64>("", column).map(|n| (column.to_owned(), n.into())));
        sink(TOTALS, &Json::Object(fields.into_iter().collect::<Result<_, _>>()?))?;
    }
    Ok(())
}

async fn write_totals(transaction: &WriteTransaction, rows: &[Json]) -> Result<()> {
    let values = COLUMNS.map(|column| format!("CAST(k.value ->> '{column}' AS bigint)"));
    let query = format!(
        "INSERT INTO {TOTALS} ({}) SELECT {} FROM {}",
        COLUMNS.join(", "),
        values.join(", "),
        sql::json_rows(transaction.get_database_backend())
    );
    sql::execute(transaction, query, [sql::json(rows)?.into()]).await.map(|_| ())
}
