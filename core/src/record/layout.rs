//! The columns of `epochs.csv`, and the cells of a [`Row`] in them. The columns depend on the spec alone.

use std::fmt;

use super::event::{Row, Scores};
use super::number::exact;
use super::started::{Columns, Started, ValidationPart};
use crate::metric::{Metric, Part};

/// The columns of a run, in this order:
///
/// - `epoch,step,train_loss,train_<metric>,val_loss,val_<metric>,lr`,
/// - `lr.<group>` for each group except the base group,
/// - `<name>` and `<name>.<group>` for each hyper-parameter with a schedule,
/// - `effective_lr` and `effective_lr.<group>`,
/// - `test_loss,test_<metric>`,
/// - `ema_loss,ema_<metric>`,
/// - `train_seconds,eval_seconds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The task's metric.
    pub metric: Metric,
    /// The names of the groups after the base group.
    pub groups: Vec<String>,
    /// The names of the hyper-parameters with schedules.
    pub hyper: Vec<String>,
    pub effective_lr: bool,
    pub test: bool,
    pub ema: bool,
}

/// The content of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    Empty,
    Count(u64),
    Number(f64),
}

/// Writes the cell as it is in `epochs.csv`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Empty => Ok(()),
            Cell::Count(count) => write!(f, "{count}"),
            Cell::Number(number) => f.write_str(&exact(*number)),
        }
    }
}

impl Cell {
    /// Returns the cell of an optional number.
    fn of(number: Option<f64>) -> Cell {
        number.map_or(Cell::Empty, Cell::Number)
    }

    /// Returns the number in the cell. `None` if the cell is empty.
    fn number(self) -> Option<f64> {
        match self {
            Cell::Empty => None,
            Cell::Count(count) => Some(count as f64),
            Cell::Number(number) => Some(number),
        }
    }
}

impl Started {
    /// Returns the scores that decisions use: the scores of the validation part or, without one, of the part that takes
    /// its place.
    pub fn monitored(&self, row: &Row) -> Option<Scores> {
        row.val.or(row.scores(self.deciding_part()))
    }

    /// Returns the part of the data that decisions use.
    pub fn deciding_part(&self) -> Part {
        match self.data.validation_part {
            ValidationPart::Validation => Part::Val,
            ValidationPart::Test => Part::Test,
            ValidationPart::Train => Part::Train,
        }
    }
}

impl Layout {
    /// Returns the columns of a run.
    pub fn of(started: &Started) -> Self {
        let Columns { hyper, effective_lr, test, ema } = started.columns.clone();
        let groups = started.strategy.groups.iter().skip(1).map(|group| group.name.clone()).collect();
        Layout { metric: started.metric, groups, hyper, effective_lr, test, ema }
    }

    /// Returns the names of the columns, in order.
    pub fn header(&self) -> Vec<String> {
        let scores = |part: Part| [part.of(Metric::LOSS).to_string(), part.of(self.metric).to_string()];
        let mut header = vec!["epoch".to_owned(), "step".to_owned()];
        header.extend(scores(Part::Train));
        header.extend(scores(Part::Val));
        header.extend(self.rates("lr"));
        header.extend(self.hyper.iter().flat_map(|name| self.rates(name)));
        if self.effective_lr {
            header.extend(self.rates("effective_lr"));
        }
        if self.test {
            header.extend(scores(Part::Test));
        }
        if self.ema {
            header.extend(scores(Part::Ema));
        }
        header.extend(["train_seconds".to_owned(), "eval_seconds".to_owned()]);
        header
    }

    /// Returns the cells of `row`, one for each column of [`Layout::header`].
    pub fn cells(&self, row: &Row) -> Vec<Cell> {
        let scores = |part: Option<Scores>| {
            [Cell::of(part.map(|scores| scores.loss)), Cell::of(part.map(|scores| scores.metric))]
        };
        let rates = |rates: &[f64]| -> Vec<Cell> {
            (0..=self.groups.len()).map(|group| Cell::of(rates.get(group).copied())).collect()
        };
        let mut cells = vec![Cell::Count(row.epoch), Cell::Count(row.step)];
        cells.extend(scores(row.train));
        cells.extend(scores(row.val));
        cells.extend(rates(&row.lr));
        for name in &self.hyper {
            cells.extend(rates(row.hyper.get(name).map_or(&[], Vec::as_slice)));
        }
        if self.effective_lr {
            cells.extend(rates(&row.effective_lr));
        }
        if self.test {
            cells.extend(scores(row.test));
        }
        if self.ema {
            cells.extend(scores(row.ema));
        }
        cells.extend([Cell::Number(row.train_seconds), Cell::Number(row.eval_seconds)]);
        cells
    }

