//! The parts of update rules. A rule is an [`UpdateRule`]. Its mathematics is an [`Elementwise`] or a [`TwoPass`], or
//! it is in the engine.

mod config;
mod elementwise;
mod graph;
mod hyper;
pub mod kernel;
mod num;
mod options;
mod two_pass;

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

pub use config::{Conflict, OptimizerConfig, configure};
pub(super) use elementwise::elementwise;
pub use elementwise::{Elementwise, ElementwiseGroups, ElementwiseProgram, EvalWeights, Update};
pub use graph::{Graph, Op, Recorded};
pub use hyper::{Hyper, Range};
pub(super) use kernel::kernel;
pub use kernel::{Chunk, CompiledKernel, Kernel, MAX_SCALARS, MAX_SLOTS, SegmentScalars, Vectorized};
pub use num::Num;
pub use options::{Decay, GroupOptions};
pub(super) use two_pass::two_pass;
pub use two_pass::{
    Decision, First, Move, ParamSums, Second, SegmentMeasure, Sums, TwoPass, TwoPassGroups, TwoPassProgram,
};

/// An update rule with its settings.
pub trait UpdateRule: Clone + Debug + Send + Sync + 'static {
    /// Returns the settings that may follow a schedule. Weight decay is not among them if the engine applies it.
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>>;

    /// Returns which learning rates, schedules and groups the rule supports.
    fn rates(&self) -> Rates {
        Rates::default()
    }

    /// Returns the options that must be equal in all groups, with their keys. They belong to an estimate or a search
    /// that is made once for all groups.
    fn shared(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// Returns true if this rule keeps the same state as `base`. Options such as `amsgrad` change the state.
    fn keeps_state_of(&self, _base: &Self) -> bool {
        true
    }

    /// Checks that a group can have this rule if the base group has `base`.
    fn compatible_with(&self, base: &Self) -> Result<(), Conflict> {
        shared_options_agree(self, base)
    }

    /// Returns the program that runs the rule over its groups: `elementwise!(…)`, `two_pass!(…)` or [`Program::own`].
    fn program(groups: Vec<Group<Self>>) -> Program;
}

/// Checks that `rule` and `base` have the same options in [`UpdateRule::shared`].
pub fn shared_options_agree<R: UpdateRule>(rule: &R, base: &R) -> Result<(), Conflict> {
    let mut pairs = rule.shared().into_iter().zip(base.shared());
    let differs = pairs.find(|((_, own), (_, other))| own.to_bits() != other.to_bits());
    differs.map_or(Ok(()), |((key, _), _)| {
        let message = format!("`{key}` must be the same in all groups: the optimizer uses one value for all groups");
        Err(Conflict { key: Some(key), message })
    })
}

/// The limits of an optimizer's learning rates. Each reason is shown below the place in the spec that breaks the limit.
/// `None` means that there is no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// The reason why a rate that follows a schedule would change nothing, or break the optimizer.
    pub no_schedule: Option<&'static str>,
    /// The reason why all groups have the same rate.
    pub one_rate: Option<&'static str>,
    /// The reason why there can be only one group.
    pub one_group: Option<&'static str>,
    /// True if the optimizer computes its own rate from the nominal one. The engine reports its rate as the effective
    /// rate.
    pub finds_its_own: bool,
}

/// The state that a rule keeps on the host from step to step in addition to its slots, such as a product of momenta or
/// a distance. It has only finite numbers, because it is saved as JSON.
pub trait HostState: Default + Clone + Debug + Send + Serialize + DeserializeOwned + 'static {}

impl<T: Default + Clone + Debug + Send + Serialize + DeserializeOwned + 'static> HostState for T {}

fn read_host_state<H: HostState>(value: serde_json::Value) -> Result<H, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// The first value of a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    Value(f64),
    /// The parameter's own first value.
    Parameter,
}

/// The way a rule runs over its groups.
#[derive(Debug)]
pub enum Program {
    /// One pass over memory a step.
    Elementwise(Box<dyn ElementwiseProgram>),
    /// Two passes over memory a step.
    TwoPass(Box<dyn TwoPassProgram>),
    /// A computation of its own, in a file of the engine. The value is the rule's `Vec<Group<_>>`. The engine finds the
    /// file by this type.
    Own(Box<dyn Any + Send>),
}

impl Program {
    /// Makes the program of a rule that has its own file in the engine.
    pub fn own<R: UpdateRule>(groups: Vec<Group<R>>) -> Self {
        Program::Own(Box::new(groups))
    }
}

/// The values of a step that scalars depend on.
#[derive(Clone, Copy, Debug)]
pub struct StepValues<'a> {
    /// The step, from 1.
    pub t: u64,
    /// The nominal rate of each group.
    pub lr: &'a [f64],
    /// For each group, the hyper-parameters that follow a schedule, by name. Empty if no hyper-parameter does.
    pub hyper: &'a [Vec<(&'static str, f64)>],
}

/// The error of a step that gives a value to a hyper-parameter that the rule does not have.
#[derive(Debug, thiserror::Error)]
#[error("this optimizer has no `{0}` that could change from step to step")]
pub struct UnknownHyper(pub &'static str);

/// An update rule with the options of one group.
#[derive(Clone, Debug)]
pub struct Group<R> {
    pub rule: R,
    pub options: GroupOptions,
}

impl<R: UpdateRule> Group<R> {
    /// Returns the settings that may follow a schedule, weight decay last.
    fn settings(&mut self) -> Vec<Hyper<&mut f64>> {
        let mut settings = self.rule.hypers();
        settings.extend(self.options.decay.amount().map(|amount| Hyper::non_negative("weight_decay", amount)));
        settings
    }

    /// Returns this group with `values` in place of the settings that follow schedules.
    pub fn at(&self, values: Option<&Vec<(&'static str, f64)>>) -> Result<Cow<'_, Self>, UnknownHyper> {
        let Some(values) = values.filter(|values| !values.is_empty()) else { return Ok(Cow::Borrowed(self)) };
        let mut changed = self.clone();
        let mut settings = changed.settings();
        for &(name, value) in values {
            let setting = settings.iter_mut().find(|setting| setting.name == name);
            *setting.ok_or(UnknownHyper(name))?.value = value;
        }
        drop(settings);
        Ok(Cow::Owned(changed))
    }

    /// Returns this group with another rule.
    pub fn map<Q>(self, rule: impl FnOnce(R) -> Q) -> Group<Q> {
        Group { rule: rule(self.rule), options: self.options }
    }
}

/// Returns the groups with the values that `hyper` has for each of them.
pub fn groups_at<'a, R: UpdateRule>(
    groups: &'a [Group<R>],
    hyper: &[Vec<(&'static str, f64)>],
) -> Result<Vec<Cow<'a, Group<R>>>, UnknownHyper> {
    groups.iter().enumerate().map(|(index, group)| group.at(hyper.get(index))).collect()
}
