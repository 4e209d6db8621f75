//! What every update rule says of itself, and the optimizer as a spec describes it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use super::{Clip, Error, Hyper, Method, Optimizer, Rates, Segments, Treatment};
use crate::params::Store;

/// An update rule with its settings.
pub trait UpdateRule: Clone + Debug + Send + Sync + 'static {
    /// Its settings that may follow a schedule. Weight decay is not among them where it is the engine's.
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>>;

    /// What it does with the learning rates.
    fn rates(&self) -> Rates {
        Rates::default()
    }
}

/// What a rule keeps on the host from step to step beside its slots: a product of momenta, a distance. Finite numbers
/// only: they are kept as JSON.
pub trait Memory: Default + Clone + Debug + Send + Serialize + DeserializeOwned + 'static {}

impl<T: Default + Clone + Debug + Send + Serialize + DeserializeOwned + 'static> Memory for T {}

/// An update rule as one group has it.
#[derive(Clone, Debug)]
pub struct Group<R> {
    pub rule: R,
    pub treatment: Treatment,
}

impl<R: UpdateRule> Group<R> {
    fn settings(&mut self) -> Vec<Hyper<&mut f64>> {
        let mut settings = self.rule.hypers();
        settings.extend(self.treatment.decay.amount().map(|amount| Hyper::non_negative("weight_decay", amount)));
        settings
    }

    /// This group with what follows schedules as it is at a step.
    pub fn at(&self, values: Option<&Vec<(&'static str, f64)>>) -> Result<Cow<'_, Self>, Error> {
        let Some(values) = values.filter(|values| !values.is_empty()) else { return Ok(Cow::Borrowed(self)) };
        let mut changed = self.clone();
        let mut settings = changed.settings();
        for &(name, value) in values {
            let setting = settings.iter_mut().find(|setting| setting.name == name);
            *setting.ok_or(Error::Hyper(name))?.value = value;
        }
        drop(settings);
        Ok(Cow::Owned(changed))
    }
}

/// Every group as it is at a step.
pub fn groups_at<'a, R: UpdateRule>(
    groups: &'a [Group<R>],
    hyper: &[Vec<(&'static str, f64)>],
) -> Result<Vec<Cow<'a, Group<R>>>, Error> {
    groups.iter().enumerate().map(|(index, group)| group.at(hyper.get(index))).collect()
}

/// What begins an optimizer over a store.
pub struct Start<R> {
    pub groups: Vec<Group<R>>,
    pub segments: Segments,
    pub clip: Clip,
}

/// What makes an optimizer of groups and store.
pub type Begin<R> = fn(Start<R>, &Store) -> Result<Box<dyn Optimizer>, Error>;

/// A rule as a [`Method`]: with the engine that runs it.
#[derive(Clone)]
pub struct Declared<R: UpdateRule> {
    pub group: Group<R>,
    pub lr: f64,
    /// What state it keeps: the same in all groups.
    pub keeps: &'static [&'static str],
    pub start: Begin<R>,
}

impl<R: UpdateRule> Debug for Declared<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Declared").field("group", &self.group).field("lr", &self.lr).finish_non_exhaustive()
    }
}

impl<R: UpdateRule> Method for Declared<R> {
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

    fn start(
        &self,
        groups: &[Box<dyn Method>],
        segments: Segments,
        clip: Clip,
        store: &Store,
    ) -> Result<Box<dyn Optimizer>, Error> {
        let own_kind = |group: &dyn Method| {
            let group = group.as_any().downcast_ref::<Self>().filter(|group| group.keeps == self.keeps)?;
            Some(group.group.clone())
        };
        let groups: Option<Vec<Group<R>>> = groups.iter().map(|group| own_kind(&**group)).collect();
        let groups = groups.ok_or_else(|| {
            let message = "all groups must keep the same state: options such as `amsgrad`, `centered`, or a momentum \
                           of zero in one group and not in another, cannot differ";
            Error::Groups(message.to_owned())
        })?;
        (self.start)(Start { groups, segments, clip }, store)
    }

    fn boxed(&self) -> Box<dyn Method> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
