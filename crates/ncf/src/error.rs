//! What can go wrong while training, scoring or loading a model.

/// Errors of this crate. Every variant says what was read and what was expected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NcfError {
    /// A setting is outside its range.
    #[error("setting `{field}` is {value}: expected {expected}")]
    InvalidConfig {
        /// Name of the field of [`crate::NcfConfig`].
        field: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// An array has another length than its shape says.
    #[error("`{what}` has {found} values: expected {expected}")]
    WrongLength {
        /// Name of the array.
        what: String,
        /// Its length, in values.
        found: usize,
        /// The length expected, in values.
        expected: usize,
    },
    /// An array holds a NaN or an infinity.
    #[error("`{what}` holds a value that is not finite, at position {position}")]
    NotFinite {
        /// Name of the array.
        what: String,
        /// Position of the first such value in the flat array.
        position: usize,
    },
    /// The device asked for cannot be used.
    #[error("the device `{device}` cannot be used: {reason}")]
    DeviceUnavailable {
        /// Its name.
        device: &'static str,
        /// Why.
        reason: String,
    },
    /// There is not one positive to learn from.
    #[error("there are no positives to train on")]
    NoPositives,
    /// A user index that the data or the model does not have.
    #[error("user {user} is out of range: there are {n_users} users")]
    UnknownUser {
        /// The index given.
        user: u32,
        /// Number of users known.
        n_users: usize,
    },
    /// An item index that the data or the model does not have.
    #[error("item {item} is out of range: there are {n_items} items")]
    UnknownItem {
        /// The index given.
        item: u32,
        /// Number of items known.
        n_items: usize,
    },
    /// The source of base vectors had none.
    #[error("there are no base vectors of user {user} without their positives")]
    NoBase {
        /// The index asked for.
        user: u32,
    },
    /// The loss or the weights became NaN or infinite. Nothing of the run is kept.
    #[error("training diverged at epoch {epoch}, batch {batch}: loss {loss}. Lower the learning rate")]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Batch within the epoch, from 0.
        batch: usize,
        /// The batch's loss; finite if it was the update that left the finite numbers.
        loss: f32,
    },
    /// The observer returned a holdout metric that is not a finite number.
    #[error("the holdout metric after epoch {epoch} is {metric}: expected a finite number")]
    BadMetric {
        /// Epoch, 0 for the start.
        epoch: usize,
        /// The value returned.
        metric: f64,
    },
    /// The observer asked to stop. Nothing of the run is kept.
    #[error("training was interrupted at epoch {epoch}, batch {batch}")]
    Interrupted {
        /// Epoch, from 1.
        epoch: usize,
        /// The batch that was not begun, from 0.
        batch: usize,
    },
    /// A tensor of a saved model is absent.
    #[error("the saved model has no tensor `{name}`")]
    MissingTensor {
        /// Name of the tensor.
        name: String,
    },
    /// A tensor of a saved model has another shape than the metadata say.
    #[error("tensor `{name}` has shape {found:?}: expected {expected:?}")]
    WrongShape {
        /// Name of the tensor.
        name: String,
        /// Shape found.
        found: Vec<usize>,
        /// Shape expected.
        expected: Vec<usize>,
    },
    /// A tensor that no model of this format has, or that is there twice.
    #[error("the saved model has an unexpected tensor `{name}`")]
    UnexpectedTensor {
        /// Name of the tensor.
        name: String,
    },
    /// The saved model was written by a newer version.
    #[error("the saved model has format {found}: this version reads formats up to {supported}")]
    UnsupportedFormat {
        /// Format found.
        found: u32,
        /// Newest format that can be read.
        supported: u32,
    },
    /// burn answered something that its documentation rules out.
    #[error("the tensor library failed at `{what}`: {reason}")]
    Backend {
        /// What was asked of it.
        what: &'static str,
        /// What it said.
        reason: String,
    },
}
