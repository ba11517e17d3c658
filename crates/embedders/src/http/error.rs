/// Failures of an endpoint. No message contains the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The endpoint could not be reached, or did not answer in time.
    #[error("no answer from {url} after {attempts} attempts: {reason}")]
    Unreachable {
        /// URL of the request.
        url: String,
        /// Number of attempts made.
        attempts: u32,
        /// Error of the last attempt.
        reason: String,
    },
    /// The endpoint answered with an error status.
    #[error("{url} answered {status} after {attempts} attempts: {message}")]
    Status {
        /// URL of the request.
        url: String,
        /// Status of the last answer.
        status: u16,
        /// Number of attempts made.
        attempts: u32,
        /// Beginning of the body, or advice about the key when the status concerns it.
        message: String,
    },
    /// The endpoint answered with a body that does not hold embeddings.
    #[error("{url} answered with a body that is not a list of embeddings: {reason}")]
    Malformed {
        /// URL of the request.
        url: String,
        /// Description of the first difference.
        reason: String,
    },
    /// The endpoint returned a vector of another length than before.
    #[error(
        "expected vectors of length {expected}, got one of {found}: has the model behind the endpoint changed?"
    )]
    Dimension {
        /// Length of the vectors so far.
        expected: usize,
        /// Length of this vector.
        found: usize,
    },
}
