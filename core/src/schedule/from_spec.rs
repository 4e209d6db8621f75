//! The table of a schedule has the keys of its rule and these options:
//!
//! | key | default | |
//! |---|---|---|
//! | `warmup` | | a warm-up before the rule: its length, such as `"5 epochs"`, or a table (see "`warmup`" below) |
//! | `floor`, `ceiling` | | the lowest and the highest factor (or rate `{ lr = … }`), warm-up included |
//! | `convention` | | the framework whose defaults the other keys have: `"torch"`, `"keras"`, `"optax"`, `"timm"` or `"transformers"` |
//!
//! In the tables of keys, a column named after a framework has the defaults under that `convention`. An empty cell
//! there means that the general default in the column `default` applies.

use super::convention::Convention;
use super::limits::Limits;
use super::warmup::WarmUp;
use super::{Clock, Context, REGISTRY, Rule, constant, sequence};
use crate::spec::{Diagnostic, Entry, Section, Value, ValueKind, lookup, owners, shown};

/// Reads the schedule under `key` of `parent`. A table is the rule that it names, an array of tables is a sequence, and
/// a missing key is a constant. The resolved table is put into the resolved table of `parent`, and gives the same rule
/// when it is read again. Returns `None` if errors were logged.
pub fn build(parent: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let (rule, resolved) = match parent.raw(key) {
        None => {
            let mut section = parent.section(key)?;
            section.put("type", constant::ENTRY.name);
            construct(section, &constant::ENTRY, context)
        }
        Some(Value { kind: ValueKind::Array(_), .. }) => sequence::from_parts(parent, key, context),
        Some(value @ Value { kind: ValueKind::String(name), .. }) => {
            let path = parent.dotted(key);
            let found = Diagnostic::error(format!("`{path}` must be a table, not {}", shown(value)));
            let found = found.at(Some(&value.place)).label("expected a table");
            parent.log().push(found.help(format!("write `{key} = {{ type = \"{name}\" }}`")));
            return None;
        }
        Some(value) => {
            let mut section = parent.as_section(parent.dotted(key), value)?;
            match entry_of(&mut section) {
                Some(entry) => construct(section, entry, context),
                None => (None, section.into_resolved().into()),
            }
        }
    };
    parent.put(key, resolved);
    rule
}

/// Returns the entry of the rule that `section` names. `None` (logged) if there is no such rule.
pub(super) fn entry_of(section: &mut Section<'_>) -> Option<&'static Entry<super::Build>> {
    lookup(REGISTRY, "schedule", section)
}

/// Reads the rest of `section`, which names the rule `entry`. Returns the rule (`None` if errors were logged) and the
/// resolved table.
pub(super) fn construct(
    mut section: Section<'_>,
    entry: &Entry<super::Build>,
    context: &Context<'_>,
) -> (Option<Box<dyn Rule>>, toml::Value) {
    let log = section.log();
    let errors = log.errors();
    if section.has("for") && !section.is_known("for") {
        section.mark_known("for");
        section.error("for", "`for` is the length of a part of a sequence", "this schedule is not such a part");
    }
    let context = Context { convention: Convention::read(&mut section), ..*context };
    let limits = Limits::read(&mut section, &context);
    let warmup = WarmUp::read(&mut section, entry.name, &context);
    let inner = warmup.as_ref().map_or(context, |warmup| warmup.context(&context));
    let rule = (entry.build)(&mut section, &inner);
    let rule = rule.map(|rule| limits.around(WarmUp::around(warmup, rule)));
    let valid = log.errors() == errors;
    if valid && rule.as_ref().is_some_and(|rule| !rule.factor(last_step(&context)).is_finite()) {
        let message = format!("the factor of `{}` becomes infinite before the last step", section.path());
        section.error("factor", message, "expected a factor that stays finite");
    }
    let rule = rule.filter(|_| log.errors() == errors);
    let owners = |key: &str| owners(REGISTRY, key, &|entry, section| drop((entry.build)(section, &context)));
    (rule, section.finish_with(&owners).into())
}

fn last_step(context: &Context<'_>) -> Clock {
    let horizon = context.horizon;
    Clock {
        step: horizon.total_steps.saturating_sub(1),
        total_steps: horizon.total_steps,
        steps_per_epoch: horizon.steps_per_epoch,
    }
}
