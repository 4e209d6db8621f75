//! The time and the memory that reading a table takes.
//!
//! Run: `cargo bench -p lr-run-core --bench tables`. `scripts/bench_csv.py` runs the same in turns with pandas.

#![allow(clippy::print_stdout, reason = "the figures are its output")]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use lr_run_core::dataset::sheet::{ReadOptions, Sheet};
use lr_run_core::random::Stream;

/// The columns of the table: of each kind, the number.
const INTEGERS: usize = 9;
const SHORT_FLOATS: usize = 14;
const LONG_FLOATS: usize = 6;
/// The words of the last column.
const WORDS: [&str; 8] = ["amber", "blue", "coral", "denim", "emerald", "fawn", "grey", "hazel"];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match arguments[..] {
        ["--write", path, rows] => write(Path::new(path), rows.parse().expect("a number of rows")),
        ["--measure", path] => {
            measure(Path::new(path));
            Ok(())
        }
        _ => {
            let folder = tempfile::tempdir()?;
            let path = folder.path().join("table.csv");
            write(&path, 200_000)?;
            println!("200,000 rows and 30 columns, in seconds and bytes:");
            (0..3).for_each(|_| measure(&path));
            Ok(())
        }
    }
}

/// Writes a table of 30 columns: whole numbers, floats of six decimals, floats of all their digits, and one of words.
fn write(path: &Path, rows: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let width = INTEGERS + SHORT_FLOATS + LONG_FLOATS;
    let names: Vec<String> = (1..=width).map(|number| format!("x{number}")).collect();
    writeln!(file, "{},colour", names.join(","))?;
    let mut numbers = Stream::new(0, "table", 0);
    let mut line = String::new();
    for _ in 0..rows {
        line.clear();
        for column in 0..width {
            let value = numbers.uniform();
            let _ = match column {
                _ if column < INTEGERS => write!(line, "{},", (value * 1e5) as u64),
                _ if column < INTEGERS + SHORT_FLOATS => write!(line, "{:.6},", 200.0 * value - 100.0),
                _ => write!(line, "{value},"),
            };
        }
        line.push_str(WORDS[(numbers.uniform() * WORDS.len() as f64) as usize]);
        line.push('\n');
        file.write_all(line.as_bytes())?;
    }
    file.flush()
}

/// Reads the table, and prints as JSON the seconds, the processor's seconds, and the bytes by which the peak of the memory
/// grew, per byte of the cells.
fn measure(path: &Path) {
    let (memory, processor, begun) = (status("VmRSS:"), processor_seconds(), Instant::now());
    let sheet = Sheet::read(path, &ReadOptions::default()).expect("a table");
    let (seconds, processor) = (begun.elapsed().as_secs_f64(), processor_seconds() - processor);
    let kept = sheet.rows * sheet.columns.len() * 4;
    let grown = (status("VmHWM:") - memory) as f64 / kept as f64;
    println!("{{\"seconds\": {seconds}, \"processor\": {processor}, \"memory\": {grown}}}");
}

/// Returns a size in bytes from the process's status.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|size| size.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Returns the seconds of processor time of all threads.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks =
        |field: usize| after_name.split(' ').nth(field).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
