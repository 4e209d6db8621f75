use super::super::event::{Outcome, Status};
use super::super::example::{events, facts, outcome, row, started};
use super::super::started::{Resumed, Started};
use super::super::{Curve, is_held, spec_hash};
use super::*;

fn spec(text: &str) -> Table {
    text.parse().unwrap()
}

fn adam() -> Table {
    spec(
        "name = 'mnist_adam'\nseed = 1\nthreads = 2\n[optimizer]\ntype = 'adam'\nlr = 0.001\n[[group]]\nname = 'bias'\n",
    )
}

fn fresh(opened: Result<Opened, OpenError>) -> RunDirectory {
    match opened {
        Ok(Opened::Ready(directory)) => directory,
        other => panic!("not fresh: {other:?}"),
    }
}

fn run(directory: &RunDirectory, events: &[Event]) {
    let mut sinks = directory.sinks(facts());
    events.iter().for_each(|event| sinks.on(event).unwrap());
}

fn ended(status: Status) -> [Event; 3] {
    let end = Outcome { status, ..outcome() };
    [Event::Started(Box::new(started())), Event::Epoch(row(0, 2.3, 0.1)), Event::Ended(Box::new(end))]
}

/// Counts the rows of an `epochs.csv`.
fn epochs(path: &Path) -> usize {
    Curve::read(path).unwrap().epochs().count()
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn complete_run_leaves_its_files_and_is_not_repeated() {
    let results = tempfile::tempdir().unwrap();
    let path = results.path().join("mnist_adam/seed=1");
    let directory = fresh(RunDirectory::open(&path, &adam(), false));
    assert_eq!(names(&path), [".lock"]);
    run(&directory, &events());
    assert_eq!(names(&path), [".lock", "epochs.csv", "run.json", "spec.toml"]);
    let written = fs::read_to_string(path.join(SPEC_TOML)).unwrap();
    assert!(written.starts_with("# Resolved by lr-run "));
    assert_eq!(spec(&written), adam());
    assert_eq!(spec_hash(&spec(&written)), spec_hash(&adam()));
    assert_eq!(epochs(&directory.epochs_csv()), 4);
    drop(directory);

    // The device, the threads and the name do not change the experiment.
    let elsewhere =
        spec(&written.replace("threads = 2", "threads = 8\ndevice = 'cuda'").replace("mnist_adam", "other"));
    match RunDirectory::open(&path, &elsewhere, false).unwrap() {
        Opened::Finished(record) => assert_eq!(record.outcome().unwrap().reached, outcome().reached),
        Opened::Ready(_) => panic!("a finished run was not recognized"),
    }
    assert!(!is_held(&path));
    fresh(RunDirectory::open(&path, &adam(), true));
}

#[test]
fn only_a_run_that_reached_its_end_is_complete() {
    use Status::*;
    let results = tempfile::tempdir().unwrap();
    for status in [Completed, StoppedAtTarget, StoppedEarly, Diverged, Running, Failed, Interrupted] {
        let path = results.path().join(status.to_string());
        run(&fresh(RunDirectory::open(&path, &adam(), false)), &ended(status));
        let finished = matches!(RunDirectory::open(&path, &adam(), false), Ok(Opened::Finished(_)));
        assert_eq!(finished, matches!(status, Completed | StoppedAtTarget | StoppedEarly | Diverged), "{status}");
    }
    // The program may crash after it wrote the spec and before it wrote the record.
    let path = results.path().join("completed");
    fs::remove_file(path.join(RUN_JSON)).unwrap();
    fresh(RunDirectory::open(&path, &adam(), false));
}

#[test]
fn different_spec_is_refused_and_replaced_with_force() {
    let results = tempfile::tempdir().unwrap();
    let path = results.path().join("run");
    run(&fresh(RunDirectory::open(&path, &adam(), false)), &events());
    for name in ["best.safetensors", "notes.txt"] {
        fs::write(path.join(name), "old").unwrap();
    }
    let sgd = spec("name = 'mnist_adam'\nseed = 1\n[optimizer]\ntype = 'adam'\nlr = 0.01\n[[group]]\nname = 'bias'\n");
    let error = RunDirectory::open(&path, &sgd, false).unwrap_err();
    assert_eq!(crate::exit::Exit::from(&error).code(), 2);
    let error = error.to_string();
    assert!(error.contains("different spec:\n  optimizer.lr: 0.01 here, 0.001 there\n("), "{error}");
    assert!(error.contains("--force"), "{error}");

    // Until the new run starts, the old one is unchanged.
    let before = names(&path);
    let directory = fresh(RunDirectory::open(&path, &sgd, true));
    assert_eq!(names(&path), before);
    assert_eq!(epochs(&directory.epochs_csv()), 4);
    run(&directory, &events()[..2]);
    assert_eq!(names(&path), [".lock", ".previous", "epochs.csv", "notes.txt", "run.json", "spec.toml"]);
    assert_eq!(epochs(&directory.epochs_csv()), 1);
    assert_eq!(spec(&fs::read_to_string(path.join(SPEC_TOML)).unwrap()), sgd);

    // After a crash before the first epoch, the old run is restored.
    drop(directory);
    assert!(matches!(RunDirectory::inspect(&path, &adam(), false), Ok(None)));
    assert!(matches!(RunDirectory::open(&path, &adam(), false), Ok(Opened::Finished(_))));
    assert_eq!(names(&path), before);
    assert_eq!(epochs(&path.join(EPOCHS_CSV)), 4);

    // Once the new run has an epoch, the old run is removed. A folder that a crash left half removed goes, too.
    run(&fresh(RunDirectory::open(&path, &sgd, true)), &events()[..4]);
    let after = [".lock", "epochs.csv", "notes.txt", "run.json", "spec.toml"];
    assert_eq!(names(&path), after);
    fs::create_dir(path.join(".removed")).unwrap();
    fresh(RunDirectory::open(&path, &sgd, false));
    assert_eq!(names(&path), after);
}

/// After `--force`, until the new run has an epoch, the commands of both specs work.
#[test]
fn forced_run_without_an_epoch_resumes_or_is_undone() {
    let results = tempfile::tempdir().unwrap();
    let path = results.path().join("run");
    // The old run has no checkpoint, the new one gets one.
    run(&fresh(RunDirectory::open(&path, &adam(), false)), &events()[..2]);
    let old = names(&path);
    let sgd = spec("name = 'mnist_adam'\nseed = 1\n[optimizer]\ntype = 'adam'\nlr = 0.01\n[[group]]\nname = 'bias'\n");
    for status in [Status::Interrupted, Status::Failed] {
        run(&fresh(RunDirectory::open(&path, &sgd, true)), &ended(status));
        fs::create_dir_all(path.join(CHECKPOINT).join("1")).unwrap();
        fresh(RunDirectory::open(&path, &sgd, false));
        assert!(path.join(CHECKPOINT).join("1").exists() && previous::exist(&path));
        fresh(RunDirectory::open(&path, &adam(), false));
        assert_eq!(names(&path), old);
    }
    // A run that diverged at once has finished, but it has no epoch, so the previous results still exist.
    run(&fresh(RunDirectory::open(&path, &sgd, true)), &ended(Status::Diverged));
    assert!(matches!(RunDirectory::open(&path, &sgd, false), Ok(Opened::Finished(_))));
    fresh(RunDirectory::open(&path, &adam(), false));
    assert_eq!(names(&path), old);
}

#[test]
fn resumed_run_is_cut_back_to_its_checkpoint() {
    let results = tempfile::tempdir().unwrap();
    let path = results.path().join("run");
    let directory = fresh(RunDirectory::open(&path, &adam(), false));
    let events = events();
    run(&directory, &events[..4]);
    let epochs_csv_bytes = directory.sync_epochs_csv().unwrap();
    let rows = |directory: &RunDirectory| Curve::read(&directory.epochs_csv()).unwrap();
    let expected = rows(&directory);
    drop(directory);
    let directory = fresh(RunDirectory::open(&path, &adam(), false));
    run(&directory, &events);
    let resumed = Resumed { epoch: 1, step: 391, reached: outcome().reached, epochs_csv_bytes };
    let resume = Event::Started(Box::new(Started { resumed: Some(resumed), ..started() }));
    run(&directory, std::slice::from_ref(&resume));
    assert_eq!(rows(&directory), expected);
    assert_eq!(RunRecord::read(&path.join(RUN_JSON)).unwrap().reached, outcome().reached);
    let whole = fs::read(directory.epochs_csv()).unwrap();
    run(&directory, &[resume.clone(), events[5].clone()]);
    assert_eq!(rows(&directory).epochs().count(), expected.epochs().count() + 1);

    // Missing rows are an error.
    fs::write(directory.epochs_csv(), &whole[..whole.len() - 1]).unwrap();
    let error = directory.sinks(facts()).on(&resume).unwrap_err().to_string();
    assert!(error.contains("epochs.csv") && error.contains("the checkpoint expects"), "{error}");
}

#[test]
fn broken_file_is_named_and_replaced_with_force() {
    let results = tempfile::tempdir().unwrap();
    let path = results.path().join("run");
    for file in [RUN_JSON, SPEC_TOML] {
        run(&fresh(RunDirectory::open(&path, &adam(), true)), &events());
        fs::write(path.join(file), "{ = broken").unwrap();
        let error = RunDirectory::open(&path, &adam(), false).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains("--force"), "{error}");
    }
    fresh(RunDirectory::open(&path, &adam(), true));
}

