//! How much memory there is, and whether a run fits in it: where it runs out, Linux ends the process without a word.

use std::fs;
use std::path::Path;

use indicatif::BinaryBytes;
use tracing::info;

use super::Error;
use crate::libtorch::OUT_OF_MEMORY;
use crate::record::Warning;
use crate::train::Need;

/// Bytes, as far as the system tells (Linux does).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// All that the machine has, or that this process's control group may use of it.
    pub total: Option<u64>,
    /// What is left of it, for this process and others.
    pub free: Option<u64>,
    /// What this process holds.
    held: u64,
}

impl Memory {
    /// As it is now.
    pub fn of_this_machine() -> Self {
        Memory::under(Path::new("/"))
    }

    /// As the files below `root` say.
    fn under(root: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let machine = read("proc/meminfo");
        let of_machine = |name| kibibytes(&machine, name);
        let groups = read("proc/self/cgroup");
        let limits: Vec<Limit> = groups.lines().flat_map(|line| limits(root, line)).collect();
        // A group that nothing limits says "max", or more than there is.
        let total = limits.iter().map(|it| it.most).chain(of_machine("MemTotal:")).min();
        let free = limits.iter().map(|it| it.most.saturating_sub(it.used)).chain(of_machine("MemAvailable:")).min();
        Memory { total, free, held: kibibytes(&read("proc/self/status"), "VmRSS:").unwrap_or(0) }
    }

    /// A warning where `need` is more than is free, an error where it is more than there can be. `model` and `batch_size`
    /// are what it is the need of.
    pub fn compare(&self, need: &Need, model: &str, batch_size: usize) -> Result<Option<Warning>, Error> {
        let most = need.most();
        info!(bytes = most, held = self.held, free = self.free, "training needs memory");
        let parts = [
            ("weights", need.weights),
            ("the optimizer's state", need.state),
            ("the state to go back to", need.back),
            ("a step", need.step),
            ("an evaluation", need.evaluation),
            ("a checkpoint", need.checkpoint),
        ];
        let parts = parts.iter().filter(|(_, bytes)| *bytes > 0);
        let parts: Vec<String> = parts.map(|(name, bytes)| format!("{name} {}", BinaryBytes(*bytes))).collect();
        let help = match need.step > most / 2 {
            true => "a step takes most of it: a smaller batch_size takes less",
            false => "a smaller model takes less, or an optimizer that keeps less",
        };
        let training = format!("{model} with batch_size = {batch_size}");
        let shares = parts.join(", ");
        let needed = BinaryBytes(most);
        let more_than = |bytes: Option<u64>, held| bytes.filter(|&bytes| most.saturating_add(held) > bytes);
        if let Some(total) = more_than(self.total, self.held) {
            let (held, total) = (BinaryBytes(self.held), BinaryBytes(total));
            return Err(Error::usage(format!(
                "{training} needs at least {needed} with the {held} that are held now, and there are {total} of memory\n\
                 \u{20} at most: {shares}\nhelp: {help}"
            )));
        }
        Ok(more_than(self.free, 0).map(|free| {
            let (needed, free) = (needed.to_string(), BinaryBytes(free).to_string());
            Warning::LittleMemory { training, needed, free, shares, help }
        }))
    }
}

/// `error`, and where memory could not be had, what can be done about it.
pub fn explained(error: Error, model: &str, batch_size: usize) -> Error {
    if !error.message.contains(OUT_OF_MEMORY) {
        return error;
    }
    let message = format!(
        "{}\nhelp: this is {model} with batch_size = {batch_size}: a smaller batch_size takes less",
        error.message
    );
    Error { message, ..error }
}

/// What a control group may have, and has.
struct Limit {
    most: u64,
    used: u64,
}

/// Those of the groups that a line of `/proc/self/cgroup` names: each is limited by the ones around it, too.
fn limits(root: &Path, line: &str) -> Vec<Limit> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // The second version has one tree for all, the first one for each controller.
    let (tree, most, used, cached) = match controllers.split(',').any(|name| name == "memory") {
        true => ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
        false if controllers.is_empty() => ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "),
        false => return Vec::new(),
    };
    let number = |path: &Path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let tree = root.join(tree);
    // Inside a container only its own group is seen, as the tree's root.
    let groups = Path::new(path.trim_start_matches('/')).ancestors().map(|group| tree.join(group));
    groups
        .filter_map(|group| {
            let most = number(&group.join(most))?;
            let used = number(&group.join(used)).unwrap_or(0);
            // Files that are kept in memory only because there is room.
            let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
            let cached = stat.lines().find_map(|line| line.strip_prefix(cached)?.parse::<u64>().ok()).unwrap_or(0);
            Some(Limit { most, used: used.saturating_sub(cached) })
        })
        .collect()
}

/// The number after `name` in a file of `/proc`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> Memory {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Memory::under(root.path())
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:     1000 kB\nMemAvailable:    800 kB\n");

    #[test]
    fn the_tightest_limit_holds() {
        let none = Memory { total: None, free: None, held: 0 };
        assert_eq!(machine(&[]), none);
        let alone = machine(&[MACHINE, ("proc/self/status", "VmHWM: 9 kB\nVmRSS:\t 5 kB\n")]);
        assert_eq!(alone, Memory { total: Some(1_024_000), free: Some(819_200), held: 5 * 1024 });
        // A job's group inside of a slice's: the outer one has less left.
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
        // In a container: the path is the host's, the tree's root is the group.
        let first = machine(&[
            MACHINE,
            ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/1234\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "400000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "300000\n"),
            ("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 100000\n"),
        ]);
        assert_eq!((first.total, first.free), (Some(400_000), Some(200_000)));
    }

    #[test]
    fn what_does_not_fit_is_told_with_model_and_batch_size() {
        let gib = 1 << 30;
        let memory = |total, free| Memory { total: Some(total * gib), free: Some(free * gib), held: gib };
        let need = Need { weights: gib, state: gib, step: 6 * gib, evaluation: 2 * gib, ..Need::default() };
        assert_eq!(memory(16, 8).compare(&need, "mlp 1-2", 500).unwrap(), None);
        let warning = memory(16, 7).compare(&need, "mlp 1-2", 500).unwrap().unwrap();
        assert_eq!(
            warning.to_string(),
            "mlp 1-2 with batch_size = 500 needs at least 8.00 GiB more, and 7.00 GiB are free: if memory runs out, the system \
             ends the run without a message\n  at most: weights 1.00 GiB, the optimizer's state 1.00 GiB, a step 6.00 GiB, \
             an evaluation 2.00 GiB\nhelp: a step takes most of it: a smaller batch_size takes less"
        );
        let error = memory(8, 8).compare(&need, "mlp 1-2", 500).unwrap_err().to_string();
        assert!(error.starts_with(
            "mlp 1-2 with batch_size = 500 needs at least 8.00 GiB with the 1.00 GiB that are held now, and there are 8.00 GiB of memory\n"
        ));
        assert_eq!(explained(Error::failed("no"), "mlp 1-2", 500).to_string(), "no");
        let explained = explained(Error::failed("libtorch: out of memory: no"), "mlp 1-2", 500).to_string();
        assert!(explained.ends_with("mlp 1-2 with batch_size = 500: a smaller batch_size takes less"), "{explained}");
        let unknown = Memory { total: None, free: None, held: 0 };
        assert_eq!(unknown.compare(&need, "mlp 1-2", 500).unwrap(), None);
    }
}
