//! What the operating system says of this process and of its disks.

use std::{io, path::Path};

use crate::{Sample, names};

/// Room on a disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// What this process may still write.
    pub free_bytes: u64,
    /// All of it.
    pub size_bytes: u64,
}

/// The room on the disk that a file or folder is on.
///
/// # Errors
/// Where it is not there, or where the system cannot tell.
#[cfg(unix)]
pub fn disk_space(path: &Path) -> io::Result<DiskSpace> {
    let disk = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Ok(DiskSpace { free_bytes: bytes(disk.f_bavail), size_bytes: bytes(disk.f_blocks) })
}

/// The room on the disk that a file or folder is on.
///
/// # Errors
/// Always: this system is not asked.
#[cfg(not(unix))]
pub fn disk_space(_path: &Path) -> io::Result<DiskSpace> {
    Err(io::ErrorKind::Unsupported.into())
}

/// CPU, memory, threads and files of this process at this moment; what cannot be told is left out.
#[cfg(target_os = "linux")]
pub(crate) fn process() -> Vec<Sample> {
    use std::fs;

    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let mut samples =
        vec![Sample::new(names::PROCESS_CPU, cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1_000_000_000.0)];
    let mut put = |metric, value: Option<f64>| samples.extend(value.map(|value| Sample::new(metric, value)));
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = |key| number_after(&status, key).map(|kibibytes| kibibytes * 1_024.0);
    put(names::PROCESS_RESIDENT, kibibytes("VmRSS:"));
    put(names::PROCESS_VIRTUAL, kibibytes("VmSize:"));
    put(names::PROCESS_THREADS, number_after(&status, "Threads:"));
    // One of them is the folder that is being read.
    let open = fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1) as f64);
    put(names::PROCESS_FDS, open);
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    put(names::PROCESS_FDS_MAX, number_after(&limits, "Max open files"));
    samples
}

/// Nothing: this system is not asked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn process() -> Vec<Sample> {
    Vec::new()
}

/// The first number of the line that begins with a key.
#[cfg(target_os = "linux")]
fn number_after(text: &str, key: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{fs::File, path::Path};

    use super::{disk_space, names, process};

    #[test]
    fn a_process_is_seen_to_run_and_to_open_files() {
        let value = |metric| {
            let found = process().into_iter().find(|sample| sample.metric == metric);
            found.map_or(f64::NAN, |sample| sample.value)
        };
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
