//! Elementwise rules: one pass over memory per step.

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use serde_json::Value;

use super::{
    CompiledKernel, Group, HostState, Initial, Kernel, Num, SegmentScalars, StepValues, UnknownHyper, UpdateRule,
    read_host_state,
};

/// An update rule that treats every element alike, with `S` state slots and `K` scalars per step.
pub trait Elementwise<const S: usize, const K: usize>: UpdateRule {
    /// The state of a group that is kept on the host from step to step. `()` for most rules.
    type HostState: HostState;

    /// PyTorch's names of the slots.
    const SLOTS: [&'static str; S];

    /// Returns the first value of each slot.
    fn initial(&self) -> [Initial; S] {
        [Initial::Value(0.0); S]
    }

    /// Returns the numbers that all elements share at step `t` (from 1) with the rate `lr`, such as bias corrections.
    /// `self` has the hyper-parameters of this step.
    fn scalars(&self, t: u64, lr: f64, host: &mut Self::HostState) -> [f64; K];

    /// Returns parameter and state after the step, from the gradient `g` (clipped, with coupled decay added).
    fn update<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S]);

    /// Returns the effective rate of the last step. `None` if the rule does not choose its own rate.
    fn effective_lr(&self, _host: &Self::HostState) -> Option<f64> {
        None
    }

    /// Returns the weights for evaluation. `None` means the parameters themselves.
    fn eval_weights(&self) -> Option<EvalWeights> {
        None
    }
}

/// Weights for evaluation that differ from the parameters p.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EvalWeights {
    /// The slot of this number.
    Slot(usize),
    /// p + weight·(slot − p), with the slot of this number.
    Lerp { slot: usize, weight: f64 },
}

/// The one pass of an elementwise rule.
pub struct Update<R>(PhantomData<R>);

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Kernel<S, K, 0> for Update<R> {
    const MOVES: bool = true;

    #[inline(always)]
    fn element<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S], [N; 0]) {
        let (p, state) = R::update(p, g, state, k);
        (p, state, [])
    }
}

/// Makes the `Program` that runs the elementwise rule `$rule` over `$groups`. The rule has `$slots` slots and
/// `$scalars` scalars.
macro_rules! elementwise {
    ($rule:ty, $slots:literal, $scalars:literal, $groups:expr) => {{
        use $crate::optimizer::rule::{ElementwiseGroups, Program, Update, kernel};

        let kernel = kernel!(Update<$rule>, $slots, $scalars, 0);
        Program::Elementwise(Box::new(ElementwiseGroups::<$rule, $slots, $scalars>::new($groups, kernel)))
    }};
}

pub(crate) use elementwise;

/// An elementwise rule with all its groups, as the engine sees it.
pub trait ElementwiseProgram: Debug + Send {
    /// Returns the names of the slots.
    fn slots(&self) -> &'static [&'static str];

    /// Returns the first value of each slot in group number `group`.
    fn initial(&self, group: usize) -> Vec<Initial>;

    /// Returns the pass of a step.
    fn kernel(&self) -> &CompiledKernel;

    /// Calls `of_group(group, scalars)` for each group, with the group's scalars at a step.
    fn scalars(
        &mut self,
        step: &StepValues<'_>,
        of_group: &mut dyn FnMut(usize, SegmentScalars),
    ) -> Result<(), UnknownHyper>;

    /// Returns the effective rate of each group's last step. `None` if the rule does not choose its own rate.
    fn effective_lr(&self) -> Option<Vec<f64>>;

    /// Returns the weights for the evaluation of group number `group`. `None` means the parameters themselves.
    fn eval_weights(&self, group: usize) -> Option<EvalWeights>;

    /// Returns the state that the groups keep on the host.
    fn host_state(&self) -> Value;

    /// Restores the state that [`host_state`](Self::host_state) returned. The error says what does not fit.
    fn set_host_state(&mut self, value: Value) -> Result<(), String>;
}

/// The groups of an elementwise rule.
pub struct ElementwiseGroups<R: Elementwise<S, K>, const S: usize, const K: usize> {
    groups: Vec<Group<R>>,
    hosts: Vec<R::HostState>,
    kernel: CompiledKernel,
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> ElementwiseGroups<R, S, K> {
    /// Creates the groups. `kernel` is `Update<R>`, compiled.
    pub fn new(groups: Vec<Group<R>>, kernel: CompiledKernel) -> Self {
        let hosts = vec![R::HostState::default(); groups.len()];
        ElementwiseGroups { groups, hosts, kernel }
    }
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Debug for ElementwiseGroups<R, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElementwiseGroups").field("groups", &self.groups).finish_non_exhaustive()
    }
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> ElementwiseProgram for ElementwiseGroups<R, S, K> {
    fn slots(&self) -> &'static [&'static str] {
        &R::SLOTS
    }

    fn initial(&self, group: usize) -> Vec<Initial> {
        self.groups[group].rule.initial().to_vec()
    }

    fn kernel(&self) -> &CompiledKernel {
        &self.kernel
    }

    fn scalars(
        &mut self,
        step: &StepValues<'_>,
        of_group: &mut dyn FnMut(usize, SegmentScalars),
    ) -> Result<(), UnknownHyper> {
        for (index, (group, host)) in self.groups.iter().zip(&mut self.hosts).enumerate() {
            let group = group.at(step.hyper.get(index))?;
            let k = group.rule.scalars(step.t, step.lr[index], host);
            of_group(index, group.options.scalars(&k, step.lr[index]));
        }
        Ok(())
    }

    fn effective_lr(&self) -> Option<Vec<f64>> {
        self.groups.iter().zip(&self.hosts).map(|(group, host)| group.rule.effective_lr(host)).collect()
    }

    fn eval_weights(&self, group: usize) -> Option<EvalWeights> {
        self.groups[group].rule.eval_weights()
    }

    fn host_state(&self) -> Value {
        serde_json::to_value(&self.hosts).unwrap_or_default()
    }

    fn set_host_state(&mut self, value: Value) -> Result<(), String> {
        let hosts: Vec<R::HostState> = read_host_state(value)?;
        if hosts.len() != self.groups.len() {
            return Err(format!("the checkpoint has {} groups, the optimizer {}", hosts.len(), self.groups.len()));
        }
        self.hosts = hosts;
        Ok(())
    }
}
