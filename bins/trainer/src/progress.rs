//! Bars on a terminal; nothing elsewhere, where log lines tell.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Bytes read of a known total.
pub fn bytes(total: u64) -> ProgressBar {
    styled(total, "{msg:20} [{wide_bar}] {bytes}/{total_bytes} {eta}")
}

/// Steps done of a known total.
pub fn steps(total: u64) -> ProgressBar {
    styled(total, "{prefix:20} [{wide_bar}] {pos}/{len} {msg}")
}

/// Something that takes its time.
pub fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn styled(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    // A wrong template is a bar without one, not a failed import.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
