//! Errors of the operating system, and of JSON that is not complete, in plain words.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The access to a file or folder that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// Returns the reason of `error`, as a clause about a file or folder: `you may not read it`. An error that has words of
/// its own, such as one of [`super::atomic_write()`], keeps them.
pub fn in_words(error: &io::Error, access: Access) -> String {
    if error.get_ref().is_some() {
        return error.to_string();
    }
    let words = match (error.kind(), access) {
        (ErrorKind::NotFound, _) => "it does not exist",
        (ErrorKind::PermissionDenied, Access::Read) => "you may not read it",
        (ErrorKind::PermissionDenied, Access::Write) => "you may not write to it",
        (ErrorKind::ReadOnlyFilesystem, _) => "its disk can only be read",
        (ErrorKind::NotADirectory, _) => "a part of its path is not a folder",
        (ErrorKind::IsADirectory, _) => "it is a folder",
        (ErrorKind::AlreadyExists, _) => "something else has this name",
        (ErrorKind::InvalidData, _) => "it is not a text file",
        (ErrorKind::InvalidFilename, _) => "its name is too long, or has a character that is not allowed",
        _ => {
            let text = error.to_string();
            return text.split(" (os error").next().unwrap_or(&text).to_owned();
        }
    };
    words.to_owned()
}

/// Returns a sentence that says why the file or folder `path` cannot be read.
pub fn cannot_read(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    match error.kind() {
        ErrorKind::NotFound => format!("there is no {shown}"),
        ErrorKind::InvalidData => format!("{shown} is not a text file"),
        _ => format!("cannot read {shown}: {}", in_words(error, Access::Read)),
    }
}

/// Returns a sentence that says why `file` is not `what`: it is not complete, or has the error `source`.
pub fn unfit(file: &dyn fmt::Display, source: &serde_json::Error, what: &str) -> String {
    match source.is_eof() {
        true => format!("{file} is not complete: it ends in line {}", source.line()),
        false => format!("{file} is not {what}: {source}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_system_are_not_shown() {
        let path = Path::new("a/b");
        let said = |kind: ErrorKind| cannot_read(path, &kind.into());
        assert_eq!(said(ErrorKind::NotFound), "there is no a/b");
        assert_eq!(said(ErrorKind::InvalidData), "a/b is not a text file");
        assert_eq!(said(ErrorKind::PermissionDenied), "cannot read a/b: you may not read it");
        assert_eq!(in_words(&ErrorKind::PermissionDenied.into(), Access::Write), "you may not write to it");
        for number in 1..40 {
            let error = io::Error::from_raw_os_error(number);
            assert!(!in_words(&error, Access::Write).contains("os error"), "{error}");
        }
        assert_eq!(in_words(&io::Error::other("the printer is on fire"), Access::Read), "the printer is on fire");
    }
}
