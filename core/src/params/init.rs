//! Initial values of parameters.

use crate::random::Stream;
use crate::spec::{Diagnostic, Positive, Section, Value, did_you_mean, one_of};

/// The distribution of the initial values of a parameter's elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    Constant(f64),
    /// Uniform between `-bound` and `bound`.
    Uniform {
        bound: f64,
    },
    /// Normal with mean 0.
    Normal {
        sd: f64,
    },
    /// Normal, limited to two standard deviations. Values outside are redrawn, as in TensorFlow.
    TruncatedNormal {
        sd: f64,
    },
}

impl Init {
    /// Draws `len` values for the parameter `name`. Each parameter has its own stream, so its values do not depend on
    /// the other parameters.
    pub fn draw(&self, len: usize, seed: u64, name: &str) -> Vec<f64> {
        let mut stream = Stream::new(seed, &format!("init/{name}"), 0);
        (0..len)
            .map(|_| match *self {
                Init::Constant(value) => value,
                Init::Uniform { bound } => bound * (2.0 * stream.uniform() - 1.0),
                Init::Normal { sd } => sd * stream.normal(),
                Init::TruncatedNormal { sd } => sd * stream.truncated_normal(2.0),
            })
            .collect()
    }
}

/// An initializer in a spec. It becomes an [`Init`] when the layer's fan-in and fan-out are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initializer {
    /// PyTorch's default for weights and biases of `Linear` and `Conv2d`: U(±1/√fan_in).
    Default,
    /// Glorot and Bengio (2010): U(±√(6/(fan_in+fan_out))).
    XavierUniform,
    /// N(0, 2/(fan_in+fan_out)).
    XavierNormal,
    /// He et al. (2015), for ReLU: U(±√(6/fan_in)).
    KaimingUniform,
    /// N(0, 2/fan_in).
    KaimingNormal,
    Normal {
        sd: f64,
    },
    TruncatedNormal {
        sd: f64,
    },
    Uniform {
        bound: f64,
    },
    Constant {
        value: f64,
    },
}

/// The name of each initializer (PyTorch's) and its name in other frameworks. Both are accepted.
const NAMES: [(&str, &str); 10] = [
    ("default", "default"),
    ("xavier_uniform", "glorot_uniform"),
    ("xavier_normal", "glorot_normal"),
    ("kaiming_uniform", "he_uniform"),
    ("kaiming_normal", "he_normal"),
    ("normal", "random_normal"),
    ("truncated_normal", "trunc_normal"),
    ("uniform", "random_uniform"),
    ("constant", "constant"),
    ("zeros", "zeros"),
];

impl Initializer {
    /// Returns the distribution for a layer whose units have `fan_in` inputs and `fan_out` outputs.
    pub fn for_fans(self, fan_in: usize, fan_out: usize) -> Init {
        let (fan_in, fan_out) = (fan_in as f64, fan_out as f64);
        match self {
            Initializer::Default => Init::Uniform { bound: 1.0 / fan_in.sqrt() },
            Initializer::XavierUniform => Init::Uniform { bound: (6.0 / (fan_in + fan_out)).sqrt() },
            Initializer::XavierNormal => Init::Normal { sd: (2.0 / (fan_in + fan_out)).sqrt() },
            Initializer::KaimingUniform => Init::Uniform { bound: (6.0 / fan_in).sqrt() },
            Initializer::KaimingNormal => Init::Normal { sd: (2.0 / fan_in).sqrt() },
            Initializer::Normal { sd } => Init::Normal { sd },
            Initializer::TruncatedNormal { sd } => Init::TruncatedNormal { sd },
            Initializer::Uniform { bound } => Init::Uniform { bound },
            Initializer::Constant { value } => Init::Constant(value),
        }
    }

    /// Reads `key` of `section`: a name, or a table such as `{ type = "truncated_normal", sd = 0.05 }`.
    pub fn read(section: &mut Section<'_>, key: &'static str, default: Initializer) -> Initializer {
        let read = match section.raw(key) {
            None => Some(default),
            Some(value) if value.as_table().is_some() => Initializer::read_table(section, key, value),
            Some(value) => Initializer::read_name(section, value, value.as_str(), None),
        };
        let read = read.unwrap_or(default);
        section.put(key, read.to_toml());
        read
    }

