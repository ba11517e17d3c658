//! Standard error of the trainer on a terminal, which the program `script` provides.

use std::{
    io::Read,
    process::{Command, Stdio},
};

use crate::program::Place;

pub fn on_a_terminal_a_failure_is_a_plain_sentence() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_docent-trainer");
    let mut script = Command::new("script")
        .args(["-qec", &format!("'{program}' models list --config none.toml"), "/dev/null"])
        .current_dir(place.path("."))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    script.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    script.wait().unwrap();
    assert_eq!(
        said.trim_end(),
        "error: the configuration none.toml cannot be read: No such file or directory (os error 2)"
    );
}
