use super::*;
use crate::metric::{Metric, Part};

const VAL_LOSS: PartMetric = Part::Val.of(Metric::LOSS);
const VAL_ACCURACY: PartMetric = Part::Val.of(Metric::ACCURACY);

fn wrong(text: &str) -> String {
    Curve::parse("m.csv", text).unwrap_err().to_string()
}

#[test]
fn columns_are_found_by_name() {
    let text = "\u{feff}epoch, val_loss,note,val_accuracy\r\n0,2.3,,\r\n1, 0.5 ,a word,\r\n\r\n3.0,NaN,7,0.9\r\n";
    let curve = Curve::parse("m.csv", text).unwrap();
    assert_eq!(curve.get(1, VAL_LOSS), Some(0.5));
    assert_eq!(curve.get(1, VAL_ACCURACY), None);
    assert_eq!(curve.get(2, VAL_LOSS), None);
    assert_eq!(curve.get(3, VAL_ACCURACY), Some(0.9));
    assert!(curve.get(3, VAL_LOSS).unwrap().is_nan());
    assert_eq!([0, 1, 3].map(|epoch| curve.after(epoch)), [Some(1), Some(3), None]);
    assert_eq!(curve.epochs().collect::<Vec<_>>(), [0, 1, 3]);
    assert!(curve.has(VAL_LOSS) && !curve.has(Part::Val.of(Metric::RMSE)));
    assert_eq!([1, 3].map(|epoch| curve.value(epoch, "note")), [None, Some(7.0)]);
}

#[test]
fn every_part_and_metric_can_be_read() {
    let text = "epoch,ema_loss,ema_accuracy,train_rmse,test_loss\n2,1,2,3,4\n";
    let curve = Curve::parse("m.csv", text).unwrap();
    let metrics = ["ema_loss", "ema_accuracy", "train_rmse", "test_loss"];
    assert_eq!(metrics.map(|name| curve.get(2, name.parse().unwrap())), [1.0, 2.0, 3.0, 4.0].map(Some));
}

#[test]
fn an_error_says_where_a_file_is_wrong() {
    assert_eq!(wrong("step,val_loss\n1,2\n"), "m.csv:1: there is no column `epoch`; the columns are: step, val_loss");
    assert_eq!(wrong(""), "m.csv: the file is empty");
    assert_eq!(wrong("epoch,val_loss\r\n1,1\r\n\r\n2,low\r\n"), "m.csv:4: column `val_loss`: `low` is not a number");
    assert_eq!(wrong("epoch,val_loss\n-1,1\n"), "m.csv:2: column `epoch`: `-1` is not an epoch's number");
    assert_eq!(wrong("epoch,val_loss\n,1\n"), "m.csv:2: column `epoch`: `` is not an epoch's number");
    assert_eq!(
        wrong("epoch,val_loss\n1,1\n2,1\n1,1\n"),
        "m.csv:4: column `epoch`: epoch 1 has a row already, in line 2"
    );
    assert_eq!(wrong("epoch,val_loss\n1\n"), "m.csv:2: 1 cells, but the header names 2 columns");
    assert_eq!(wrong("epoch\n1,2\n"), "m.csv:2: 2 cells, but the header names 1 column");
    assert_eq!(wrong("epoch,val_loss,val_loss\n"), "m.csv:1: two columns have the name `val_loss`");
}

/// Returns the metric after each epoch.
fn values(curve: &Curve, name: &str) -> Vec<(u64, Option<f64>)> {
    curve.epochs().map(|epoch| (epoch, curve.get(epoch, name.parse().unwrap()))).collect()
}

fn read(text: &str) -> (Curve, String) {
    let curve = Curve::parse("m.csv", text).unwrap();
    let note = curve.note.clone().unwrap_or_default();
    (curve, note)
}

