use std::{fmt, str::FromStr};

use thiserror::Error;

/// Set of operations that an API key may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Reads recommendations, resources and profiles.
    Recommend,
    /// Writes resources, interactions, feedback and profiles, and mints user tokens.
    Write,
    /// Reads metrics and monitoring reports.
    Monitor,
    /// Erases and exports users, and reads the audit log.
    Admin,
}

impl Scope {
    /// Lists all scopes.
    pub const ALL: [Self; 4] = [Self::Recommend, Self::Write, Self::Monitor, Self::Admin];

    /// Returns the name, as on command lines and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recommend => "recommend",
            Self::Write => "write",
            Self::Monitor => "monitor",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == name);
        known.ok_or_else(|| UnknownScope(name.to_owned()))
    }
}

/// Name that no scope has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("scope: expected recommend, write, monitor or admin, got {0:?}")]
pub struct UnknownScope(pub String);

/// Scopes of one key. No scope includes another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Returns true if the scope is one of them.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Returns the scopes in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Returns the scopes that this version knows among stored names. A name that a later version
    /// has stored grants nothing here.
    #[must_use]
    pub fn known<'a>(names: impl IntoIterator<Item = &'a String>) -> Self {
        names.into_iter().filter_map(|name| name.parse::<Scope>().ok()).collect()
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        Self(scope.bit())
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scope_includes_another() {
        for scope in Scope::ALL {
            let scopes = Scopes::from(scope);
            let contained: Vec<Scope> = scopes.iter().collect();
            assert_eq!(contained, [scope]);
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        assert_eq!(Scopes::from_iter([Scope::Admin, Scope::Write]).to_string(), "write,admin");
        assert!(!Scopes::default().contains(Scope::Recommend));
    }

    #[test]
    fn an_unknown_stored_name_grants_nothing() {
        let names = ["write".to_owned(), "all".to_owned(), "Admin".to_owned()];
        assert_eq!(Scopes::known(&names), Scope::Write.into());
        assert!("all".parse::<Scope>().is_err());
    }
}
