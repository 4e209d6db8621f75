//! The moves of a line: its jumps, and the slopes between its turning points. Constant stretches are not listed.

/// The most moves that are kept. Further ones are counted.
const MOST: usize = 12;

/// A change is a jump if it is this many times larger than the changes before and after it.
const JUMP: f64 = 8.0;

/// Relative differences up to this are rounding errors.
const ROUNDING: f64 = 1e-12;

/// A jump or a slope: a change from one value to another, at once or step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The last step with the old value, and the first step with the new one.
    pub steps: (u64, u64),
    /// The old and the new value.
    pub values: (f64, f64),
    /// The reason that a metric-driven rule gave.
    pub reason: Option<String>,
}

/// Finds the moves of a line whose points arrive one after another.
#[derive(Debug, Default)]
pub struct Moves {
    pub list: Vec<Move>,
    /// The number of moves after those in `list`.
    pub more: u64,
    /// The newest point. It is not handled before the next one arrives.
    waiting: Option<Point>,
    /// The point before `waiting`.
    last: Option<Point>,
    /// The beginning of the current slope or constant stretch.
    start: Option<Point>,
    /// The direction of the slope: 1, -1, or 0 for a constant stretch.
    heading: f64,
    /// The change that led to `last`.
    before: f64,
}

#[derive(Clone, Debug)]
struct Point {
    step: u64,
    value: f64,
    reason: Option<String>,
}

impl Moves {
    /// Adds the next point. `reason` says why it differs from the one before. `None` if that is unknown.
    pub fn push(&mut self, step: u64, value: f64, reason: Option<String>) {
        if let Some(waiting) = self.waiting.replace(Point { step, value, reason }) {
            let next = value - waiting.value;
            self.take(waiting, next);
        }
    }

    /// Ends the line.
    pub fn finish(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            self.take(waiting, 0.0);
        }
        self.close();
    }

    /// Adds `point` after `last`. `next` is the change from `point` to its successor.
    fn take(&mut self, point: Point, next: f64) {
        let (Some(last), Some(start)) = (self.last.clone(), self.start.clone()) else {
            self.last = Some(point.clone());
            self.start = Some(point);
            return;
        };
        let change = point.value - last.value;
        let jump = change != 0.0
            && !is_rounding(change, last.value)
            && (point.reason.is_some() || change.abs() > JUMP * self.before.abs().max(next.abs()));
        let heading = if self.heading == 0.0 {
            // Rounding errors do not end a constant stretch.
            let away = point.value - start.value;
            if is_rounding(away, start.value) { 0.0 } else { away.signum() }
        } else if change == 0.0 {
            0.0
        } else if is_rounding(change, last.value) {
            self.heading
        } else {
            change.signum()
        };
        if jump || heading != self.heading {
            self.close();
            self.start = Some(last.clone());
            self.heading = heading;
        }
        self.last = Some(point.clone());
        if jump {
            self.heading = change.signum();
            self.close();
            self.start = Some(point);
            self.heading = 0.0;
        }
        self.before = change;
    }

    /// Ends the current slope, if there is one, at `last`.
    fn close(&mut self) {
        let (Some(start), Some(last)) = (&self.start, &self.last) else { return };
        if self.heading == 0.0 || start.value == last.value {
            return;
        }
        if self.list.len() == MOST {
            self.more += 1;
            return;
        }
        let at_once = last.step == start.step + 1;
        let reason = last.reason.clone().filter(|_| at_once);
        self.list.push(Move { steps: (start.step, last.step), values: (start.value, last.value), reason });
    }
}

fn is_rounding(change: f64, of: f64) -> bool {
    change.abs() <= ROUNDING * of.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(values: &[f64]) -> Vec<(u64, u64)> {
        found(values).list.iter().map(|it| it.steps).collect()
    }

    fn found(values: &[f64]) -> Moves {
        let mut moves = Moves::default();
        for (step, value) in values.iter().enumerate() {
            moves.push(step as u64, *value, None);
        }
        moves.finish();
        moves
    }

    #[test]
    fn constant_stretches_are_not_listed_and_drops_are_jumps() {
        assert_eq!(moves(&[1.0; 5]), []);
        assert_eq!(moves(&[1.0]), []);
        assert_eq!(moves(&[]), []);
        assert_eq!(moves(&[1.0, 1.0, 0.1, 0.1, 0.01, 0.01]), [(1, 2), (3, 4)]);
        assert_eq!(moves(&[1.0, 0.1, 0.1]), [(0, 1)]);
        assert_eq!(moves(&[1.0, 1.0, 0.1]), [(1, 2)]);
    }

    #[test]
    fn slope_of_any_length_is_one_move() {
        let up: Vec<f64> = (0..=10).map(f64::from).collect();
        assert_eq!(moves(&up), [(0, 10)]);
        let held: Vec<f64> = up.iter().copied().chain([10.0; 5]).chain((0..10).rev().map(f64::from)).collect();
        assert_eq!(moves(&held), [(0, 10), (15, 25)]);
        let cosine: Vec<f64> =
            (0..1000).map(|t| 0.5 * (1.0 + (f64::from(t) / 1000.0 * std::f64::consts::PI).cos())).collect();
        assert_eq!(moves(&cosine), [(0, 999)]);
    }

    #[test]
    fn jump_within_a_slope_is_found() {
        let saw: Vec<f64> = (0..30).map(|t| 1.0 - 0.01 * f64::from(t % 10)).collect();
        assert_eq!(moves(&saw), [(0, 9), (9, 10), (10, 19), (19, 20), (20, 29)]);
        let cliff: Vec<f64> = (0..20).map(|t| 1.0 - 0.01 * f64::from(t) - if t < 10 { 0.0 } else { 0.5 }).collect();
        assert_eq!(moves(&cliff), [(0, 9), (9, 10), (10, 19)]);
    }

    #[test]
    fn rounding_is_not_a_move() {
        let noisy: Vec<f64> =
            (0..100).map(|t| 0.1 + if t % 2 == 0 { 0.0 } else { 1e-17 + f64::EPSILON / 16.0 }).collect();
        assert!(noisy[0] != noisy[1]);
        assert_eq!(moves(&noisy), []);
    }

    #[test]
    fn many_moves_are_counted() {
        let stairs: Vec<f64> = (0..100).map(|t| f64::from(t / 2)).collect();
        let found = found(&stairs);
        assert_eq!((found.list.len(), found.more), (MOST, 49 - MOST as u64));
    }

    #[test]
    fn change_with_a_reason_is_a_jump() {
        let mut moves = Moves::default();
        for step in 0..10 {
            let reason = (step == 5).then(|| "why".to_owned());
            moves.push(step, -(step as f64), reason);
        }
        moves.finish();
        let steps: Vec<(u64, u64)> = moves.list.iter().map(|it| it.steps).collect();
        assert_eq!(steps, [(0, 4), (4, 5), (5, 9)]);
        assert_eq!(moves.list[1].reason.as_deref(), Some("why"));
    }
}
