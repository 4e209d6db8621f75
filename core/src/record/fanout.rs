//! One stream of events for many sinks.

use std::io;

use super::Sink;
use super::event::Event;

/// Passes each event to every sink, in order.
#[derive(Default)]
pub struct Fanout {
    sinks: Vec<Box<dyn Sink>>,
}

impl Fanout {
    /// Returns a fan-out to `sinks`, in this order.
    pub fn new(sinks: Vec<Box<dyn Sink>>) -> Self {
        Fanout { sinks }
    }

    /// Adds a sink, after the others.
    pub fn push(&mut self, sink: impl Sink + 'static) {
        self.sinks.push(Box::new(sink));
    }
}

impl Sink for Fanout {
    /// Passes the event to every sink even if one fails, so that a full disk does not silence the terminal. Returns the
    /// first error. [`Event::Started`] is different: after an error, the later sinks do not get it, because they rely
    /// on the earlier ones.
    fn on(&mut self, event: &Event) -> io::Result<()> {
        let mut result = Ok(());
        for sink in &mut self.sinks {
            let this = sink.on(event);
            result = result.and(this);
            if result.is_err() && matches!(event, Event::Started(_)) {
                return result;
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    struct Named(&'static str, Rc<RefCell<String>>);

    impl Sink for Named {
        fn on(&mut self, _: &Event) -> io::Result<()> {
            self.1.borrow_mut().push_str(self.0);
            if self.0.starts_with("bad") { Err(io::Error::other(self.0)) } else { Ok(()) }
        }
    }

    #[test]
    fn every_sink_gets_the_event_and_the_first_error_is_returned() {
        let seen = Rc::new(RefCell::new(String::new()));
        let mut fanout = Fanout::new(vec![Box::new(Named("a ", seen.clone()))]);
        let event = Event::Warning(crate::record::Warning::TestPartDecides);
        assert!(fanout.on(&event).is_ok());
        for name in ["bad1 ", "bad2 ", "z "] {
            fanout.push(Named(name, seen.clone()));
        }
        assert_eq!(fanout.on(&event).unwrap_err().to_string(), "bad1 ");
        assert_eq!(*seen.borrow(), "a a bad1 bad2 z ");
        seen.borrow_mut().clear();
        let started = Event::Started(Box::new(crate::record::example::started()));
        assert_eq!(fanout.on(&started).unwrap_err().to_string(), "bad1 ");
        assert_eq!(*seen.borrow(), "a bad1 ");
    }
}
