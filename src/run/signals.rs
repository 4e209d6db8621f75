//! SIGINT and SIGTERM.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::cli::Error;
use crate::exit::Exit;
use crate::train::Interrupt;

/// The handler of SIGINT and SIGTERM: the first signal ends the run after its step, the second kills the process.
#[derive(Default)]
pub struct Signals {
    /// The number of the first signal, or 0.
    received: Arc<AtomicUsize>,
    listening: AtomicBool,
}

impl Signals {
    /// Installs the handler, once per process.
    pub fn listen(&self) -> Result<(), Error> {
        if self.listening.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let second = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // The order matters: at the first signal, `second` is still false when the shutdown is considered.
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&second))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&second)))
                .and_then(|_| signal_hook::flag::register_usize(signal, Arc::clone(&self.received), signal as usize))
                .map_err(|error| Error::failed(format!("cannot handle signals: {error}")))?;
        }
        Ok(())
    }

    /// Returns the flag that ends a run.
    pub fn interrupt(&self) -> &Interrupt {
        &self.received
    }

    /// Returns the exit code after a signal.
    pub fn exit(&self) -> Exit {
        Exit::Interrupted(self.received.load(Ordering::Relaxed) as u8)
    }
}
