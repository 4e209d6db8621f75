//! Event files for TensorBoard: the metrics and rates of each run as scalars.
//!
//! A file is a list of records. A record consists of the length of its data (8 bytes, little endian), a checksum of
//! these bytes, the data, and a checksum of the data. The checksum is the masked CRC-32C of TensorFlow's
//! `record_writer`. The data is an `Event` message in the wire format of Protocol Buffers. The numbers of its fields
//! are those of `event.proto` and `summary.proto`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::report::Report;
use super::run::{LeftOut, Run};
use crate::metric::PartMetric;
use crate::record::{Access, atomic_write, in_words, seconds_since_1970};

/// The name of each event file. TensorBoard finds files by the word `tfevents`.
const FILE: &str = "events.out.tfevents.lr-run";

/// The most bytes of a strategy's label in the name of its folder.
const LONGEST: usize = 120;

/// The reason why event files cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Run(#[from] LeftOut),
    #[error("cannot make the folder {}: {}", path.display(), in_words(source, Access::Write))]
    Folder { path: PathBuf, source: io::Error },
    /// An error that names the file.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Writes an event file for each run of `report` below `folder`, in `STRATEGY/seed=N`, or in `STRATEGY/run-N` for a run
/// without a seed. With several problems, each has a folder of its own. An earlier file of the same run is replaced.
/// Returns the number of files.
///
/// Values are stored in single precision, as TensorBoard's scalars are.
pub fn tensorboard(report: &Report, folder: &Path) -> Result<usize, ExportError> {
    let mut names = BTreeSet::new();
    let mut written = 0;
    for problem in &report.problems {
        let home = match report.problems.len() {
            1 => folder.to_owned(),
            _ => folder.join(unique(file_name(&problem.title), &mut names)),
        };
        let mut labels = BTreeSet::new();
        for strategy in &problem.strategies {
            let home = home.join(unique(file_name(&strategy.label), &mut labels));
            for (at, own) in strategy.runs.iter().enumerate() {
                let name = own.seed.map_or_else(|| format!("run-{}", at + 1), |seed| format!("seed={seed}"));
                let run = Run::read(Path::new(&own.path))?;
                let home = home.join(name);
                let path = home.join(FILE);
                fs::create_dir_all(&home).map_err(|source| ExportError::Folder { path: home, source })?;
                atomic_write(&path, &events(&run))?;
                written += 1;
            }
        }
    }
    Ok(written)
}

/// Returns `text` as the name of a folder. Characters that some file systems forbid become `_`, and the name is not
/// hidden.
fn file_name(text: &str) -> String {
    let safe = |it: char| if it.is_control() || "/\\:*?\"<>|".contains(it) { '_' } else { it };
    let mut name: String = text.chars().map(safe).collect();
    while name.len() > LONGEST {
        name.pop();
    }
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

/// Returns `name` and adds it to `used`. If `used` has it already, a number is appended. Names that differ only in case
/// are equal, because some file systems do not distinguish them.
fn unique(name: String, used: &mut BTreeSet<String>) -> String {
    let candidates = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
    candidates.into_iter().find(|it| used.insert(it.to_lowercase())).unwrap_or(name)
}

/// Returns the content of the event file of `run`.
///
/// The step of a scalar is the number of updates before it was measured or, for a curve without steps, the epoch. Its
/// time is the start of the run plus the seconds of training and evaluation until then.
fn events(run: &Run) -> Vec<u8> {
    let started = run.record.as_ref().and_then(|record| seconds_since_1970(record.started_at.as_ref()?));
    let mut time = started.unwrap_or(0) as f64;
    let mut file = record(&version(time));
    let columns: Vec<(&str, String)> =
        run.curve.columns.iter().filter_map(|name| Some((name.as_str(), tag(name.trim())?))).collect();
    for epoch in run.curve.epochs() {
        let of = |name: &str| run.curve.value(epoch, name);
        time += ["train_seconds", "eval_seconds"].iter().filter_map(|name| of(name)).sum::<f64>();
        let step = of("step").map_or(epoch, |step| step as u64);
        let scalars: Vec<(&str, f64)> =
            columns.iter().filter_map(|(name, tag)| Some((tag.as_str(), of(name)?))).collect();
        file.extend(record(&scalar_event(time, step, &scalars)));
    }
    file
}

/// Returns the tag of a column. TensorBoard draws tags with the same first part together: `accuracy/val`, `lr/bias`.
/// `None` for the epoch, the step and the times.
fn tag(column: &str) -> Option<String> {
    if ["epoch", "step"].contains(&column) || column.ends_with("_seconds") {
        return None;
    }
    Some(match column.parse::<PartMetric>() {
        Ok(metric) => format!("{}/{}", metric.metric, metric.part.name()),
        Err(_) => column.replace('.', "/"),
    })
}

/// Returns the data of the first record, which names the format.
fn version(time: f64) -> Vec<u8> {
    let mut event = field_double(1, time);
    event.extend(field_bytes(3, b"brain.Event:2"));
    event
}

/// Returns the data of a record with `scalars` at `step`.
fn scalar_event(time: f64, step: u64, scalars: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, number) in scalars {
        let mut value = field_bytes(1, tag.as_bytes());
        value.extend(field_float(2, *number as f32));
        summary.extend(field_bytes(1, &value));
    }
    let mut event = field_double(1, time);
    event.extend(field_varint(2, step));
    event.extend(field_bytes(5, &summary));
    event
}

