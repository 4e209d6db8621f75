//! `[optimizer]`, `[schedule]`, `[schedule_for]` and `[[group]]`: the update rule and the rates of each parameter.

use super::hyper::{self, Follower};
use super::limits;
use super::patterns;
use super::rate::{Rate, Scheduled};
use super::zero;
use crate::metric::PartMetric;
use crate::optimizer::{self, OptimizerConfig};
use crate::params::Declaration;
use crate::schedule::{self, Context, Rule};
use crate::spec::{Diagnostic, Horizon, Log, NonNegative, Section, Table, Value, ValueKind, lookup, owners};

/// The name of the base group, which has every parameter that no `[[group]]` takes.
pub const BASE: &str = "base";

/// One parameter group.
#[derive(Debug)]
pub struct Group {
    pub method: Box<dyn OptimizerConfig>,
    /// The group's name, learning rate and scheduled hyper-parameters.
    pub rate: Rate,
    /// Total number of elements of its parameters.
    pub parameters: usize,
    /// True if its parameters are not trained. For the optimizer they do not exist.
    pub frozen: bool,
}

/// All groups, and the group of each parameter.
#[derive(Debug)]
pub struct Groups {
    /// The base group is first.
    pub groups: Vec<Group>,
    /// For each parameter of the model, the index of its group.
    pub group_of: Vec<usize>,
}

/// The facts about the run that reading its groups needs.
#[derive(Clone, Copy)]
pub(super) struct RunContext<'a> {
    pub declaration: &'a Declaration,
    pub horizon: Horizon,
    pub metrics: &'a [PartMetric],
    /// True if `declaration` is a placeholder because the run's model is unknown or has errors. The patterns of groups
    /// may then match nothing.
    pub any_model: bool,
}

impl<'a> RunContext<'a> {
    /// Returns the context for the rule of a learning rate. `method` is `None` if the optimizer has errors.
    fn context(&self, base_lr: f64, method: Option<&dyn OptimizerConfig>) -> Context<'a> {
        // An optimizer with errors is reported only once: a momentum of 0.9 avoids a second message.
        let momentum = method.map_or(Some(0.9), |method| method.momentum().map(|hyper| hyper.value));
        let momentum = momentum.filter(|&momentum| momentum > 0.0);
        Context { momentum, ..Context::new(self.horizon, base_lr, self.metrics) }
    }
}

/// Reads `[optimizer]`, `[schedule]`, `[schedule_for]` and `[[group]]`. Returns `None` after logging an error.
pub(super) fn read(root: &mut Section<'_>, run: RunContext<'_>) -> Option<Groups> {
    let log = root.log();
    let errors = log.errors();
    let mut section = root.section("optimizer")?;
    let base = section.table_ref();
    let entry = lookup(optimizer::REGISTRY, "optimizer", &mut section);
    let method = entry.and_then(|entry| (entry.build)(&mut section));
    let owners = |key: &str| owners(optimizer::REGISTRY, key, &|entry, section| drop((entry.build)(section)));
    let resolved = if entry.is_some() { section.finish_with(&owners) } else { section.into_resolved() };
    root.put("optimizer", resolved);
    let optimizer_is_right = log.errors() == errors;
    let lr = method.as_ref().map_or(1e-3, |method| method.lr());
    let context = run.context(lr, method.as_deref().filter(|_| optimizer_is_right));
    let rule = schedule::build(root, "schedule", &context);
    root.mark_known(hyper::KEY);
    let scheduled = method
        .as_deref()
        .and_then(|method| Follower { group: BASE, method, rule: rule.as_deref(), context }.read(root));

    // A group's own keys override these. Tables with errors are left out, so that each error is reported once.
    let mut beneath = if optimizer_is_right { base.clone() } else { Table::default() };
    for (name, is_right) in [("schedule", rule.is_some()), (hyper::KEY, scheduled.is_some())] {
        let written = root.table_ref().key(name).zip(root.table_ref().get(name));
        if let Some((key, value)) = written.filter(|_| is_right) {
            beneath.set(key.clone(), value.clone());
        }
    }
    let reader = Reader { log, beneath, optimizer_is_right, run };
    let mut taken: Vec<Option<usize>> = vec![None; run.declaration.params().len()];
    let mut names = vec![BASE.to_owned()];
    let tables = tables(root);
    let (groups, resolved): (Vec<Option<Group>>, Vec<toml::Value>) = tables
        .iter()
        .map(|value| reader.group(value, &mut names, &mut taken))
        .map(|(group, table)| (group, toml::Value::Table(table)))
        .unzip();
    if !resolved.is_empty() {
        root.put("group", toml::Value::Array(resolved));
    }
    if !optimizer_is_right {
        return None;
    }

    let rule = rule?;
    zero::warn(&*rule, run.horizon, root.place_of("schedule"), log);
    let rate = Rate { name: BASE.to_owned(), base_lr: lr, rule, hyper: scheduled? };
    let base = Group { method: method?, rate, parameters: 0, frozen: false };
    let mut groups: Vec<Group> = std::iter::once(Some(base)).chain(groups).collect::<Option<_>>()?;
    let has_own = |value: &&Value| value.as_table().is_some_and(|own| own.get(hyper::KEY).is_some());
    let of_run = groups.iter().zip(std::iter::once(false).chain(tables.iter().map(has_own)));
    let of_run: Vec<&dyn OptimizerConfig> =
        of_run.filter(|(_, has_own)| !has_own).map(|(group, _)| &*group.method).collect();
    hyper::check_factors(&root.section(hyper::KEY)?, &of_run);
    hyper::align(groups.iter_mut().map(|group| (&*group.method, &mut group.rate.hyper)));
    let group_of: Vec<usize> = taken.into_iter().map(|group| group.unwrap_or(0)).collect();
    for (param, &group) in run.declaration.params().iter().zip(&group_of) {
        groups[group].parameters += param.len;
    }
    limits::check(root, entry?.name, &groups, &tables, run.horizon);
    if groups.iter().all(|group| group.frozen || group.parameters == 0) && !run.declaration.params().is_empty() {
        root.error("group", "every parameter is frozen", "nothing is left to train");
    }
    Some(Groups { groups, group_of })
}

