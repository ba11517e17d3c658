use sea_orm::entity::prelude::*;

/// Position of a group of readers in a partition.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
#[sea_orm(table_name = "stream_positions")]
pub struct Model {
    /// Name of the group.
    #[sea_orm(primary_key, auto_increment = false)]
    pub consumer_group: String,
    /// Name of the topic.
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic: String,
    /// Id of the topic.
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic_id: String,
    /// Number of the partition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partition_number: i64,
    /// Offset of the next event.
    pub next_offset: i64,
    /// Time of the last move, in microseconds since 1970.
    pub updated_at: i64,
}

/// Relations of the table: none.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
