//! The tables that the tests build in addition to each rule's example, and the exceptions to the requirements.

/// The rules whose step depends on how parameters are split into groups, and why.
pub const BY_GROUP: &[(&str, &str)] =
    &[("dog", "distance and gradients are those of a group, as in the authors' code, so each group has its own rate")];

/// The rules that move weights at a rate of 0, and why.
pub const MOVES_AT_ZERO: &[(&str, &str)] =
    &[("rprop", "its step sizes start at the rate but are never below a minimum")];

/// The rules whose step depends on the number of threads in its last digits, and why.
pub const BY_THREADS: &[(&str, &str)] = &[
    ("muon", "libtorch's matrix products"),
    ("shampoo", "libtorch's matrix products and eigenvectors"),
    ("soap", "libtorch's matrix products and eigenvectors"),
];

/// The options that change what a rule does. Each rule's example is tested as well.
pub const OPTIONS: &[(&str, &str)] = &[
    ("adabelief", "eps = 1e-3\neps_root = 1e-5\nweight_decay = 0.1"),
    ("adadelta", "convention = \"keras\"\nweight_decay = 0.01"),
    ("adafactor", "convention = \"keras\"\nweight_decay = 0.01"),
    ("adafactor", "relative_step = false\neps1 = 1e-6\nd = 2.0\nweight_decay = 0.01"),
    ("adagrad", "convention = \"keras\"\nweight_decay = 0.01"),
    ("adagrad", "lr_decay = 0.1"),
    ("adam", "amsgrad = true\nweight_decay = 0.01"),
    ("adam", "convention = \"keras\""),
    ("adam_hd", "weight_decay = 0.01\ndecoupled_weight_decay = true"),
    ("adamax", "convention = \"keras\"\nweight_decay = 0.01"),
    ("adamw", "weight_decay = 0.1"),
    ("adan", "weight_decay = 0.1\nno_prox = true"),
    ("ademamix", "alpha = 2\nt_alpha_beta3 = 3\nweight_decay = 0.1"),
    ("ademamix", "betas = [0, 0.9, 0.99]\nt_alpha_beta3 = 3\ndecoupled_weight_decay = false\nweight_decay = 0.1"),
    ("adopt", "use_clipping = false\neps = 0.1"),
    ("adopt", "weight_decay = 0.1\ndecoupled_weight_decay = true"),
    ("alig", ""),
    ("alig", "momentum = 0.9\nadjusted_momentum = true\nweight_decay = 0.01"),
    ("armijo", "c = 0.1\nweight_decay = 0.01"),
    ("armijo", "lr = 0.1\nweight_decay = 0.01\ndecoupled_weight_decay = true"),
    ("asgd", "lambd = 0.1\nalpha = 0.5\nt0 = 2\nweight_decay = 0.01"),
    ("cocob", "eps = 0\nweight_decay = 0.01"),
    ("dadapt_adam", "use_bias_correction = true\nweight_decay = 0.1\ndecoupled_weight_decay = true\nd0 = 1e-3"),
    ("dadapt_adam", "growth_rate = 1.02\nweight_decay = 0.01\nd0 = 1e-3"),
    ("dadapt_sgd", "d0 = 1e-3\ngrowth_rate = 1.02\nweight_decay = 0.01"),
    ("dog", "init_eta = 1e-3\nweight_decay = 0.01"),
    ("dog", "reps_rel = 1e-3\nweight_decay = 0.1\ndecoupled_weight_decay = true"),
    ("dowg", "init_estim_sq_dist = 1e-3\nweight_decay = 0.01"),
    ("dowg", "weight_decay = 0.1\ndecoupled_weight_decay = true"),
    ("ftrl", "l1 = 0.5\nl2 = 0.3\nl2_shrinkage = 0.2\nbeta = 1.0\nweight_decay = 0.1"),
    ("ftrl", "learning_rate_power = -0.7\ninitial_accumulator_value = 0\nl1 = 0.01"),
    ("ftrl", "learning_rate_power = 0\nl2 = 1.0"),
    ("l4", "weight_decay = 0.01"),
    ("lamb", "convention = \"keras\"\nweight_decay = 0.01"),
    ("lars", "dampening = 0.5\nexempt_vectors = false\neps = 0.01"),
    ("lars", "momentum = 0\nweight_decay = 0.01"),
    ("lars", "nesterov = true\nlr_in_momentum = true"),
    ("lbfgs", "history_size = 3\nmax_iter = 5\nweight_decay = 0.01"),
    ("lbfgs", "line_search_fn = \"strong_wolfe\"\nmax_eval = 8\nweight_decay = 0.01"),
    ("ldog", "init_eta = 1e-3\nweight_decay = 0.01"),
    ("lion", "convention = \"keras\""),
    ("lion", "weight_decay = 0.1\ndecoupled_weight_decay = false"),
    ("mechanic", "base = { type = \"adam\", lr = 0.1 }\nweight_decay = 0.01"),
    ("mechanic", "base = { type = \"sgd\" }\nbetas = [0.5]\ns_decay = 0.1"),
    ("momo", "lr = 0.1\nweight_decay = 0.01\nadapt_lower_bound = true"),
    ("momo", "weight_decay = 0.1\nproximal = true"),
    ("momo_adam", "weight_decay = 0.01\nadapt_lower_bound = true\nlower_bound = -1.0"),
    ("muon", "convention = \"keras\"\nnesterov = false"),
    ("muon", "convention = \"keras\"\nnesterov = false\nns_steps = 2"),
    ("muon", "adjust_lr_fn = \"match_rms_adamw\"\northogonalize = false"),
    ("prodigy", "safeguard_warmup = true\nuse_bias_correction = true\nbeta3 = 0.9\nd0 = 1e-3\nweight_decay = 0.1"),
    ("prodigy", "growth_rate = 1.02\nd0 = 1e-3\nd_coef = 2.0\nweight_decay = 0.01\ndecoupled_weight_decay = false"),
    ("radam", "weight_decay = 0.01\ndecoupled_weight_decay = true"),
    ("rmsprop", ""),
    ("rmsprop", "centered = true"),
    ("rmsprop", "centered = true\nmomentum = 0.9\nconvention = \"keras\""),
    ("rmsprop", "momentum = 0.9\nweight_decay = 0.01"),
    ("rprop", "etas = [0.3, 1.5]\nstep_sizes = [1e-3, 0.02]"),
    ("rprop", "weight_decay = 0.1"),
    ("schedule_free_adamw", "convention = \"keras\"\nwarmup_steps = 3"),
    ("schedule_free_adamw", "r = 1.5\nwarmup_steps = 3\nweight_decay = 0.01"),
    ("schedule_free_sgd", "momentum = 0.8\nr = 1.5\nwarmup_steps = 3\nweight_decay = 0.01"),
    ("schedule_free_sgd", "weight_lr_power = 0.0"),
    ("sgd", ""),
    ("sgd", "momentum = 0.9\ndampening = 0.5\nweight_decay = 0.01"),
    ("sgd", "momentum = 0.9\nnesterov = true\nconvention = \"keras\""),
    ("sgd_hd", ""),
    ("sgd_hd", "momentum = 0.9\nweight_decay = 0.01\nhypergrad_lr = 1e-7"),
    ("shampoo", "preconditioning_compute_steps = 20\nweight_decay = 0.01\ndecoupled_weight_decay = true"),
    ("shampoo", "preconditioning_compute_steps = 100\nmatrix_eps = 10.0\nmomentum = 0.5\nweight_decay = 0.01"),
    ("soap", "precondition_frequency = 2\nmax_precondition_dim = 200\nprecondition_1d = true\ncorrect_bias = false"),
    ("soap", "precondition_frequency = 5\nmax_precondition_dim = 200\nprecondition_1d = true\ncorrect_bias = false"),
    ("sophia_h", "weight_decay = 0.1\nupdate_period = 2"),
    ("sps_max", "growth = 1.01\nweight_decay = 0.01"),
    ("sps_max", "weight_decay = 0.01\ndecoupled_weight_decay = true"),
];

/// The tables that are refused, with the reason.
pub const REFUSED: &[(&str, &str)] = &[
    ("type = \"cocob\"\ndecoupled_weight_decay = true", "would undo it"),
    ("type = \"lars\"\nmomentum = 0\nnesterov = true", "needs a momentum"),
    ("type = \"schedule_free_adamw\"\nbetas = [0.0, 0.999]", "would not include the average"),
    ("type = \"schedule_free_sgd\"\ndecoupled_weight_decay = true", "pull them apart"),
    ("type = \"schedule_free_sgd\"\nmomentum = 0", "would not include the average"),
];
