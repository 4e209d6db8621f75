//! The names of keys, and of words that are values, in other frameworks.

use super::plain;
use crate::spec::{Value, ValueKind};

/// A key of another framework.
#[derive(Clone, Copy, Debug)]
pub struct KeyName {
    /// The frameworks that have the key, as the documentation lists them.
    pub of: &'static str,
    /// The key in these frameworks.
    pub there: &'static str,
    /// The table of the spec that has the key here. Empty for the top level.
    pub table: &'static str,
    /// The key here.
    pub here: &'static str,
    /// The value to write. A place in braces is replaced by the value that a person gave: `{}` by a number, `{%}` by a
    /// percentage, `{text:a}` by any text, `{name:a}` by text that is not a number, and `{word:a}` by the translation
    /// of one of [`WORDS`]. If the person gave no such value, the text `a` takes its place.
    pub value: &'static str,
    /// The number to write if the person gave no number.
    pub example: f64,
}

impl KeyName {
    /// Returns the line to write, with the value that a person gave.
    pub fn line(&self, given: Option<&Value>) -> String {
        let inner = self.value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let value = match (given.map(|given| &given.kind), inner.filter(|inner| !inner.contains(','))) {
            (Some(ValueKind::Array(items)), Some(inner)) if !items.is_empty() => {
                let items: Vec<String> = items.iter().map(|item| self.filled(inner, Some(&item.kind))).collect();
                format!("[{}]", items.join(", "))
            }
            (given, _) => self.filled(self.value, given),
        };
        format!("{} = {value}", self.here)
    }

