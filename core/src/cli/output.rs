//! Files that a command writes to a path that the user gives.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::Error;

/// A kind of file that lr-run writes.
pub struct OutputKind {
    /// The extension of its name, without the dot.
    pub extension: &'static str,
    /// What it is, for messages: `picture`.
    pub noun: &'static str,
    /// The first line of every such file. A file without it is not overwritten.
    pub mark: &'static str,
    /// The command that writes it, for messages: `lr-run preview`.
    pub command: &'static str,
}

impl OutputKind {
    /// Returns an error if `path` has another extension, is a folder, lies in a folder that does not exist, or exists
    /// and is not an earlier file of this kind.
    pub fn may_be_written(&self, path: &Path) -> Result<(), Error> {
        let OutputKind { extension, noun, mark, command } = *self;
        let refuse = |why: &str| Err(Error::usage(format!("{} {why}", path.display())));
        let ending = path.extension().map(|it| it.to_string_lossy().to_lowercase());
        if ending.as_deref().is_some_and(|ending| ending != extension) && !path.is_dir() {
            let name = path.with_extension(extension);
            let kind = extension.to_uppercase();
            return refuse(&format!("is not a name for {} {kind} {noun}: name it {}", article(&kind), name.display()));
        }
        if path.is_dir() {
            return refuse(&format!("is a folder: name a file for the {noun}, such as result.{extension}"));
        }
        let mut head = vec![0; mark.len()];
        match std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)) {
            Err(error) if error.kind() == ErrorKind::NotFound => match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                    Err(Error::usage(format!("there is no folder {}", folder.display())))
                }
                _ => Ok(()),
            },
            Ok(()) if head == mark.as_bytes() => Ok(()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => refuse(&format!("cannot be written: {error}")),
            _ => refuse(&format!("exists and is not a {noun} of `{command}`: name another file")),
        }
    }
}

/// Returns the article of an abbreviation as it is spoken: `an SVG`.
fn article(kind: &str) -> &'static str {
    if kind.starts_with(['S', 'H']) { "an" } else { "a" }
}