#[test]
fn folder_of_other_files_is_refused_and_unchanged() {
    let results = tempfile::tempdir().unwrap();
    for name in ["d", "a", "b", "c"] {
        fs::write(results.path().join(name), "mine").unwrap();
    }
    for force in [false, true] {
        let error = RunDirectory::open(results.path(), &adam(), force).unwrap_err().to_string();
        assert!(error.contains("(a, b, c and 1 more) and no spec.toml"), "{error}");
        assert_eq!(names(results.path()), ["a", "b", "c", "d"]);
    }
}

#[test]
fn folder_that_cannot_be_created_is_named() {
    let results = tempfile::tempdir().unwrap();
    let file = results.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("run")] {
        let error = RunDirectory::open(&path, &adam(), true).unwrap_err();
        assert_eq!(crate::exit::Exit::from(&error).code(), 1);
        assert!(error.to_string().starts_with(&format!("cannot write to the folder {}: ", path.display())), "{error}");
    }
}

#[test]
fn second_process_gets_the_name_of_the_first() {
    let results = tempfile::tempdir().unwrap();
    let path = results.path().join("run");
    let directory = fresh(RunDirectory::open(&path, &adam(), false));
    let sinks = directory.sinks(facts());
    drop(directory);
    for force in [false, true] {
        let error = RunDirectory::open(&path, &adam(), force).unwrap_err();
        assert_eq!(crate::exit::Exit::from(&error).code(), 5);
        assert!(error.to_string().contains(&format!(": process {} on ", std::process::id())), "{error}");
    }
    drop(sinks);
    fresh(RunDirectory::open(&path, &adam(), false));
}

