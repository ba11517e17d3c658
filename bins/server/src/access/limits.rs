use std::{fmt, hash::Hash, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use docent::config::{AccessConfig, RateLimit};
use docent_telemetry::names;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, StateStore},
};
use moka::{policy::EvictionPolicy, sync::Cache};

use super::address::limited_as;
use crate::http::ApiError;

/// Maximum number of callers of one kind whose use is remembered. Beyond it those who called least
/// recently are forgotten, and start again with a full burst.
const MAX_CALLERS: u64 = 100_000;

/// Rate limits, each of which may be off.
pub(super) struct Limits {
    keys: Option<Limiter<String>>,
    users: Option<Limiter<String>>,
    addresses: Option<Limiter<IpAddr>>,
}

type Limiter<K> = RateLimiter<K, Callers<K>, DefaultClock>;

/// Use by each caller, of a bounded number of callers.
struct Callers<K>(Cache<K, Arc<InMemoryState>>);

impl<K: Hash + Eq + Clone + Send + Sync + 'static> StateStore for Callers<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, caller: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let state = self.0.get_with_by_ref(caller, Arc::default);
        state.measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limits")
    }
}

impl Limits {
    pub(super) fn new(config: &AccessConfig) -> Self {
        Self {
            keys: config.key_limit.map(limiter),
            users: config.user_limit.map(limiter),
            addresses: config.address_limit.map(limiter),
        }
    }

    /// Counts a request of a key.
    pub(super) fn check_key(&self, id: &str) -> Result<(), ApiError> {
        check(self.keys.as_ref(), &id.to_owned(), "key")
    }

    /// Counts a request with a token of a user.
    pub(super) fn check_user(&self, user: &str) -> Result<(), ApiError> {
        check(self.users.as_ref(), &user.to_owned(), "user")
    }

    /// Counts a request from an address.
    pub(super) fn check_address(&self, address: IpAddr) -> Result<(), ApiError> {
        check(self.addresses.as_ref(), &limited_as(address), "address")
    }
}

fn limiter<K: Hash + Eq + Clone + Send + Sync + 'static>(limit: RateLimit) -> Limiter<K> {
    let per_minute = NonZeroU32::new(limit.requests_per_minute).unwrap_or(NonZeroU32::MIN);
    let burst = limit.burst.and_then(NonZeroU32::new).unwrap_or(per_minute);
    // After this time without a request, a caller has the full burst again.
    let idle = Duration::from_secs(60).saturating_mul(burst.get().div_ceil(per_minute.get()));
    let callers = Cache::builder()
        .max_capacity(MAX_CALLERS)
        .eviction_policy(EvictionPolicy::lru())
        .time_to_idle(idle)
        .build();
    RateLimiter::new(
        Quota::per_minute(per_minute).allow_burst(burst),
        Callers(callers),
        DefaultClock::default(),
    )
}

fn check<K: Hash + Eq + Clone + Send + Sync + 'static>(
    limiter: Option<&Limiter<K>>,
    caller: &K,
    kind: &'static str,
) -> Result<(), ApiError> {
    let Some(limiter) = limiter else { return Ok(()) };
    limiter.check_key(caller).map_err(|until| {
        metrics::counter!(names::RATE_LIMITED, "limit" => kind).increment(1);
        ApiError::rate_limited(kind, until.wait_time_from(limiter.clock().now()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(requests_per_minute: u32, burst: Option<u32>) -> Limits {
        let mut config = AccessConfig::default();
        let limit = serde_json::json!({ "requests_per_minute": requests_per_minute, "burst": burst });
        config.address_limit = serde_json::from_value(limit).ok();
        assert!(config.address_limit.is_some());
        Limits::new(&config)
    }

    #[test]
    fn a_caller_is_limited_after_its_burst_and_others_are_not() {
        let limits = limited(1, Some(3));
        let [one, other] = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])];
        for _ in 0..3 {
            assert!(limits.check_address(one).is_ok());
        }
        assert!(limits.check_address(one).is_err());
        assert!(limits.check_address(other).is_ok());
        assert!(limits.check_key("any").is_ok(), "without a limit");
    }

    #[test]
    fn callers_beyond_the_maximum_are_forgotten() {
        let limits = limited(1, None);
        for n in 0..150_000_u32 {
            assert!(limits.check_address(IpAddr::from(n.to_be_bytes())).is_ok());
        }
        let Some(limiter) = limits.addresses else { panic!("no limiter") };
        let callers = limiter.into_state_store().0;
        callers.run_pending_tasks();
        assert!(callers.entry_count() <= MAX_CALLERS, "{}", callers.entry_count());
    }
}
