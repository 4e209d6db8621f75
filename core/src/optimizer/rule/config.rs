//! The optimizer as a spec describes it.

use std::any::Any;
use std::fmt::Debug;

use super::{Group, GroupOptions, Hyper, Program, Rates, UpdateRule};

/// An optimizer as a spec describes it, for one group.
pub trait OptimizerConfig: Any + Debug + Send + Sync {
    /// Returns the learning rate of the table, or the optimizer's default.
    fn lr(&self) -> f64;

    /// Returns the hyper-parameters that may follow a schedule, with the table's values, in the order of their columns
    /// in results.
    fn hypers(&self) -> Vec<Hyper>;

    /// Returns the hyper-parameter that schedules cycle inversely to the rate: `momentum`, or `beta1`. `None` if the
    /// optimizer has neither.
    fn momentum(&self) -> Option<Hyper> {
        self.hypers().into_iter().find(|hyper| matches!(hyper.name, "momentum" | "beta1"))
    }

    /// Returns which learning rates, schedules and groups the optimizer supports.
    fn rates(&self) -> Rates;

    /// Checks that a group can have this optimizer if the base group has `base`.
    fn compatible_with(&self, base: &dyn OptimizerConfig) -> Result<(), Conflict>;

    /// Returns the program that runs the optimizer. `groups` has one configuration per group. The first is that of the
    /// base group, `self`.
    fn program(&self, groups: &[Box<dyn OptimizerConfig>]) -> Result<Program, Conflict>;

    /// Returns a copy, for optimizers that wrap another.
    fn boxed(&self) -> Box<dyn OptimizerConfig>;

    /// Returns the configuration as a type that can be downcast.
    fn as_any(&self) -> &dyn Any;
}

/// A reason why groups cannot have different configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key of the group's table that causes the conflict. `None` if it is not a single key.
    pub key: Option<&'static str>,
    pub message: String,
}

/// Makes the configuration of a rule.
pub fn configure<R: UpdateRule>(rule: R, lr: f64, options: GroupOptions) -> Box<dyn OptimizerConfig> {
    Box::new(Config { group: Group { rule, options }, lr })
}

/// A rule as an [`OptimizerConfig`].
#[derive(Clone, Debug)]
struct Config<R> {
    group: Group<R>,
    lr: f64,
}

impl<R: UpdateRule> OptimizerConfig for Config<R> {
    fn lr(&self) -> f64 {
        self.lr
    }

    fn hypers(&self) -> Vec<Hyper> {
        let mut copy = self.group.clone();
        copy.settings().into_iter().map(|Hyper { name, range, value }| Hyper { name, range, value: *value }).collect()
    }

    fn rates(&self) -> Rates {
        self.group.rule.rates()
    }

    fn compatible_with(&self, base: &dyn OptimizerConfig) -> Result<(), Conflict> {
        let base = base.as_any().downcast_ref::<Self>();
        match base.filter(|base| self.group.rule.keeps_state_of(&base.group.rule)) {
            Some(base) => self.group.rule.compatible_with(&base.group.rule),
            None => {
                let message = "this group would keep a different state from the base group: options such as `amsgrad` \
                               and `centered` must be the same in all groups";
                Err(Conflict { key: None, message: message.to_owned() })
            }
        }
    }

    fn program(&self, groups: &[Box<dyn OptimizerConfig>]) -> Result<Program, Conflict> {
        let mut own = Vec::with_capacity(groups.len());
        for group in groups {
            group.compatible_with(self)?;
            own.extend(group.as_any().downcast_ref::<Self>().map(|group| group.group.clone()));
        }
        Ok(R::program(own))
    }

    fn boxed(&self) -> Box<dyn OptimizerConfig> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
