//! The conformance suite of `docent-snapshot` on the S3 interface of `moto_server` (`pip install
//! 'moto[server]'`), directly and through a proxy that cuts connections. Ignored without it.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod connection;
#[path = "../../../snapshot/tests/mirror/faulty.rs"]
mod faulty;
mod moto;
#[path = "../../../snapshot/tests/mirror/place.rs"]
mod place;
#[path = "../../../snapshot/tests/mirror/publishing.rs"]
mod publishing;
#[path = "../../../snapshot/tests/mirror/pulling.rs"]
mod pulling;
#[path = "../../../snapshot/tests/mirror/suite.rs"]
mod suite;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use moto::Moto;

const OF_CONNECTIONS: &[(&str, fn(&Moto))] = &[
    ("connection::a_cut_upload_is_sent_again", connection::a_cut_upload_is_sent_again),
    ("connection::an_upload_that_stays_cut_fails", connection::an_upload_that_stays_cut_fails),
    ("connection::a_cut_download_goes_on", connection::a_cut_download_goes_on),
    ("connection::a_closed_port_is_said", connection::a_closed_port_is_said),
    ("connection::wrong_places_are_refused", connection::wrong_places_are_refused),
];

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for &(name, test) in suite::ALL {
        trials.push(Trial::test(name, move || {
            let moto = Moto::shared();
            test(&moto.place(moto.address(), &moto.bucket(), 2));
            Ok(())
        }));
    }
    for &(name, test) in OF_CONNECTIONS {
        trials.push(Trial::test(name, move || {
            test(Moto::shared());
            Ok(())
        }));
    }
    let is_installed = Moto::is_installed();
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(!is_installed)).collect();
    let code = libtest_mimic::run(&Arguments::from_args(), trials).exit_code();
    Moto::stop();
    code
}
