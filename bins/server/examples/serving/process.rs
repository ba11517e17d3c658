//! Processor time and memory of a process, on Linux.

use std::fs;

/// Ticks of `/proc/PID/stat` a second: the kernel's `USER_HZ`, 100 on every processor that Linux
/// and Rust share but Alpha.
const TICKS_A_SECOND: f64 = 100.0;
/// Fields of `/proc/PID/stat` after the name of the program, which may hold blanks: user and system
/// time are the 14th and 15th of all.
const FIRST_FIELD: usize = 3;
const USER_TIME: usize = 14 - FIRST_FIELD;
const SYSTEM_TIME: usize = 15 - FIRST_FIELD;

/// Memory of a process, in bytes.
pub struct Memory {
    pub resident: u64,
    pub peak: u64,
}

/// Returns the processor time of all threads of a process, the ended ones included; `None` for no
/// process and off Linux.
pub fn cpu_seconds(pid: Option<u32>) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid?)).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = [USER_TIME, SYSTEM_TIME].map(|place| fields.get(place)?.parse::<f64>().ok());
    let [user, system] = ticks;
    Some((user? + system?) / TICKS_A_SECOND)
}

/// Returns the memory of a process; `None` off Linux.
pub fn memory(pid: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Memory { resident: bytes_after(&status, "VmRSS:")?, peak: bytes_after(&status, "VmHWM:")? })
}

fn bytes_after(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
