"""Golden traces of the update rules that look at a batch again, or that wrap another rule: torch's LBFGS,
pytorch_optimizer's SophiaH, optax's mechanize.

Writes tests/golden/optimizers/<framework>_<optimizer>_<case>_<f32|f64>.safetensors; tests/golden/README.md
describes the files.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_optimizers_look_again.py
"""

import numpy as np

from golden_optimizer_trace import DTYPES, GROUP, KEPT, SHAPES, STEPS, inputs, rate_multiplier, remove, write

import jax  # after golden_lib

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp  # noqa: E402
import optax  # noqa: E402
import optax.contrib  # noqa: E402
import pytorch_optimizer  # noqa: E402
import torch  # noqa: E402

# Case -> seed, and options of `[optimizer]`. torch takes them by the same names, but for `weight_decay`: a penalty in
# the closure's loss. From one batch to the next L-BFGS is often chaotic: a rounding error becomes everything. With
# these seeds and options it is not, as `main` shows.
LBFGS = {
    # Every step on the same batch, with the whole history.
    "history": (702, {"lr": 0.02, "max_iter": 1, "weight_decay": 0.1}),
    "options": (
        704,
        {
            "lr": 0.5,
            "max_iter": 3,
            "max_eval": 4,
            "history_size": 2,
            "tolerance_grad": 1e-3,
            "tolerance_change": 1e-4,
            "weight_decay": 0.1,
        },
    ),
    "lrdrop": (700, {"lr": 1.0, "max_iter": 3, "history_size": 1, "weight_decay": 0.1}),
    "wolfe": (701, {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 2}),
    # From so far that it has to look again.
    "wolfe_far": (
        700,
        {
            "lr": 4.0,
            "line_search_fn": "strong_wolfe",
            "max_iter": 3,
            "max_eval": 8,
            "history_size": 1,
            "weight_decay": 0.1,
        },
    ),
}

SOPHIA = {
    "defaults": {},
    "options": {"lr": 0.02, "betas": [0.9, 0.8], "eps": 1e-3, "p": 0.5, "update_period": 3, "weight_decay": 0.2},
    "coupled": {
        "lr": 0.05,
        "p": 0.1,
        "update_period": 1,
        "weight_decay": 0.1,
        "decoupled_weight_decay": False,
    },
    "lrdrop": {"lr": 0.1, "p": 0.2},
    "groups": {"lr": 0.03, "update_period": 4, "weight_decay": 0.3},
}

MECHANIC = {
    "defaults": {"base": {"type": "sgd", "lr": 1.0}},
    "momentum": {"base": {"type": "sgd", "lr": 0.1, "momentum": 0.9}, "s_init": 1e-3, "s_decay": 0.1, "eps": 1e-6},
    "adam": {"base": {"type": "adam", "lr": 0.01, "betas": [0.8, 0.95]}, "s_init": 0.1, "weight_decay": 0.05},
    "lrdrop": {"base": {"type": "adam", "lr": 1.0}, "betas": [0.9, 0.99, 0.999], "s_init": 1e-3},
    "groups": {
        "base": {"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True},
        "s_init": 1e-2,
        "s_decay": 0.0,
        "weight_decay": 0.1,
    },
}

NAMES = tuple(SHAPES)


def batches(case, seed):
    """x [100, 32, 5] in f64 and y [100, 32]: five batches of a noisy problem in turn, or one."""
    random = np.random.RandomState(seed)
    teacher = random.standard_normal((4, 5))
    x = random.standard_normal((5, 32, 5))
    y = np.argmax(x @ teacher.T + 2.0 * random.gumbel(size=(5, 32, 4)), axis=-1)
    order = np.arange(STEPS) % (1 if case == "history" else 5)
    return torch.from_numpy(x[order]), torch.from_numpy(y[order])


def lbfgs(case, options, seed, disturbed=0.0):
    """100 steps of torch.optim.LBFGS; what `write` takes."""
    init, _ = inputs(seed)
    x, y = batches(case, seed)
    params = {name: (value * (1 + disturbed)).requires_grad_() for name, value in init.items()}
    decay = options.get("weight_decay", 0.0)
    opt = torch.optim.LBFGS(params.values(), **{key: it for key, it in options.items() if key != "weight_decay"})
    base = opt.param_groups[0]["lr"]
    kept, rates = {name: [] for name in params}, []
    for step in range(STEPS):

        def closure():
            opt.zero_grad()
            output = x[step] @ params["layers.0.weight"].T + params["layers.0.bias"]
            loss = torch.nn.functional.cross_entropy(output, y[step])
            loss = loss + 0.5 * decay * sum((param * param).sum() for param in params.values())
            loss.backward()
            return loss

        opt.param_groups[0]["lr"] = base * rate_multiplier(case, step)
        rates.append(opt.param_groups[0]["lr"])
        opt.step(closure)
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())
    (of_first,) = [state for state in opt.state.values() if state]
    rows = {"d": of_first["d"], "prev_flat_grad": of_first["prev_flat_grad"]}
    for slot in ("old_dirs", "old_stps"):
        rows |= {f"{slot}.{index}": row for index, row in enumerate(of_first[slot])}
    state = {}
    for slot, row in rows.items():
        parts = row.split([int(np.prod(shape)) for shape in SHAPES.values()])
        state |= {f"{slot}/{name}": part.view(SHAPES[name]) for name, part in zip(NAMES, parts, strict=True)}
    return {"init": init, "kept": kept, "state": state, "by_step": {"lr": rates}, "extra": {"x": x, "y": y}}