/// Returns a record with its length and checksums.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked_crc(&length).to_le_bytes());
    record.extend(data);
    record.extend(masked_crc(data).to_le_bytes());
    record
}

/// Returns the checksum of `data`. TensorFlow masks its checksums, because a plain CRC of data that contains CRCs is
/// weak.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Returns `value` as a varint: groups of seven bits, the lowest first. The top bit of a byte is set if another one
/// follows.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Returns the start of a field: its number, and the wire type of its content.
fn key(field: u64, wire_type: u64) -> Vec<u8> {
    varint(field << 3 | wire_type)
}

fn field_varint(field: u64, value: u64) -> Vec<u8> {
    [key(field, 0), varint(value)].concat()
}

fn field_double(field: u64, value: f64) -> Vec<u8> {
    [key(field, 1), value.to_le_bytes().to_vec()].concat()
}

fn field_bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [key(field, 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn field_float(field: u64, value: f32) -> Vec<u8> {
    [key(field, 5), value.to_le_bytes().to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected bytes are those that `tensorboard.summary.writer.record_writer` of TensorBoard 2.21.0 writes.
    #[test]
    fn a_record_has_masked_checksums() {
        assert_eq!(record(b""), [0, 0, 0, 0, 0, 0, 0, 0, 41, 3, 152, 7, 216, 234, 130, 162]);
        assert_eq!(record(b"abc"), [3, 0, 0, 0, 0, 0, 0, 0, 176, 153, 73, 14, 97, 98, 99, 110, 87, 241, 33]);
    }

    #[test]
    fn folders_have_safe_and_different_names() {
        assert_eq!(file_name("lr=0.1 cosine"), "lr=0.1 cosine");
        assert_eq!(file_name("../a/b\u{1b}"), "_a_b_");
        assert_eq!(file_name("..."), "unnamed");
        assert!(file_name(&"ü".repeat(500)).len() <= LONGEST);
        let mut used = BTreeSet::new();
        let names = ["a", "A", "a"].map(|name| unique(name.to_owned(), &mut used));
        assert_eq!(names, ["a", "A-2", "a-3"]);
    }

    #[test]
    fn tags_group_the_parts_of_a_metric() {
        let read = |column: &str| tag(column).unwrap_or_default();
        assert_eq!(
            ["val_accuracy", "train_loss", "lr", "lr.bias", "step", "epoch", "train_seconds"].map(read),
            ["accuracy/val", "loss/train", "lr", "lr/bias", "", "", ""]
        );
    }
}
