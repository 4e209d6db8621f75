//! Rules that need sums over all elements (norms, inner products) before they move any: two passes over memory per
//! step.

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::marker::PhantomData;

use serde_json::Value;

use super::{
    CompiledKernel, Group, HostState, Initial, Kernel, Num, SegmentScalars, StepValues, UnknownHyper, UpdateRule,
    groups_at, read_host_state,
};

/// An update rule in two passes, with a decision on the host between them. It has `S` state slots, `A` scalars and `R`
/// sums in the first pass, and `K` scalars in the second.
pub trait TwoPass<const S: usize, const A: usize, const R: usize, const K: usize>: UpdateRule {
    /// The state of all groups together that is kept on the host from step to step.
    type HostState: HostState;

    /// The names of the slots.
    const SLOTS: [&'static str; S];

    /// Returns the first value of each slot.
    fn initial(&self) -> [Initial; S] {
        [Initial::Value(0.0); S]
    }

    /// Returns the numbers that all elements of group number `group` share in the first pass of step `t` (from 1).
    fn before(&self, t: u64, group: usize, lr: f64, host: &Self::HostState) -> [f64; A];

    /// Computes one element in the first pass. Returns its state after the pass, and its terms of the sums. `g` is
    /// clipped, with coupled decay added. Decoupled decay has not been applied to `p` yet.
    fn measure<N: Num>(p: N, g: N, state: [N; S], k: &[N; A]) -> ([N; S], [N; R]);

    /// Decides between the passes how the second one moves each parameter.
    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, R>, host: &mut Self::HostState) -> Decision<K>;

    /// Computes one element in the second pass. Returns its parameter and state after the step. Decoupled decay has
    /// been applied to `p`.
    fn update<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S]);
}

/// The numbers that a rule's decision uses.
pub struct Sums<'a, const R: usize> {
    /// The step, from 1.
    pub t: u64,
    /// The nominal rate of each group.
    pub lr: &'a [f64],
    /// The batch's loss.
    pub loss: f64,
    /// Every parameter with a gradient, in order.
    pub params: &'a [ParamSums<R>],
}

/// The sums over one parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParamSums<const R: usize> {
    /// The parameter's number in the store.
    pub param: usize,
    pub group: usize,
    /// The number of the parameter's dimensions: one for a bias.
    pub dims: usize,
    pub sums: [f64; R],
}

impl<const R: usize> Sums<'_, R> {
    /// Returns the sums over all parameters.
    pub fn total(&self) -> [f64; R] {
        self.add(|_| true)
    }

    /// Returns the sums over the parameters of one group.
    pub fn of_group(&self, group: usize) -> [f64; R] {
        self.add(|param| param.group == group)
    }

    fn add(&self, includes: impl Fn(&ParamSums<R>) -> bool) -> [f64; R] {
        let mut total = [0.0; R];
        for param in self.params.iter().filter(|param| includes(param)) {
            total.iter_mut().zip(param.sums).for_each(|(total, sum)| *total += sum);
        }
        total
    }
}

/// The numbers for one parameter in the second pass.
#[derive(Clone, Copy, Debug)]
pub struct Move<const K: usize> {
    pub k: [f64; K],
    /// The rate that scales decoupled weight decay.
    pub lr: f64,
}

/// The decision of a rule between its passes.
#[derive(Clone, Debug)]
pub struct Decision<const K: usize> {
    /// The moves of [`Sums::params`], in the same order.
    pub moves: Vec<Move<K>>,
    /// The effective rate of each group at this step. Empty if the rule does not choose its own rates.
    pub effective_lr: Vec<f64>,
}

impl<const K: usize> Decision<K> {
    /// Moves all parameters of a group by `of_group(group)`. The rate of this move is the group's effective rate.
    pub fn by_group<const R: usize>(sums: &Sums<'_, R>, of_group: impl Fn(usize) -> Move<K>) -> Self {
        let of_groups: Vec<Move<K>> = (0..sums.lr.len()).map(of_group).collect();
        let moves = sums.params.iter().map(|param| of_groups[param.group]).collect();
        Decision { moves, effective_lr: of_groups.iter().map(|it| it.lr).collect() }
    }
}

/// The first pass of a rule. `K` only selects the implementation of [`TwoPass`].
pub struct First<R, const K: usize>(PhantomData<R>);

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> Kernel<S, A, Q> for First<R, K>
where
    R: TwoPass<S, A, Q, K>,
{
    const MOVES: bool = false;

    #[inline(always)]
    fn element<N: Num>(p: N, g: N, state: [N; S], k: &[N; A]) -> (N, [N; S], [N; Q]) {
        let (state, sums) = R::measure(p.clone(), g, state, k);
        (p, state, sums)
    }
}

/// The second pass of a rule. `A` and `Q` only select the implementation of [`TwoPass`].
pub struct Second<R, const A: usize, const Q: usize>(PhantomData<R>);

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> Kernel<S, K, 0> for Second<R, A, Q>
where
    R: TwoPass<S, A, Q, K>,
{
    const MOVES: bool = true;

    #[inline(always)]
    fn element<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S], [N; 0]) {
        let (p, state) = R::update(p, g, state, k);
        (p, state, [])
    }
}

