//! How a schedule's table is read. Besides the keys of its own rule every one may have:
//!
//! | key | default | |
//! |---|---|---|
//! | `warmup` | | how the rate comes up before the rule begins: `"5 epochs"`, or a table (see `warmup.rs`) |
//! | `floor`, `ceiling` | | the factor (or `{ lr = … }`) that is never gone below or above, warm-up included |
//! | `convention` | | the framework whose defaults the other keys have |

use super::convention::Convention;
use super::limits::Limits;
use super::warmup::WarmUp;
use super::{Clock, Context, REGISTRY, Rule, constant, sequence};
use crate::spec::{Diagnostic, Entry, Kind, Section, Value, lookup, shown};

/// Reads the schedule under `key` of `parent`: a table is the rule it names, an array of tables a sequence, nothing a
/// constant. The resolved table goes into the parent's, and read again gives the same rule. `None` when errors were
/// logged.
pub fn build(parent: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let (rule, resolved) = match parent.raw(key) {
        None => {
            let mut section = parent.section(key)?;
            section.put("type", constant::ENTRY.name);
            construct(section, &constant::ENTRY, context)
        }
        Some(Value { kind: Kind::Array(_), .. }) => sequence::from_parts(parent, key, context),
        Some(value @ Value { kind: Kind::String(name), .. }) => {
            let path = parent.dotted(key);
            let found = Diagnostic::error(format!("`{path}` is a table, not {}", shown(value)));
            let found = found.at(Some(&value.place)).label("expected a table");
            parent.log().push(found.help(format!("write `{key} = {{ type = \"{name}\" }}`")));
            return None;
        }
        Some(value) => {
            let mut section = parent.as_section(parent.dotted(key), value)?;
            match entry_of(&mut section) {
                Some(entry) => construct(section, entry, context),
                None => (None, section.abandon().into()),
            }
        }
    };
    parent.put(key, resolved);
    rule
}

/// The rule that `section` names. What it is called elsewhere is an error that says its name here.
pub(super) fn entry_of(section: &mut Section<'_>) -> Option<&'static Entry<super::Build>> {
    let named = section.table_ref().get("type").and_then(|name| name.as_str());
    if let Some((there, here)) = named.and_then(|name| ELSEWHERE.iter().find(|(there, _)| *there == name)) {
        section.ask("type");
        section.error("type", format!("unknown schedule \"{there}\""), format!("it is `{here}` here"));
        return None;
    }
    lookup(REGISTRY, "schedule", section)
}

/// Reads the rest of `section`, which names the rule `entry`; the rule and the resolved table.
pub(super) fn construct(
    mut section: Section<'_>,
    entry: &Entry<super::Build>,
    context: &Context<'_>,
) -> (Option<Box<dyn Rule>>, toml::Value) {
    let log = section.log();
    let errors = log.errors();
    if section.has("for") && !section.is_asked("for") {
        section.ask("for");
        section.error("for", "`for` says how long a part of a sequence lasts", "this is none");
    }
    let context = Context { convention: Convention::read(&mut section), ..*context };
    let limits = Limits::read(&mut section, &context);
    let warmup = WarmUp::read(&mut section, entry.name, &context);
    let inner = warmup.as_ref().map_or(context, |warmup| warmup.context(&context));
    let rule = (entry.build)(&mut section, &inner);
    let rule = rule.map(|rule| limits.around(WarmUp::around(warmup, rule)));
    let right = log.errors() == errors;
    if right && rule.as_ref().is_some_and(|rule| !rule.factor(last_step(&context)).is_finite()) {
        let message = format!("`{}` grows beyond any number before its last step", section.path());
        section.error("factor", message, "expected a factor that stays finite");
    }
    let rule = rule.filter(|_| log.errors() == errors);
    (rule, section.finish().into())
}

fn last_step(context: &Context<'_>) -> Clock {
    let horizon = context.horizon;
    Clock {
        step: horizon.total_steps.saturating_sub(1),
        total_steps: horizon.total_steps,
        steps_per_epoch: horizon.steps_per_epoch,
    }
}

/// Names of other frameworks, and what they are here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("LambdaLR", "expression"),
    ("LearningRateScheduler", "expression"),
    ("lambda", "expression"),
    ("MultiplicativeLR", "exponential"),
    ("StepLR", "step"),
    ("StepLRScheduler", "step"),
    ("MultiStepLR", "multistep"),
    ("MultiStepLRScheduler", "multistep"),
    ("piecewise_constant_schedule", "multistep"),
    ("PiecewiseConstantDecay", "piecewise"),
    ("piecewise_interpolate_schedule", "piecewise"),
    ("ConstantLR", "constant"),
    ("constant_schedule", "constant"),
    ("constant_with_warmup", "constant"),
    ("LinearLR", "linear"),
    ("linear_schedule", "linear"),
    ("ExponentialLR", "exponential"),
    ("ExponentialDecay", "exponential"),
    ("exponential_decay", "exponential"),
    ("InverseTimeDecay", "inverse_time"),
    ("inv", "inverse_time"),
    ("PolynomialLR", "polynomial"),
    ("PolynomialDecay", "polynomial"),
    ("polynomial_schedule", "polynomial"),
    ("PolyLRScheduler", "polynomial"),
    ("poly", "polynomial"),
    ("CosineAnnealingLR", "cosine"),
    ("CosineDecay", "cosine"),
    ("cosine_decay_schedule", "cosine"),
    ("CosineLRScheduler", "cosine"),
    ("cosine_with_min_lr", "cosine"),
    ("CosineAnnealingWarmRestarts", "cosine_restarts"),
    ("CosineDecayRestarts", "cosine_restarts"),
    ("cosine_with_restarts", "cosine_restarts"),
    ("sgdr_schedule", "cosine_restarts"),
    ("CyclicLR", "cyclic"),
    ("OneCycleLR", "one_cycle"),
    ("cosine_onecycle_schedule", "one_cycle"),
    ("linear_onecycle_schedule", "one_cycle"),
    ("TanhLRScheduler", "tanh"),
    ("WSDLRScheduler", "wsd"),
    ("warmup_stable_decay", "wsd"),
    ("REXScheduler", "rex"),
    ("ReduceLROnPlateau", "plateau"),
    ("reduce_lr_on_plateau", "plateau"),
    ("reduce_on_plateau", "plateau"),
    ("PlateauLRScheduler", "plateau"),
    ("GreedyLR", "greedy"),
    ("SequentialLR", "sequence"),
    ("join_schedules", "sequence"),
    ("SWALR", "sequence"),
    ("ChainedScheduler", "product"),
];
