//! Errors of training, scoring and loading, and the checks that several of them share.

/// Errors of this crate. Each message says what was read and what was expected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NcfError {
    /// A setting is out of range.
    #[error("setting `{field}` is {value}: expected {expected}")]
    InvalidConfig {
        /// Name of the field of [`crate::NcfConfig`].
        field: &'static str,
        /// Value of the setting.
        value: String,
        /// Range of the accepted values.
        expected: &'static str,
    },
    /// The length of an array does not match its shape.
    #[error("`{what}` has {found} values: expected {expected}")]
    WrongLength {
        /// Name of the array.
        what: String,
        /// Length found, in values.
        found: usize,
        /// Length expected, in values.
        expected: usize,
    },
    /// An array contains a NaN or an infinity.
    #[error("`{what}` has a value that is not finite at position {position}")]
    NotFinite {
        /// Name of the array.
        what: String,
        /// Position of the first such value in the flat array.
        position: usize,
    },
    /// The requested training device is not available.
    #[error("device `{device}` is not available: {reason}")]
    DeviceUnavailable {
        /// Name of the device.
        device: &'static str,
        /// Cause, as reported by the driver or the build.
        reason: String,
    },
    /// The training data has no positives.
    #[error("no positives to train on: expected at least one (user, item) pair")]
    NoPositives,
    /// A user index is out of range.
    #[error("user {user} is out of range: there are {n_users} users")]
    UnknownUser {
        /// Index of the unknown user.
        user: u32,
        /// Number of users; valid indices are below it.
        n_users: usize,
    },
    /// An item index is out of range.
    #[error("item {item} is out of range: there are {n_items} items")]
    UnknownItem {
        /// Index of the unknown item.
        item: u32,
        /// Number of items; valid indices are below it.
        n_items: usize,
    },
    /// The leave-one-out source returned no base vectors for a user.
    #[error("the leave-one-out source returned no base vectors for user {user}")]
    NoBase {
        /// Index of the user.
        user: u32,
    },
    /// The loss or the weights became NaN or infinite. Nothing of the run is kept.
    #[error("training diverged at epoch {epoch}, batch {batch} (loss {loss}): lower `learning_rate`")]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Batch within the epoch, from 0.
        batch: usize,
        /// Loss of the batch; finite if only the updated weights are not.
        loss: f32,
    },
    /// The observer returned a holdout metric that is not a finite number.
    #[error("the holdout metric after epoch {epoch} is {metric}: expected a finite number")]
    BadMetric {
        /// Epoch; 0 before the first.
        epoch: usize,
        /// Value that the observer returned.
        metric: f64,
    },
    /// The observer stopped the run. Nothing of the run is kept.
    #[error("training was interrupted at epoch {epoch}, batch {batch}")]
    Interrupted {
        /// Epoch, from 1.
        epoch: usize,
        /// First batch that did not run, from 0.
        batch: usize,
    },
    /// A saved model lacks a tensor.
    #[error("the saved model has no tensor `{name}`")]
    MissingTensor {
        /// Name of the tensor.
        name: String,
    },
    /// The shape of a saved tensor does not match the metadata.
    #[error("tensor `{name}` has shape {found:?}: expected {expected:?}")]
    WrongShape {
        /// Name of the tensor.
        name: String,
        /// Shape of the saved tensor.
        found: Vec<usize>,
        /// Shape that the metadata requires.
        expected: Vec<usize>,
    },
    /// A saved model has a tensor that its format does not define, or has it twice.
    #[error("the saved model has an unexpected tensor `{name}`")]
    UnexpectedTensor {
        /// Name of the tensor.
        name: String,
    },
    /// The format of a saved model is not the one that this version reads.
    #[error("the saved model has format {found}: this version reads format {supported}")]
    UnsupportedFormat {
        /// Format of the saved model.
        found: u32,
        /// Format that this version reads.
        supported: u32,
    },
    /// A numeric library failed in a way that its documentation rules out.
    #[error("internal error in {what}: {reason}")]
    Backend {
        /// Step or operation that failed.
        what: &'static str,
        /// Message of the library.
        reason: String,
    },
}

/// Checks that `values` consists of `expected` finite numbers.
pub(crate) fn check_values(what: &str, values: &[f32], expected: usize) -> Result<(), NcfError> {
    if values.len() != expected {
        return Err(NcfError::WrongLength { what: what.into(), found: values.len(), expected });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(position) => Err(NcfError::NotFinite { what: what.into(), position }),
        None => Ok(()),
    }
}
