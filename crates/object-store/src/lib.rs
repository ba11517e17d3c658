//! Reads and writes published models in an object store: Amazon S3 and stores with its interface,
//! Google Cloud Storage, Azure Blob Storage.
//!
//! `connect` returns an `ObjectStore`, which is the `Remote` of a `SnapshotStore` of
//! `docent-snapshot`. This crate must never decide what is
//! published, in which order objects are written, or whether their content is sound: that is the
//! task of `docent-snapshot`. Without its feature `client` it is empty.
//!
//! Credentials and endpoints come from the environment of the process, as each store's own programs
//! read them: `AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL`, a web identity, the role of a
//! task or of a machine; `GOOGLE_APPLICATION_CREDENTIALS`, the metadata server;
//! `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY`, a managed identity.
//!
#![cfg_attr(feature = "client", doc = "```no_run")]
#![cfg_attr(not(feature = "client"), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use docent_snapshot::SnapshotStore;
//!
//! let remote = docent_object_store::connect("s3://models/shop")?;
//! let snapshots = SnapshotStore::mirroring("snapshot-cache", Arc::new(remote), 10 << 30);
//! snapshots.pull(&[])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg(feature = "client")]

mod blocking;
mod connect;
mod store;

pub use connect::{ConnectError, connect};
pub use store::ObjectStore;
