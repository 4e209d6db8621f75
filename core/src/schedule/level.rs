//! The height that a rule goes to: a factor or an absolute rate.

use super::{Context, words};
use crate::spec::{Diagnostic, Section, Value, ValueKind, meant, shown};

/// The value of a key such as `end` or `floor`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// A multiple of the base rate.
    Factor(f64),
    /// A rate that is the same for each group: `{ lr = 1e-5 }`.
    Absolute(f64),
}

impl Level {
    /// Returns the factor under `key`, 0 or above. Returns `default` if the key is not written, or wrong (which is
    /// logged).
    pub fn or(section: &mut Section<'_>, key: &'static str, default: Level, context: &Context<'_>) -> f64 {
        let level = match section.raw(key) {
            Some(value) => Level::read(section, key, value, context).unwrap_or(default),
            None => default,
        };
        section.put(key, level.to_toml(context));
        level.factor(context)
    }

    /// Returns the factor under `end`, the final value of a rule that lowers the rate. Returns `default` as
    /// [`Level::or`] does. Warns if the final value is an absolute rate above that of the group, because the rule then
    /// raises the rate. (PyTorch's `eta_min` does so without a warning.)
    pub fn end(section: &mut Section<'_>, default: Level, context: &Context<'_>) -> f64 {
        let is_absolute = match section.table_ref().get("end") {
            Some(written) => written.as_table().is_some(),
            None => matches!(default, Level::Absolute(_)),
        };
        let end = Level::or(section, "end", default, context);
        // Other hyper-parameters may rise: there are recipes that raise weight decay.
        if end > 1.0 && is_absolute && context.quantity == "lr" {
            let (quantity, base) = (context.quantity, words::number(context.base_lr));
            let message = format!("`{}` is above the base {quantity}, so the rule raises it", section.dotted("end"));
            let label = format!("{}; the base {quantity} is {base}", words::number(end * context.base_lr));
            section.log().push(Diagnostic::warning(message).at(section.place_of("end")).label(label));
        }
        end
    }

    /// Returns the factor under `key`. `None` (logged) if it is missing or wrong.
    pub fn required(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<f64> {
        if !section.has(key) {
            section.mark_known(key);
            section.missing(key, &expects(context));
        }
        Level::optional(section, key, context)
    }

    /// Returns the factor under `key`. `None` if it is not written, or wrong (which is logged).
    pub fn optional(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<f64> {
        let value = section.raw(key)?;
        let level = Level::read(section, key, value, context)?;
        section.put(key, level.to_toml(context));
        Some(level.factor(context))
    }

    /// Decodes the value of `key`. `None` (logged) if it is not a level.
    pub fn read(section: &Section<'_>, key: &str, value: &Value, context: &Context<'_>) -> Option<Level> {
        let level = match &value.kind {
            ValueKind::Table(table) => match table.entries.as_slice() {
                [(name, value)] if name.name == context.quantity => number(value).map(Level::Absolute),
                _ => None,
            },
            _ => number(value).map(Level::Factor),
        };
        if level.is_none() {
            let message = format!("`{}` cannot be {}", section.dotted(key), shown(value));
            let mut label = format!("expected {}", expects(context));
            if let Some(meant) = meant(key, value, &|value| number(value).is_some()) {
                label += &format!("; write `{meant}`");
            }
            section.log().push(Diagnostic::error(message).at(Some(&value.place)).label(label));
        }
        level
    }

    /// Returns the level as a factor of the base rate of the group.
    pub fn factor(self, context: &Context<'_>) -> f64 {
        match self {
            Level::Factor(factor) => factor,
            // A group with the rate 0 keeps it with every factor.
            Level::Absolute(_) if context.base_lr == 0.0 => 0.0,
            Level::Absolute(value) => value / context.base_lr,
        }
    }

    /// Returns the level as the resolved spec shows it.
    pub fn to_toml(self, context: &Context<'_>) -> toml::Value {
        match self {
            Level::Factor(factor) => factor.into(),
            Level::Absolute(value) => toml::Table::from_iter([(context.quantity.to_owned(), value.into())]).into(),
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value.kind {
        ValueKind::Integer(integer) => integer as f64,
        ValueKind::Float(float) => float,
        _ => return None,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn expects(context: &Context<'_>) -> String {
    let quantity = context.quantity;
    format!("a factor, 0 or above, or an absolute value such as {{ {quantity} = {} }}", words::number(context.base_lr))
}
