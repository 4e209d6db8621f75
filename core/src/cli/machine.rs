//! The resources of this machine: cores, memory and CUDA devices.

use std::fs;
use std::path::Path;

use crate::plan::Machine;

/// Describes this machine for planning. `cuda` returns the number of CUDA devices, or why CUDA cannot be used.
pub fn machine(cuda: &dyn Fn() -> Result<usize, String>) -> Machine<'_> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    Machine { cuda, cores, memory: MachineMemory::now().total }
}

/// Describes this machine for a plan that computes nothing: every device is accepted, and libtorch is not loaded to ask
/// for CUDA.
pub fn any_device() -> Machine<'static> {
    machine(&|| Ok(usize::MAX))
}

/// The memory of this machine in bytes. Only Linux reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineMemory {
    /// All memory of the machine, or the limit of this process's control group.
    pub total: Option<u64>,
    /// The part that is available to this and other processes.
    pub free: Option<u64>,
    /// The part that this process holds.
    pub held: u64,
}

impl MachineMemory {
    /// Reads the current values.
    pub fn now() -> Self {
        MachineMemory::under(Path::new("/"))
    }

    /// Reads the values from the files below `root`.
    fn under(root: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let machine = read("proc/meminfo");
        let of_machine = |name| kibibytes(&machine, name);
        let groups = read("proc/self/cgroup");
        let limits: Vec<Limit> = groups.lines().flat_map(|line| limits(root, line)).collect();
        // A group without a limit says "max", or a number larger than the machine's memory.
        let total = limits.iter().map(|it| it.most).chain(of_machine("MemTotal:")).min();
        let free = limits.iter().map(|it| it.most.saturating_sub(it.used)).chain(of_machine("MemAvailable:")).min();
        let held = kibibytes(&read("proc/self/status"), "VmRSS:").unwrap_or(0);
        MachineMemory { total, free, held }
    }
}

/// The limit and use of a control group, in bytes.
struct Limit {
    most: u64,
    used: u64,
}

/// Returns the limits of the groups that a line of `/proc/self/cgroup` names. A group is also limited by its parents.
fn limits(root: &Path, line: &str) -> Vec<Limit> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // Version 2 has one tree for all controllers, version 1 has one tree for each.
    let (tree, most, used, cached) = match controllers.split(',').any(|name| name == "memory") {
        true => ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
        false if controllers.is_empty() => ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "),
        false => return Vec::new(),
    };
    let number = |path: &Path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let tree = root.join(tree);
    // A container sees only its own group, as the root of the tree.
    let groups = Path::new(path.trim_start_matches('/')).ancestors().map(|group| tree.join(group));
    groups
        .filter_map(|group| {
            let most = number(&group.join(most))?;
            let used = number(&group.join(used)).unwrap_or(0);
            // The page cache, which the system frees when memory is needed.
            let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
            let cached = stat.lines().find_map(|line| line.strip_prefix(cached)?.parse::<u64>().ok()).unwrap_or(0);
            Some(Limit { most, used: used.saturating_sub(cached) })
        })
        .collect()
}

/// Returns the number after `name` in a file of `/proc`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> MachineMemory {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        MachineMemory::under(root.path())
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:     1000 kB\nMemAvailable:    800 kB\n");

    #[test]
    fn the_tightest_limit_counts() {
        let none = MachineMemory { total: None, free: None, held: 0 };
        assert_eq!(machine(&[]), none);
        let alone = machine(&[MACHINE, ("proc/self/status", "VmHWM: 9 kB\nVmRSS:\t 5 kB\n")]);
        assert_eq!(alone, MachineMemory { total: Some(1_024_000), free: Some(819_200), held: 5 * 1024 });
        // The group of a job inside the group of a slice: the outer one has less memory left.
        let second = machine(&[
            MACHINE,
            ("proc/self/cgroup", "0::/slice/job\n"),
            ("sys/fs/cgroup/slice/job/memory.max", "500000\n"),
            ("sys/fs/cgroup/slice/job/memory.current", "100000\n"),
            ("sys/fs/cgroup/slice/memory.max", "600000\n"),
            ("sys/fs/cgroup/slice/memory.current", "550000\n"),
            ("sys/fs/cgroup/slice/memory.stat", "anon 1\ninactive_file 50000\n"),
            ("sys/fs/cgroup/memory.max", "max\n"),
        ]);
        assert_eq!((second.total, second.free), (Some(500_000), Some(100_000)));
        // In a container the path is the host's, and the tree's root is the group.
        let first = machine(&[
            MACHINE,
            ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/1234\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "400000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "300000\n"),
            ("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 100000\n"),
        ]);
        assert_eq!((first.total, first.free), (Some(400_000), Some(200_000)));
    }
}
