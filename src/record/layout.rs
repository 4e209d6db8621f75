//! The columns of `epochs.csv`, decided by the spec alone, and a [`Row`] as their cells.

use super::event::{Columns, Row, Scores, Started};
use super::number::exact;
use crate::metric::{Metric, Part, PartMetric};

/// Which columns a run has:
/// `epoch,step,train_loss,train_<metric>,val_loss,val_<metric>,lr`, then `lr.<group>` for each group but base, for each
/// hyper-parameter that follows a rule `<name>` and `<name>.<group>`, `effective_lr` and `effective_lr.<group>`,
/// `test_loss,test_<metric>`, `ema_loss,ema_<metric>`, last `train_seconds,eval_seconds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The task's metric.
    pub metric: Metric,
    /// Names of the groups after the base group.
    pub groups: Vec<String>,
    /// Names of the hyper-parameters that follow rules.
    pub hyper: Vec<String>,
    pub effective_lr: bool,
    pub test: bool,
    pub ema: bool,
}

/// The column of `lr`.
const FIRST_RATE: usize = 6;

/// What can come first after the hyper-parameters.
const AFTER_HYPER: [&str; 4] = ["effective_lr", "test_loss", "ema_loss", "train_seconds"];

/// A cell that does not hold what its column is for.
#[derive(Debug, thiserror::Error)]
#[error("column `{column}` holds `{text}`, expected {expected}")]
pub struct CellError {
    pub column: String,
    pub text: String,
    pub expected: &'static str,
}

impl Started {
    /// The scores that decisions use: of the validation part, or where there is none, of the part that stands in.
    pub fn monitored(&self, row: &Row) -> Option<Scores> {
        row.val.or(match self.validation_part.as_str() {
            "test" => row.test,
            "train" => row.train,
            _ => None,
        })
    }
}

impl Layout {
    /// The columns of the run that `started` announces.
    pub fn of(started: &Started) -> Self {
        let Columns { hyper, effective_lr, test, ema } = started.columns.clone();
        let groups = started.groups.iter().skip(1).map(|group| group.name.clone()).collect();
        Layout { metric: started.metric, groups, hyper, effective_lr, test, ema }
    }

    /// The columns' names in order.
    pub fn header(&self) -> Vec<String> {
        let scores = |part: Part| [part.of(Metric::LOSS).to_string(), part.of(self.metric).to_string()];
        let rates = |name: &str| {
            let of_groups: Vec<String> = self.groups.iter().map(|group| format!("{name}.{group}")).collect();
            std::iter::once(name.to_owned()).chain(of_groups)
        };
        let mut header = vec!["epoch".to_owned(), "step".to_owned()];
        header.extend(scores(Part::Train));
        header.extend(scores(Part::Val));
        header.extend(rates("lr"));
        header.extend(self.hyper.iter().flat_map(|name| rates(name)));
        if self.effective_lr {
            header.extend(rates("effective_lr"));
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

    /// The layout that has exactly these columns, if there is one.
    pub fn from_header(header: &[&str]) -> Option<Self> {
        let groups: Vec<String> =
            header.iter().filter_map(|name| name.strip_prefix("lr.")).map(str::to_owned).collect();
        // After the rates: a hyper-parameter of each group, and the next one, up to what comes after them.
        let after_rates = header.get(FIRST_RATE + 1 + groups.len()..)?;
        let firsts = after_rates.iter().step_by(1 + groups.len());
        let layout = Layout {
            metric: header.get(3)?.parse::<PartMetric>().ok()?.metric,
            hyper: firsts.take_while(|name| !AFTER_HYPER.contains(name)).map(|&name| name.to_owned()).collect(),
            groups,
            effective_lr: header.contains(&"effective_lr"),
            test: header.contains(&"test_loss"),
            ema: header.contains(&"ema_loss"),
        };
        (layout.header() == header).then_some(layout)
    }

    /// `row` as cells, one for each column; what is absent is empty.
    pub fn write(&self, row: &Row) -> Vec<String> {
        let scores = |part: Option<Scores>| match part {
            Some(Scores { loss, metric }) => [exact(loss), exact(metric)],
            None => [String::new(), String::new()],
        };
        let rates = |rates: &[f64]| -> Vec<String> {
            (0..=self.groups.len()).map(|group| rates.get(group).copied().map(exact).unwrap_or_default()).collect()
        };
        let mut cells = vec![row.epoch.to_string(), row.step.to_string()];
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
        cells.extend([exact(row.train_seconds), exact(row.eval_seconds)]);
        cells
    }

    /// The row that these cells hold.
    pub fn read(&self, cells: &[&str]) -> Result<Row, CellError> {
        let header = self.header();
        let mut cells = Cells { header: &header, cells, next: 0 };
        let groups = 1 + self.groups.len();
        Ok(Row {
            epoch: cells.count()?,
            step: cells.count()?,
            train: cells.scores()?,
            val: cells.scores()?,
            lr: cells.rates(groups)?,
            hyper: self
                .hyper
                .iter()
                .map(|name| Ok((name.clone(), cells.rates(groups)?)))
                .collect::<Result<_, CellError>>()?,
            effective_lr: if self.effective_lr { cells.rates(groups)? } else { Vec::new() },
            test: if self.test { cells.scores()? } else { None },
            ema: if self.ema { cells.scores()? } else { None },
            train_seconds: cells.number()?,
            eval_seconds: cells.number()?,
        })
    }
}

/// Takes cells one after another.
struct Cells<'a> {
    header: &'a [String],
    cells: &'a [&'a str],
    next: usize,
}

