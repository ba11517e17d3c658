use std::fmt;

use chrono::{DateTime, Utc};
use docent_domain::UserId;
use thiserror::Error;

/// Claim `aud` of every user token, so that tokens for other services are refused.
pub const TOKEN_AUDIENCE: &str = "docent";

/// One thing that a user token may allow, always for its own user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Reads recommendations and similar resources.
    Recommendations,
    /// Records interactions and feedback, and takes interactions back.
    Interactions,
    /// Reads and changes the profile.
    Profile,
}

impl Permission {
    /// Lists all permissions.
    pub const ALL: [Self; 3] = [Self::Recommendations, Self::Interactions, Self::Profile];

    /// Returns the name, as in the claim `scope`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recommendations => "recommendations",
            Self::Interactions => "interactions",
            Self::Profile => "profile",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Permissions of one user token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions(Vec<Permission>);

impl Permissions {
    /// Returns all permissions.
    #[must_use]
    pub fn all() -> Self {
        Self(Permission::ALL.to_vec())
    }

    /// Reads names that are separated by spaces, the form of the claim `scope`. Returns `None` for
    /// an unknown name.
    #[must_use]
    pub fn parse(names: &str) -> Option<Self> {
        let known = |name: &str| Permission::ALL.into_iter().find(|permission| permission.as_str() == name);
        names.split_ascii_whitespace().map(known).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Returns true if the permission is one of them.
    #[must_use]
    pub fn contains(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|permission| permission.as_str()).collect();
        f.write_str(&names.join(" "))
    }
}

/// Verified claims of a user token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserToken {
    /// User that the token is bound to.
    pub user: UserId,
    /// Things that the token allows for this user.
    pub permissions: Permissions,
    /// Time from which the token is refused.
    pub expires_at: DateTime<Utc>,
}

/// Reason why a user token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenRefusal {
    /// The text is no JSON Web Token with the header and claims that Docent expects.
    #[error(
        "expected a JSON Web Token with alg HS256, a kid, and the claims sub, aud \"docent\", iat and exp"
    )]
    Malformed,
    /// No configured signing key has the `kid` of the token.
    #[error("no signing key has the kid of the token")]
    UnknownKey,
    /// The signature was made with another secret, or the token was changed.
    #[error("the signature of the token does not match")]
    Signature,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The claim `iat` is in the future.
    #[error("the token is not valid yet: its iat is in the future")]
    NotYetValid,
    /// The token lives longer than this server allows.
    #[error("the token lives too long: exp is more than access.max_token_seconds after iat")]
    TooLong,
}