/// Makes the `Program` that runs rule `$rule` over `$groups` in two passes. `$slots`, `$before`, `$sums` and `$scalars`
/// are the `S`, `A`, `R` and `K` of [`TwoPass`].
macro_rules! two_pass {
    ($rule:ty, $slots:literal, $before:literal, $sums:literal, $scalars:literal, $groups:expr) => {{
        use $crate::optimizer::rule::{First, Program, Second, TwoPassGroups, kernel};

        let kernels = [
            kernel!(First<$rule, $scalars>, $slots, $before, $sums),
            kernel!(Second<$rule, $before, $sums>, $slots, $scalars, 0),
        ];
        let groups = TwoPassGroups::<$rule, $slots, $before, $sums, $scalars>::new($groups, kernels);
        Program::TwoPass(Box::new(groups))
    }};
}

pub(crate) use two_pass;

/// The result of the first pass for one parameter with a gradient.
#[derive(Clone, Copy, Debug)]
pub struct SegmentMeasure<'a> {
    /// The parameter's number in the store.
    pub param: usize,
    pub group: usize,
    /// The number of the parameter's dimensions.
    pub dims: usize,
    /// The sums of the first kernel.
    pub sums: &'a [f64],
}

/// A rule in two passes with all its groups, as the engine sees it.
pub trait TwoPassProgram: Debug + Send {
    /// Returns the names of the slots.
    fn slots(&self) -> &'static [&'static str];

    /// Returns the first value of each slot in group number `group`.
    fn initial(&self, group: usize) -> Vec<Initial>;

    /// Returns the two passes of a step.
    fn kernels(&self) -> [&CompiledKernel; 2];

    /// Returns each group's scalars of the first pass.
    fn first(&self, step: &StepValues<'_>) -> Result<Vec<SegmentScalars>, UnknownHyper>;

    /// Decides between the passes. Returns the second pass's scalars for each of `measured`, in order, and the
    /// effective rate of each group (empty if the rule does not choose its own rates).
    fn decide(
        &mut self,
        step: &StepValues<'_>,
        loss: f64,
        measured: &[SegmentMeasure<'_>],
    ) -> Result<(Vec<SegmentScalars>, Vec<f64>), UnknownHyper>;

    /// Returns the state that is kept on the host.
    fn host_state(&self) -> Value;

    /// Restores the state that [`host_state`](Self::host_state) returned. The error says what does not fit.
    fn set_host_state(&mut self, value: Value) -> Result<(), String>;
}

/// The groups of a rule in two passes.
pub struct TwoPassGroups<R: TwoPass<S, A, Q, K>, const S: usize, const A: usize, const Q: usize, const K: usize> {
    groups: Vec<Group<R>>,
    host: R::HostState,
    kernels: [CompiledKernel; 2],
}

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> TwoPassGroups<R, S, A, Q, K>
where
    R: TwoPass<S, A, Q, K>,
{
    /// Creates the groups. `kernels` are [`First`] and [`Second`], compiled.
    pub fn new(groups: Vec<Group<R>>, kernels: [CompiledKernel; 2]) -> Self {
        TwoPassGroups { groups, host: R::HostState::default(), kernels }
    }
}

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> Debug for TwoPassGroups<R, S, A, Q, K>
where
    R: TwoPass<S, A, Q, K>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoPassGroups").field("groups", &self.groups).finish_non_exhaustive()
    }
}

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> TwoPassProgram for TwoPassGroups<R, S, A, Q, K>
where
    R: TwoPass<S, A, Q, K>,
{
    fn slots(&self) -> &'static [&'static str] {
        &R::SLOTS
    }

    fn initial(&self, group: usize) -> Vec<Initial> {
        self.groups[group].rule.initial().to_vec()
    }

    fn kernels(&self) -> [&CompiledKernel; 2] {
        self.kernels.each_ref()
    }

    fn first(&self, step: &StepValues<'_>) -> Result<Vec<SegmentScalars>, UnknownHyper> {
        let groups = groups_at(&self.groups, step.hyper)?;
        let of_group = |(index, group): (usize, &Cow<'_, Group<R>>)| {
            let k = group.rule.before(step.t, index, step.lr[index], &self.host);
            // Decoupled decay waits for the second pass.
            group.options.scalars(&k, 0.0)
        };
        Ok(groups.iter().enumerate().map(of_group).collect())
    }

    fn decide(
        &mut self,
        step: &StepValues<'_>,
        loss: f64,
        measured: &[SegmentMeasure<'_>],
    ) -> Result<(Vec<SegmentScalars>, Vec<f64>), UnknownHyper> {
        let groups = groups_at(&self.groups, step.hyper)?;
        let of_param = |it: &SegmentMeasure<'_>| {
            let sums = std::array::from_fn(|index| it.sums[index]);
            ParamSums { param: it.param, group: it.group, dims: it.dims, sums }
        };
        let params: Vec<ParamSums<Q>> = measured.iter().map(of_param).collect();
        let sums = Sums { t: step.t, lr: step.lr, loss, params: &params };
        let Decision { moves, effective_lr } = R::decide(&groups, &sums, &mut self.host);
        let scalars =
            params.iter().zip(moves).map(|(param, Move { k, lr })| groups[param.group].options.scalars(&k, lr));
        Ok((scalars.collect(), effective_lr))
    }

    fn host_state(&self) -> Value {
        serde_json::to_value(&self.host).unwrap_or_default()
    }

    fn set_host_state(&mut self, value: Value) -> Result<(), String> {
        self.host = read_host_state(value)?;
        Ok(())
    }
}
