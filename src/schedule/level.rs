//! A height that a rule goes to: a factor, or an absolute rate.

use super::{Context, words};
use crate::spec::{Diagnostic, Kind, Section, Value, shown};

/// What a key such as `end` or `floor` was set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// Times the base rate.
    Factor(f64),
    /// A rate, for each group the same: `{ lr = 1e-5 }`.
    Absolute(f64),
}

impl Level {
    /// The factor under `key`, or `default` where it is not written (or wrong, which is logged). Above 0, or 0.
    pub fn or(section: &mut Section<'_>, key: &'static str, default: Level, context: &Context<'_>) -> f64 {
        let level = match section.raw(key) {
            Some(value) => Level::read(section, key, value, context).unwrap_or(default),
            None => default,
        };
        section.put(key, level.to_toml(context));
        level.factor(context)
    }

    /// The factor under `end`, or `default`: where a rule that lowers the rate comes to. An absolute one above the group's
    /// own rate is worth a warning: the rule then raises it, as PyTorch's `eta_min` does without a word.
    pub fn end(section: &mut Section<'_>, default: Level, context: &Context<'_>) -> f64 {
        let is_absolute = match section.table_ref().get("end") {
            Some(written) => written.as_table().is_some(),
            None => matches!(default, Level::Absolute(_)),
        };
        let end = Level::or(section, "end", default, context);
        // Other hyper-parameters may well rise: weight decay does in more than one recipe.
        if end > 1.0 && is_absolute && context.quantity == "lr" {
            let (quantity, base) = (context.quantity, words::number(context.base_lr));
            let message = format!("`{}` is above what the rule begins from, and raises it", section.dotted("end"));
            let label = format!("{}; the base {quantity} is {base}", words::number(end * context.base_lr));
            section.log().push(Diagnostic::warning(message).at(section.place_of("end")).label(label));
        }
        end
    }

    /// The factor under `key`; an error is logged when it is missing.
    pub fn required(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<f64> {
        if !section.has(key) {
            section.ask(key);
            section.missing(key, &expects(context));
        }
        Level::optional(section, key, context)
    }

    /// The factor under `key`, if it is written and right.
    pub fn optional(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<f64> {
        let value = section.raw(key)?;
        let level = Level::read(section, key, value, context)?;
        section.put(key, level.to_toml(context));
        Some(level.factor(context))
    }

    /// The level that `value` is; logs what else it is.
    pub fn read(section: &Section<'_>, key: &str, value: &Value, context: &Context<'_>) -> Option<Level> {
        let level = match &value.kind {
            Kind::Table(table) => match table.entries.as_slice() {
                [(name, value)] if name.name == context.quantity => number(value).map(Level::Absolute),
                _ => None,
            },
            _ => number(value).map(Level::Factor),
        };
        if level.is_none() {
            let message = format!("`{}` does not take {}", section.dotted(key), shown(value));
            let label = format!("expected {}", expects(context));
            section.log().push(Diagnostic::error(message).at(Some(&value.place)).label(label));
        }
        level
    }

    /// As a factor of the group's base rate.
    pub fn factor(self, context: &Context<'_>) -> f64 {
        match self {
            Level::Factor(factor) => factor,
            // A group at rate 0 stays there, whatever its factor is.
            Level::Absolute(_) if context.base_lr == 0.0 => 0.0,
            Level::Absolute(value) => value / context.base_lr,
        }
    }

    /// As the resolved spec has it.
    pub fn to_toml(self, context: &Context<'_>) -> toml::Value {
        match self {
            Level::Factor(factor) => factor.into(),
            Level::Absolute(value) => toml::Table::from_iter([(context.quantity.to_owned(), value.into())]).into(),
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value.kind {
        Kind::Integer(integer) => integer as f64,
        Kind::Float(float) => float,
        _ => return None,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn expects(context: &Context<'_>) -> String {
    let quantity = context.quantity;
    format!("a factor, 0 or above, or an absolute value such as {{ {quantity} = {} }}", words::number(context.base_lr))
}