#[test]
fn keras_counts_from_zero() {
    let log = "epoch,loss,val_loss\n0,1.8,1.3\n1,1.1,0.9\n2,0.8,1.0\n3,0.6,0.8\n";
    let (curve, note) = read(log);
    let expected = [(1, Some(1.3)), (2, Some(0.9)), (3, Some(1.0)), (4, Some(0.8))];
    assert_eq!(values(&curve, "val_loss"), expected);
    assert_eq!(values(&curve, "train_loss")[0], (1, Some(1.8)));
    assert_eq!(
        note,
        "m.csv is read as a Keras log: its epoch 0 is the first epoch, which is epoch 1 here, `loss` is train_loss"
    );
    // A history that pandas wrote, with and without its index.
    let (curve, _) = read(",accuracy,loss,val_accuracy,val_loss\n0,0.5,1.8,0.4,1.3\n1,0.6,1.1,0.7,0.9\n");
    assert_eq!(values(&curve, "val_accuracy"), [(1, Some(0.4)), (2, Some(0.7))]);
    assert_eq!(values(&curve, "train_accuracy"), [(1, Some(0.5)), (2, Some(0.6))]);
    let (curve, _) = read("loss,val_loss\n1.8,1.3\n1.1,0.9\n");
    assert_eq!(values(&curve, "val_loss"), [(1, Some(1.3)), (2, Some(0.9))]);
    // A log that was continued, a log with an evaluation before training, and a file that counts from 1.
    assert_eq!(values(&read("epoch,loss,val_loss\n7,1.8,1.3\n").0, "val_loss"), [(8, Some(1.3))]);
    let (curve, note) = read("epoch,loss,val_loss\n0,,2.3\n1,1.8,1.3\n");
    assert_eq!(values(&curve, "val_loss"), [(0, Some(2.3)), (1, Some(1.3))]);
    assert!(note.contains("the evaluation before training"), "{note}");
    let (curve, note) = read("epoch,loss,val_loss\n1,1.8,1.3\n2,1.1,0.9\n");
    assert_eq!(values(&curve, "val_loss")[0], (1, Some(1.3)));
    assert!(note.contains("its epoch 1 is the first"), "{note}");
}

#[test]
fn epoch_0_with_training_values_is_the_first_epoch() {
    let (curve, note) = read("epoch;train_loss;valid_loss\n0;1.5;1.2\n1;1.0;0.9\n");
    assert_eq!(values(&curve, "val_loss"), [(1, Some(1.2)), (2, Some(0.9))]);
    assert!(note.contains("epoch 0 has training values") && note.ends_with("`valid_loss` is val_loss"), "{note}");
    let (curve, note) = read("epoch,train_loss,val_loss\n0,,1.2\n1,1.0,0.9\n");
    assert_eq!(values(&curve, "val_loss"), [(0, Some(1.2)), (1, Some(0.9))]);
    assert!(note.contains("as the evaluation before training"), "{note}");
    assert_eq!(read("epoch,val_loss\n1,1.2\n2,0.9\n").1, "");
}

#[test]
fn lightning_has_rows_of_training_and_of_validation() {
    let log = "epoch,step,train_loss,train_loss_step,val_acc,val_loss,lr-Adam\n,0,,,,,0.1\n0,49,2.0,2.0,,,\n\
               0,99,1.0,1.0,,,\n0,99,,,0.5,0.9,\n1,149,0.5,0.5,,,\n1,199,,,0.25,0.8,\n1,199,,,0.75,0.7,\n";
    let (curve, note) = read(log);
    assert_eq!(values(&curve, "train_loss"), [(1, Some(1.5)), (2, Some(0.5))]);
    assert_eq!(values(&curve, "val_loss"), [(1, Some(0.9)), (2, Some(0.7))]);
    assert_eq!(values(&curve, "val_accuracy"), [(1, Some(0.5)), (2, Some(0.75))]);
    assert!(note.contains("a Lightning log") && note.contains("`val_acc` is val_accuracy"), "{note}");
    assert_eq!(wrong(&log.replace("0.9", "low")), "m.csv:5: column `val_loss`: `low` is not a number");
}

#[test]
fn ultralytics_has_padded_names_and_losses_of_parts() {
    let yolo = "                  epoch,         train/box_loss,         train/cls_loss,      metrics/mAP50(B),\
                val/box_loss,           val/cls_loss,                 lr/pg0\n\
                1,1.5,2.0,0.1,1.25,1.0,0.01\n                      2,1.0,1.0,0.2,1.0,0.5,0.01\n";
    let (curve, note) = read(yolo);
    assert_eq!(values(&curve, "val_loss"), [(1, Some(2.25)), (2, Some(1.5))]);
    assert_eq!(values(&curve, "train_loss"), [(1, Some(3.5)), (2, Some(2.0))]);
    assert!(note.contains("a log of Ultralytics: its epoch 1 is the first"), "{note}");
    assert!(note.ends_with("val_loss is val/box_loss + val/cls_loss"), "{note}");
    let classes =
        "epoch,time,train/loss,metrics/accuracy_top1,metrics/accuracy_top5,val/loss,lr/pg0\n0,9,2,0.5,1,1.5,0.1\n";
    let (curve, _) = read(classes);
    assert_eq!(values(&curve, "val_loss"), [(1, Some(1.5))]);
    assert_eq!(values(&curve, "val_accuracy"), [(1, Some(0.5))]);
}