/// Returns the tables of `[[group]]`, or the single table of `[group]`.
fn tables<'a>(root: &mut Section<'a>) -> Vec<&'a Value> {
    match root.raw("group") {
        None => Vec::new(),
        Some(Value { kind: ValueKind::Array(items), .. }) => items.iter().collect(),
        Some(value) => vec![value],
    }
}

struct Reader<'a> {
    log: &'a Log,
    /// The keys of `[optimizer]`, `schedule` and `schedule_for`, without those that have errors.
    beneath: Table,
    optimizer_is_right: bool,
    run: RunContext<'a>,
}

impl Reader<'_> {
    /// Reads one group, adds its name to `names` and marks its parameters in `taken`. Returns the group, or `None` if
    /// an error was logged, and its table in the resolved spec.
    fn group(
        &self,
        value: &Value,
        names: &mut Vec<String>,
        taken: &mut [Option<usize>],
    ) -> (Option<Group>, toml::Table) {
        let ValueKind::Table(own) = &value.kind else {
            let help = "write [[group]], and under it name = \"…\" and params = [\"…\"]";
            self.log.push(Diagnostic::error("this group is not a table").at(Some(&value.place)).help(help));
            return (None, toml::Table::new());
        };
        let index = names.len();
        let path = match own.get("name").and_then(Value::as_str) {
            Some(name) => format!("group.{name}"),
            None => format!("group.{}", index - 1),
        };
        let merged = self.merged(own);
        let mut section = Section::new(path, &merged, Some(value.place.clone()), self.log);
        let name = self.name(&mut section, names);
        let params = match self.run.any_model {
            true => section.required::<Vec<String>>("params").map(|_| ()),
            false => patterns::claim(&mut section, self.run.declaration, index, taken),
        };
        let (frozen, lr_mult) = freeze_and_lr_mult(&mut section);
        let method = match self.optimizer_is_right {
            true => lookup(optimizer::REGISTRY, "optimizer", &mut section).and_then(|it| (it.build)(&mut section)),
            false => None,
        };
        let base_lr = method.as_ref().map_or(1e-3, |method| method.lr()) * lr_mult;
        if !base_lr.is_finite() {
            section.error("lr_mult", "the group's learning rate is infinite", "`lr · lr_mult` is too large");
            return (None, toml::Table::new());
        }
        let context = self.run.context(base_lr, method.as_deref());
        let rule = self.rule(&mut section, own, &context);
        let scheduled = method.as_deref().and_then(|method| {
            let group = name.as_deref().unwrap_or_default();
            let follower = Follower { group, method, rule: rule.as_deref(), context };
            self.scheduled(&mut section, own, follower)
        });
        let resolved = if self.optimizer_is_right { section.finish() } else { section.into_resolved() };
        let is_own = |key: &str| match key {
            "lr_mult" => !frozen,
            "freeze" => frozen,
            _ => own.get(key).is_some(),
        };
        let resolved = resolved.into_iter().filter(|(key, _)| is_own(key)).collect();
        let own_schedule = own.get("schedule").map(|schedule| &schedule.place);
        if let Some((rule, place)) = rule.as_deref().zip(own_schedule) {
            zero::warn(rule, self.run.horizon, Some(place), self.log);
        }
        let group = || {
            let rate = Rate { name: name?, base_lr, rule: rule?, hyper: scheduled? };
            Some(Group { method: method?, rate, parameters: 0, frozen })
        };
        (params.and_then(|()| group()), resolved)
    }

    /// Reads the rule of the group's learning rate: its own rule, or else the run's. Reading the run's rule again
    /// repeats its messages. The log drops repetitions and keeps new messages, which are about this group's rate.
    fn rule(&self, section: &mut Section<'_>, own: &Table, context: &Context<'_>) -> Option<Box<dyn Rule>> {
        match own.get("schedule") {
            Some(_) => schedule::build(section, "schedule", context),
            None => self.inherit(section, "schedule", |root| schedule::build(root, "schedule", context)),
        }
    }

    /// Reads the group's scheduled hyper-parameters: from its own `schedule_for`, or else from the run's.
    fn scheduled(&self, section: &mut Section<'_>, own: &Table, follower: Follower<'_>) -> Option<Vec<Scheduled>> {
        if own.get(hyper::KEY).is_none() {
            return self.inherit(section, hyper::KEY, |root| follower.read(root));
        }
        let scheduled = follower.read(section);
        hyper::check_factors(&section.section(hyper::KEY)?, &[follower.method]);
        scheduled
    }

    /// Reads the run's `key` for this group. `read` gets the keys of the run, overridden by those of the group.
    fn inherit<T>(
        &self,
        section: &mut Section<'_>,
        key: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> Option<T>,
    ) -> Option<T> {
        section.mark_known(key);
        read(&mut Section::root(section.table_ref(), self.log))
    }

    /// Returns the run's keys, overridden by the group's own keys.
    fn merged(&self, own: &Table) -> Table {
        let mut merged = self.beneath.clone();
        for (key, value) in &own.entries {
            if matches!(key.name.as_str(), "type" | "convention") {
                let message = format!("a group cannot change the optimizer's `{}`", key.name);
                let label = "the same for all groups: it belongs in [optimizer]";
                self.log.push(Diagnostic::error(message).at(Some(&key.place)).label(label));
            } else {
                merged.set(key.clone(), value.clone());
            }
        }
        merged
    }

    /// Reads the group's name and adds it to `names`. Returns `None` after logging an error.
    fn name(&self, section: &mut Section<'_>, names: &mut Vec<String>) -> Option<String> {
        let Some(name) = section.required::<String>("name") else {
            names.push(String::new());
            return None;
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let trouble = match name.as_str() {
            BASE => Some("\"base\" is the group of all parameters that no other group takes"),
            _ if names.contains(&name) => Some("another group has this name"),
            _ if name.is_empty() || !name.chars().all(plain) => Some("expected letters, digits, `_` and `-`"),
            _ => None,
        };
        if let Some(label) = trouble {
            section.error("name", format!("a group cannot be named \"{name}\" here"), label);
        }
        names.push(name.clone());
        trouble.is_none().then_some(name)
    }
}

/// Reads `freeze` and `lr_mult`, and returns both. Each of `freeze = true` and `lr_mult = 0` implies the other, and
/// `freeze = false`, the default, changes nothing.
fn freeze_and_lr_mult(section: &mut Section<'_>) -> (bool, f64) {
    let freeze = section.or("freeze", false);
    let lr_mult = section.or("lr_mult", NonNegative(1.0)).0;
    let frozen = freeze || lr_mult == 0.0;
    section.put("freeze", frozen);
    (frozen, if frozen { 0.0 } else { lr_mult })
}
