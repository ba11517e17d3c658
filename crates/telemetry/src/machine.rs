//! Figures of the operating system about this process and its disks.

use std::{io, path::Path};

use crate::{Sample, names};

/// Space of a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// Space available to this process.
    pub free_bytes: u64,
    /// Total space of the file system.
    pub size_bytes: u64,
}

/// Returns the space of the file system that a file or folder is on.
///
/// # Errors
/// Returns an error if `path` does not exist or the operating system cannot answer.
#[cfg(unix)]
pub fn disk_space(path: &Path) -> io::Result<DiskSpace> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(DiskSpace {
        free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        size_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
    })
}

/// Returns the space of the file system that a file or folder is on.
///
/// # Errors
/// Always returns [`io::ErrorKind::Unsupported`] on this platform.
#[cfg(not(unix))]
pub fn disk_space(_path: &Path) -> io::Result<DiskSpace> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns CPU time, memory, threads and open files of this process. Figures that cannot be read
/// are left out.
#[cfg(target_os = "linux")]
pub(crate) fn process() -> Vec<Sample> {
    use std::fs;

    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu_seconds = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1_000_000_000.0;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    // One of the open files is the folder that is being read.
    let open = fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1) as f64);
    let figures = [
        (names::PROCESS_CPU, Some(cpu_seconds)),
        (names::PROCESS_RESIDENT, kibibytes_after(&status, "VmRSS:")),
        (names::PROCESS_VIRTUAL, kibibytes_after(&status, "VmSize:")),
        (names::PROCESS_THREADS, number_after(&status, "Threads:")),
        (names::PROCESS_FDS, open),
        (names::PROCESS_FDS_MAX, number_after(&limits, "Max open files")),
    ];
    figures.into_iter().filter_map(|(metric, value)| Some(Sample::new(metric, value?))).collect()
}

/// Returns no samples on this platform.
#[cfg(not(target_os = "linux"))]
pub(crate) fn process() -> Vec<Sample> {
    Vec::new()
}

/// Returns the first number of the line that begins with `key`.
#[cfg(target_os = "linux")]
fn number_after(text: &str, key: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Returns the size in bytes on the line that begins with `key`.
#[cfg(target_os = "linux")]
fn kibibytes_after(text: &str, key: &str) -> Option<f64> {
    number_after(text, key).map(|kibibytes| kibibytes * 1_024.0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{fs::File, path::Path};

    use super::{disk_space, names, process};

    fn value(metric: &str) -> f64 {
        let found = process().into_iter().find(|sample| sample.metric == metric);
        found.map_or(f64::NAN, |sample| sample.value)
    }

    #[test]
    fn a_process_is_seen_to_run_and_to_open_files() {
        let before = value(names::PROCESS_CPU);
        let mut sum = 0_u64;
        while value(names::PROCESS_CPU) <= before + 0.01 {
            sum = sum.wrapping_mul(31).wrapping_add(7);
        }
        let open = value(names::PROCESS_FDS);
        let files: Vec<_> = (0..50).map(|_| File::open("/proc/self/status")).collect();
        assert!(value(names::PROCESS_FDS) >= open + 40.0, "{open} and {} files", files.len());
        assert!(value(names::PROCESS_FDS_MAX) > open);
        assert!(value(names::PROCESS_RESIDENT) > 100_000.0);
        assert!(value(names::PROCESS_VIRTUAL) >= value(names::PROCESS_RESIDENT));
        assert!(value(names::PROCESS_THREADS) >= 1.0);
    }

    #[test]
    fn a_disk_has_room_and_a_missing_folder_has_none() {
        let here = disk_space(Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(here.is_ok_and(|space| space.free_bytes <= space.size_bytes && space.size_bytes > 0));
        assert!(disk_space(Path::new("/no/such/folder")).is_err());
    }
}
