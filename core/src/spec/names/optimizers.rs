//! The names of optimizers in other frameworks.

use super::Framework::{Keras, Optax, Other, Timm, Torch, Transformers};
use super::types::{Row, name, row};

/// Optimizers.
pub const OPTIMIZERS: &[Row] = &[
    row(
        "sgd",
        &[
            name(Torch, "SGD"),
            name(Keras, "SGD"),
            name(Optax, "sgd"),
            name(Timm, "momentum").hinting("with `momentum = 0.9`"),
            name(Timm, "nesterov").hinting("with `nesterov = true`"),
        ],
    ),
    row(
        "adam",
        &[
            name(Torch, "Adam"),
            name(Keras, "Adam"),
            name(Optax, "adam"),
            name(Optax, "amsgrad").hinting("with `amsgrad = true`"),
            name(Timm, "adam"),
            name(Other, "FusedAdam").noted("(apex, DeepSpeed)"),
            name(Other, "DeepSpeedCPUAdam").noted("(DeepSpeed)"),
        ],
    ),
    row(
        "adamw",
        &[
            name(Torch, "AdamW"),
            name(Keras, "AdamW"),
            name(Optax, "adamw"),
            name(Timm, "adamw"),
            name(Transformers, "adamw_torch"),
            name(Transformers, "adamw_torch_fused"),
            name(Transformers, "adamw_hf"),
            name(Transformers, "adamw_apex_fused"),
            name(Transformers, "adamw_anyprecision"),
            name(Other, "AdamWeightDecay").noted("(TensorFlow models)"),
        ],
    ),
    row("adamax", &[name(Torch, "Adamax"), name(Keras, "Adamax"), name(Optax, "adamax"), name(Timm, "adamax")]),
    row("nadam", &[name(Torch, "NAdam"), name(Keras, "Nadam"), name(Optax, "nadam"), name(Timm, "nadam")]),
    row("radam", &[name(Torch, "RAdam"), name(Optax, "radam"), name(Timm, "radam")]),
    row(
        "adagrad",
        &[name(Torch, "Adagrad"), name(Keras, "Adagrad"), name(Optax, "adagrad"), name(Transformers, "adagrad")],
    ),
    row(
        "adadelta",
        &[name(Torch, "Adadelta"), name(Keras, "Adadelta"), name(Optax, "adadelta"), name(Timm, "adadelta")],
    ),
    row(
        "rmsprop",
        &[
            name(Torch, "RMSprop"),
            name(Keras, "RMSprop"),
            name(Optax, "rmsprop"),
            name(Timm, "rmsprop"),
            name(Timm, "rmsproptf").hinting("with `convention = \"keras\"`"),
            name(Transformers, "rmsprop"),
        ],
    ),
    row("rprop", &[name(Torch, "Rprop"), name(Optax, "rprop")]),
    row("asgd", &[name(Torch, "ASGD")]),
    row("lbfgs", &[name(Torch, "LBFGS"), name(Optax, "lbfgs")]),
    row(
        "adafactor",
        &[
            name(Torch, "Adafactor"),
            name(Keras, "Adafactor"),
            name(Optax, "adafactor"),
            name(Timm, "adafactor"),
            name(Transformers, "adafactor"),
        ],
    ),
    row("muon", &[name(Torch, "Muon"), name(Keras, "Muon"), name(Optax, "contrib.muon"), name(Timm, "muon")]),
    row("ftrl", &[name(Keras, "Ftrl")]),
    row(
        "lamb",
        &[name(Keras, "Lamb"), name(Optax, "lamb"), name(Timm, "lamb"), name(Other, "FusedLAMB").noted("(apex)")],
    ),
    row("lars", &[name(Optax, "lars"), name(Timm, "lars")]),
    row("lion", &[name(Keras, "Lion"), name(Optax, "lion"), name(Timm, "lion"), name(Transformers, "lion_32bit")]),
    row("adabelief", &[name(Optax, "adabelief"), name(Timm, "adabelief")]),
    row("adan", &[name(Optax, "adan"), name(Timm, "adan")]),
    row("ademamix", &[name(Optax, "contrib.ademamix"), name(Transformers, "ademamix")]),
    row("adopt", &[name(Timm, "adopt")]),
    row("sophia_h", &[name(Optax, "contrib.sophia"), name(Other, "SophiaH").noted("(pytorch_optimizer)")]),
    row("soap", &[name(Other, "SOAP").noted("(pytorch_optimizer)")]),
    row("shampoo", &[name(Other, "Shampoo").noted("(pytorch_optimizer)")]),
    row(
        "schedule_free_adamw",
        &[
            name(Optax, "contrib.schedule_free_adamw"),
            name(Transformers, "schedule_free_adamw"),
            name(Other, "AdamWScheduleFree").noted("(schedulefree)"),
            name(Other, "ScheduleFreeAdamW").noted("(pytorch_optimizer)"),
        ],
    ),
    row(
        "schedule_free_sgd",
        &[
            name(Optax, "contrib.schedule_free_sgd"),
            name(Transformers, "schedule_free_sgd"),
            name(Other, "SGDScheduleFree").noted("(schedulefree)"),
            name(Other, "ScheduleFreeSGD").noted("(pytorch_optimizer)"),
        ],
    ),
    row("prodigy", &[name(Optax, "contrib.prodigy"), name(Other, "Prodigy").noted("(prodigyopt)")]),
    row("dadapt_adam", &[name(Optax, "contrib.dadapt_adamw"), name(Other, "DAdaptAdam").noted("(dadaptation)")]),
    row("dadapt_sgd", &[name(Other, "DAdaptSGD").noted("(dadaptation)")]),
    row("dog", &[name(Optax, "contrib.dog"), name(Other, "DoG").noted("(dog-optimizer)")]),
    row("ldog", &[name(Other, "LDoG").noted("(dog-optimizer)")]),
    row("dowg", &[name(Optax, "contrib.dowg")]),
    row("cocob", &[name(Optax, "contrib.cocob")]),
    row("mechanic", &[name(Optax, "contrib.mechanize")]),
    row("momo", &[name(Optax, "contrib.momo")]),
    row("momo_adam", &[name(Optax, "contrib.momo_adam")]),
    row("sps_max", &[name(Optax, "polyak_sgd")]),
    row("armijo", &[name(Optax, "scale_by_backtracking_linesearch")]),
];
