//! Gets files from a package. The registry's own client downloads it, and nothing in it is executed.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;

use super::File;
use crate::dataset::gzip::{explain, read_at_most};

/// A package that contains the files of a data set.
#[derive(Debug)]
pub struct Package {
    /// The program and its arguments. It runs in an empty folder and leaves one archive there.
    pub command: &'static [&'static str],
    pub archive: Archive,
    /// The folder in the archive with the files, plain or as `<file>.gz`.
    pub folder: &'static str,
}

/// The format of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// A gzipped tar file, `.tgz`.
    TarGz,
    /// Debian's `.deb`. `dpkg-deb`, which comes with `apt-get`, turns it into a tar file.
    Deb,
}

/// The timeout for a client.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

impl Package {
    /// Returns the command as a user would type it.
    pub fn command_line(&self) -> String {
        self.command.join(" ")
    }

    /// Downloads the package and returns the files `wanted`. `scratch` is an empty folder. Returns an error if one of them is
    /// missing or not as published. The message starts with the command.
    pub fn files<'a>(&self, wanted: &[&'a File], scratch: &Path) -> Result<Vec<(&'a File, Vec<u8>)>, String> {
        self.run(scratch)
            .and_then(|()| self.archive_in(scratch))
            .and_then(|path| self.unpack(&path, wanted, scratch))
            .map_err(|reason| format!("{}: {reason}", self.command_line()))
    }

    /// Runs the client in `scratch`.
    fn run(&self, scratch: &Path) -> Result<(), String> {
        let (program, arguments) = self.command.split_first().ok_or("no command")?;
        let log = scratch.join("log");
        let stdout = fs::File::create(&log).map_err(|error| error.to_string())?;
        let stderr = stdout.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(scratch).env("LC_ALL", "C");
        let child = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn();
        let status = wait(child.map_err(|error| not_started(program, &error))?)?;
        if status.success() {
            return Ok(());
        }
        let output = fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        Err(format!("{status}\n{}", last_lines(&output)))
    }

    /// Returns the path of the archive that the client left in `scratch`.
    fn archive_in(&self, scratch: &Path) -> Result<PathBuf, String> {
        let ending = match self.archive {
            Archive::TarGz => "tgz",
            Archive::Deb => "deb",
        };
        let entries = fs::read_dir(scratch).map_err(|error| error.to_string())?;
        let mut paths = entries.flatten().map(|entry| entry.path());
        paths.find(|path| path.extension().is_some_and(|it| it == ending)).ok_or(format!("it left no .{ending} file"))
    }

    /// Returns the files `wanted` from the archive at `path`.
    fn unpack<'a>(&self, path: &Path, wanted: &[&'a File], scratch: &Path) -> Result<Vec<(&'a File, Vec<u8>)>, String> {
        let explain = |error: io::Error| explain(&error);
        match self.archive {
            Archive::TarGz => {
                let file = fs::File::open(path).map_err(explain)?;
                self.pick(GzDecoder::new(BufReader::new(file)), wanted)
            }
            Archive::Deb => {
                let log = fs::File::create(scratch.join("dpkg-deb-log")).map_err(explain)?;
                let mut command = Command::new("dpkg-deb");
                command.arg("--fsys-tarfile").arg(path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
                let mut child = command.spawn().map_err(|error| not_started("dpkg-deb", &error))?;
                let tar = child.stdout.take().ok_or("dpkg-deb has no output")?;
                let picked = self.pick(tar, wanted);
                // The picked files are checked by their hashes, so the exit status of dpkg-deb does not matter.
                let _ = wait(child);
                picked
            }
        }
    }

    /// Reads the wanted files of a tar stream into memory and skips the others. Nothing is written, so the paths in it can
    /// do no harm.
    fn pick<'a>(&self, tar: impl Read, wanted: &[&'a File]) -> Result<Vec<(&'a File, Vec<u8>)>, String> {
        let all: u64 = wanted.iter().map(|file| file.bytes).sum();
        // Packages have other files too. The limit stops an endless one.
        let limit = 4 * all + (256 << 20);
        let mut archive = tar::Archive::new(tar.take(limit));
        let mut found: Vec<(&'a File, Vec<u8>)> = Vec::new();
        for entry in archive.entries().map_err(|error| explain(&error))? {
            let entry = entry.map_err(|error| explain(&error))?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let name = path.trim_start_matches("./").strip_prefix(self.folder).and_then(|name| name.strip_prefix('/'));
            let name = name.map(|name| name.strip_suffix(".gz").unwrap_or(name));
            let file = wanted.iter().find(|file| Some(file.name) == name);
            let Some(file) = file.filter(|_| entry.header().entry_type().is_file()) else { continue };
            let bytes = read_at_most(BufReader::new(entry), file.bytes);
            let checked = bytes.map_err(|error| explain(&error)).and_then(|bytes| file.check(bytes));
            found.push((file, checked.map_err(|reason| format!("{path} in it: {reason}"))?));
        }
        let missing = wanted.iter().find(|file| !found.iter().any(|(other, _)| other.name == file.name));
        match missing {
            Some(file) => Err(format!("there is no {}/{} in it", self.folder, file.name)),
            None => Ok(found),
        }
    }
}

fn not_started(program: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("`{program}` is not installed"),
        _ => format!("`{program}` cannot be started: {error}"),
    }
}

/// Waits for a client to end. Stops it after [`TIMEOUT`].
fn wait(mut child: Child) -> Result<std::process::ExitStatus, String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if start.elapsed() < TIMEOUT => sleep(Duration::from_millis(50)),
            Ok(None) => {
                // Fails only if the client has just ended.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("not finished after {} minutes", TIMEOUT.as_secs() / 60));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Returns the last lines of a client's output, which usually have the reason.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(6)..].join("\n")
}
