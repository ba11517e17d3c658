//! Log lines on a terminal, which the program `script` provides.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// Running `script`. Ends it, and with it the server, when dropped.
struct OnTerminal(Child);

impl Drop for OnTerminal {
    fn drop(&mut self) {
        let _ended_already = Command::new("kill").arg(self.0.id().to_string()).status();
        let _reaped = self.0.wait();
    }
}

pub async fn log_lines_on_a_terminal_are_for_humans() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let program = env!("CARGO_BIN_EXE_docent-server");
    let mut script = Command::new("script")
        .args(["-qec", &format!("'{program}' serve --bind 127.0.0.1:0"), "/dev/null"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(script.stdout.take().unwrap()).lines();
    let _ended = OnTerminal(script);
    let mut seen = Vec::new();
    for line in lines.map_while(Result::ok) {
        let listens = line.contains("listening");
        seen.push(line);
        if listens {
            break;
        }
    }
    let last = seen.last().unwrap();
    assert!(last.contains("listening") && last.contains("http://127.0.0.1"), "{seen:?}");
    assert!(last.contains("INFO") && last.contains("\u{1b}["), "no colours: {last}");
    assert!(serde_json::from_str::<Value>(last).is_err(), "{last}");
    Ok(())
}
