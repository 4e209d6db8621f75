//! Facts about the machine for a run's record, as far as they are available. Nothing here can fail a run.

use std::process::{Command, Stdio};

/// Returns the machine's host name.
pub(super) fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel.or_else(|| output(&mut Command::new("hostname"))).unwrap_or_default();
    if name.trim().is_empty() { "an unnamed machine".to_owned() } else { name.trim().to_owned() }
}

/// Returns the model of the processor: `AMD EPYC 7B13`. `None` if the system does not name it.
pub(super) fn processor() -> Option<String> {
    let linux = std::fs::read_to_string("/proc/cpuinfo").ok();
    let linux = linux.and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.to_owned())
    });
    let name = linux.or_else(|| output(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"])))?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Returns the peak memory of this process so far, in bytes. `None` if the system does not report it. Linux does.
pub(super) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kibibytes)
}

/// Returns the git commit of the working directory, with `-dirty` after it if tracked files were changed. `None`
/// outside of a repository.
pub(super) fn git_commit() -> Option<String> {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]);
    output(&mut git).map(|text| text.trim().to_owned())
}

/// Returns the text that `command` prints. `None` if the command is missing, fails or prints nothing.
fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn peak_memory_grows_with_use() {
        let before = peak_memory_bytes().unwrap();
        let held = vec![1u8; 64 << 20];
        let after = peak_memory_bytes().unwrap();
        assert!(std::hint::black_box(&held).len() == 64 << 20 && after >= before && after >= 64 << 20, "{after}");
    }

    #[test]
    fn missing_or_failing_command_gives_none() {
        assert_eq!(output(&mut Command::new("no-such-program-anywhere")), None);
        assert_eq!(output(Command::new("git").arg("no-such-subcommand")), None);
        assert!(!host().is_empty() && host() == host().trim());
    }
}
