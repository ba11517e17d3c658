use std::future::{Ready, ready};

use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, dev::Payload};
use docent::UserId;
use docent_auth::{Permissions, Scopes};

use crate::http::ApiError;

/// Authenticated caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Caller of a server that checks no keys.
    Anyone,
    /// Program with an API key.
    Key {
        /// Public id of the key.
        id: String,
        /// Operations that the key allows.
        scopes: Scopes,
    },
    /// Browser or app with a user token.
    User {
        /// User that the token is bound to.
        user: UserId,
        /// Things that the token allows.
        permissions: Permissions,
    },
}

impl Caller {
    /// Checks that the caller may act for a user. A token may act for its own user only.
    ///
    /// # Errors
    /// Returns the 403 error, without the id of either user.
    pub fn check_user(&self, user: &UserId) -> Result<(), ApiError> {
        match self {
            Self::User { user: own, .. } if own != user => Err(ApiError::other_user()),
            _ => Ok(()),
        }
    }

    /// Returns the user that a token is bound to.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::User { user, .. } => Some(user),
            _ => None,
        }
    }

    /// Returns the name in the audit log.
    pub fn actor(&self) -> String {
        match self {
            Self::Anyone => "anonymous".to_owned(),
            Self::Key { id, .. } => format!("key:{id}"),
            Self::User { user, .. } => docent::storage::user_reference(user),
        }
    }

    /// Returns the scope of idempotency keys of this caller for a route, so that the keys of two
    /// callers never collide.
    pub fn idempotency_scope(&self, route: &str) -> String {
        match self {
            Self::Anyone => route.to_owned(),
            _ => format!("{route} {}", self.actor()),
        }
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(
            caller.ok_or_else(|| ApiError::internal("a request reached its handler unauthenticated").into()),
        )
    }
}