#[test]
fn transformers_evaluates_at_fractions_of_epochs() {
    let state = r#"{"best_metric": NaN, "note": "a \"NaN\"", "log_history": [
        {"epoch": 0.5, "grad_norm": NaN, "learning_rate": 2e-05, "loss": 1.5, "step": 50},
        {"epoch": 0.99, "loss": 1.0, "step": 99},
        {"epoch": 0.99, "eval_accuracy": 0.5, "eval_loss": 0.9, "eval_runtime": 1.2, "step": 99},
        {"epoch": 1.5, "eval_loss": 0.8, "step": 150},
        {"epoch": 2.0000000001, "eval_loss": 0.7, "step": 200},
        {"epoch": 2.0, "step": 200, "train_loss": 1.1, "train_runtime": 60.0}]}"#;
    let (curve, note) = read(state);
    assert_eq!(values(&curve, "val_loss"), [(1, Some(0.9)), (2, Some(0.7))]);
    assert_eq!(values(&curve, "train_loss"), [(1, Some(1.25)), (2, None)]);
    assert_eq!(values(&curve, "val_accuracy"), [(1, Some(0.5)), (2, None)]);
    assert!(note.contains("transformers' Trainer"), "{note}");
    let table = "loss,epoch,step,eval_loss\n1.5,0.5,50,\n,1.0,100,0.9\n";
    assert_eq!(values(&read(table).0, "val_loss"), [(1, Some(0.9))]);
    assert_eq!(wrong("{\"log_history\": [{\"epoch\": 1}]}"), "m.csv: no entry has an `epoch` and a loss or a metric");
    assert_eq!(wrong("{\"log_history\": [\n"), "m.csv is not complete: it ends in line 2");
    assert!(wrong("{\"a\": 1}").contains("has no `log_history`"));
    assert!(wrong("{\"spec_hash\": 1}").contains("name the epochs.csv"));
}

/// The program can read what it wrote, including the events of `--json`.
#[test]
fn events_of_a_run_are_a_curve() {
    use super::super::{JsonLines, Sink, example};
    let mut bytes = Vec::new();
    let mut lines = JsonLines::new(&mut bytes);
    example::events().iter().for_each(|event| lines.on(event).unwrap());
    drop(lines);
    let text = String::from_utf8(bytes).unwrap();
    let (curve, note) = read(&text);
    assert_eq!(note, "");
    assert_eq!(values(&curve, "val_loss")[..2], [(0, Some(2.3102)), (1, Some(0.1902))]);
    assert_eq!(curve.value(3, "lr.bias"), Some(0.002));
    let number = text.lines().count() as u64;
    let cut = Curve { cut: Some(number), ..curve };
    assert_eq!(read(&text[..text.len() - 9]).0, cut, "the last line is being written");
    let two = text.clone() + &text.replace("seed=1", "seed=2");
    assert!(wrong(&two).contains("belongs to the run \"mnist_adam/optimizer.lr=0.001,seed=2\""));
}

#[test]
fn a_line_that_is_being_written_is_left_out() {
    let epochs = |text: &str| Curve::parse("m.csv", text).unwrap().epochs().collect::<Vec<_>>();
    let cut = |text: &str| Curve::parse("m.csv", text).unwrap().cut;
    assert_eq!(epochs("epoch,step,val_loss\n0,0,2.5\n1,1"), [0]);
    assert_eq!(cut("epoch,step,val_loss\r\n0,0,2.5\r\n\r\n1,1"), Some(4));
    assert_eq!(cut("epoch,step,val_loss\n0,0,2.5\n1,10,0.5"), None);
    // Other tools may end the last line without a line end.
    assert_eq!(epochs("epoch,step,val_loss\n0,0,2.5\n1,10,0.5"), [0, 1]);
    assert_eq!(wrong("epoch,val_loss\n1\n2,1"), "m.csv:2: 1 cells, but the header names 2 columns");
}

/// A text without quotes is split at once, and any other by the CSV reader.
#[test]
fn quotes_do_not_change_a_curve() {
    for text in [
        "epoch,val_loss\n1,0.5\n2,0.4\n",
        "epoch,val_loss\r\n1,0.5\r\n\r\n2,0.4\r\n",
        "epoch,val_loss\r1,0.5\r2,0.4",
        "\n\nepoch,val_loss\n\n1,0.5\n2,",
        "epoch,val_loss\n1,0.5\n2",
        "epoch,val_loss\n1,0.5,9\n2,0.4\n",
        "epoch,val_loss\n\n1,0.5\n\n2,x\n",
        "epoch\tval_loss\n1\t0.5\n",
        "epoch,val_loss\n",
        "",
    ] {
        let read = |text: &str| Curve::parse("m.csv", text).map_err(|error| error.to_string());
        assert_eq!(read(&text.replacen("val_loss", "\"val_loss\"", 1)), read(text), "{text:?}");
    }
}
