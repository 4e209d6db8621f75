//! What every update rule says of itself, and the optimizer as a spec describes it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use super::{Clip, Error, Hyper, Method, Optimizer, Rates, Segments, Treatment};
use crate::store::Store;

/// An update rule with its settings.
pub trait UpdateRule: Clone + Debug + Send + Sync + 'static {
    /// Its settings that may follow a schedule. Weight decay is not among them where it is the engine's.
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>>;

    /// What it does with the learning rates.
    fn rates(&self) -> Rates {
        Rates::default()
    }

    /// What all groups have in common, under the keys that set it: options of what is found once for all of them.
    fn shared(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// Why a group cannot have this rule where the base group has `base`.
    fn beside(&self, base: &Self) -> Result<(), Conflict> {
        one_for_all(self, base)
    }
}

/// Whether what all groups have in common is the same in these two.
pub fn one_for_all<R: UpdateRule>(rule: &R, base: &R) -> Result<(), Conflict> {
    let mut pairs = rule.shared().into_iter().zip(base.shared());
    let differs = pairs.find(|((_, own), (_, other))| own.to_bits() != other.to_bits());
    differs.map_or(Ok(()), |((key, _), _)| {
        let message = format!("`{key}` is one for all groups: what it sets is found for all of them together");
        Err(Conflict { key: Some(key), message })
    })
}

/// Why groups do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key of the group's table that is to blame, where it is one.
    pub key: Option<&'static str>,
    pub message: String,
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

impl<R> Start<R> {
    /// The same with other rules.
    pub fn map<Q>(self, rule: impl Fn(R) -> Q) -> Start<Q> {
        let Start { groups, segments, clip } = self;
        let of_group = |Group { rule: own, treatment }| Group { rule: rule(own), treatment };
        Start { groups: groups.into_iter().map(of_group).collect(), segments, clip }
    }
}

/// What makes an optimizer of groups and store.
pub type Begin<R> = fn(Start<R>, &Store) -> Result<Box<dyn Optimizer>, Error>;

/// A rule as a [`Method`]: with the engine that runs it.
#[derive(Clone)]
pub struct Declared<R: UpdateRule> {
    pub group: Group<R>,
    pub lr: f64,
    /// What state it keeps: the same in all groups, or `start` finds what serves them all.
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
        let of_group = |group: &dyn Method| {
            group.beside(self).map_err(|conflict| Error::Groups(conflict.message))?;
            Ok(group.as_any().downcast_ref::<Self>().map(|group| group.group.clone()))
        };
        let groups: Vec<Option<Group<R>>> =
            groups.iter().map(|group| of_group(&**group)).collect::<Result<_, Error>>()?;
        (self.start)(Start { groups: groups.into_iter().flatten().collect(), segments, clip }, store)
    }

    fn beside(&self, base: &dyn Method) -> Result<(), Conflict> {
        match base.as_any().downcast_ref::<Self>().filter(|base| base.keeps == self.keeps) {
            Some(base) => self.group.rule.beside(&base.group.rule),
            None => {
                let message = "this group would keep another state than the base group: options such as `amsgrad` or \
                               `centered` are the same for all groups";
                Err(Conflict { key: None, message: message.to_owned() })
            }
        }
    }

    fn boxed(&self) -> Box<dyn Method> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
