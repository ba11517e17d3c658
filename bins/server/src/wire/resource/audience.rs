use docent::AudienceMember;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Parameters of a request for the audience of a resource.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AudienceQuery {
    /// Maximum number of users.
    #[param(value_type = i64, required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
}

/// Users whom a resource suits.
#[derive(Debug, Serialize, ToSchema)]
pub struct Audience {
    /// Id of the resource.
    resource_id: String,
    /// Users, the best first.
    users: Vec<AudienceUser>,
}

/// User whom a resource suits.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceUser {
    /// Id of the user.
    user_id: String,
    /// Score of the resource for the user, as in a recommendation.
    score: f64,
}

impl Audience {
    /// Lists the users whom the resource with the given id suits.
    pub fn new(resource_id: String, members: Vec<AudienceMember>) -> Self {
        let users = members.into_iter();
        let users = users.map(|of| AudienceUser { user_id: of.user_id.into(), score: of.score });
        Self { resource_id, users: users.collect() }
    }
}
