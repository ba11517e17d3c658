//! Describes access: the security schemes, and for each operation the scope that it needs and the
//! errors of access control, from the table of routes.

use serde_json::{Value, json};

use crate::access::{Access, ROUTES};

/// Adds what the table of routes says about each operation.
pub fn describe_access(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "docent_sk_...",
            "description": "API key of a program. The scopes that a key must have are listed with each operation."
        },
        "user_token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "Short-lived token of one user, for browsers and apps. It reaches the data of its own \
                user only. The permissions that a token must have are listed with each operation."
        }
    });
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for route in ROUTES {
        let method = route.method.to_lowercase();
        let Some(operation) = paths.get_mut(route.path).and_then(|path| path.get_mut(&method)) else {
            continue;
        };
        let security = match route.access {
            Access::Probe | Access::Public => json!([]),
            Access::Scope(scope) => json!([{ "api_key": [scope.as_str()] }]),
            Access::Own(scope, permission, _) => {
                json!([{ "api_key": [scope.as_str()] }, { "user_token": [permission.as_str()] }])
            }
        };
        let errors: &[(&str, &str)] = match route.access {
            Access::Probe => &[],
            Access::Public => &[("429", "TooManyRequests")],
            Access::Scope(_) | Access::Own(..) => {
                &[("401", "Unauthenticated"), ("403", "Forbidden"), ("429", "TooManyRequests")]
            }
        };
        operation["security"] = security;
        for (status, name) in errors {
            operation["responses"][*status] = json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
}
