use actix_web::http::Method;
use docent_auth::{Permission, Scope};

/// Rule of one route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Method in capitals.
    pub method: &'static str,
    /// Path as the OpenAPI document writes it.
    pub path: &'static str,
    /// Callers who may use the route.
    pub access: Access,
    /// Action in the audit log, for routes that belong there.
    pub action: Option<&'static str>,
}

/// Callers who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone, as often as they like: probes.
    Probe,
    /// Everyone, within the limit of their address.
    Public,
    /// Keys with the scope, and no user token.
    Scope(Scope),
    /// Keys with the scope, and user tokens with the permission, if every user that the request
    /// names is that of the token.
    Own(Scope, Permission, UserPlace),
}

/// Place where a request names its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserPlace {
    /// In the query parameter `user_id`, which the middleware compares.
    Query,
    /// In the body, which the handler compares by `Caller::check_user`.
    Body,
    /// Nowhere: the answer is the same for all users.
    Nowhere,
}

use Access::{Own, Probe, Public};
use Permission::{Interactions, Profile, Recommendations};
use Scope::{Admin, Monitor, Recommend, Write};
use UserPlace::{Body, Nowhere, Query};

/// Every route of the server.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    audited("POST", "/api/resources/ingest", Access::Scope(Write), "ingest_resources"),
    // A resource may have the id "ingest".
    route("GET", "/api/resources/ingest", Access::Scope(Recommend)),
    audited("PATCH", "/api/resources/ingest", Access::Scope(Write), "change_resource"),
    audited("DELETE", "/api/resources/ingest", Access::Scope(Write), "delete_resource"),
    route("GET", "/api/resources", Access::Scope(Recommend)),
    audited("PATCH", "/api/resources", Access::Scope(Write), "change_resources"),
    route("GET", "/api/resources/{id}", Access::Scope(Recommend)),
    audited("PATCH", "/api/resources/{id}", Access::Scope(Write), "change_resource"),
    audited("DELETE", "/api/resources/{id}", Access::Scope(Write), "delete_resource"),
    route("GET", "/api/resources/{id}/audience", Access::Scope(Recommend)),
    route("GET", "/api/resources/{id}/similar", Own(Recommend, Recommendations, Nowhere)),
    route("POST", "/api/interactions", Own(Write, Interactions, Body)),
    audited("DELETE", "/api/interactions", Own(Write, Interactions, Query), "delete_interactions"),
    route("GET", "/api/recommendations", Own(Recommend, Recommendations, Query)),
    route("POST", "/api/recommendations", Own(Recommend, Recommendations, Body)),
    route("POST", "/api/recommendations/rank", Own(Recommend, Recommendations, Body)),
    route("POST", "/api/recommendations/feedback", Own(Write, Interactions, Body)),
    route("GET", "/api/profile", Own(Recommend, Profile, Query)),
    route("PUT", "/api/profile", Own(Write, Profile, Query)),
    audited("DELETE", "/api/profile", Access::Scope(Admin), "erase_user"),
    audited("GET", "/api/profile/export", Access::Scope(Admin), "export_user"),
    audited("POST", "/api/users/merge", Access::Scope(Write), "merge_users"),
    route("POST", "/api/tokens", Access::Scope(Write)),
    route("GET", "/api/audit", Access::Scope(Admin)),
    route("GET", "/api/monitoring/health", Access::Scope(Monitor)),
    route("GET", "/api/monitoring/performance", Access::Scope(Monitor)),
    route("GET", "/api/monitoring/recommendation-quality", Access::Scope(Monitor)),
    route("GET", "/api/monitoring/user-engagement", Access::Scope(Monitor)),
    route("GET", "/api/monitoring/model-health", Access::Scope(Monitor)),
    route("GET", "/metrics", Access::Scope(Monitor)),
    route("GET", "/livez", Probe),
    route("GET", "/readyz", Probe),
    route("GET", "/openapi.json", Public),
    route("GET", "/", Public),
    route("GET", "/docs", Public),
    route("GET", "/docs/{file}", Public),
];

const fn route(method: &'static str, path: &'static str, access: Access) -> Route {
    Route { method, path, access, action: None }
}

const fn audited(method: &'static str, path: &'static str, access: Access, action: &'static str) -> Route {
    Route { method, path, access, action: Some(action) }
}

/// Returns the rule of a route. HEAD has that of GET.
pub fn find(method: &Method, path: &str) -> Option<&'static Route> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|route| route.path == path && route.method == method.as_str())
}

/// Returns the methods of a path, as in the header `Allow`; `None` for an unknown path.
pub fn allowed_methods(path: &str) -> Option<String> {
    let methods: Vec<&str> =
        ROUTES.iter().filter(|route| route.path == path).map(|route| route.method).collect();
    if methods.is_empty() { None } else { Some(methods.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_has_one_rule() {
        let routes: BTreeSet<(&str, &str)> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(routes.len(), ROUTES.len());
        assert!(find(&Method::HEAD, "/livez").is_some() && find(&Method::PUT, "/livez").is_none());
        assert_eq!(allowed_methods("/api/profile").as_deref(), Some("GET, PUT, DELETE"));
        assert_eq!(allowed_methods("/api/nowhere"), None);
    }

    #[test]
    fn the_reference_of_access_has_every_route() {
        let reference = include_str!("../../../../docs/reference/access.md");
        for Route { method, path, access, action } in ROUTES {
            let code = |text: &str| format!(" `{text}` ");
            let (scope, permission) = match access {
                Access::Probe | Access::Public => (" none ".to_owned(), " ".to_owned()),
                Access::Scope(scope) => (code(scope.as_str()), " ".to_owned()),
                Access::Own(scope, permission, _) => (code(scope.as_str()), code(permission.as_str())),
            };
            let action = action.map_or(" ".to_owned(), code);
            let row = format!("| `{method} {path}` |{scope}|{permission}|{action}|\n");
            assert!(reference.contains(&row), "docs/reference/access.md lacks this row:\n{row}");
        }
    }

    #[test]
    fn user_tokens_reach_nothing_but_what_a_page_of_their_user_needs() {
        let own: Vec<(&str, &str)> = ROUTES
            .iter()
            .filter(|route| matches!(route.access, Own(..)))
            .map(|route| (route.method, route.path))
            .collect();
        assert_eq!(
            own,
            [
                ("GET", "/api/resources/{id}/similar"),
                ("POST", "/api/interactions"),
                ("DELETE", "/api/interactions"),
                ("GET", "/api/recommendations"),
                ("POST", "/api/recommendations"),
                ("POST", "/api/recommendations/rank"),
                ("POST", "/api/recommendations/feedback"),
                ("GET", "/api/profile"),
                ("PUT", "/api/profile"),
            ]
        );
    }
}
