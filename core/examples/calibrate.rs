//! Simulates comparisons of equal strategies, and prints how often they are wrong.
//!
//! Run: `scripts/calibrate`. A family is a comparison of k equal strategies with n seeds each. Each cell simulates many
//! families. It counts the families with a claim, which is false, and the intervals of pairs that contain the true
//! difference, 0.

#![allow(clippy::print_stdout, reason = "the figures are its output")]

use std::thread;

use lr_run_core::compare::report::Verdict;
use lr_run_core::compare::{Sample, family};
use lr_run_core::metric::Mode;
use lr_run_core::random::Stream;

/// The number of families in a cell. The bounds for normal values are set for this number.
const FAMILIES: u64 = 20_000;
const STRATEGIES: [usize; 3] = [2, 5, 16];
const SEEDS: [usize; 3] = [3, 5, 10];

/// The distribution of a strategy's values. All strategies have the same mean.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Normal,
    /// Log-normal with σ = 0.75.
    Skewed,
    /// Normal, with standard deviations from 1 to 10 over the strategies.
    Unequal,
    /// Normal, but one seed in ten is 10 standard deviations worse.
    Bimodal,
    /// `Skewed` for every second strategy, and normal for the others.
    OneSkewed,
    /// `Bimodal` for every second strategy, and normal for the others.
    OneBad,
}

impl Shape {
    const ALL: [Shape; 6] =
        [Shape::Normal, Shape::Skewed, Shape::Unequal, Shape::Bimodal, Shape::OneSkewed, Shape::OneBad];

    /// Returns the name in the table.
    fn name(self) -> &'static str {
        match self {
            Shape::Normal => "normal",
            Shape::Skewed => "skewed",
            Shape::Unequal => "unequal",
            Shape::Bimodal => "bimodal",
            Shape::OneSkewed => "one skewed",
            Shape::OneBad => "one bad",
        }
    }

    /// Draws a value from the distribution with mean 0. `place` is the place of the strategy among the others, from 0
    /// to 1. `odd` is true for every second strategy.
    fn draw(self, stream: &mut Stream, place: f64, odd: bool) -> f64 {
        match self {
            Shape::Normal => stream.normal(),
            Shape::Skewed => (0.75 * stream.normal()).exp() - (0.5f64 * 0.75 * 0.75).exp(),
            Shape::Unequal => 10f64.powf(place) * stream.normal(),
            Shape::OneSkewed if odd => Shape::Skewed.draw(stream, place, odd),
            Shape::OneBad if odd => Shape::Bimodal.draw(stream, place, odd),
            Shape::OneSkewed | Shape::OneBad => stream.normal(),
            Shape::Bimodal => {
                let bad = stream.uniform() < 0.1;
                stream.normal() + if bad { -9.0 } else { 1.0 }
            }
        }
    }
}

/// The counts in a cell.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// The families with a claim.
    claims: u64,
    pairs: u64,
    /// The pairs with an interval that contains 0.
    covered: u64,
}

fn main() {
    let families = |text: String| text.parse().expect("the argument must be a number of families");
    let families = std::env::args().nth(1).map_or(FAMILIES, families);
    println!(
        "{families} families in a cell. claim: families with a false claim. covered: 95 % intervals that contain the \
         true difference\n"
    );
    println!("{:10} {:>3} {:>3} {:>9} {:>9} {:>9} {:>9}", "shape", "k", "n", "claim", "covered", "claim", "covered");
    println!("{:10} {:>3} {:>3} {:>19} {:>19}", "", "", "", "paired", "Welch");
    let mut failed = Vec::new();
    for shape in Shape::ALL {
        for k in STRATEGIES {
            for n in SEEDS {
                let cells = [true, false].map(|paired| cell(shape, k, n, paired, families));
                let percent = |part: u64, whole: u64| 100.0 * part as f64 / whole as f64;
                let [claim, claim_welch] = cells.map(|it| percent(it.claims, families));
                let [covered, covered_welch] = cells.map(|it| percent(it.covered, it.pairs));
                println!(
                    "{:10} {k:>3} {n:>3} {claim:>7.2} % {covered:>7.2} % {claim_welch:>7.2} % {covered_welch:>7.2} %",
                    shape.name()
                );
                if matches!(shape, Shape::Normal) {
                    let bounds = [
                        ("false claims, paired", claim, 0.0, 5.5),
                        ("false claims, Welch", claim_welch, 0.0, 5.5),
                        ("coverage, paired", covered, 94.5, 95.5),
                        ("coverage, Welch", covered_welch, 94.0, 97.5),
                    ];
                    let broken = bounds.iter().filter(|(_, value, low, high)| !(*low..=*high).contains(value));
                    failed.extend(broken.map(|it| format!("normal, k = {k}, n = {n}: {} {:.2} %", it.0, it.1)));
                }
            }
        }
    }
    if !failed.is_empty() {
        println!("\noutside the bounds for normal values:\n{}", failed.join("\n"));
        std::process::exit(1);
    }
}

/// Simulates a cell on all cores. The values of a family depend only on the cell and the number of the family.
fn cell(shape: Shape, k: usize, n: usize, paired: bool, families: u64) -> Counts {
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    let share = |part: u64| {
        let mut counts = Counts::default();
        for number in (part..families).step_by(threads as usize) {
            let mut stream = Stream::new(1, &format!("{shape:?} {k} {n} {paired}"), number);
            let sample = |strategy: usize, stream: &mut Stream| {
                let place = strategy as f64 / (k - 1) as f64;
                let values = (0..n).map(|_| Some(shape.draw(stream, place, strategy % 2 == 1))).collect();
                // Different seeds make pairs impossible.
                let first = if paired { 0 } else { (strategy * n) as u64 };
                Sample { seeds: Some((first..first + n as u64).collect()), values }
            };
            let samples: Vec<Sample> = (0..k).map(|strategy| sample(strategy, &mut stream)).collect();
            let pairs = family(&samples, None, Mode::Max, None);
            let is_claim = |verdict: Verdict| matches!(verdict, Verdict::Better | Verdict::Worse);
            counts.claims += u64::from(pairs.iter().any(|pair| is_claim(pair.verdict)));
            counts.pairs += pairs.len() as u64;
            let covers = |interval: Option<(f64, f64)>| interval.is_some_and(|(low, high)| low <= 0.0 && 0.0 <= high);
            counts.covered += pairs.iter().filter(|pair| covers(pair.interval)).count() as u64;
        }
        counts
    };
    let shares: Vec<Counts> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|part| scope.spawn(move || share(part))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });
    shares.iter().fold(Counts::default(), |all, it| Counts {
        claims: all.claims + it.claims,
        pairs: all.pairs + it.pairs,
        covered: all.covered + it.covered,
    })
}
