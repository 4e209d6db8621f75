//! The normalization of inputs: `(v − mean) / sd`.

use serde::{Deserialize, Serialize};

use super::{Error, Inputs, Part};
use crate::spec::{Field, Positive, Table, Value, ValueKind, did_you_mean, one_of};

/// The values of `normalize` in a spec.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Normalize {
    /// `"unit"`: `v / 255`, so that pixels are from 0 to 1. For pixels only.
    Unit,
    /// `"standard"`: by mean and standard deviation (divisor `n`) of the training examples. Images have one mean and
    /// one deviation for all pixels, and tables have one of each for every feature. A constant feature gets `sd = 1`.
    Standard,
    /// `"none"`: no change. Pixels are from 0 to 255.
    None,
    /// `{ mean, sd }`: for pixels these are on the scale 0 to 1 (MNIST: 0.1307 and 0.3081), else on the scale of the
    /// data.
    Fixed { mean: f64, sd: f64 },
}

const WORDS: [&str; 3] = ["unit", "standard", "none"];

/// Means and standard deviations on the scale of the stored values (pixels: 0 to 255). Both have one number for all
/// values, or one for each feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affine {
    pub mean: Vec<f32>,
    pub sd: Vec<f32>,
}

impl Affine {
    fn scalar(mean: f64, sd: f64) -> Self {
        Affine { mean: vec![mean as f32], sd: vec![sd as f32] }
    }

    /// Leaves the inputs for which `unchanged` is true as they are. Does nothing if all inputs share one mean.
    pub fn except(mut self, unchanged: &[bool]) -> Self {
        if self.mean.len() == unchanged.len() && unchanged.len() > 1 {
            for (at, _) in unchanged.iter().enumerate().filter(|(_, unchanged)| **unchanged) {
                self.mean[at] = 0.0;
                self.sd[at] = 1.0;
            }
        }
        self
    }
}

impl Normalize {
    /// Returns means and standard deviations for `part`. `train` are the indices of the training examples and `input` is
    /// the shape of one input. Computes in f64. Returns an error if the normalization does not fit the data.
    pub fn affine(&self, part: &Part, train: &[u32], input: &[usize]) -> Result<Affine, Error> {
        match (self, &part.inputs) {
            (Normalize::None, _) => Ok(Affine::scalar(0.0, 1.0)),
            (Normalize::Unit, Inputs::Bytes(_)) => Ok(Affine::scalar(0.0, 255.0)),
            (Normalize::Unit, Inputs::Floats(_)) => Err(Error(
                "normalize = \"unit\" divides pixels (0 to 255) by 255, but these inputs are not pixels: \
                 use \"standard\", \"none\" or { mean, sd }"
                    .into(),
            )),
            (Normalize::Fixed { mean, sd }, Inputs::Bytes(_)) => Ok(Affine::scalar(mean * 255.0, sd * 255.0)),
            (Normalize::Fixed { mean, sd }, Inputs::Floats(_)) => Ok(Affine::scalar(*mean, *sd)),
            (Normalize::Standard, _) if train.is_empty() => {
                Err(Error("normalize = \"standard\" needs at least one training example".into()))
            }
            (Normalize::Standard, Inputs::Bytes(pixels)) => Ok(of_pixels(pixels, train, input)),
            (Normalize::Standard, Inputs::Floats(values)) => Ok(of_floats(values, train, input)),
        }
    }
}

/// Computes mean and standard deviation of pixels from the count of each value.
fn of_pixels(pixels: &[u8], train: &[u32], input: &[usize]) -> Affine {
    let size: usize = input.iter().product();
    let mut counts = [0u64; 256];
    for &index in train {
        for &pixel in &pixels[index as usize * size..][..size] {
            counts[usize::from(pixel)] += 1;
        }
    }
    let weighted = || counts.iter().zip(0..=255u8).map(|(&count, pixel)| (count as f64, f64::from(pixel)));
    let n = counts.iter().sum::<u64>() as f64;
    let mean = weighted().map(|(count, pixel)| count * pixel).sum::<f64>() / n;
    let squares: f64 = weighted().map(|(count, pixel)| count * (pixel - mean).powi(2)).sum();
    Affine::scalar(mean, one_if_zero((squares / n).sqrt()))
}

