use super::super::example::{events, facts, outcome, reached, row as example_row, started};
use super::super::started::Resumed;
use super::*;

#[test]
fn record_is_written_at_start_target_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let mut json = RunJson::new(&path, facts());
    json.on(&Event::Ended(Box::new(outcome()))).unwrap();
    assert!(!path.exists());
    for event in events() {
        let status = || RunRecord::read(&path).map(|record| (record.status, record.reached)).ok();
        let before = status();
        json.on(&event).unwrap();
        match event {
            Event::Started(_) => assert_eq!((before, status()), (None, Some((Status::Running, None)))),
            Event::TargetReached(_) => assert_eq!(status(), Some((Status::Running, Some(reached())))),
            Event::Ended(_) => assert_eq!(status(), Some((Status::StoppedAtTarget, Some(reached())))),
            _ => assert_eq!(status(), before),
        }
    }
    let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let of = |pointer: &str| value.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}")).to_string();
    assert_eq!(of("/schema"), "1");
    assert_eq!(of("/status"), r#""stopped_at_target""#);
    assert_eq!(of("/validation_part"), r#""validation""#);
    assert_eq!((of("/seed"), of("/parameters"), of("/threads")), ("1".into(), "101770".into(), "2".into()));
    assert_eq!(of("/final/val_accuracy"), "0.9712");
    assert_eq!((of("/final/epoch"), of("/final/lr.bias")), ("3".into(), "0.002".into()));
    assert_eq!(of("/test"), r#"{"loss":0.0987,"accuracy":0.9705}"#);
    assert_eq!(of("/timings/total_seconds"), "4.6");
    let lr_run = env!("CARGO_PKG_VERSION");
    assert_eq!(
        of("/versions"),
        format!(r#"{{"lr_run":"{lr_run}","lr_run_commit":"0123abcd","libtorch":"2.9.0","tch":"0.24.0"}}"#)
    );
    assert!(of("/started_at") <= of("/ended_at") && value.get("resumed_at").is_none());
    assert!(of("/command").contains("lr_run_core"), "the test is the program");
    assert_eq!(of("/process/pid"), std::process::id().to_string());
    assert_eq!(
        of("/experiment"),
        r#"{"id":"ef","seed":1,"label":"optimizer.lr=0.001","problem":"01","strategy":"23"}"#
    );
    assert_eq!((of("/spec_hash"), of("/data_fingerprint")), (r#""ab""#.into(), r#""cd""#.into()));
}

/// Compares debug text, because NaN is not equal to NaN.
#[test]
fn outcome_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let nan = Some(Scores { loss: f64::NAN, metric: 0.098 });
    let lr = f64::NAN;
    let diverged = Outcome {
        status: Status::Diverged,
        last: Some(Row { train: nan, val: nan, step: u64::MAX, ..example_row(1, 0.5, 0.75) }),
        test: nan,
        fitted: vec![("slope".into(), f64::NAN), ("intercept".into(), 1e-300)],
        diverged: Some(Divergence { step: 17, lr, loss: "NaN".into() }),
        ..outcome()
    };
    let early = Outcome { last: None, test: None, best: None, reached: None, status: Status::Failed, ..outcome() };
    for outcome in [outcome(), diverged, early] {
        let mut json = RunJson::new(&path, facts());
        json.on(&Event::Started(Box::new(started()))).unwrap();
        assert!(RunRecord::read(&path).unwrap().outcome().is_none());
        json.on(&Event::Ended(Box::new(outcome.clone()))).unwrap();
        let back = RunRecord::read(&path).unwrap().outcome().unwrap();
        assert_eq!(format!("{back:?}"), format!("{outcome:?}"));
    }
}

#[test]
fn resumed_run_keeps_the_date_of_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let start = |resumed: Option<Resumed>| {
        let mut json = RunJson::new(&path, facts());
        json.on(&Event::Started(Box::new(Started { resumed, ..started() }))).unwrap();
        RunRecord::read(&path).unwrap()
    };
    let begun = start(None).started_at.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&begun, "2001-02-03T04:05:06Z")).unwrap();
    let resumed = start(Some(Resumed::default()));
    assert_eq!(resumed.started_at.as_deref(), Some("2001-02-03T04:05:06Z"));
    assert!(resumed.resumed_at.unwrap() >= begun);
}

/// Records that an earlier lr-run wrote have neither an experiment nor dates.
#[test]
fn record_of_an_earlier_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let mut json = RunJson::new(&path, facts());
    json.on(&Event::Started(Box::new(started()))).unwrap();
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for key in ["experiment", "started_at", "ended_at", "command", "processor"] {
        value.as_object_mut().unwrap().remove(key).unwrap();
    }
    value["versions"] = serde_json::json!({ "lr_run": "0.1.0", "libtorch": "2.9.0" });
    std::fs::write(&path, value.to_string()).unwrap();
    assert_eq!(RunRecord::read(&path).unwrap().experiment, None);
}

#[test]
fn file_that_is_not_a_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let error = |content: &str| {
        std::fs::write(&path, content).unwrap();
        RunRecord::read(&path).unwrap_err().to_string()
    };
    assert!(error("{\n\"schema\": 1,").ends_with("run.json is not complete: it ends in line 2"));
    assert!(error("[]").contains("run.json is not a record that lr-run wrote: "));
    assert!(error("{\"schema\": 1}").contains("missing field `status`"));
    assert!(error("{\"schema\": 7, \"status\": 3}").ends_with("run.json has schema 7, but this lr-run reads schema 1"));
    std::fs::write(&path, b"\xff\xfe").unwrap();
    assert!(RunRecord::read(&path).unwrap_err().to_string().ends_with("run.json is not a text file"));
    let missing = RunRecord::read(&folder.path().join("no/run.json")).unwrap_err().to_string();
    assert!(missing.starts_with("there is no run in ") && missing.ends_with("no: it has no run.json"), "{missing}");
}