/// A folder with specs, data and results can be moved as a whole.
#[test]
fn paths_are_relative_to_the_folder_of_the_run() {
    let place = tempfile::tempdir().unwrap();
    let (project, scratch) = (place.path().join("project"), place.path().join("scratch"));
    fs::create_dir_all(&project).unwrap();
    fs::create_dir_all(&scratch).unwrap();
    let recorded = |path: &Path, base: &Path| {
        let mut resolved = adam();
        resolved.insert("relative_to".to_owned(), base.to_str().unwrap().into());
        let directory = fresh(RunDirectory::open(path, &resolved, true));
        run(&directory, &ended(Status::Completed));
        let written = spec(&fs::read_to_string(path.join(SPEC_TOML)).unwrap());
        written["relative_to"].as_str().unwrap().to_owned()
    };
    assert_eq!(recorded(&project.join("results/a/seed=1"), &project), "../../..");
    assert_eq!(recorded(&project.join("results/a/seed=2"), &project.join("results/a/seed=2")), ".");
    assert_eq!(recorded(&scratch.join("a/seed=1"), &project), "../../../project");
    // Behind a link, `..` leads to the real parent.
    std::os::unix::fs::symlink(&scratch, project.join("linked")).unwrap();
    assert_eq!(recorded(&project.join("linked/a/seed=1"), &project), "../../../project");
    let gone = project.join("gone");
    assert_eq!(recorded(&project.join("results/a/seed=3"), &gone), gone.to_str().unwrap());
}