def hangs_on_the_last_bit(a, b):
    """How far two runs of L-BFGS that began a rounding error apart are at the end."""
    pairs = [(one, other) for name in NAMES for one, other in zip(a["kept"][name], b["kept"][name])]
    if a["state"].keys() != b["state"].keys():
        return np.inf
    pairs += [(one, b["state"][name]) for name, one in a["state"].items()]
    return max(float((one - other).norm() / other.norm()) for one, other in pairs)


def sophia(case, options, dtype, seed):
    """100 steps of pytorch_optimizer's SophiaH, which is given the Hessian's diagonal."""
    init, grads = inputs(seed)
    init = {name: value.to(DTYPES[dtype]) for name, value in init.items()}
    grads = {name: value.to(DTYPES[dtype]) for name, value in grads.items()}
    random = np.random.RandomState(1000 + seed)
    hessian = {}
    for name, shape in SHAPES.items():
        size = random.choice([0.1, 3.0, 30.0, 1000.0], size=(STEPS,) + shape)
        value = random.standard_normal((STEPS,) + shape) * size + 0.3 * size
        value[:, -1] = 0.0
        hessian[name] = torch.from_numpy(value).to(DTYPES[dtype])
    params = {name: value.clone().requires_grad_() for name, value in init.items()}
    groups = [{"params": [param]} for param in params.values()]
    given = {key: it for key, it in options.items() if key != "decoupled_weight_decay"}
    if case == "groups":
        groups[1] |= {"lr": options["lr"] * GROUP["lr_mult"], "weight_decay": GROUP["weight_decay"]}
    if "decoupled_weight_decay" in options:
        given["weight_decouple"] = options["decoupled_weight_decay"]
    opt = pytorch_optimizer.SophiaH(groups, **given)
    base = [group["lr"] for group in opt.param_groups]
    kept, rates = {name: [] for name in params}, []
    for step in range(STEPS):
        for group, lr in zip(opt.param_groups, base):
            group["lr"] = lr * rate_multiplier(case, step)
        rates.append([group["lr"] for group in opt.param_groups])
        for name, param in params.items():
            param.grad = grads[name][step].clone()
        seen = [hessian[name][step].clone() for name in params] if step % opt.update_period == 0 else None
        opt.step(hessian=seen)
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())
    slots = {"momentum": "exp_avg", "hessian_moment": "hessian_moment"}
    state = {f"{ours}/{name}": opt.state[params[name]][slot] for slot, ours in slots.items() for name in params}
    by_step = {"lr": [rate[0] for rate in rates]}
    if case == "groups":
        by_step["lr.bias"] = [rate[1] for rate in rates]
    extra = {f"hessian/{name}": value for name, value in hessian.items()}
    group = GROUP if case == "groups" else None
    return {"init": init, "grads": grads, "kept": kept, "state": state, "by_step": by_step, "extra": extra, "group": group}


# torch's names of what optax's states keep.
OPTAX_SLOT = {"trace": "momentum_buffer", "mu": "exp_avg", "nu": "exp_avg_sq"}


