//! OpenAPI document, which `GET /openapi.json` returns and `docent-server openapi` prints.

mod access;
mod named_variants;

use utoipa::OpenApi;

use crate::{
    http::{
        ErrorEnvelope,
        responses::{
            BadRequest, Conflict, Forbidden, InternalServerError, MisdirectedRequest, NotFound, NotReady,
            PayloadTooLarge, RequestTimeout, ResourceNotFound, ServiceUnavailable, TooManyRequests,
            Unauthenticated, UnprocessableContent, UnsupportedMediaType, UserNotFound,
        },
    },
    routes::{
        access as access_routes, interactions, monitoring, operations, profile, recommendations, resources,
    },
    wire::strategy::Strategy,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Docent",
        description = "Hybrid recommendations over HTTP.\n\n\
            Bodies are JSON objects. Unknown fields and parameters are rejected. Every error has the \
            shape of `ErrorEnvelope`. Times are RFC 3339 in UTC. Ids of users and resources are your \
            own strings of 1 to 255 bytes. Every response has the header `x-request-id`; send it \
            with a request to choose the id yourself.\n\n\
            Send an API key or a user token in the header `Authorization: Bearer`. A server on a \
            loopback address whose store has no API key needs neither."
    ),
    servers(
        (url = "/", description = "The server that returned this document."),
        (url = "http://127.0.0.1:8080", description = "A server with the default configuration.")
    ),
    paths(
        resources::ingest_resources,
        resources::search_resources,
        resources::get_resource,
        resources::change_resource,
        resources::change_resources,
        resources::delete_resource,
        resources::list_audience,
        resources::list_similar_resources,
        interactions::record_interactions,
        interactions::delete_interactions,
        recommendations::recommend,
        recommendations::recommend_from_history,
        recommendations::rank_resources,
        recommendations::record_feedback,
        profile::get_profile,
        profile::update_profile,
        profile::merge_users,
        profile::erase_user,
        profile::export_user,
        access_routes::create_token,
        access_routes::list_audit_log,
        monitoring::get_health,
        monitoring::get_performance,
        monitoring::get_recommendation_quality,
        monitoring::get_user_engagement,
        monitoring::get_model_health,
        operations::livez,
        operations::readyz,
        operations::metrics,
        operations::openapi,
    ),
    components(
        schemas(ErrorEnvelope, Strategy),
        responses(
            BadRequest, Conflict, Forbidden, InternalServerError, MisdirectedRequest, NotFound, NotReady,
            PayloadTooLarge, RequestTimeout, ResourceNotFound, ServiceUnavailable, TooManyRequests, Unauthenticated,
            UnprocessableContent, UnsupportedMediaType, UserNotFound
        )
    ),
    tags(
        (name = "Resources", description = "Resources to recommend."),
        (name = "Interactions", description = "Interactions of users with resources."),
        (name = "Recommendations", description = "Ranked lists of resources for a user."),
        (name = "Recommendation feedback", description = "Outcomes of recommendations: clicks and verdicts."),
        (name = "User preferences", description = "Profiles of users, and their erasure."),
        (name = "Access", description = "User tokens and the audit log."),
        (name = "Monitoring", description = "Health, performance, quality and use of the server."),
        (name = "Operations", description = "Probes, Prometheus metrics and this document."),
    )
)]
struct Document;

/// Renders the OpenAPI document as JSON with sorted keys.
pub fn document() -> String {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    named_variants::name_variants(&mut document);
    access::describe_access(&mut document);
    document.sort_all_objects();
    format!("{document:#}\n")
}