/// Computes mean and standard deviation in two passes: of each feature, or of all values if the inputs are images.
fn of_floats(values: &[f32], train: &[u32], input: &[usize]) -> Affine {
    let size: usize = input.iter().product();
    let width = if input.len() == 3 { 1 } else { size };
    let rows = || train.iter().flat_map(|&index| values[index as usize * size..][..size].chunks_exact(width));
    let n = (train.len() * size / width) as f64;
    let mut mean = vec![0.0; width];
    for row in rows() {
        for (mean, &value) in mean.iter_mut().zip(row) {
            *mean += f64::from(value) / n;
        }
    }
    let mut square = vec![0.0; width];
    let mut changes = vec![false; width];
    let first: Vec<f32> = rows().next().unwrap_or_default().to_vec();
    for row in rows() {
        for (feature, &value) in row.iter().enumerate() {
            square[feature] += (f64::from(value) - mean[feature]).powi(2) / n;
            changes[feature] |= value != first[feature];
        }
    }
    // Rounding gives a constant feature a deviation above 0.
    let sd = square.iter().zip(changes).map(|(square, changes)| if changes { one_if_zero(square.sqrt()) } else { 1.0 });
    Affine { sd: sd.map(|sd| sd as f32).collect(), mean: mean.iter().map(|&mean| mean as f32).collect() }
}

fn one_if_zero(sd: f64) -> f64 {
    if sd as f32 > 0.0 { sd } else { 1.0 }
}

