//! Downloads a file.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::File;
use crate::dataset::Progress;
use crate::dataset::gzip::{explain, read_at_most};

/// The timeout for resolving a host name, and for connecting. It is short, so that the next source is tried soon if
/// there is no network.
const CONNECT: Duration = Duration::from_secs(4);
/// The timeout for a server that sends nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// Downloads `<host>/<name>.gz`, unpacks it and checks it. Tries once more if it arrives damaged. An error message starts
/// with the URL.
pub fn file(host: &str, file: &File, progress: &dyn Fn(&Progress)) -> Result<Vec<u8>, String> {
    let url = format!("{host}/{}.gz", file.name);
    progress(&Progress::Doing(format!("fetching {url}")));
    let once = || {
        let packed = get(&url, file.bytes, progress)?;
        let unpacked = read_at_most(&packed[..], file.bytes).map_err(|error| Failure::Damaged(explain(&error)))?;
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
    /// Something arrived, but not the file.
    Damaged(String),
}

/// Downloads `url`, which should unpack to `unpacked` bytes.
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
    // The packed file is at most a little longer than the unpacked one.
    let limit = unpacked + unpacked / 100 + 1024;
    let mut reader = body.as_reader();
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    let mut last_report = Instant::now();
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Failure::Damaged(format!("the connection broke after {} bytes: {error}", bytes.len())));
            }
        }
        if bytes.len() as u64 > limit {
            return Err(Failure::Damaged(format!("longer than the {limit} bytes expected")));
        }
        if last_report.elapsed() > Duration::from_millis(100) {
            progress(&Progress::Bytes { done: bytes.len() as u64, total });
            last_report = Instant::now();
        }
    }
    progress(&Progress::Bytes { done: bytes.len() as u64, total });
    Ok(bytes)
}
