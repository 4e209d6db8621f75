//! The signals that end a run.
//!
//! SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 all mean the same request: finish the step, save the state, and exit.
//! Clusters send several of them, sometimes twice within milliseconds.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::iterator::Signals as Arriving;
use signal_hook::low_level::{exit, signal_name};

use crate::cli::Error;
use crate::exit::Exit;
use crate::train::Interrupt;

/// The signals that ask a run to end.
const REQUESTS: [i32; 5] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2];

/// A SIGTERM within this time after the first SIGINT or SIGTERM belongs to the same request: `srun` sends it twice.
const ONE_REQUEST: Duration = Duration::from_secs(2);

/// The handler of the signals. The first signal ends the run after its step. A second SIGINT ends the process at once.
/// So does a SIGTERM that comes later than `ONE_REQUEST` after the first SIGINT or SIGTERM.
#[derive(Default)]
pub struct Signals {
    /// The number of the first signal, or 0.
    received: Arc<AtomicUsize>,
    /// True while there is a run whose state is worth keeping.
    training: Arc<AtomicBool>,
    listening: AtomicBool,
}

/// A guard: while it lives, signals end the run after its step. Otherwise they end the process at once, because there
/// is no state to save.
pub struct Training<'a>(&'a Signals);

impl Drop for Training<'_> {
    fn drop(&mut self) {
        self.0.training.store(false, Ordering::Relaxed);
    }
}

