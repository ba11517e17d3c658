use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{check_name, drop_tables, index, owned_by, unit_interval_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `text` is the last column because it is the longest: SQLite reads a row from the front
        // and stops at the last column requested, so loading a catalogue without texts never
        // touches the overflow pages.
        let resources = Table::create()
            .table("resources")
            .col(big_pk_auto("id"))
            .col(text("external_id").unique_key())
            .col(boolean("hidden"))
            .col(big_integer_null("deleted_at"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .col(big_integer_null("published_at"))
            .col(unit_interval_null("resources", "quality_overall"))
            .col(text("text_hash"))
            .col(text("title"))
            .col(text("authors"))
            .col(text("subjects"))
            .col(text_null("source"))
            .col(text_null("language"))
            .col(text_null("url"))
            .col(text("attributes"))
            .col(text("search_text"))
            .col(text("text"))
            .take();
        manager.create_table(resources).await?;
        manager.create_index(index("idx_resources_updated_at", "resources", ["updated_at"])).await?;

        let embeddings = Table::create()
            .table("resource_embeddings")
            .col(big_integer("resource_id"))
            .col(text("embedder"))
            .col(text("text_hash"))
            .col(blob("vector"))
            .col(big_integer("created_at"))
            .primary_key(Index::create().col("resource_id").col("embedder"))
            .foreign_key(&mut owned_by("resource_embeddings", "resource_id", "resources"))
            .take();
        manager.create_table(embeddings).await?;

        // A link names its target by the external id, because the target may arrive later or never.
        let links = Table::create()
            .table("resource_links")
            .col(big_pk_auto("id"))
            .col(big_integer("source_resource_id"))
            .col(text("target_external_id"))
            .col(text("kind"))
            .col(double("weight").check((check_name("resource_links", "weight"), Expr::col("weight").gt(0))))
            .foreign_key(&mut owned_by("resource_links", "source_resource_id", "resources"))
            .take();
        manager.create_table(links).await?;
        let once = ["source_resource_id", "target_external_id", "kind"];
        manager.create_index(index("uq_resource_links", "resource_links", once).unique().take()).await?;
        manager
            .create_index(index("idx_resource_links_target", "resource_links", ["target_external_id"]))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["resource_links", "resource_embeddings", "resources"]).await
    }
}
