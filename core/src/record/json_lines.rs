//! `--json`: each event as one line of JSON, for scripts.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;

use super::Sink;
use super::event::Event;

/// Writes each event to `out` as one line: `{"run":"mnist_adam/seed=1","event":"epoch","epoch":3,…}`.
pub struct JsonLines<W> {
    out: W,
    /// The run's name and variant. Empty before the run starts.
    run: String,
    /// True once the reader is gone.
    closed: bool,
}

/// EIO, the error of writing to a terminal that was closed.
const CLOSED_TERMINAL: i32 = 5;

/// An event and the run that it belongs to.
#[derive(Serialize)]
struct Line<'a> {
    run: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

impl<W: Write> JsonLines<W> {
    /// Writes events to `out`, and flushes it after each.
    pub fn new(out: W) -> Self {
        JsonLines { out, run: String::new(), closed: false }
    }
}

impl<W: Write> Sink for JsonLines<W> {
    /// Writes the event. If the reader is gone (`| head`) or the terminal was closed, nothing more is written, and the
    /// run continues. Other errors are returned.
    fn on(&mut self, event: &Event) -> io::Result<()> {
        if let Event::Started(started) = event {
            self.run = format!("{}/{}", started.name, started.variant);
        }
        if self.closed {
            return Ok(());
        }
        let mut line = serde_json::to_vec(&Line { run: &self.run, event })?;
        line.push(b'\n');
        match self.out.write_all(&line).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe || error.raw_os_error() == Some(CLOSED_TERMINAL) => {
                self.closed = true;
                Ok(())
            }
            result => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::event::{Reached, Row, Scores};
    use super::super::example::started;
    use super::super::warning::Warning;
    use super::*;

    #[test]
    fn each_event_is_a_line_that_reads_back() {
        let mut lines = JsonLines::new(Vec::new());
        let val = Some(Scores { loss: f64::INFINITY, metric: 1e-300 });
        let lr = vec![0.1];
        let hyper = BTreeMap::from([("beta1".to_owned(), vec![0.9])]);
        let effective_lr = vec![];
        let train = None;
        let test = None;
        let train_seconds = 1.5;
        let eval_seconds = 0.25;
        let row = Row {
            epoch: 3,
            step: 30,
            train,
            val,
            test,
            ema: None,
            lr,
            hyper,
            effective_lr,
            train_seconds,
            eval_seconds,
        };
        lines.on(&Event::Started(Box::new(started()))).unwrap();
        lines.on(&Event::Epoch(row)).unwrap();
        lines.on(&Event::Warning(Warning::OlderCheckpoint { trouble: "two\nlines".into() })).unwrap();
        let text = String::from_utf8(lines.out).unwrap();
        let [start, first, second] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(
            start
                .starts_with(r#"{"run":"mnist_adam/optimizer.lr=0.001,seed=1","event":"started","name":"mnist_adam","#)
        );
        assert_eq!(
            first,
            r#"{"run":"mnist_adam/optimizer.lr=0.001,seed=1","event":"epoch","epoch":3,"step":30,"train":null,"val":{"loss":null,"metric":1e-300},"test":null,"lr":[0.1],"hyper":{"beta1":[0.9]},"effective_lr":[],"train_seconds":1.5,"eval_seconds":0.25}"#
        );
        let warning: serde_json::Value = serde_json::from_str(second).unwrap();
        assert_eq!(
            (&warning["run"], &warning["event"], &warning["kind"]),
            (&"mnist_adam/optimizer.lr=0.001,seed=1".into(), &"warning".into(), &"older_checkpoint".into())
        );
        assert!(warning["message"].as_str().unwrap().contains("two\nlines"));
        let back: Row = serde_json::from_str(first).unwrap();
        assert!(back.val.unwrap().loss.is_nan());
        assert_eq!(back.val.unwrap().metric, 1e-300);
    }

    struct Broken(fn() -> io::Error, u32);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            Err((self.0)())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn closed_pipe_or_terminal_is_not_an_error() {
        let metric = crate::metric::Part::Val.of(crate::metric::Metric::LOSS);
        let value = 0.1;
        let epoch = 1;
        let step = 2;
        let seconds = 3.0;
        let event = Event::TargetReached(Reached { metric, value, epoch, step, seconds });
        let closed: [fn() -> io::Error; 2] =
            [|| ErrorKind::BrokenPipe.into(), || io::Error::from_raw_os_error(CLOSED_TERMINAL)];
        for error in closed {
            let mut lines = JsonLines::new(Broken(error, 0));
            assert!(lines.on(&event).is_ok() && lines.on(&event).is_ok());
            assert_eq!(lines.out.1, 1);
        }
        assert!(JsonLines::new(Broken(|| ErrorKind::StorageFull.into(), 0)).on(&event).is_err());
    }
}