impl Signals {
    /// Begins to handle signals for a run. The handler is installed once per process.
    pub fn training(&self) -> Result<Training<'_>, Error> {
        self.training.store(true, Ordering::Relaxed);
        if !self.listening.swap(true, Ordering::Relaxed) {
            self.listen().map_err(|error| Error::failed(format!("cannot handle signals: {error}")))?;
        }
        Ok(Training(self))
    }

    fn listen(&self) -> std::io::Result<()> {
        // A write beyond `ulimit -f` becomes an error, as one to a full disk is. By default it would end the process.
        signal_hook::flag::register(SIGXFSZ, Arc::default())?;
        // At a second SIGINT the signal handler itself ends the process. The thread below may see two SIGINTs that
        // arrive at once as one. The first of the next two actions ends the process if `second` is true. The other one
        // sets `second`. They run in this order, so the first SIGINT only sets `second`.
        let second = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register_conditional_shutdown(SIGINT, 128 + SIGINT, Arc::clone(&second))?;
        signal_hook::flag::register(SIGINT, second)?;
        let ignored = ignored_signals();
        let mut arriving = Arriving::new(REQUESTS.into_iter().filter(|&signal| !stays_ignored(signal, ignored)))?;
        let (received, training) = (Arc::clone(&self.received), Arc::clone(&self.training));
        let answer = move || {
            let mut requests = Requests::default();
            for signal in &mut arriving {
                let leaves = requests.add(signal, Instant::now()) == Answer::Leave;
                if leaves && training.load(Ordering::Relaxed) {
                    let name = signal_name(signal).unwrap_or("a signal");
                    let text = "leaving at once; the steps since the last checkpoint are lost";
                    let _ = writeln!(std::io::stderr(), "warning: {name}, the second request to end: {text}");
                }
                if leaves || !training.load(Ordering::Relaxed) {
                    exit(128 + signal);
                }
                let first = received.compare_exchange(0, signal as usize, Ordering::Relaxed, Ordering::Relaxed).is_ok();
                // A line for the person who pressed Ctrl-C, in place of the bar.
                if first && signal == SIGINT && std::io::stderr().is_terminal() {
                    let text = "the run ends after this step and keeps its state; press Ctrl-C again to end it at once";
                    let _ = writeln!(std::io::stderr(), "\r\x1b[2KSIGINT: {text}");
                }
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(answer).map(drop)
    }

    /// Returns the number of the first signal, which ends a run if it is not 0.
    pub fn interrupt(&self) -> &Interrupt {
        &self.received
    }

    /// Returns whether a signal has arrived.
    pub fn have_arrived(&self) -> bool {
        self.received.load(Ordering::Relaxed) != 0
    }

    /// Returns the exit code of a run that a signal ended. Its state is kept.
    pub fn exit(&self) -> Exit {
        let in_slurm = std::env::var_os("SLURM_JOB_ID").is_some_and(|id| !id.is_empty());
        if in_slurm { Exit::Again } else { Exit::Interrupted(self.received.load(Ordering::Relaxed) as u8) }
    }
}

/// The signals so far.
#[derive(Debug, Default)]
struct Requests {
    /// True after a SIGINT.
    interrupted: bool,
    /// The time of the first SIGINT or SIGTERM. The other signals are warnings, sent a minute before a job's time limit
    /// for example: a SIGTERM after them is the first one.
    asked: Option<Instant>,
}

/// The answer to a signal.
#[derive(Debug, PartialEq)]
enum Answer {
    /// Finish the step and save the state.
    Keep,
    /// End the process at once.
    Leave,
}

impl Requests {
    fn add(&mut self, signal: i32, now: Instant) -> Answer {
        let again = match signal {
            SIGINT => self.interrupted,
            SIGTERM => self.asked.is_some_and(|asked| now.duration_since(asked) > ONE_REQUEST),
            _ => false,
        };
        self.interrupted |= signal == SIGINT;
        if matches!(signal, SIGINT | SIGTERM) {
            self.asked.get_or_insert(now);
        }
        if again { Answer::Leave } else { Answer::Keep }
    }
}

/// Returns whether `signal` stays ignored because it was ignored when the process started. `nohup` makes it ignore
/// SIGHUP. SIGINT never stays ignored: shells ignore it in every background job of a script, but `kill -INT` should
/// work there.
fn stays_ignored(signal: i32, ignored: u64) -> bool {
    signal != SIGINT && ignored >> (signal - 1) & 1 == 1
}

/// Returns the ignored signals of this process as a bit mask. Returns 0 if the system does not say (Linux does).
fn ignored_signals() -> u64 {
    mask(&std::fs::read_to_string("/proc/self/status").unwrap_or_default()).unwrap_or(0)
}

/// Returns the mask of ignored signals in the text of `/proc/self/status`. `None` if it has none.
fn mask(status: &str) -> Option<u64> {
    let digits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(digits.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the answers to signals at these milliseconds.
    fn answers(signals: &[(i32, u64)]) -> Vec<bool> {
        let begun = Instant::now();
        let mut requests = Requests::default();
        let mut leaves = |&(signal, at)| requests.add(signal, begun + Duration::from_millis(at)) == Answer::Leave;
        signals.iter().map(&mut leaves).collect()
    }

    #[test]
    fn only_an_impatient_second_signal_leaves_at_once() {
        for first in REQUESTS {
            assert_eq!(answers(&[(first, 0)]), [false]);
        }
        assert_eq!(answers(&[(SIGINT, 0), (SIGINT, 1)]), [false, true]);
        assert_eq!(answers(&[(SIGTERM, 0), (SIGTERM, 6), (SIGTERM, 72), (SIGTERM, 2000)]), [false; 4]);
        assert_eq!(answers(&[(SIGTERM, 0), (SIGTERM, 2001)]), [false, true]);
        assert_eq!(answers(&[(SIGINT, 0), (SIGTERM, 2001)]), [false, true]);
        // Slurm's warning, the end of the time limit, and the end of the time to leave.
        assert_eq!(answers(&[(SIGUSR1, 0), (SIGTERM, 60_000), (SIGTERM, 63_000)]), [false, false, true]);
        assert_eq!(answers(&[(SIGHUP, 0), (SIGHUP, 9000), (SIGUSR2, 9000), (SIGINT, 9000)]), [false; 4]);
    }

    #[test]
    fn inherited_ignored_signals_stay_ignored_except_sigint() {
        // SIGHUP, SIGINT and SIGPIPE.
        let ignored = mask("Name:\tlr-run\nSigBlk:\tffff\nSigIgn:\t0000000000001003\n").unwrap();
        let stay: Vec<i32> = REQUESTS.into_iter().filter(|&signal| stays_ignored(signal, ignored)).collect();
        assert_eq!(stay, [SIGHUP]);
        assert_eq!(mask("Name:\tlr-run\n"), None);
    }
}
