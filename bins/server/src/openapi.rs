//! The contract: what `GET /openapi.json` answers and `docent-server openapi` prints.

use utoipa::OpenApi;

use crate::routes::{interactions, monitoring, operations, profile, recommendations, resources};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Docent",
        description = "Hybrid recommendations. Every refusal has the shape of ErrorEnvelope; fields and parameters \
                       that are not named here are refused. Send x-request-id to name a request yourself."
    ),
    paths(
        resources::ingest,
        resources::search,
        resources::get,
        resources::delete,
        resources::similar,
        interactions::record,
        recommendations::recommend,
        recommendations::feedback,
        profile::get,
        profile::put,
        profile::delete,
        monitoring::health,
        monitoring::performance,
        monitoring::quality,
        monitoring::engagement,
        monitoring::model,
        operations::livez,
        operations::readyz,
        operations::metrics,
        operations::contract,
    ),
    tags(
        (name = "resources", description = "Things to recommend"),
        (name = "interactions", description = "What people do with them"),
        (name = "recommendations", description = "What to show them next"),
        (name = "profile", description = "What people wish"),
        (name = "monitoring", description = "How well, fast, good and used it is"),
        (name = "operations", description = "Probes, metrics and this contract"),
    )
)]
struct Contract;

/// The contract as JSON.
pub fn contract() -> String {
    let mut contract = serde_json::to_value(Contract::openapi()).unwrap_or_default();
    // Sorted, so that the text is the same however serde_json keeps its objects.
    contract.sort_all_objects();
    format!("{contract:#}\n")
}
