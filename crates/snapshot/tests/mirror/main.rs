//! Snapshots of an object store and their copies: a conformance suite, on a store in memory. The
//! crate `docent-object-store` runs the same files on the S3 interface of a server.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod faulty;
mod memory;
mod place;
mod publishing;
mod pulling;
mod suite;

use memory::Memory;
use place::Place;

#[test]
fn every_rule_holds_on_a_store_in_memory() {
    for (name, test) in suite::ALL {
        println!("{name}");
        test(&Place::of(Memory::new()));
    }
}
