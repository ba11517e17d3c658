use sea_orm::{ConnectionTrait, FromQueryResult};

use super::{Parts, SchemaPart, checks, read_parts};
use crate::{error::Result, sql};

const PARTS: &str = "
WITH t AS (SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\')
SELECT 'table' AS part, t.name AS name, '' AS definition FROM t
UNION ALL
SELECT 'column', t.name || '.' || c.name,
       lower(c.type) || iif(c.\"notnull\", ' not null', '') || iif(c.pk, ' primary key ' || c.pk, '')
       || coalesce(' default ' || c.dflt_value, '')
FROM t, pragma_table_xinfo(t.name) c
UNION ALL
SELECT 'index',
       iif(i.origin = 'c', i.name,
           t.name || '.' || iif(i.origin = 'pk', 'primary_key', 'unique') || '('
           || (SELECT group_concat(name, ',') FROM pragma_index_info(i.name)) || ')'),
       iif(i.\"unique\", 'unique ', '') || 'on ' || t.name || ' ('
       || (SELECT group_concat(coalesce(name, 'expression') || iif(\"desc\", ' desc', ''), ', ')
           FROM pragma_index_xinfo(i.name) WHERE key) || ')'
       || coalesce((SELECT substr(m.sql, instr(upper(m.sql), ' WHERE ')) FROM sqlite_master m
                    WHERE i.partial AND m.type = 'index' AND m.name = i.name), '')
FROM t, pragma_index_list(t.name) i
UNION ALL
SELECT 'foreign_key', t.name || '.' || group_concat(f.\"from\", ','),
       'references ' || f.\"table\" || ' (' || group_concat(f.\"to\", ', ') || ') on delete ' || lower(f.on_delete)
FROM t, pragma_foreign_key_list(t.name) f GROUP BY t.name, f.id";

#[derive(FromQueryResult)]
struct TableRow {
    name: String,
    sql: String,
}

/// Returns every part of the tables.
pub(super) async fn parts(connection: &impl ConnectionTrait) -> Result<Parts> {
    let mut parts = read_parts(connection, PARTS, []).await?;
    let query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE '%CHECK%'";
    let tables: Vec<TableRow> = sql::select(connection, query, []).await?;
    for table in tables {
        for (position, check) in checks::of(&table.sql).into_iter().enumerate() {
            let name = check.name.unwrap_or_else(|| format!("{}.check_{position}", table.name));
            parts.insert((SchemaPart::Check, name), format!("on {} ({})", table.name, check.expression));
        }
    }
    Ok(parts)
}
