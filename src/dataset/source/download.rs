//! A file from the web.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::File;
use crate::dataset::Progress;
use crate::dataset::gzip::{in_words, read_at_most};

/// Finding and reaching a server takes this long at most, each: where there is no way out, the next source is asked soon.
const CONNECT: Duration = Duration::from_secs(4);
/// A server that falls silent for this long is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// `file`, unpacked and as published, from `<home>/<name>.gz`. What arrives damaged is asked for once more. An error
/// begins with the address.
pub fn file(home: &str, file: &File, progress: &dyn Fn(&Progress)) -> Result<Vec<u8>, String> {
    let url = format!("{home}/{}.gz", file.name);
    progress(&Progress::Doing(format!("fetching {url}")));
    let once = || {
        let packed = get(&url, file.bytes, progress)?;
        let unpacked = read_at_most(&packed[..], file.bytes).map_err(|error| Failure::Damaged(in_words(&error)))?;
        file.check(unpacked).map_err(Failure::Damaged)
    };
    let result = match once() {
        Err(Failure::Damaged(_)) => once(),
        result => result,
    };
    result.map_err(|(Failure::Damaged(reason) | Failure::Unreachable(reason))| format!("{url}: {reason}"))
}

enum Failure {
    Unreachable(String),
    /// Something came, but not the file.
    Damaged(String),
}

/// The body at `url`, which should unpack to `unpacked` bytes.
fn get(url: &str, unpacked: u64, progress: &dyn Fn(&Progress)) -> Result<Vec<u8>, Failure> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .user_agent(concat!("lr-run/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let response = agent.get(url).call().map_err(|error| Failure::Unreachable(error.to_string()))?;
    let mut body = response.into_body();
    let total = body.content_length();
    // Gzip adds little to what it cannot compress.
    let limit = unpacked + unpacked / 100 + 1024;
    let mut reader = body.as_reader();
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    let mut told = Instant::now();
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Damaged(format!("broke off after {} bytes: {error}", bytes.len()))),
        }
        if bytes.len() as u64 > limit {
            return Err(Failure::Damaged(format!("longer than the {limit} bytes expected")));
        }
        if told.elapsed() > Duration::from_millis(100) {
            progress(&Progress::Bytes { done: bytes.len() as u64, total });
            told = Instant::now();
        }
    }
    progress(&Progress::Bytes { done: bytes.len() as u64, total });
    Ok(bytes)
}