impl Field for Normalize {
    fn expects() -> String {
        format!("{} or {{ mean = 0.13, sd = 0.31 }}", one_of(WORDS).replace(" or ", ", "))
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match &value.kind {
            ValueKind::String(word) => match word.as_str() {
                "unit" => Ok(Normalize::Unit),
                "standard" => Ok(Normalize::Standard),
                "none" => Ok(Normalize::None),
                other => Err(did_you_mean(other, WORDS)),
            },
            ValueKind::Table(table) => {
                if let Some((key, _)) = table.entries.iter().find(|(key, _)| key.name != "mean" && key.name != "sd") {
                    return Err(Some(format!("unknown key `{}`: known are `mean` and `sd`", key.name)));
                }
                fn of<T: Field>(table: &Table, key: &str) -> Result<T, Option<String>> {
                    let value = table.get(key).ok_or_else(|| format!("`{key}` is missing: {}", T::expects()))?;
                    T::read(value).map_err(|_| Some(format!("`{key}` must be {}", T::expects())))
                }
                Ok(Normalize::Fixed { mean: of(table, "mean")?, sd: of::<Positive>(table, "sd")?.0 })
            }
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        match self {
            Normalize::Unit => "unit".into(),
            Normalize::Standard => "standard".into(),
            Normalize::None => "none".into(),
            Normalize::Fixed { mean, sd } => {
                toml::Value::Table([("mean".into(), (*mean).into()), ("sd".into(), (*sd).into())].into_iter().collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dataset::Targets;
    use crate::spec::{Log, Section, Spec};

    fn read(text: &str) -> Result<Normalize, String> {
        let spec = Spec::parse(Path::new("test.toml"), text, &[]).unwrap();
        let log = Log::default();
        let mut section = Section::root(&spec.table, &log);
        let read = section.or("normalize", Normalize::Unit);
        section.finish();
        log.finish(&spec.texts).map(|_| read).map_err(|found| found.to_string())
    }

    fn part(inputs: Inputs, len: usize) -> Part {
        Part { inputs, targets: Targets::Classes(vec![0; len]), len }
    }

    #[test]
    fn each_form_is_read_and_written() {
        for (text, meant) in [
            ("normalize = \"unit\"", Normalize::Unit),
            ("normalize = \"standard\"", Normalize::Standard),
            ("normalize = \"none\"", Normalize::None),
            ("normalize = { mean = 0.1307, sd = 0.3081 }", Normalize::Fixed { mean: 0.1307, sd: 0.3081 }),
        ] {
            assert_eq!(read(text), Ok(meant));
            assert_eq!(read(&format!("normalize = {}", meant.to_toml())), Ok(meant));
        }
    }

    #[test]
    fn errors_say_what_is_expected() {
        for (text, expected) in [
            ("\"standart\"", "did you mean \"standard\"?"),
            ("3", "expected \"unit\", \"standard\", \"none\" or { mean = 0.13, sd = 0.31 }"),
            ("{ mean = 0.1 }", "`sd` is missing: a finite number above 0"),
            ("{ mean = 0.1, sd = 0 }", "`sd` must be a finite number above 0"),
            ("{ mean = \"a\", sd = 1 }", "`mean` must be a finite number"),
            ("{ mean = 0, sd = 1, std = 1 }", "unknown key `std`: known are `mean` and `sd`"),
        ] {
            let message = read(&format!("normalize = {text}")).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn pixels_have_one_mean_and_deviation() {
        let pixels = part(Inputs::Bytes(vec![0, 255, 10, 30, 7, 7]), 3);
        let affine = |it: Normalize, train: &[u32]| it.affine(&pixels, train, &[2]).unwrap();
        assert_eq!(affine(Normalize::Unit, &[0]), Affine { mean: vec![0.0], sd: vec![255.0] });
        assert_eq!(affine(Normalize::None, &[0]), Affine { mean: vec![0.0], sd: vec![1.0] });
        assert_eq!(affine(Normalize::Standard, &[1]), Affine { mean: vec![20.0], sd: vec![10.0] });
        assert_eq!(affine(Normalize::Standard, &[2]), Affine { mean: vec![7.0], sd: vec![1.0] });
        let fixed = Normalize::Fixed { mean: 0.5, sd: 0.25 };
        assert_eq!(affine(fixed, &[0]), Affine { mean: vec![127.5], sd: vec![63.75] });
    }

    #[test]
    fn each_feature_has_its_own_mean_and_a_constant_has_deviation_one() {
        let table = part(Inputs::Floats(vec![1.0, 0.1, 3.0, 0.1, 5.0, 0.1, 100.0, 9.0]), 4);
        let affine = Normalize::Standard.affine(&table, &[0, 1, 2], &[2]).unwrap();
        assert_eq!(affine.mean, [3.0, 0.1]);
        assert_eq!(affine.sd, [(8.0f64 / 3.0).sqrt() as f32, 1.0]);
        let fixed = Normalize::Fixed { mean: 0.5, sd: 0.25 }.affine(&table, &[0], &[2]).unwrap();
        assert_eq!(fixed, Affine { mean: vec![0.5], sd: vec![0.25] });
    }

    #[test]
    fn an_image_of_floats_has_one_mean_for_all_pixels() {
        let images = part(Inputs::Floats(vec![1.0, 2.0, 3.0, 6.0]), 2);
        let affine = Normalize::Standard.affine(&images, &[0, 1], &[1, 1, 2]).unwrap();
        assert_eq!(affine, Affine { mean: vec![3.0], sd: vec![3.5f64.sqrt() as f32] });
    }

    #[test]
    fn a_normalization_that_does_not_fit_is_refused() {
        let table = part(Inputs::Floats(vec![1.0]), 1);
        let error = Normalize::Unit.affine(&table, &[0], &[1]).unwrap_err();
        assert!(error.0.contains("these inputs are not pixels: use \"standard\""), "{error}");
        assert!(Normalize::Standard.affine(&table, &[], &[1]).is_err());
    }
}
