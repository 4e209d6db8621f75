//! The names of schedules in other frameworks.

use super::Framework::{Keras, Optax, Other, Timm, Torch, Transformers};
use super::types::{Row, name, row};

const WITH_WARMUP: &str = "with `warmup = \"500 steps\"`";

/// Schedules.
pub const SCHEDULES: &[Row] = &[
    row(
        "constant",
        &[
            name(Torch, "ConstantLR").noted("(a sequence of two)"),
            name(Optax, "constant_schedule"),
            name(Transformers, "constant").shared(""),
            name(Transformers, "constant_with_warmup").hinting(WITH_WARMUP),
            name(Other, "WarmupLR").noted("(DeepSpeed)").hinting(WITH_WARMUP),
        ],
    ),
    row(
        "step",
        &[
            name(Torch, "StepLR"),
            name(Keras, "ExponentialDecay").shared("(staircase)"),
            name(Optax, "exponential_decay").shared("(staircase)"),
            name(Timm, "StepLRScheduler"),
        ],
    ),
    row(
        "multistep",
        &[name(Torch, "MultiStepLR"), name(Optax, "piecewise_constant_schedule"), name(Timm, "MultiStepLRScheduler")],
    ),
    row("piecewise", &[name(Keras, "PiecewiseConstantDecay"), name(Optax, "piecewise_interpolate_schedule")]),
    row(
        "linear",
        &[
            name(Torch, "LinearLR"),
            name(Keras, "PolynomialDecay").shared(""),
            name(Optax, "linear_schedule"),
            name(Transformers, "linear").shared(""),
            name(Transformers, "linear_with_warmup")
                .hinting("with `start = 1`, `end = 0` and `warmup = \"500 steps\"`"),
            name(Transformers, "get_linear_schedule_with_warmup")
                .hinting("with `start = 1`, `end = 0` and `warmup = \"500 steps\"`"),
            name(Other, "WarmupDecayLR")
                .noted("(DeepSpeed)")
                .hinting("with `start = 1`, `end = 0` and `warmup = \"500 steps\"`"),
        ],
    ),
    row(
        "exponential",
        &[
            name(Torch, "ExponentialLR"),
            name(Torch, "MultiplicativeLR"),
            name(Keras, "ExponentialDecay"),
            name(Optax, "exponential_decay"),
        ],
    ),
    row(
        "inverse_time",
        &[
            name(Torch, "lr_decay").shared("(of Adagrad)"),
            name(Keras, "InverseTimeDecay"),
            name(Other, "inv").noted("(Caffe)"),
        ],
    ),
    row("inverse_sqrt", &[name(Transformers, "inverse_sqrt").shared("")]),
    row(
        "polynomial",
        &[
            name(Torch, "PolynomialLR"),
            name(Keras, "PolynomialDecay"),
            name(Optax, "polynomial_schedule"),
            name(Timm, "PolyLRScheduler"),
            name(Transformers, "polynomial").shared(""),
            name(Transformers, "polynomial_with_warmup").hinting(WITH_WARMUP),
            name(Other, "poly").noted("(Caffe)"),
        ],
    ),
    row(
        "cosine",
        &[
            name(Torch, "CosineAnnealingLR"),
            name(Keras, "CosineDecay"),
            name(Optax, "cosine_decay_schedule"),
            name(Optax, "warmup_cosine_decay_schedule").hinting(WITH_WARMUP),
            name(Timm, "CosineLRScheduler"),
            name(Transformers, "cosine").shared(""),
            name(Transformers, "cosine_with_min_lr"),
            name(Transformers, "cosine_with_warmup").hinting(WITH_WARMUP),
            name(Transformers, "get_cosine_schedule_with_warmup").hinting(WITH_WARMUP),
            name(Other, "WarmupCosineLR").noted("(DeepSpeed)").hinting(WITH_WARMUP),
            name(Other, "LinearWarmupCosineAnnealingLR").noted("(Lightning Bolts)").hinting(WITH_WARMUP),
        ],
    ),
    row(
        "cosine_restarts",
        &[
            name(Torch, "CosineAnnealingWarmRestarts"),
            name(Keras, "CosineDecayRestarts"),
            name(Optax, "sgdr_schedule").noted("(a sequence)"),
            name(Timm, "CosineLRScheduler").shared(""),
            name(Transformers, "cosine_with_restarts"),
            name(Other, "fit_sgdr").noted("(fastai)"),
        ],
    ),
    row("cyclic", &[name(Torch, "CyclicLR")]),
    row(
        "one_cycle",
        &[
            name(Torch, "OneCycleLR"),
            name(Optax, "cosine_onecycle_schedule"),
            name(Optax, "linear_onecycle_schedule"),
            name(Other, "fit_one_cycle").noted("(fastai)"),
            name(Other, "OneCycle").noted("(DeepSpeed)"),
        ],
    ),
    row("tanh", &[name(Timm, "TanhLRScheduler")]),
    row(
        "wsd",
        &[
            name(Timm, "WSDLRScheduler"),
            name(Transformers, "warmup_stable_decay"),
            name(Other, "fit_flat_cos").noted("(fastai)").hinting("with `shape = \"cosine\"`"),
        ],
    ),
    row(
        "plateau",
        &[
            name(Torch, "ReduceLROnPlateau"),
            name(Keras, "ReduceLROnPlateau").shared(""),
            name(Optax, "reduce_on_plateau"),
            name(Timm, "PlateauLRScheduler"),
            name(Transformers, "reduce_lr_on_plateau"),
        ],
    ),
    row("greedy", &[name(Transformers, "greedy").shared(""), name(Other, "GreedyLR").noted("(transformers's class)")]),
    row(
        "expression",
        &[
            name(Torch, "LambdaLR"),
            name(Keras, "LearningRateScheduler"),
            name(Optax, "").noted("any function"),
            name(Other, "lambda"),
        ],
    ),
    row("sequence", &[name(Torch, "SequentialLR"), name(Torch, "SWALR"), name(Optax, "join_schedules")]),
    row("product", &[name(Torch, "ChainedScheduler")]),
    row("rex", &[name(Other, "REXScheduler").noted("(pytorch_optimizer)")]),
    row("noam", &[name(Other, "").noted("the schedule of the Transformer"), name(Other, "NoamLR").noted("(OpenNMT)")]),
    row(
        "warmup = …",
        &[
            name(Torch, "LinearLR").shared("in a `SequentialLR`"),
            name(Keras, "warmup_target").shared(""),
            name(Keras, "warmup_steps").shared(""),
            name(Optax, "warmup_…_schedule").shared(""),
            name(Timm, "warmup_t").shared(""),
            name(Transformers, "…_with_warmup").shared(""),
        ],
    ),
    row(
        "[schedule_for.…]",
        &[
            name(Torch, "").noted("by hand"),
            name(Keras, "").noted("by hand"),
            name(Optax, "inject_hyperparams").shared(""),
        ],
    ),
];
