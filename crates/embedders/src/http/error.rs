/// What an endpoint did instead of giving vectors. Says nothing of the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// It could not be reached, or did not answer in time.
    #[error("no answer from {url} after {attempts} attempts: {reason}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// How often.
        attempts: u32,
        /// How the last attempt ended.
        reason: String,
    },
    /// It answered with an error.
    #[error("{url} answered {status} after {attempts} attempts: {message}")]
    Status {
        /// Where it was looked for.
        url: String,
        /// The status of the last answer.
        status: u16,
        /// How often it was asked.
        attempts: u32,
        /// The beginning of what it said; left out where that may be about the key.
        message: String,
    },
    /// It answered with something else than embeddings.
    #[error("{url} answered what are no embeddings: {reason}")]
    Malformed {
        /// Where.
        url: String,
        /// What was expected.
        reason: String,
    },
    /// It gave a vector of another length than before.
    #[error("expected vectors of length {expected}, got one of {found}: is it another model now?")]
    Dimension {
        /// That of the vectors so far.
        expected: usize,
        /// That of this one.
        found: usize,
    },
}