    /// Returns the row whose cells are `cell(name)` for each column name. `None` if a count or a time is missing.
    pub fn row(&self, cell: impl Fn(&str) -> Cell) -> Option<Row> {
        let count = |name: &str| match cell(name) {
            Cell::Count(count) => Some(count),
            Cell::Empty | Cell::Number(_) => None,
        };
        let scores = |part: Part| {
            let loss = cell(&part.of(Metric::LOSS).to_string()).number()?;
            let metric = cell(&part.of(self.metric).to_string()).number()?;
            Some(Scores { loss, metric })
        };
        let rates =
            |name: &str| -> Vec<f64> { self.rates(name).iter().map_while(|name| cell(name).number()).collect() };
        Some(Row {
            epoch: count("epoch")?,
            step: count("step")?,
            train: scores(Part::Train),
            val: scores(Part::Val),
            test: scores(Part::Test).filter(|_| self.test),
            ema: scores(Part::Ema).filter(|_| self.ema),
            lr: rates("lr"),
            hyper: self.hyper.iter().map(|name| (name.clone(), rates(name))).collect(),
            effective_lr: if self.effective_lr { rates("effective_lr") } else { Vec::new() },
            train_seconds: cell("train_seconds").number()?,
            eval_seconds: cell("eval_seconds").number()?,
        })
    }

    /// Returns the columns of a quantity that each group has: `lr`, then `lr.<group>` for each group except the base
    /// group.
    fn rates(&self, name: &str) -> Vec<String> {
        let of_groups = self.groups.iter().map(|group| format!("{name}.{group}"));
        std::iter::once(name.to_owned()).chain(of_groups).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let groups = vec!["bias".into(), "a,b".into()];
        let hyper = vec!["alpha".into(), "eps".into()];
        Layout { metric: Metric::RMSE, groups, hyper, effective_lr: true, test: true, ema: true }
    }

    #[test]
    fn columns_are_in_the_documented_order() {
        let metric = Metric::ACCURACY;
        let plain = Layout { metric, groups: vec![], hyper: vec![], effective_lr: false, test: false, ema: false };
        assert_eq!(
            plain.header().join(","),
            "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,train_seconds,eval_seconds"
        );
        assert_eq!(
            layout().header().join(" "),
            "epoch step train_loss train_rmse val_loss val_rmse lr lr.bias lr.a,b alpha alpha.bias alpha.a,b \
             eps eps.bias eps.a,b effective_lr effective_lr.bias effective_lr.a,b test_loss test_rmse ema_loss \
             ema_rmse train_seconds eval_seconds"
        );
    }

    #[test]
    fn row_reads_back_by_column_name() {
        let scores = |loss, metric| Some(Scores { loss, metric });
        let hyper = [("alpha".to_owned(), vec![1.0, 2.0, 3.0]), ("eps".to_owned(), vec![1e-8, 1e-300, 0.0])];
        let row = Row {
            epoch: 7,
            step: u64::MAX,
            train: None,
            val: scores(0.5, f64::INFINITY),
            test: scores(-0.0, 0.25),
            ema: scores(1e-3, 1e3),
            lr: vec![0.1, 0.2, 0.3],
            hyper: hyper.into(),
            effective_lr: vec![],
            train_seconds: 1.5,
            eval_seconds: 0.25,
        };
        let header = layout().header();
        let cells = layout().cells(&row);
        assert_eq!(header.len(), cells.len());
        let cell = |name: &str| cells[header.iter().position(|column| column == name).unwrap()];
        assert_eq!(layout().row(cell), Some(row));
        assert_eq!(layout().row(|_| Cell::Empty), None);
    }
}
