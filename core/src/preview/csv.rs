//! Every step as a row of CSV. Rows are written one by one, so a long run needs no more memory than a short one.

use std::io::{self, Write};

use super::trace::Trace;
use crate::record::number::exact;
use crate::spec::{Duration, Horizon};

/// Writes `step,epoch,lr,lr.<group>,…`: a row for each step. With `every`, only multiples of it and the last step of
/// each run have a row.
///
/// With several traces, the columns have the name of each, `lr.<name>,lr.<name>.<group>,…`, and a trace has empty cells
/// after its end. All traces must have the same number of steps per epoch.
pub fn write(out: &mut impl Write, traces: &mut [(String, Trace<'_>)], every: Option<Duration>) -> io::Result<()> {
    let several = traces.len() > 1;
    let mut columns = vec!["step".to_owned(), "epoch".to_owned()];
    for (name, trace) in traces.iter() {
        let run = several.then_some(name.as_str());
        columns.extend(trace.series().map(|series| series.column(run)));
    }
    ::csv::Writer::from_writer(&mut *out).write_record(&columns)?;

    let horizons = traces.iter().map(|(_, trace)| trace.horizon());
    let Some(longest) = horizons.clone().max_by_key(|horizon| horizon.total_steps) else { return Ok(()) };
    let mut lasts: Vec<u64> = horizons.map(|horizon| horizon.total_steps.saturating_sub(1)).collect();
    lasts.sort_unstable();
    let every = every.map_or(1, |every| every.steps(longest)).max(1);
    let mut step = 0;
    loop {
        row(out, traces, longest, step)?;
        let Some(&last) = lasts.iter().find(|&&last| last > step) else { return Ok(()) };
        step = (step - step % every).saturating_add(every).min(last);
    }
}

fn row(out: &mut impl Write, traces: &mut [(String, Trace<'_>)], horizon: Horizon, step: u64) -> io::Result<()> {
    write!(out, "{step},{}", exact(step as f64 / horizon.steps_per_epoch as f64))?;
    for (_, trace) in traces {
        let over = step >= trace.horizon().total_steps;
        for value in trace.at(step) {
            match over {
                true => write!(out, ",")?,
                false => write!(out, ",{}", exact(*value))?,
            }
        }
    }
    out.write_all(b"\n")
}