def mechanic(case, options, seed):
    """100 steps of optax.contrib.mechanize in f64. The gradients have a direction in common, without which there is
    nothing to win. The weights begin with 0: optax takes them from what they are at each step, and while they have
    hardly moved that costs it five digits."""
    init, grads = inputs(seed)
    init = {name: torch.zeros_like(value) for name, value in init.items()}
    random = np.random.RandomState(1000 + seed)
    for name, value in grads.items():
        common = torch.from_numpy(random.standard_normal(SHAPES[name]))
        grads[name] = torch.where(value == 0, value, value + common)
    given = dict(options["base"])
    kind, lr = given.pop("type"), given.pop("lr")

    def base(multiplier=1.0):
        def rate(step):
            return lr * multiplier * jnp.where(step >= 50, rate_multiplier(case, 50), 1.0)

        if kind == "sgd":
            return optax.sgd(rate, momentum=given.get("momentum"), nesterov=given.get("nesterov", False))
        b1, b2 = given.get("betas", [0.9, 0.999])
        return optax.adam(rate, b1=b1, b2=b2)

    of_base = base()
    if case == "groups":
        labels = {name: "bias" if "bias" in name else "base" for name in NAMES}
        of_base = optax.partition({"base": base(), "bias": base(GROUP["lr_mult"])}, labels)
    settings = {"weight_decay": options.get("s_decay", 1e-2)}
    settings |= {key: options[key] for key in ("eps", "s_init") if key in options}
    if "betas" in options:
        settings["num_betas"] = len(options["betas"])
    tuned = optax.contrib.mechanize(of_base, **settings)
    decayed = {name: case != "groups" or "bias" not in name for name in NAMES}
    opt = optax.chain(optax.add_decayed_weights(options.get("weight_decay", 0.0), mask=decayed), tuned)

    params = {name: jnp.asarray(value.numpy()) for name, value in init.items()}
    state = opt.init(params)
    update = jax.jit(opt.update)
    kept = {name: [] for name in params}
    by_step = {"lr": [], "effective_lr": []}
    if case == "groups":
        by_step |= {"lr.bias": [], "effective_lr.bias": []}
    for step in range(STEPS):
        of_step = {name: jnp.asarray(grads[name][step].numpy()) for name in params}
        updates, state = update(of_step, state, params)
        params = optax.apply_updates(params, updates)
        scale = float(jnp.sum(state[1].s))
        rate = lr * rate_multiplier(case, step)
        by_step["lr"].append(rate)
        by_step["effective_lr"].append(rate * scale)
        if case == "groups":
            by_step["lr.bias"].append(rate * GROUP["lr_mult"])
            by_step["effective_lr.bias"].append(rate * GROUP["lr_mult"] * scale)
        if step + 1 in KEPT:
            for name, value in params.items():
                assert value.dtype == jnp.float64
                kept[name].append(torch.from_numpy(np.array(value)))
    ours = {f"x0/{name}": torch.from_numpy(np.array(value)) for name, value in state[1].x0.items()}
    for path, value in jax.tree_util.tree_flatten_with_path(state[1].base_optimizer_state)[0]:
        slot = [getattr(key, "name", None) for key in path]
        slot = [OPTAX_SLOT[name] for name in slot if name in OPTAX_SLOT]
        if slot:
            ours[f"base.{slot[0]}/{path[-1].key}"] = torch.from_numpy(np.array(value))
    group = GROUP if case == "groups" else None
    print("mechanic", case, f"scale {scale:.3g}")
    return {
        "init": init,
        "grads": grads,
        "kept": kept,
        "state": ours,
        "by_step": by_step,
        "group": group,
        # optax computes it anew at each step.
        "not_kept": ["delta/"],
    }


def main():
    torch.set_default_dtype(torch.float64)
    remove("torch", ["lbfgs"])
    for case, (seed, options) in LBFGS.items():
        of_case = lbfgs(case, options, seed)
        apart = hangs_on_the_last_bit(of_case, lbfgs(case, options, seed, disturbed=1e-15))
        print("lbfgs", case, f"a disturbance of 1e-15 becomes {apart:.1e}")
        assert apart < 3e-13
        write("torch", "lbfgs", case, "f64", options=options, **of_case)
    remove("optax", ["mechanic"])
    for number, (case, options) in enumerate(MECHANIC.items()):
        write("optax", "mechanic", case, "f64", options=options, **mechanic(case, options, seed=740 + number))
    remove("pytorch_optimizer", ["sophia_h"])
    for number, (case, options) in enumerate(SOPHIA.items()):
        for dtype in DTYPES:
            of_case = sophia(case, options, dtype, seed=720 + number)
            write("pytorch_optimizer", "sophia_h", case, dtype, options=options, **of_case)


if __name__ == "__main__":
    main()
