/// Aborts the process if `DOCENT_FAILPOINT` names this place, without any clean-up, as a power
/// failure would. For tests; release builds do nothing here.
#[doc(hidden)]
#[inline]
pub fn die_at(place: &str) {
    if cfg!(debug_assertions) && std::env::var_os("DOCENT_FAILPOINT").is_some_and(|named| named == place) {
        std::process::abort();
    }
}

/// Waits without end if `DOCENT_FAILPOINT` names this place, as for a disk that does not answer.
/// For tests; release builds do nothing here.
pub(crate) fn hang_at(place: &str) {
    while cfg!(debug_assertions) && std::env::var_os("DOCENT_FAILPOINT").is_some_and(|named| named == place) {
        std::thread::park();
    }
}
