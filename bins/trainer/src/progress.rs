//! Progress bars on a terminal. Elsewhere they are invisible, and log lines report the progress.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Returns a bar of bytes of a known total.
pub fn bytes(total: u64) -> ProgressBar {
    styled(total, "{msg:20} [{wide_bar}] {bytes}/{total_bytes} {eta}")
}

/// Returns a bar of steps of a known total.
pub fn steps(total: u64) -> ProgressBar {
    styled(total, "{prefix:20} [{wide_bar}] {pos}/{len} {msg}")
}

/// Returns a spinner for work of unknown length.
pub fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn styled(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    // An invalid template costs the style, not the command.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
