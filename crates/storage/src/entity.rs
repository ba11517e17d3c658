//! Rows of the tables, one module per table. They never leave this crate.

pub(crate) use docent_positions::entity as stream_position;

macro_rules! table {
    ($name:ident = $table:literal { $($(#[$attribute:meta])* $column:ident: $type:ty,)* }) => {
        pub(crate) mod $name {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $($(#[$attribute])* pub $column: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

table!(user = "users" {
    #[sea_orm(primary_key)]
    id: i64,
    external_id: String,
    username: Option<String>,
    email: Option<String>,
    created_at: i64,
});

table!(profile = "user_profiles" {
    #[sea_orm(primary_key)]
    id: i64,
    user_id: i64,
    diversity_preference: f64,
    novelty_preference: f64,
    recency_bias: f64,
    research_domains: String,
    active_domain: Option<String>,
    preferred_authors: String,
    preferred_sources: String,
    excluded_sources: String,
    total_interactions: i64,
    last_active_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
});

table!(resource = "resources" {
    #[sea_orm(primary_key)]
    id: i64,
    external_id: String,
    hidden: bool,
    deleted_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    published_at: Option<i64>,
    quality_overall: Option<f64>,
    text_hash: String,
    title: String,
    authors: String,
    subjects: String,
    source: Option<String>,
    language: Option<String>,
    url: Option<String>,
    attributes: String,
    search_text: String,
    text: String,
});

table!(embedding = "resource_embeddings" {
    #[sea_orm(primary_key, auto_increment = false)]
    resource_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    embedder: String,
    text_hash: String,
    #[sea_orm(column_type = "Blob")]
    vector: Vec<u8>,
    created_at: i64,
});

table!(link = "resource_links" {
    #[sea_orm(primary_key)]
    id: i64,
    source_resource_id: i64,
    target_external_id: String,
    kind: String,
    weight: f64,
});

table!(interaction = "user_interactions" {
    #[sea_orm(primary_key)]
    id: i64,
    user_id: i64,
    resource_id: i64,
    interaction_type: String,
    interaction_strength: f64,
    is_positive: bool,
    is_negative: bool,
    dwell_seconds: Option<f64>,
    scroll_depth: Option<f64>,
    rating: Option<f64>,
    return_visits: i64,
    confidence: f64,
    created_at: Option<i64>,
    interaction_timestamp: Option<i64>,
    positive_at: Option<i64>,
});

table!(feedback = "recommendation_feedback" {
    #[sea_orm(primary_key)]
    id: i64,
    recommendation_id: String,
    user_id: Option<i64>,
    resource_id: i64,
    strategy: Option<String>,
    score: Option<f64>,
    rank: Option<i64>,
    model_version: Option<String>,
    shown_at: Option<i64>,
    was_clicked: Option<bool>,
    was_useful: Option<bool>,
    feedback_notes: Option<String>,
    feedback_at: Option<i64>,
    user_hash: i64,
    novelty: Option<f64>,
    diversity: Option<f64>,
    experiment: Option<String>,
    variant: Option<String>,
    kept_share: Option<f64>,
});

table!(answer = "recommendation_answers" {
    #[sea_orm(primary_key)]
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
    kept_share: f64,
    #[sea_orm(column_type = "Blob")]
    items: Vec<u8>,
});

table!(impression_hour = "impression_hours" {
    #[sea_orm(primary_key, auto_increment = false)]
    hour: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    strategy: String,
    #[sea_orm(primary_key, auto_increment = false)]
    model_version: String,
    #[sea_orm(primary_key, auto_increment = false)]
    experiment: String,
    #[sea_orm(primary_key, auto_increment = false)]
    variant: String,
    shown: i64,
    clicked: i64,
    rated: i64,
    useful: i64,
    novelty_sum: f64,
    novelty_count: i64,
    diversity_sum: f64,
    diversity_count: i64,
});

table!(impression_rank = "impression_ranks" {
    #[sea_orm(primary_key, auto_increment = false)]
    day: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    rank: i64,
    shown: i64,
    clicked: i64,
    rated: i64,
    useful: i64,
});

table!(exposure = "resource_exposure_days" {
    #[sea_orm(primary_key, auto_increment = false)]
    resource_id: i64,
    last_day: i64,
    #[sea_orm(column_type = "Blob")]
    totals: Vec<u8>,
});

table!(experiment_person = "experiment_people" {
    #[sea_orm(primary_key, auto_increment = false)]
    experiment: String,
    #[sea_orm(primary_key, auto_increment = false)]
    variant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    user_hash: i64,
    last_day: i64,
    days: String,
});

table!(experiment_day = "experiment_days" {
    #[sea_orm(primary_key, auto_increment = false)]
    experiment: String,
    #[sea_orm(primary_key, auto_increment = false)]
    variant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    day: i64,
    people: i64,
    shown: i64,
    clicked: i64,
    rated: i64,
    useful: i64,
    shown_shown: i64,
    clicked_clicked: i64,
    shown_clicked: i64,
    raters: i64,
    rated_rated: i64,
    useful_useful: i64,
    rated_useful: i64,
});

table!(interaction_hour = "interaction_hours" {
    #[sea_orm(primary_key, auto_increment = false)]
    hour: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    interaction_type: String,
    #[sea_orm(primary_key, auto_increment = false)]
    slot: i64,
    events: i64,
    positive: i64,
});

table!(session_hour = "session_hours" {
    #[sea_orm(primary_key, auto_increment = false)]
    hour: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    slot: i64,
    sessions: i64,
    length_micros: i64,
});

table!(user_session = "user_sessions" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    begin_at: i64,
    end_at: i64,
});

table!(model_run = "model_runs" {
    #[sea_orm(primary_key)]
    id: i64,
    run_id: String,
    started_at: i64,
    finished_at: Option<i64>,
    status: String,
    model_version: Option<String>,
    forced: bool,
    config: String,
    metrics: String,
    message: Option<String>,
});

table!(api_key = "api_keys" {
    #[sea_orm(primary_key)]
    id: i64,
    key_id: String,
    secret_hash: String,
    name: String,
    scopes: String,
    created_at: i64,
    revoked_at: Option<i64>,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
});

table!(audit_entry = "audit_log" {
    #[sea_orm(primary_key)]
    id: i64,
    at: i64,
    actor: String,
    action: String,
    subject: Option<String>,
    request_id: Option<String>,
});

table!(idempotency_key = "idempotency_keys" {
    #[sea_orm(primary_key, auto_increment = false)]
    scope: String,
    #[sea_orm(primary_key, auto_increment = false)]
    key: String,
    request_hash: String,
    response: String,
    created_at: i64,
});

table!(erased_user = "erased_users" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_hash: i64,
    erased_at: i64,
});