    /// Returns `template` with `given` in the place for a value.
    fn filled(&self, template: &str, given: Option<&ValueKind>) -> String {
        let text = match given {
            Some(ValueKind::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let number = match given {
            Some(ValueKind::Integer(number)) => Some(*number as f64),
            Some(ValueKind::Float(number)) => Some(*number),
            _ => text.and_then(|text| text.trim().parse().ok()),
        };
        if let Some((start, kind, default, end)) = text_place(template) {
            let own = match kind {
                "text" => text.map(str::to_owned).or_else(|| number.map(shortest)),
                "word" => text.map(translated),
                _ => text.map(str::to_owned),
            };
            let own = own.unwrap_or_else(|| default.to_owned());
            return format!("{start}{}{end}", escaped(&own));
        }
        if let (Some(text), None, true) = (text, number, template.starts_with('"') && template.contains('{')) {
            // The text is a duration with its unit.
            return format!("\"{}\"", escaped(text));
        }
        let number = number.unwrap_or(self.example);
        // 100 · 0.07 is not exactly 7, so it is rounded to six decimal places.
        let percent = format!("{:.6}", 100.0 * number).parse::<f64>().unwrap_or(0.0);
        template.replace("{%}", &format!("{percent}%")).replace("{}", &shortest(number))
    }
}

/// Splits a template at its place for text. Returns the text before, the kind of place, its default and the text after,
/// or `None` if there is no such place.
fn text_place(template: &str) -> Option<(&str, &str, &str, &str)> {
    let (start, rest) = template.split_once('{')?;
    let (place, end) = rest.split_once('}')?;
    let (kind, default) = place.split_once(':')?;
    Some((start, kind, default, end))
}

/// Translates a word of another framework. An unknown word stays as it is.
fn translated(text: &str) -> String {
    let found = WORDS.iter().find(|(there, _)| plain(there) == plain(text));
    found.map_or(text, |(_, here)| here).to_owned()
}

/// Escapes a text for a TOML string in double quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t").replace('\n', "\\n")
}

/// Returns a number as people write it: `1e-6`, `0.001`, `500`.
fn shortest(number: f64) -> String {
    let (plain, scientific) = (number.to_string(), format!("{number:e}"));
    if scientific.len() < plain.len() && number.abs() < 1.0 { scientific } else { plain }
}

const fn key(
    of: &'static str,
    there: &'static str,
    table: &'static str,
    here: &'static str,
    value: &'static str,
    example: f64,
) -> KeyName {
    KeyName { of, there, table, here, value, example }
}

const S: &str = "schedule";
const O: &str = "optimizer";
const M: &str = "model";
const D: &str = "data";

/// Every translated key. If a name has several translations, the first one that the table knows counts.
pub const KEYS: &[KeyName] = &[
    // Schedules.
    key("PyTorch", "T_max", S, "over", "\"{} epochs\"", 50.0),
    key("PyTorch", "eta_min", S, "end", "{ lr = {} }", 1e-6),
    key("PyTorch", "T_0", S, "period", "\"{} epochs\"", 10.0),
    key("PyTorch", "T_mult", S, "period_mult", "{}", 2.0),
    key("PyTorch", "gamma", S, "factor", "{}", 0.1),
    key("PyTorch", "step_size", S, "every", "\"{} epochs\"", 30.0),
    key("PyTorch", "start_factor", S, "start", "{}", 0.1),
    key("PyTorch", "end_factor", S, "end", "{}", 1.0),
    key("PyTorch", "total_iters", S, "over", "\"{} epochs\"", 5.0),
    key("PyTorch", "max_lr", S, "max", "{ lr = {} }", 0.1),
    key("PyTorch", "max_lr", S, "high", "{ lr = {} }", 0.1),
    key("PyTorch", "base_lr", S, "low", "{ lr = {} }", 0.001),
    key("PyTorch", "base_lr", O, "lr", "{}", 0.001),
    key("PyTorch", "step_size_up", S, "up", "\"{} steps\"", 2000.0),
    key("PyTorch", "step_size_down", S, "down", "\"{} steps\"", 2000.0),
    key("PyTorch", "total_steps", S, "over", "\"{} steps\"", 1000.0),
    key("PyTorch", "total_steps", "", "steps", "{}", 1000.0),
    key("PyTorch", "anneal_strategy", S, "anneal", "\"{text:linear}\"", 0.0),
    key("PyTorch", "lr_lambda", S, "formula", "\"0.95 ^ t\"", 0.0),
    key("Keras, optax", "decay_steps", S, "over", "\"{} steps\"", 1000.0),
    key("Keras, optax", "decay_steps", S, "every", "\"{} steps\"", 1000.0),
    key("Keras, optax", "decay_steps", S, "decay", "\"{} steps\"", 1000.0),
    key("Keras, optax", "alpha", S, "end", "{}", 0.01),
    key("Keras", "end_learning_rate", S, "end", "{ lr = {} }", 1e-4),
    key("Keras, optax", "decay_rate", S, "factor", "{}", 0.9),
    key("Keras, optax", "decay_rate", S, "rate", "{}", 0.5),
    key("Keras", "first_decay_steps", S, "period", "\"{} steps\"", 1000.0),
    key("Keras", "t_mul", S, "period_mult", "{}", 2.0),
    key("Keras", "m_mul", S, "decay", "{}", 0.8),
    key("Keras, transformers", "warmup_steps", S, "warmup", "\"{} steps\"", 500.0),
    key("Keras", "warmup_steps", S, "peak", "\"{} steps\"", 4000.0),
    key("optax", "end_value", S, "end", "{ lr = {} }", 1e-4),
    key("optax", "transition_steps", S, "over", "\"{} steps\"", 1000.0),
    key("optax", "transition_steps", S, "every", "\"{} steps\"", 1000.0),
    key("optax", "boundaries_and_scales", S, "milestones", "[\"100 steps\", \"300 steps\"]", 0.0),
    key("timm", "t_initial", S, "over", "\"{} epochs\"", 100.0),
    key("timm", "t_initial", S, "period", "\"{} epochs\"", 10.0),
    key("timm", "lr_min", S, "end", "{ lr = {} }", 1e-5),
    key("timm", "warmup_t", S, "warmup", "\"{} epochs\"", 5.0),
    key("timm", "warmup_lr_init", S, "warmup", "{ for = \"5 epochs\", start = { lr = {} } }", 1e-6),
    key("timm", "cycle_mul", S, "period_mult", "{}", 2.0),
    key("timm", "cycle_decay", S, "decay", "{}", 0.5),
    key("timm", "cycle_limit", S, "cycles", "{}", 3.0),
    key("timm", "decay_t", S, "every", "\"{} epochs\"", 30.0),
    key("timm", "decay_t", S, "milestones", "[\"{} epochs\"]", 30.0),
    key("timm", "decay_t", S, "decay", "\"{} epochs\"", 20.0),
    key("timm", "patience_t", S, "patience", "\"{} epochs\"", 5.0),
    key("timm", "cooldown_t", S, "cooldown", "\"{} epochs\"", 0.0),
    key("transformers", "num_warmup_steps", S, "warmup", "\"{} steps\"", 500.0),
    key("transformers", "warmup_ratio", S, "warmup", "\"{%}\"", 0.1),
    key("transformers", "num_training_steps", "", "steps", "{}", 1000.0),
    key("transformers", "lr_end", S, "end", "{ lr = {} }", 1e-7),
    key("transformers", "min_lr_rate", S, "end", "{}", 0.1),
    key("transformers", "min_lr_ratio", S, "end", "{}", 0.1),
    key("transformers", "min_lr", S, "end", "{ lr = {} }", 1e-6),
    key("transformers", "num_cycles", S, "cycles", "{}", 3.0),
    key("transformers", "num_decay_steps", S, "decay", "\"{} steps\"", 200.0),
    key("transformers", "num_stable_steps", S, "stable", "\"{} steps\"", 500.0),
    key("transformers", "decay_type", S, "shape", "\"{text:linear}\"", 0.0),
    key("Lightning", "warmup_epochs", S, "warmup", "\"{} epochs\"", 5.0),
    key("MMEngine", "warmup_iters", S, "warmup", "\"{} steps\"", 500.0),
    key("DeepSpeed", "warmup_num_steps", S, "warmup", "\"{} steps\"", 500.0),
    key("DeepSpeed", "total_num_steps", S, "over", "\"{} steps\"", 1000.0),
    key("DeepSpeed", "warmup_min_lr", S, "warmup", "{ for = \"500 steps\", start = { lr = {} } }", 1e-6),
    key("Keras", "min_delta", S, "threshold", "{}", 1e-4),
    // Optimizers.
    key("Keras, optax, transformers", "learning_rate", O, "lr", "{}", 0.001),
    key("Keras, transformers", "epsilon", O, "eps", "{}", 1e-8),
    key("transformers", "adam_epsilon", O, "eps", "{}", 1e-8),
    key("Keras", "beta_1", O, "betas", "[{}, 0.999]", 0.9),
    key("Keras", "beta_2", O, "betas", "[0.9, {}]", 0.999),
    key("optax", "b1", O, "betas", "[{}, 0.999]", 0.9),
    key("optax", "b2", O, "betas", "[0.9, {}]", 0.999),
    key("transformers", "adam_beta1", O, "betas", "[{}, 0.999]", 0.9),
    key("transformers", "adam_beta2", O, "betas", "[0.9, {}]", 0.999),
    key("Keras", "rho", O, "alpha", "{}", 0.9),
    key("optax", "decay", O, "alpha", "{}", 0.9),
    key("fastai", "wd", O, "weight_decay", "{}", 0.01),
    key("optax", "weight_decay_rate", O, "weight_decay", "{}", 0.01),
    key("TensorFlow", "l2", O, "weight_decay", "{}", 0.01),
    key("fastai", "mom", O, "momentum", "{}", 0.9),
    // The run.
    key("Lightning", "max_epochs", "", "epochs", "{}", 20.0),
    key("transformers", "num_train_epochs", "", "epochs", "{}", 20.0),
    key("others", "num_epochs", "", "epochs", "{}", 20.0),
    key("others", "n_epochs", "", "epochs", "{}", 20.0),
    key("Lightning, transformers", "max_steps", "", "steps", "{}", 1000.0),
    key("scikit-learn", "max_iter", "", "steps", "{}", 1000.0),
    key("scikit-learn", "random_state", "", "seed", "{}", 1.0),
    key("PyTorch", "manual_seed", "", "seed", "{}", 1.0),
    key("others", "random_seed", "", "seed", "{}", 1.0),
    key("transformers", "max_grad_norm", "clip_grad", "norm", "{}", 1.0),
    key("PyTorch", "max_norm", "clip_grad", "norm", "{}", 1.0),
    key("Keras", "global_clipnorm", "clip_grad", "norm", "{}", 1.0),
    key("Keras", "clipnorm", "clip_grad", "norm", "{}", 1.0),
    key("Keras", "clipvalue", "clip_grad", "value", "{}", 0.5),
    key("Lightning", "gradient_clip_val", "clip_grad", "norm", "{}", 1.0),
    key("Keras", "ema_momentum", "ema", "decay", "{}", 0.999),
    key("PyTorch, Keras", "label_smoothing", "loss", "label_smoothing", "{}", 0.1),
    // The data.
    key("PyTorch, Keras", "batch_size", D, "batch_size", "{}", 128.0),
    key("transformers", "per_device_train_batch_size", D, "batch_size", "{}", 128.0),
    key("DeepSpeed", "train_batch_size", D, "batch_size", "{}", 128.0),
    key("Keras", "validation_split", D, "validation", "{}", 0.1),
    key("others", "val_split", D, "validation", "{}", 0.1),
    key("scikit-learn", "test_size", D, "test", "{}", 0.2),
    key("pandas", "sep", D, "delimiter", "\"{text:;}\"", 0.0),
    key("others", "label", D, "target", "\"{text:label}\"", 0.0),
    key("others", "label_column", D, "target", "\"{text:label}\"", 0.0),
    key("others", "target_column", D, "target", "\"{text:label}\"", 0.0),
    key("others", "target_col", D, "target", "\"{text:label}\"", 0.0),
    key("others", "file", D, "path", "\"{name:table.csv}\"", 0.0),
    key("others", "filename", D, "path", "\"{name:table.csv}\"", 0.0),
    key("pandas", "na_values", D, "missing_values", "[\"{text:NA}\"]", 0.0),
    key("pandas", "index_col", D, "drop", "[\"{name:id}\"]", 0.0),
    // The model.
    key("scikit-learn", "hidden_layer_sizes", M, "hidden", "[{}]", 128.0),
    key("others", "hidden_size", M, "hidden", "[{}]", 128.0),
    key("others", "hidden_sizes", M, "hidden", "[{}]", 128.0),
    key("others", "hidden_dim", M, "hidden", "[{}]", 128.0),
    key("Keras", "units", M, "hidden", "[{}]", 128.0),
    key("others", "layers", M, "hidden", "[{}]", 128.0),
    key("others", "dropout_rate", M, "dropout", "{}", 0.1),
    key("Keras", "kernel_initializer", M, "init", "\"{word:xavier_uniform}\"", 0.0),
    key("Keras", "bias_initializer", M, "bias_init", "\"{word:zeros}\"", 0.0),
];

/// Values that are words. Each pair is the word in another framework and the word here.
pub const WORDS: &[(&str, &str)] = &[
    ("CrossEntropyLoss", "cross_entropy"),
    ("categorical_crossentropy", "cross_entropy"),
    ("sparse_categorical_crossentropy", "cross_entropy"),
    ("softmax_cross_entropy", "cross_entropy"),
    ("NLLLoss", "cross_entropy"),
    ("MSELoss", "mse"),
    ("mean_squared_error", "mse"),
    ("l2_loss", "mse"),
    ("swish", "silu"),
    ("logistic", "sigmoid"),
    ("glorot_uniform", "xavier_uniform"),
    ("glorot_normal", "xavier_normal"),
    ("he_uniform", "kaiming_uniform"),
    ("he_normal", "kaiming_normal"),
    ("pytorch", "torch"),
    ("tensorflow", "keras"),
    ("huggingface", "transformers"),
    ("batch", "step"),
    ("cosine", "cos"),
    ("gpu", "cuda"),
    ("fp32", "float32"),
    ("fp64", "float64"),
    ("double", "float64"),
    ("standardize", "standard"),
    ("zscore", "standard"),
];
