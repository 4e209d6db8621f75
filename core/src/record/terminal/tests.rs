use super::super::event::{Divergence, Outcome, Row, Scores, Status};
use super::super::example::{events, facts, outcome, row, started};
use super::super::run_json::RunJson;
use super::super::started::{Columns, ValidationPart};
use super::*;

use std::sync::{Arc, Mutex};

use indicatif::TermLike;

const CURVE: &str = "results/mnist_adam/optimizer.lr=0.001,seed=1/epochs.csv";

fn shown(styled: bool, events: &[Event]) -> String {
    let mut terminal = Terminal::new(Vec::new(), styled, ProgressDrawTarget::hidden(), CURVE);
    for event in events {
        terminal.on(event).unwrap();
    }
    String::from_utf8(terminal.out).unwrap()
}

#[test]
fn run_is_printed() {
    let text = shown(false, &events());
    insta::assert_snapshot!(text, @r"
    mnist_adam  optimizer.lr=0.001,seed=1

      model      mlp 784-128-10, 101,770 parameters
      data       mnist: 1×28×28, 10 classes
      examples   50,000 train, 10,000 validation, 10,000 test
      optimizer  adam, betas 0.9 0.999, eps 1e-8, lr 0.001, batch 128
      schedule   ×0.1 when val_loss has not been lower for 2 epochs, by at least
                 1e-4 of it
      group      bias: 138 parameters, lr 0.002, constant
      device     cpu, 2 threads
      length     7,820 steps, 391 an epoch
      seed       1
      target     val_accuracy >= 0.97

      epoch  train loss   train acc   val loss    val acc          lr         time
          0           -           -     2.3102     9.81 %       0.001       0.12 s
          1      0.3152     93.26 %     0.1902    94.51 %       0.001        1.4 s
      rate       lr 0.001 → 0.0001: val_loss has not been lower for 2 epochs
          2      0.2457     95.15 %     0.1207    96.40 %       0.001        1.4 s
      warning    the run started with threads = 1 and resumes with 2: its last
                 digits will differ from those of an uninterrupted run; --force
                 starts over
          3      0.2202     95.87 %     0.0952    97.12 %       0.001        1.4 s

      end        stopped at target after epoch 3, step 1,173
      target     reached: val_accuracy 97.12 % at epoch 3, step 1,173, after 4.1 s
      best       val_accuracy 97.12 % at epoch 3
      test       loss 0.0987, accuracy 97.05 %
      time       4.6 s: 3.8 s training, 0.50 s evaluating
      curve      results/mnist_adam/optimizer.lr=0.001,seed=1/epochs.csv
    ");
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn target_that_does_not_end_the_run_is_printed_when_reached() {
    let target = Event::TargetReached(outcome().reached.unwrap());
    let events = [Event::Started(Box::new(started())), target, Event::Epoch(row(4, 0.1, 0.98))];
    let text = shown(false, &events);
    let lines: Vec<&str> = text.lines().rev().take(2).collect();
    assert!(lines[1].trim_start().starts_with("target     reached: val_accuracy"), "{text}");
}

#[test]
fn colour_changes_no_column() {
    let styled = shown(true, &events());
    insta::assert_snapshot!(styled.lines().filter(|line| line.contains('\x1b')).collect::<Vec<_>>().join("\n").replace('\x1b', "␛"), @r"
    ␛[1mmnist_adam␛[0m  ␛[2moptimizer.lr=0.001,seed=1␛[0m
      ␛[2mmodel␛[0m      mlp 784-128-10, 101,770 parameters
      ␛[2mdata␛[0m       mnist: 1×28×28, 10 classes
      ␛[2mexamples␛[0m   50,000 train, 10,000 validation, 10,000 test
      ␛[2moptimizer␛[0m  adam, betas 0.9 0.999, eps 1e-8, lr 0.001, batch 128
      ␛[2mschedule␛[0m   ×0.1 when val_loss has not been lower for 2 epochs, by at least
      ␛[2mgroup␛[0m      bias: 138 parameters, lr 0.002, constant
      ␛[2mdevice␛[0m     cpu, 2 threads
      ␛[2mlength␛[0m     7,820 steps, 391 an epoch
      ␛[2mseed␛[0m       1
      ␛[2mtarget␛[0m     val_accuracy >= 0.97
    ␛[1m  epoch  train loss   train acc   val loss    val acc          lr         time␛[0m
      ␛[1m␛[33mrate␛[0m       lr 0.001 → 0.0001: val_loss has not been lower for 2 epochs
      ␛[1m␛[33mwarning␛[0m    the run started with threads = 1 and resumes with 2: its last
      ␛[1m␛[32mend␛[0m        stopped at target after epoch 3, step 1,173
      ␛[1m␛[32mtarget␛[0m     reached: val_accuracy 97.12 % at epoch 3, step 1,173, after 4.1 s
      ␛[2mbest␛[0m       val_accuracy 97.12 % at epoch 3
      ␛[2mtest␛[0m       loss 0.0987, accuracy 97.05 %
      ␛[2mtime␛[0m       4.6 s: 3.8 s training, 0.50 s evaluating
      ␛[2mcurve␛[0m      results/mnist_adam/optimizer.lr=0.001,seed=1/epochs.csv
    ");
    let mut plain = String::new();
    for part in styled.split('\x1b') {
        plain += part.strip_prefix('[').and_then(|part| part.split_once('m')).map_or(part, |(_, text)| text);
    }
    assert_eq!(plain, shown(false, &events()));
}

#[test]
fn fitted_line_is_printed() {
    let mut run = started();
    run.metric = crate::metric::Metric::RMSE;
    run.target = None;
    run.data.validation_part = ValidationPart::Test;
    run.data.val_examples = 0;
    run.data.input_shape = vec![13];
    run.data.task = "regression".into();
    run.data.outputs = 1;
    run.columns = Columns { test: true, ..Columns::default() };
    run.strategy.groups.truncate(1);
    let test = Some(Scores { loss: 1.25e-7, metric: 3.5e-4 });
    let last = Row { val: None, test, ..row(1, 0.5, 0.7) };
    let fitted = vec![("slope".to_owned(), 2.00013), ("intercept".to_owned(), -0.99987)];
    let best = None;
    let reached = None;
    let status = Status::Completed;
    let end = Outcome { status, target: None, reached, best, last: Some(last.clone()), test, fitted, ..outcome() };
    let text = shown(false, &[Event::Started(Box::new(run)), Event::Epoch(last), Event::Ended(Box::new(end))]);
    insta::assert_snapshot!(text.lines().filter(|line| !line.is_empty()).skip(1).collect::<Vec<_>>().join("\n"), @r"
    model      mlp 784-128-10, 101,770 parameters
    data       mnist: 13 features, regression
    examples   50,000 train, 10,000 test, decisions use the test part
    optimizer  adam, betas 0.9 0.999, eps 1e-8, lr 0.001, batch 128
    schedule   ×0.1 when val_loss has not been lower for 2 epochs, by at least
               1e-4 of it
    device     cpu, 2 threads
    length     7,820 steps, 391 an epoch
    seed       1
    epoch  train loss  train rmse  test loss  test rmse          lr         time
        1      0.6250      0.6875   1.250e-7   3.500e-4       0.001        1.4 s
    end        completed after epoch 1, step 391
    test       loss 1.250e-7, rmse 3.500e-4
    fitted     slope 2.0001, intercept -0.9999
    time       4.6 s: 3.8 s training, 0.50 s evaluating
    curve      results/mnist_adam/optimizer.lr=0.001,seed=1/epochs.csv
    ");
}

#[test]
fn divergence_names_step_and_rate() {
    let scores = Some(Scores { loss: f64::NAN, metric: 0.098 });
    let last = Row { train: scores, val: scores, ..row(1, 0.5, 0.7) };
    let diverged = Some(Divergence { step: 1_017, lr: 10.0, loss: "NaN".into() });
    let status = Status::Diverged;
    let reached = None;
    let best = None;
    let test = None;
    let end = Outcome { status, reached, best, test, last: Some(last.clone()), diverged, ..outcome() };
    let text = shown(false, &[Event::Started(Box::new(started())), Event::Epoch(last), Event::Ended(Box::new(end))]);
    insta::assert_snapshot!(text.split_once("time\n").unwrap().1, @r"
        1         NaN      9.80 %        NaN     9.80 %       0.001        1.4 s

    end        diverged at step 1,017: the loss was NaN at lr 10
    target     not reached: val_accuracy >= 0.97
    time       4.6 s: 3.8 s training, 0.50 s evaluating
    curve      results/mnist_adam/optimizer.lr=0.001,seed=1/epochs.csv
    ");
}

#[test]
fn complete_run_prints_its_results_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let mut json = RunJson::new(&path, facts());
    for event in events() {
        json.on(&event).unwrap();
    }
    let record = RunRecord::read(&path).unwrap();
    let mut terminal = Terminal::new(Vec::new(), false, ProgressDrawTarget::hidden(), CURVE);
    terminal.already_complete(&record, Path::new("results/mnist_adam/seed=1"));
    let again = String::from_utf8(terminal.out).unwrap();
    let (head, ending) = again.split_once("again.\n\n").unwrap();
    assert_eq!(
        head,
        "mnist_adam  optimizer.lr=0.001,seed=1\n\nresults/mnist_adam/seed=1 is finished; --force runs it "
    );
    assert!(ending.len() > 200 && shown(false, &events()).ends_with(ending), "{ending}");
}

struct Closing {
    lines: usize,
    refused: usize,
}

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.lines {
            0 => {
                self.refused += 1;
                Err(io::ErrorKind::BrokenPipe.into())
            }
            _ => {
                self.lines -= 1;
                Ok(bytes.len())
            }
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn closed_pipe_ends_the_printing_only() {
    let mut terminal = Terminal::new(Closing { lines: 2, refused: 0 }, false, ProgressDrawTarget::hidden(), CURVE);
    for event in events() {
        terminal.on(&event).unwrap();
    }
    assert_eq!((terminal.out.lines, terminal.out.refused), (0, 1));
}

/// A terminal of one line.
#[derive(Clone, Debug, Default)]
struct Line(Arc<Mutex<String>>);

impl TermLike for Line {
    fn width(&self) -> u16 {
        80
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().push_str(text);
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn bar_is_shown_within_an_epoch_only() {
    let screen = Line::default();
    let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
    let mut terminal = Terminal::new(io::sink(), false, target, CURVE);
    terminal.on(&Event::Started(Box::new(started()))).unwrap();
    for epoch in [1, 2] {
        let progress = Progress { epoch, step: 1, step_in_epoch: 300, steps_in_epoch: 391, loss: 0.25 };
        terminal.on(&Event::Progress(progress)).unwrap();
        terminal.bar.force_draw();
        let bar = screen.0.lock().unwrap().clone();
        assert!(bar.contains(&format!("      {epoch}  ━━━")) && bar.contains("300/391"), "{bar}");
        assert!(bar.contains("loss 0.2500") && bar.chars().count() <= 80, "{bar}");
        terminal.on(&Event::Epoch(row(epoch, 0.2, 0.9))).unwrap();
        assert_eq!(screen.0.lock().unwrap().clone(), "");
    }
}
