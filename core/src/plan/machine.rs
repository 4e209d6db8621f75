//! `device` and `threads`: the resources of this machine that a run uses.

use std::fmt;

use crate::spec::{Count, Diagnostic, Field, Section, Value, ValueKind};

/// The device that a run computes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    Cpu,
    /// A CUDA device by its number, from 0.
    Cuda(usize),
}

/// Writes the device as a spec does: `cpu`, `cuda:1`.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// The resources that a run uses.
#[derive(Clone, Copy, Debug)]
pub struct Compute {
    pub device: Device,
    pub threads: usize,
    /// True if the spec sets `threads`. Otherwise `threads` is the number of cores.
    pub threads_given: bool,
}

/// The machine that a plan is made for.
pub struct Machine<'a> {
    /// Returns the number of CUDA devices, or the reason why CUDA cannot be used. It is called only if the spec's
    /// `device` may be CUDA.
    pub cuda: &'a dyn Fn() -> Result<usize, String>,
    /// The number of cores that this process may use.
    pub cores: usize,
    /// Bytes of memory, or `None` if that is not known.
    pub memory: Option<u64>,
}

/// The largest number of threads. A larger number is a typing error, and OpenMP fails on it.
const MOST_THREADS: usize = 1024;

/// The value of `device` in a spec.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Auto,
    Cpu,
    Cuda(Option<usize>),
}

impl Field for Wanted {
    fn expects() -> String {
        "\"auto\", \"cpu\", \"cuda\" or \"cuda:1\"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        let ValueKind::String(text) = &value.kind else { return Err(None) };
        match text.as_str() {
            "auto" => Ok(Wanted::Auto),
            "cpu" => Ok(Wanted::Cpu),
            "cuda" => Ok(Wanted::Cuda(None)),
            text => {
                let number = text.strip_prefix("cuda:").and_then(|number| number.parse().ok());
                number.map(|number| Wanted::Cuda(Some(number))).ok_or(None)
            }
        }
    }
    fn to_toml(&self) -> toml::Value {
        match self {
            Wanted::Auto => "auto".into(),
            Wanted::Cpu => "cpu".into(),
            Wanted::Cuda(None) => "cuda".into(),
            Wanted::Cuda(Some(number)) => format!("cuda:{number}").into(),
        }
    }
}

/// Reads `device`. `auto` is the first CUDA device if the machine has one, otherwise the CPU. Returns `None` after
/// logging an error.
pub(super) fn device(root: &mut Section<'_>, machine: &Machine<'_>) -> Option<Device> {
    let wanted = root.or("device", Wanted::Auto);
    let number = match wanted {
        Wanted::Cpu => return Some(Device::Cpu),
        Wanted::Auto => {
            let there_is = (machine.cuda)().is_ok_and(|devices| devices > 0);
            return Some(if there_is { Device::Cuda(0) } else { Device::Cpu });
        }
        Wanted::Cuda(number) => number.unwrap_or(0),
    };
    let help = "\"cpu\" or \"auto\" runs here";
    match (machine.cuda)() {
        Ok(devices) if number < devices => return Some(Device::Cuda(number)),
        Ok(0) => root.error("device", "there is no CUDA device on this machine", help),
        Ok(devices) => {
            let message = format!("there is no CUDA device {number} on this machine");
            root.error("device", message, format!("it has {devices}, numbered from 0"));
        }
        Err(reason) => root.error("device", format!("CUDA cannot be used here: {reason}"), help),
    }
    None
}

/// Reads `threads`, by default one for each core.
pub(super) fn threads(root: &mut Section<'_>, machine: &Machine<'_>) -> usize {
    let threads = root.or("threads", Count(machine.cores)).0;
    if threads > MOST_THREADS {
        let message = format!("{threads} threads are more than any machine has");
        root.error("threads", message, format!("expected at most {MOST_THREADS}; this machine has {}", machine.cores));
    }
    if root.has("threads") && threads > machine.cores && threads <= MOST_THREADS {
        let message = format!("{threads} threads are more than the {} cores of this machine", machine.cores);
        let found = Diagnostic::warning(message).at(root.place_of("threads")).label("slower than one for each core");
        root.log().push(found);
    }
    threads.min(MOST_THREADS)
}