    fn read_table(section: &Section<'_>, key: &str, value: &Value) -> Option<Initializer> {
        let mut table = section.as_section(section.dotted(key), value)?;
        let name: String = table.required("type")?;
        let read = Initializer::read_name(section, value, Some(&name), Some(&mut table));
        table.finish();
        read
    }

    fn read_name(
        section: &Section<'_>,
        value: &Value,
        name: Option<&str>,
        table: Option<&mut Section<'_>>,
    ) -> Option<Initializer> {
        let known = NAMES.iter().map(|(ours, _)| *ours);
        let Some(name) = name else {
            let label = format!("expected {}, or a table with `type`", one_of(known));
            section.log().push(Diagnostic::error("this is not an initializer").at(Some(&value.place)).label(label));
            return None;
        };
        let canonical = NAMES.iter().find(|(ours, theirs)| name == *ours || name == *theirs).map(|(ours, _)| *ours);
        let spread = |table: Option<&mut Section<'_>>, key: &'static str| match table {
            Some(table) => table.required::<Positive>(key).map(|it| it.0),
            None => {
                let message = format!("the initializer \"{name}\" needs `{key}`");
                let label = format!("write {{ type = \"{name}\", {key} = 0.05 }}");
                section.log().push(Diagnostic::error(message).at(Some(&value.place)).label(label));
                None
            }
        };
        match canonical {
            Some("default") => Some(Initializer::Default),
            Some("xavier_uniform") => Some(Initializer::XavierUniform),
            Some("xavier_normal") => Some(Initializer::XavierNormal),
            Some("kaiming_uniform") => Some(Initializer::KaimingUniform),
            Some("kaiming_normal") => Some(Initializer::KaimingNormal),
            Some("normal") => Some(Initializer::Normal { sd: spread(table, "sd")? }),
            Some("truncated_normal") => Some(Initializer::TruncatedNormal { sd: spread(table, "sd")? }),
            Some("uniform") => Some(Initializer::Uniform { bound: spread(table, "bound")? }),
            Some("zeros") => Some(Initializer::Constant { value: 0.0 }),
            Some("constant") => match table {
                Some(table) => table.required::<f64>("value").map(|value| Initializer::Constant { value }),
                None => spread(None, "value").map(|value| Initializer::Constant { value }),
            },
            _ => {
                let label = did_you_mean(name, known.clone().collect::<Vec<_>>())
                    .unwrap_or_else(|| format!("expected {}", one_of(known)));
                let message = format!("unknown initializer \"{name}\"");
                section.log().push(Diagnostic::error(message).at(Some(&value.place)).label(label));
                None
            }
        }
    }

    fn to_toml(self) -> toml::Value {
        let table = |name: &str, key: &str, value: f64| {
            toml::Value::Table(toml::Table::from_iter([
                ("type".to_owned(), toml::Value::from(name)),
                (key.to_owned(), toml::Value::Float(value)),
            ]))
        };
        match self {
            Initializer::Default => "default".into(),
            Initializer::XavierUniform => "xavier_uniform".into(),
            Initializer::XavierNormal => "xavier_normal".into(),
            Initializer::KaimingUniform => "kaiming_uniform".into(),
            Initializer::KaimingNormal => "kaiming_normal".into(),
            Initializer::Normal { sd } => table("normal", "sd", sd),
            Initializer::TruncatedNormal { sd } => table("truncated_normal", "sd", sd),
            Initializer::Uniform { bound } => table("uniform", "bound", bound),
            Initializer::Constant { value: 0.0 } => "zeros".into(),
            Initializer::Constant { value } => table("constant", "value", value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_values_depend_only_on_seed_and_name() {
        let init = Init::TruncatedNormal { sd: 0.05 };
        assert_eq!(init.draw(10, 1, "a"), init.draw(20, 1, "a")[..10]);
        assert_ne!(init.draw(10, 1, "a"), init.draw(10, 1, "b"));
        assert!(init.draw(1000, 1, "a").iter().all(|value| value.abs() <= 0.1));
    }
}
