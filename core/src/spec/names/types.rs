//! A row of the table of names, and the names of models and data sets in other frameworks.

use super::Framework::{self, Keras, Other, Torch};
use super::Registry;

/// A name here, with its names in other frameworks.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name here. In a table of the documentation it can also be a key, such as `warmup = …`.
    pub here: &'static str,
    pub names: &'static [Name],
}

/// A name in another framework.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    pub framework: Framework,
    /// The name. Empty for an entry that is only a note.
    pub name: &'static str,
    /// Words after the name in the documentation.
    pub note: &'static str,
    /// Words after the hint in an error message.
    pub hint: &'static str,
    /// True if the name has several translations and this row is not the usual one. Hints leave it out.
    pub shared: bool,
}

pub(super) const fn name(framework: Framework, name: &'static str) -> Name {
    Name { framework, name, note: "", hint: "", shared: false }
}

impl Name {
    /// Adds words for the documentation.
    pub(super) const fn noted(self, note: &'static str) -> Name {
        Name { note, ..self }
    }

    /// Adds words for the error message.
    pub(super) const fn hinting(self, hint: &'static str) -> Name {
        Name { hint, ..self }
    }

    /// Marks a name whose usual translation is another row. `note` are the words for the documentation.
    pub(super) const fn shared(self, note: &'static str) -> Name {
        Name { note, shared: true, ..self }
    }
}

pub(super) const fn row(here: &'static str, names: &'static [Name]) -> Row {
    Row { here, names }
}

/// Models.
pub const MODELS: &[Row] = &[
    row(
        "mlp",
        &[
            name(Torch, "Sequential"),
            name(Keras, "Dense"),
            name(Other, "MLPClassifier").noted("(scikit-learn)"),
            name(Other, "MLPRegressor").noted("(scikit-learn)"),
            name(Other, "fully_connected"),
            name(Other, "fc"),
            name(Other, "feedforward"),
            name(Other, "ffn"),
            name(Other, "dnn"),
            name(Other, "neural_network"),
        ],
    ),
    row("cnn", &[name(Torch, "Conv2d"), name(Keras, "Conv2D").shared(""), name(Other, "convnet"), name(Other, "conv")]),
    row("lenet", &[name(Other, "LeNet-5")]),
    row(
        "linear",
        &[
            name(Torch, "nn.Linear"),
            name(Other, "LinearRegression").noted("(scikit-learn)"),
            name(Other, "LogisticRegression").noted("(scikit-learn)"),
            name(Other, "SGDClassifier").noted("(scikit-learn)"),
            name(Other, "SGDRegressor").noted("(scikit-learn)"),
            name(Other, "Ridge").noted("(scikit-learn)").hinting("with `weight_decay` in [optimizer]"),
            name(Other, "softmax_regression"),
            name(Other, "perceptron"),
        ],
    ),
];

const SAVE_AS_CSV: &str = "save it as a CSV file, and give `path` and `target`";
const SAVE_AS_NPZ: &str = "save it with np.savez(\"data.npz\", x=…, y=…), and give `path`";

