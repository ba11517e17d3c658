//! Column definitions that the tables share.

use sea_orm_migration::{
    prelude::*,
    schema::{double, double_null},
};

/// Returns a foreign key to the `id` of `table`. Rows are deleted with the row that they refer to.
pub fn owned_by(from: &'static str, column: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    refers_to(from, column, table).on_delete(ForeignKeyAction::Cascade).take()
}

/// Returns a foreign key to the `id` of `table`, whose rows cannot be deleted while others refer to
/// them.
pub fn refers_to(from: &'static str, column: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(format!("fk_{from}_{column}")).from(from, column).to(table, "id").take()
}

/// Returns a column for a number in `[0, 1]`, checked by the database.
pub fn unit_interval(table: &str, column: &'static str) -> ColumnDef {
    double(column).check((check_name(table, column), Expr::col(column).between(0.0, 1.0))).take()
}

/// Returns a column for a number in `[0, 1]` or null, checked by the database.
pub fn unit_interval_null(table: &str, column: &'static str) -> ColumnDef {
    double_null(column).check((check_name(table, column), Expr::col(column).between(0.0, 1.0))).take()
}

/// Returns a column for a whole number of at least 0, checked by the database.
pub fn count(table: &str, column: &'static str) -> ColumnDef {
    sea_orm_migration::schema::big_integer(column)
        .check((check_name(table, column), Expr::col(column).gte(0)))
        .take()
}

/// Returns the name of the check of a column.
pub fn check_name(table: &str, column: &str) -> Alias {
    Alias::new(format!("ck_{table}_{column}"))
}

/// Returns an index.
pub fn index<const N: usize>(
    name: &str,
    table: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(column);
    }
    index
}

/// Returns a primary key of several columns.
pub fn primary_key<const N: usize>(columns: [&'static str; N]) -> IndexCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(column);
    }
    key
}

/// Drops tables, in the order given.
pub async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).take()).await?;
    }
    Ok(())
}
