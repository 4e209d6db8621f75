//! A line search for the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6) with cubic
//! interpolation, as in PyTorch's `LBFGS`. As there, the end of a bracket with the lower loss counts as the good one
//! even if its loss does not decrease enough. So a search that starts from a step that is far too long may find nothing
//! better.

use tch::Tensor;

use super::Error;

/// The constant of sufficient decrease: f(t) ≤ f(0) + C1·t·f′(0).
const C1: f64 = 1e-4;

/// The constant of the curvature condition: |f′(t)| ≤ C2·|f′(0)|.
const C2: f64 = 0.9;

/// A point on the line.
#[derive(Debug)]
pub struct Point {
    /// The length of the step.
    pub t: f64,
    pub loss: f64,
    pub gradient: Tensor,
    /// The gradient along the line.
    pub slope: f64,
}

impl Clone for Point {
    fn clone(&self) -> Self {
        Point { gradient: self.gradient.shallow_clone(), ..*self }
    }
}

/// The options of a search.
pub struct Search {
    /// The first length to try.
    pub t: f64,
    /// The direction's largest element, by its absolute value.
    pub longest: f64,
    /// The search ends when the largest change of a parameter within the bracket is below this.
    pub tolerance_change: f64,
    /// The largest number of evaluations after the first.
    pub most: usize,
}

/// Searches along the line from `start`, where t is 0. Returns the best point and the number of evaluations.
pub fn search(
    start: &Point,
    wanted: &Search,
    mut evaluate: impl FnMut(f64) -> Result<Point, Error>,
) -> Result<(Point, usize), Error> {
    let too_high = |it: &Point| it.loss > start.loss + C1 * it.t * start.slope;
    let is_flat = |it: &Point| it.slope.abs() <= -C2 * start.slope;
    let mut iterations = 0;

    // Moves on until there is a bracket around a point that satisfies the conditions.
    let mut before = start.clone();
    let mut new = evaluate(wanted.t)?;
    let mut bracket = loop {
        if iterations >= wanted.most {
            break [start.clone(), new];
        }
        if too_high(&new) || (iterations > 1 && new.loss >= before.loss) {
            break [before, new];
        }
        if is_flat(&new) {
            return Ok((new, iterations + 1));
        }
        if new.slope >= 0.0 {
            break [before, new];
        }
        let bounds = (new.t + 0.01 * (new.t - before.t), new.t * 10.0);
        let t = between(&before, &new, bounds);
        before = std::mem::replace(&mut new, evaluate(t)?);
        iterations += 1;
    };

    // Makes the bracket smaller.
    let lower = |bracket: &[Point; 2]| usize::from(bracket[0].loss > bracket[1].loss);
    let mut low = lower(&bracket);
    let mut was_at_edge = false;
    while iterations < wanted.most {
        let (left, right) = (bracket[0].t.min(bracket[1].t), bracket[0].t.max(bracket[1].t));
        if (right - left) * wanted.longest < wanted.tolerance_change {
            break;
        }
        let mut t = between(&bracket[0], &bracket[1], (left, right));
        // A point near an end of the bracket makes little progress. After two in a row, or if the point is outside,
        // this uses the point at a tenth of the bracket from the nearer end.
        let margin = 0.1 * (right - left);
        if (right - t).min(t - left) < margin {
            if was_at_edge || t >= right || t <= left {
                t = if (t - right).abs() < (t - left).abs() { right - margin } else { left + margin };
                was_at_edge = false;
            } else {
                was_at_edge = true;
            }
        } else {
            was_at_edge = false;
        }
        let new = evaluate(t)?;
        iterations += 1;
        let high = 1 - low;
        if too_high(&new) || new.loss >= bracket[low].loss {
            bracket[high] = new;
            low = lower(&bracket);
            continue;
        }
        let done = is_flat(&new);
        if !done && new.slope * (bracket[high].t - bracket[low].t) >= 0.0 {
            bracket[high] = bracket[low].clone();
        }
        bracket[low] = new;
        if done {
            break;
        }
    }
    let [first, second] = bracket;
    Ok((if low == 0 { first } else { second }, iterations + 1))
}

/// Returns the minimum, within `bounds`, of the cubic through two points with their slopes. Returns the middle of the
/// bounds if the cubic has no minimum.
fn between(a: &Point, b: &Point, (least, most): (f64, f64)) -> f64 {
    let (a, b) = if a.t <= b.t { (a, b) } else { (b, a) };
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square >= 0.0 {
        let d2 = square.sqrt();
        let t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
        t.max(least).min(most)
    } else {
        (least + most) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the point of `f` at `t`. `f` returns value and derivative.
    fn point(t: f64, f: impl Fn(f64) -> (f64, f64)) -> Point {
        let (loss, slope) = f(t);
        Point { t, loss, slope, gradient: Tensor::from(slope) }
    }

    #[test]
    fn minimum_of_a_cubic_is_found() {
        // t³ − 3t has its minimum at 1.
        let f = |t: f64| (t.powi(3) - 3.0 * t, 3.0 * t * t - 3.0);
        for (a, b) in [(0.0, 3.0), (3.0, 0.0), (0.5, 0.6)] {
            assert!((between(&point(a, f), &point(b, f), (0.0, 3.0)) - 1.0).abs() < 1e-12);
        }
        assert_eq!(between(&point(0.0, f), &point(3.0, f), (2.0, 3.0)), 2.0);
    }

    #[test]
    fn found_point_satisfies_the_conditions() {
        // Moré and Thuente's first function (1994), with its minimum at √2, and one with a steep wall.
        let first: fn(f64) -> (f64, f64) = |t| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2));
        let wall: fn(f64) -> (f64, f64) = |t| (t.powi(4) - t, 4.0 * t.powi(3) - 1.0);
        for (f, t) in [(first, 1e-3), (first, 1.0), (first, 100.0), (wall, 1e-3), (wall, 1.0), (wall, 1e3)] {
            let start = point(0.0, f);
            let wanted = Search { t, longest: 1.0, tolerance_change: 1e-9, most: 25 };
            let mut count = 0;
            let (found, counted) = search(&start, &wanted, |t| {
                count += 1;
                Ok(point(t, f))
            })
            .unwrap();
            assert!(found.loss <= start.loss + C1 * found.t * start.slope, "from {t}: {found:?}");
            assert!(found.slope.abs() <= -C2 * start.slope, "from {t}: {found:?}");
            assert_eq!(counted, count);
        }
    }

    #[test]
    fn search_ends_when_there_is_no_minimum() {
        let wanted = Search { t: 1.0, longest: 1.0, tolerance_change: 1e-9, most: 25 };
        let endless = |t: f64| (-t, -1.0);
        let (_, count) = search(&point(0.0, endless), &wanted, |t| Ok(point(t, endless))).unwrap();
        assert_eq!(count, 26);
        let nothing = |t: f64| if t == 0.0 { (0.0, -1.0) } else { (f64::NAN, f64::NAN) };
        let (_, count) = search(&point(0.0, nothing), &wanted, |t| Ok(point(t, nothing))).unwrap();
        assert_eq!(count, 26);
    }
}