/// Data sets.
pub const DATA_SETS: &[Row] = &[
    row(
        "mnist",
        &[name(Torch, "MNIST"), name(Keras, "mnist").shared(""), name(Other, "ylecun/mnist").noted("(Hugging Face)")],
    ),
    row(
        "fashion_mnist",
        &[
            name(Torch, "FashionMNIST"),
            name(Keras, "fashion_mnist").shared(""),
            name(Other, "zalando-datasets/fashion_mnist").noted("(Hugging Face)"),
        ],
    ),
    row(
        "csv",
        &[
            name(Other, "load_iris").noted("(scikit-learn)").hinting(SAVE_AS_CSV),
            name(Other, "iris").hinting(SAVE_AS_CSV),
            name(Other, "wine").hinting(SAVE_AS_CSV),
            name(Other, "breast_cancer").hinting(SAVE_AS_CSV),
            name(Other, "diabetes").hinting(SAVE_AS_CSV),
            name(Other, "digits").hinting(SAVE_AS_CSV),
            name(Other, "titanic").hinting(SAVE_AS_CSV),
            name(Other, "penguins").hinting(SAVE_AS_CSV),
            name(Other, "adult").hinting(SAVE_AS_CSV),
            name(Other, "california_housing").hinting(SAVE_AS_CSV),
            name(Keras, "boston_housing").hinting(SAVE_AS_CSV),
            name(Other, "read_csv").noted("(pandas)").hinting("give `path` and `target`"),
            name(Other, "table").hinting("give `path` and `target`"),
            name(Other, "dataframe").hinting(SAVE_AS_CSV),
            name(Other, "tsv").hinting("give `path` and `target`"),
            name(Other, "excel").hinting(SAVE_AS_CSV),
            name(Other, "xlsx").hinting(SAVE_AS_CSV),
            name(Other, "parquet").hinting(SAVE_AS_CSV),
        ],
    ),
    row(
        "npz",
        &[
            name(Torch, "TensorDataset").hinting(SAVE_AS_NPZ),
            name(Torch, "CIFAR10").hinting(SAVE_AS_NPZ),
            name(Torch, "CIFAR100").hinting(SAVE_AS_NPZ),
            name(Torch, "SVHN").hinting(SAVE_AS_NPZ),
            name(Torch, "STL10").hinting(SAVE_AS_NPZ),
            name(Torch, "KMNIST").hinting(SAVE_AS_NPZ),
            name(Torch, "EMNIST").hinting(SAVE_AS_NPZ),
            name(Torch, "ImageFolder").hinting(SAVE_AS_NPZ),
            name(Other, "numpy").hinting(SAVE_AS_NPZ),
            name(Other, "npy").hinting("give `path`"),
            name(Other, "medmnist").hinting("its files are .npz files"),
        ],
    ),
    row("linear", &[name(Other, "make_regression").noted("(scikit-learn)")]),
];

/// Things that other frameworks have and this program does not: their registry, their names, and what to do instead.
pub const ABSENT: &[(Registry, &[&str], &str)] = &[
    (
        Registry::Models,
        &["lstm", "gru", "rnn", "SimpleRNN", "BiLSTM", "seq2seq"],
        "there are no recurrent models here; \"mlp\" takes a window of values as features",
    ),
    (
        Registry::Models,
        &["transformer", "bert", "gpt", "gpt2", "vit", "attention"],
        "there are no attention models here",
    ),
    (
        Registry::Models,
        &[
            "resnet",
            "resnet18",
            "resnet34",
            "resnet50",
            "vgg",
            "vgg16",
            "alexnet",
            "mobilenet",
            "efficientnet",
            "densenet",
            "unet",
            "inception",
        ],
        "this network is not available; \"cnn\" and \"lenet\" are for images",
    ),
    (
        Registry::Models,
        &["random_forest", "xgboost", "lightgbm", "svm", "knn", "decision_tree"],
        "there are only models here that are trained with gradients",
    ),
    (
        Registry::Optimizers,
        &[
            "adamw_bnb_8bit",
            "adamw_8bit",
            "paged_adamw_32bit",
            "paged_adamw_8bit",
            "Adam8bit",
            "AdamW8bit",
            "lion_8bit",
        ],
        "8-bit states are not available; \"adamw\" and \"lion\" have the same formulas in full precision",
    ),
    (Registry::Optimizers, &["SparseAdam"], "sparse gradients are not available; \"adam\" takes dense ones"),
    (
        Registry::Optimizers,
        &["lookahead", "sam", "galore_adamw", "lomo", "apollo_adamw"],
        "this method is not available",
    ),
    (
        Registry::Schedules,
        &["linear_warmup", "warmup", "GradualWarmupScheduler", "LinearWarmup"],
        "a warm-up is a key of any schedule: `type = \"constant\"` with `warmup = \"500 steps\"`",
    ),
    (Registry::DataSets, &["imagenet", "coco", "imdb", "wikitext", "glue"], "this data set is not available"),
];
