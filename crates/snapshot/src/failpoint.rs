/// Kills the process where `DOCENT_FAILPOINT` names this place, as a lost machine would: nothing is run, nothing cleaned
/// up. For tests, and in debug builds only: a release build holds nothing of it.
#[doc(hidden)]
#[inline]
pub fn die_at(place: &str) {
    if cfg!(debug_assertions) && std::env::var_os("DOCENT_FAILPOINT").is_some_and(|named| named == place) {
        std::process::abort();
    }
}