impl Cells<'_> {
    fn take(&mut self) -> &str {
        self.next += 1;
        self.cells.get(self.next - 1).copied().unwrap_or_default()
    }

    /// That the cell just taken is wrong.
    fn wrong(&self, expected: &'static str) -> CellError {
        let at = self.next - 1;
        let column = self.header.get(at).cloned().unwrap_or_default();
        CellError { column, text: self.cells.get(at).copied().unwrap_or_default().to_owned(), expected }
    }

    fn count(&mut self) -> Result<u64, CellError> {
        self.take().parse().map_err(|_| self.wrong("a whole number"))
    }

    fn number(&mut self) -> Result<f64, CellError> {
        self.take().parse().map_err(|_| self.wrong("a number"))
    }

    fn optional(&mut self) -> Result<Option<f64>, CellError> {
        let text = self.take();
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| self.wrong("a number or nothing")) }
    }

    /// Loss and metric, or neither.
    fn scores(&mut self) -> Result<Option<Scores>, CellError> {
        match (self.optional()?, self.optional()?) {
            (Some(loss), Some(metric)) => Ok(Some(Scores { loss, metric })),
            (None, None) => Ok(None),
            _ => Err(self.wrong("the loss and the metric of a part together, or neither")),
        }
    }

    /// The rates of the base group and of those after it, or none at all.
    fn rates(&mut self, groups: usize) -> Result<Vec<f64>, CellError> {
        let mut rates = Vec::new();
        for group in 0..groups {
            match self.optional()? {
                Some(rate) if rates.len() == group => rates.push(rate),
                Some(_) => return Err(self.wrong("nothing, as the group before it has no rate")),
                None => {}
            }
        }
        Ok(rates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let (groups, hyper) = (vec!["bias".into(), "a,b".into()], vec!["alpha".into(), "eps".into()]);
        Layout { metric: Metric::RMSE, groups, hyper, effective_lr: true, test: true, ema: true }
    }

    #[test]
    fn the_order_is_the_documented_one() {
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
    fn a_header_is_understood_whole_or_not_at_all() {
        let header = layout().header();
        let mut names: Vec<&str> = header.iter().map(String::as_str).collect();
        assert_eq!(Layout::from_header(&names), Some(layout()));
        names.swap(6, 7);
        assert_eq!(Layout::from_header(&names), None);
        names.swap(6, 7);
        names.push("note");
        assert_eq!(Layout::from_header(&names), None);
        assert_eq!(Layout::from_header(&[]), None);
    }

    #[test]
    fn a_wrong_cell_is_named() {
        let read = |index: usize, text: &str| {
            let mut cells = "1 2 .5 .5 .5 .5 1 1 1 1 1 1 1 1 1 1 1 1 .5 .5 .5 .5 1 1".split(' ').collect::<Vec<_>>();
            cells[index] = text;
            layout().read(&cells).map(|row| row.epoch).map_err(|error| error.to_string())
        };
        assert_eq!(read(0, "7"), Ok(7));
        assert_eq!(read(0, "1.5").unwrap_err(), "column `epoch` holds `1.5`, expected a whole number");
        assert_eq!(read(4, "high").unwrap_err(), "column `val_loss` holds `high`, expected a number or nothing");
        assert!(read(3, "").unwrap_err().contains("together"));
        assert!(read(7, "").unwrap_err().contains("column `lr.a,b`"));
        assert!(read(10, "").unwrap_err().contains("column `alpha.a,b`"));
        assert_eq!(read(22, "").unwrap_err(), "column `train_seconds` holds ``, expected a number");
    }
}
