//! Points around a straight line: `y = slope · x + intercept + noise · ε`, with `x` uniform in [−1, 1) and `ε` standard
//! normal.
//!
//! The default of `normalize` is "none".
//!
//! | key | default | |
//! |---|---|---|
//! | `points` | 1000 | the number of training examples |
//! | `slope` | 2 | |
//! | `intercept` | 1 | |
//! | `noise` | 0.05 | the standard deviation around the line, 0 or above |
//! | `test_points` | 0 | the number of test examples. They do not change the training examples. |
//! | `data_seed` | 0 | the seed of the points. It does not depend on the run's seed, so runs with different seeds see the same points. |

use super::{Access, Build, Context, Data, Dataset, Error, Info, Inputs, Normalize, Part, SplitRule, Targets, Task};
use crate::random::Stream;
use crate::spec::{Count, Entry, NonNegative, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "linear",
    summary: "points around a straight line, drawn from a seed",
    example: "type = \"linear\"\npoints = 1000\nslope = 2.0\nintercept = 1.0\nnoise = 0.05\ntest_points = 0\ndata_seed = 0",
    build,
};

/// A larger number of points is a mistake in the spec.
const MOST_POINTS: usize = 100_000_000;

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
    let points = section.or("points", Count(1000)).0;
    let slope = section.or("slope", 2.0);
    let intercept = section.or("intercept", 1.0);
    let noise = section.or("noise", NonNegative(0.05)).0;
    let test_points = usize::try_from(section.or("test_points", 0u64)).unwrap_or(usize::MAX);
    let data_seed = section.or("data_seed", 0u64);
    let mut valid = true;
    for (key, number) in [("points", points), ("test_points", test_points)] {
        if number > MOST_POINTS {
            let message = format!("`{}` asks for {number} points", section.dotted(key));
            section.error(key, message, format!("at most {MOST_POINTS}"));
            valid = false;
        }
    }
    for (key, value) in [("slope", slope), ("intercept", intercept), ("noise", noise)] {
        if value.abs() > 1e30 {
            let message = format!("`{}` is too large for data in 32-bit floats", section.dotted(key));
            section.error(key, message, "at most 1e30");
            valid = false;
        }
    }
    let split = context.split.clone();
    let set = Linear { points, slope, intercept, noise, test_points, data_seed, split };
    valid.then(|| Box::new(set) as Box<dyn Dataset>)
}

#[derive(Debug)]
struct Linear {
    points: usize,
    slope: f64,
    intercept: f64,
    noise: f64,
    test_points: usize,
    data_seed: u64,
    split: SplitRule,
}

impl Linear {
    /// Draws `len` points. Each part has its own stream, so that a test part does not change the training part.
    fn draw(&self, what: &str, len: usize) -> Part {
        let mut stream = Stream::new(self.data_seed, what, 0);
        let (inputs, targets) = (0..len)
            .map(|_| {
                let x = 2.0 * stream.uniform() - 1.0;
                let y = self.slope * x + self.intercept + self.noise * stream.normal();
                (x as f32, y as f32)
            })
            .unzip();
        Part { inputs: Inputs::Floats(inputs), targets: Targets::Values(targets), len }
    }
}

impl Dataset for Linear {
    fn info(&self) -> Result<Info, Error> {
        let task = Task::Regression { outputs: 1 };
        Ok(Info {
            train: self.points,
            held_out: self.split.count(self.points),
            test: self.test_points,
            input: vec![1],
            task,
            class_names: Vec::new(),
            warnings: Vec::new(),
        })
    }

    fn load(&self, _access: &Access<'_>) -> Result<Data, Error> {
        let train = self.draw("linear/train", self.points);
        let test = (self.test_points > 0).then(|| self.draw("linear/test", self.test_points));
        let rows = self.split.rows(&train);
        Ok(Data::new(train, test, vec![1], Task::Regression { outputs: 1 }, rows))
    }

    fn default_normalize(&self) -> Normalize {
        Normalize::None
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dataset::tests::{build, offline};

    fn load(table: &str) -> Data {
        build(&format!("type = \"linear\"\n{table}")).unwrap().load(&offline(Path::new(""))).unwrap()
    }

    fn points(part: &Part) -> Vec<(f64, f64)> {
        match (&part.inputs, &part.targets) {
            (Inputs::Floats(x), Targets::Values(y)) => x.iter().zip(y).map(|(&x, &y)| (x.into(), y.into())).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn points_lie_around_the_line() {
        let data = load("points = 20_000\nslope = -3\nintercept = 0.5\nnoise = 0.1");
        let points = points(&data.train);
        let n = points.len() as f64;
        let residual = |&(x, y): &(f64, f64)| y - (-3.0 * x + 0.5);
        let mean = points.iter().map(residual).sum::<f64>() / n;
        let sd = (points.iter().map(|point| residual(point).powi(2)).sum::<f64>() / n).sqrt();
        assert!(mean.abs() < 0.005 && (sd - 0.1).abs() < 0.002, "mean {mean}, sd {sd}");
        assert!(points.iter().all(|(x, _)| (-1.0..=1.0).contains(x)));
        assert!((points.iter().map(|(x, _)| x).sum::<f64>() / n).abs() < 0.02);
    }

    #[test]
    fn points_without_noise_lie_on_the_line() {
        let data = load("points = 100\nnoise = 0");
        assert!(points(&data.train).iter().all(|(x, y)| (y - (2.0 * x + 1.0)).abs() < 1e-6));
    }

    #[test]
    fn points_follow_from_the_seed_and_not_from_the_test_part() {
        let one = load("points = 10");
        assert_eq!(one.fingerprint, load("points = 10\ndata_seed = 0").fingerprint);
        assert_ne!(one.fingerprint, load("points = 10\ndata_seed = 1").fingerprint);
        let with_test = load("points = 10\ntest_points = 5");
        assert_eq!(one.train, with_test.train);
        let test = with_test.test.unwrap();
        assert_eq!((test.len, with_test.info.test), (5, 5));
        assert_ne!(points(&test)[0], points(&one.train)[0]);
    }

    #[test]
    fn sizes_that_are_too_large_are_refused() {
        let message = build("type = \"linear\"\npoints = 1_000_000_000_000").unwrap_err();
        assert!(message.contains("`points` asks for 1000000000000 points") && message.contains("at most 100000000"));
        let message = build("type = \"linear\"\nslope = 1e300").unwrap_err();
        assert!(message.contains("`slope` is too large"), "{message}");
    }
}
