use serde::Serialize;
use utoipa::ToSchema;

/// Ranking strategy: `collaborative` (behaviour of similar users), `content` (text of resources),
/// `graph` (links between resources), or `hybrid` (all of them, weighted).
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Behavior of similar users.
    Collaborative,
    /// Text of resources.
    Content,
    /// Links between resources.
    Graph,
    /// All components, weighted.
    Hybrid,
}

impl From<docent::Strategy> for Strategy {
    fn from(strategy: docent::Strategy) -> Self {
        match strategy {
            docent::Strategy::Collaborative => Self::Collaborative,
            docent::Strategy::Content => Self::Content,
            docent::Strategy::Graph => Self::Graph,
            docent::Strategy::Hybrid => Self::Hybrid,
        }
    }
}
