mod findings;
mod known_keys;

use std::path::Path;

use super::{Assume, Device, Machine, Plan, plan};
use crate::schedule::Clock;
use crate::spec::{Findings, Log, NamedFile, Section, Spec};

const HEAD: &str = "epochs = 10\n";
const BODY: &str = "
[data]
type = \"mnist\"
validation = 10_000
[model]
type = \"mlp\"
[optimizer]
type = \"sgd\"
lr = 0.1
momentum = 0.9
";

fn read(text: &str, cuda: usize) -> Result<(Vec<Plan>, Findings), Findings> {
    let spec = Spec::parse(Path::new("test.toml"), text, &[])?;
    plan(&spec, &Machine { cuda: &|| Ok(cuda), cores: 4, memory: Some(8 << 30) })
}

fn one(text: &str) -> Plan {
    let (mut plans, _) = read(text, 0).unwrap_or_else(|found| panic!("{found}"));
    plans.remove(0)
}

fn errors(text: &str) -> Vec<String> {
    read(text, 0).unwrap_err().messages().map(str::to_owned).collect()
}

#[test]
fn epochs_become_steps() {
    let steps = |head: &str, data: &str| {
        let plan = one(&format!("{head}\n{}", BODY.replace("validation = 10_000", data)));
        (plan.length.horizon.steps_per_epoch, plan.length.horizon.total_steps)
    };
    assert_eq!(steps("epochs = 10", "validation = 10_000"), (391, 3910));
    assert_eq!(steps("epochs = 9.9", "validation = 10_000\ndrop_last = true"), (390, 3861));
    assert_eq!(steps("steps = 7", "validation = 0"), (469, 7));
    assert_eq!(steps("epochs = 1", ""), (422, 422));
}

#[test]
fn groups_override_the_keys_of_the_run() {
    let group = "[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nlr_mult = 2.0\nmomentum = 0.5\n\
                 schedule = { type = \"constant\", factor = 0.5 }\n\
                 [[group]]\nname = \"head\"\nparams = [\"layers.1.*\"]\n\
                 [schedule]\ntype = \"step\"\nevery = \"1 epochs\"\n";
    let plan = one(&format!("{HEAD}{BODY}{group}"));
    let groups = &plan.groups.groups;
    let names: Vec<&str> = groups.iter().map(|group| group.rate.name.as_str()).collect();
    assert_eq!(names, ["base", "bias", "head"]);
    // The first group that matches takes layers.1.bias.
    assert_eq!(plan.groups.group_of, [0, 1, 2, 1]);
    assert_eq!(groups.iter().map(|group| group.rate.base_lr).collect::<Vec<_>>(), [0.1, 0.2, 0.1]);
    assert_eq!(groups.iter().map(|group| group.parameters).collect::<Vec<_>>(), [784 * 128, 138, 1280]);
    let clock = Clock { step: 391, total_steps: 3910, steps_per_epoch: 391 };
    let factors: Vec<f64> = groups.iter().map(|group| group.rate.rule.factor(clock)).collect();
    assert_eq!(factors, [0.1, 0.5, 0.1]);
    let kept = plan.resolved["group"][0].as_table().unwrap();
    assert!(kept.contains_key("momentum") && !kept.contains_key("dampening"), "{kept}");
}

#[test]
fn an_error_that_groups_share_is_reported_once() {
    let groups =
        "[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\n[[group]]\nname = \"b\"\nparams = [\"*.weight\"]\n";
    let wrong = BODY.replace("lr = 0.1", "lr = -1");
    assert_eq!(errors(&format!("{HEAD}{wrong}{groups}")), ["`optimizer.lr` cannot be `-1`"]);
    let late = "[schedule]\ntype = \"step\"\nevery = \"20 epochs\"\n";
    let (_, warnings) = read(&format!("{HEAD}{BODY}{groups}{late}"), 0).unwrap();
    assert_eq!(warnings.messages().count(), 1, "{warnings}");
}

#[test]
fn a_target_has_a_short_form_and_a_long_one() {
    let target = |text: &str| one(&format!("{HEAD}{BODY}[target]\n{text}")).stops.target.unwrap();
    let long = target("metric = \"val_accuracy\"\nvalue = 0.97\nmode = \"max\"");
    assert_eq!(target("accuracy = 0.97"), long);
    assert_eq!(long.to_string(), "val_accuracy >= 0.97");
    assert_eq!(target("loss = 0.1\nstop = false").to_string(), "val_loss <= 0.1");
    assert!(!errors(&format!("{HEAD}{BODY}[target]\naccuracy = 0.9\nloss = 0.1")).is_empty());
    assert!(!errors(&format!("{HEAD}{BODY}[target]\nmetric = \"val_accuracy\"")).is_empty());
}

#[test]
fn patience_is_counted_in_evaluations() {
    let patience = |text: &str| {
        let text = format!("{HEAD}{BODY}[early_stop]\npatience = \"{text}\"");
        one(&text).stops.early_stop.unwrap().patience
    };
    assert_eq!((patience("3 epochs"), patience("400 steps"), patience("50%")), (3, 2, 5));
    assert_eq!(errors(&format!("{HEAD}{BODY}[early_stop]\npatience = \"0 epochs\"")).len(), 1);
}

#[test]
fn a_device_must_exist() {
    let device = |name: &str, there| {
        read(&format!("device = \"{name}\"\n{HEAD}{BODY}"), there).map(|(plans, _)| plans[0].compute.device).ok()
    };
    assert_eq!(device("auto", 0), Some(Device::Cpu));
    assert_eq!(device("auto", 2), Some(Device::Cuda(0)));
    assert_eq!(device("cpu", 2), Some(Device::Cpu));
    assert_eq!(device("cuda:1", 2), Some(Device::Cuda(1)));
    assert_eq!(device("cuda:2", 2), None);
    assert_eq!(device("cuda", 0), None);
    assert_eq!(device("gpu", 1), None);
}

#[test]
fn each_seed_is_a_run() {
    let (plans, _) = read(&format!("seeds = [3, 1]\n{HEAD}{BODY}"), 0).unwrap();
    let variants: Vec<&str> = plans.iter().map(|plan| plan.variant.as_str()).collect();
    assert_eq!(variants, ["seed=1", "seed=3"]);
    assert!(!plans[0].resolved.contains_key("seeds"));
    assert!(!errors(&format!("seeds = []\n{HEAD}{BODY}")).is_empty());
    assert!(!errors(&format!("seeds = [1, 1]\n{HEAD}{BODY}")).is_empty());
    assert!(!errors(&format!("seed = 1\nseeds = [1]\n{HEAD}{BODY}")).is_empty());
}

#[test]
fn hyper_parameters_follow_rules_of_the_run_or_of_their_group() {
    let text = format!(
        "{HEAD}{BODY}weight_decay = 0.1\n\
         [schedule_for.weight_decay]\ntype = \"linear\"\nstart = 1.0\nend = 0.0\n\
         [[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nweight_decay = 0.0\n\
         [[group]]\nname = \"head\"\nparams = [\"layers.1.*\"]\nmomentum = 0.5\n\
         schedule_for = {{ momentum = {{ type = \"linear\", start = 1.0, end = 0.5 }} }}\n"
    );
    let plan = one(&text);
    let clock = Clock { step: 1955, total_steps: 3910, steps_per_epoch: 391 };
    let values = |group: &super::Group| {
        let values = group
            .rate
            .hyper
            .iter()
            .map(|it| (it.hyper.name, it.value(clock, &*group.rate.rule), it.describe().is_some()));
        values.collect::<Vec<_>>()
    };
    let values: Vec<_> = plan.groups.groups.iter().map(values).collect();
    // Every group has both, in the optimizer's order. A group's own table replaces the run's.
    assert_eq!(values[0], [("momentum", 0.9, false), ("weight_decay", 0.05, true)]);
    assert_eq!(values[1], [("momentum", 0.9, false), ("weight_decay", 0.0, true)]);
    assert_eq!(values[2], [("momentum", 0.375, true), ("weight_decay", 0.1, false)]);

    let resolved = toml::to_string(&plan.resolved).unwrap();
    let again = one(&resolved);
    assert_eq!(again.resolved, plan.resolved, "{resolved}");
    assert!(plan.resolved["schedule_for"]["weight_decay"]["over"].is_str());
    let groups = plan.resolved["group"].as_array().unwrap();
    let has_own: Vec<bool> = groups.iter().map(|group| group.get("schedule_for").is_some()).collect();
    assert_eq!(has_own, [false, true]);
}

#[test]
fn a_misspelt_key_gives_one_error() {
    let rest = "[schedule_for.momentum]\ntype = \"linear\"\nstart = 1.0\nend = 0.5\n";
    let wrong = BODY.replace("momentum = 0.9", "momentun = 0.9");
    assert_eq!(errors(&format!("{HEAD}{wrong}{rest}")), ["unknown key `optimizer.momentun`"]);
}

/// A data set of one file, under a key that no other set has.
mod corpus {
    use std::path::PathBuf;

    use crate::dataset::{Access, Build, Context, Data, Dataset, Error, Info, Normalize, SplitRule, Task};
    use crate::spec::{Entry, Section};

    pub const REGISTRY: &[Entry<Build>] = &[Entry { name: "corpus", summary: "", example: "", build }];

    fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
        Some(Box::new(Corpus(context.required_path(section, "corpus")?, context.split.clone())))
    }

    #[derive(Debug)]
    struct Corpus(PathBuf, SplitRule);

    impl Dataset for Corpus {
        fn info(&self) -> Result<Info, Error> {
            let length = std::fs::metadata(&self.0).map_err(|error| Error(error.to_string()))?.len() as usize;
            Ok(Info {
                train: length,
                held_out: self.1.count(length),
                test: 0,
                input: vec![1],
                task: Task::Regression { outputs: 1 },
                class_names: Vec::new(),
                warnings: Vec::new(),
            })
        }
        fn load(&self, _: &Access<'_>) -> Result<Data, Error> {
            Err(Error("this set has no data".into()))
        }
        fn default_normalize(&self) -> Normalize {
            Normalize::None
        }
    }
}

#[test]
fn files_are_known_by_the_type_of_their_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("words.txt"), [0; 1000]).unwrap();
    let read = |file: &str, memory: u64, steps_per_epoch: Option<u64>| {
        let text = format!("[data]\ntype = \"corpus\"\ncorpus = \"{file}\"\n");
        let spec = Spec::parse(Path::new("test.toml"), &text, &[]).unwrap();
        let log = Log::default();
        let mut root = Section::root(&spec.table, &log);
        let assume = Assume { steps_per_epoch, ..Assume::default() };
        let data = super::data::read(&mut root, corpus::REGISTRY, folder.path(), Some(memory), assume);
        let files = log.files();
        let found = log.finish(&spec.texts).err().map(|found| found.to_string());
        (data.map(|data| data.steps_per_epoch()), files, found.unwrap_or_default())
    };
    let file = |path: &str| NamedFile { key: "data.corpus".into(), path: path.into() };
    assert_eq!(read("words.txt", 1000, None), (Some(8), vec![file("words.txt")], String::new()));
    // If the steps of an epoch are given, planning does not look for the file.
    assert_eq!(read("gone.txt", 1000, Some(7)), (Some(7), vec![file("gone.txt")], String::new()));
    let (_, _, missing) = read("gone.txt", 1000, None);
    assert!(missing.contains("corpus = \"gone.txt\"") && missing.contains("No such file"), "{missing}");
    let (_, _, large) = read("words.txt", 999, None);
    assert!(large.contains("words.txt has 1 GiB") && large.contains("of memory of this machine"), "{large}");
}

#[test]
fn a_spec_that_names_files_records_the_folder_they_are_relative_to() {
    let folder = tempfile::tempdir().unwrap();
    let arrays = folder.path().join("start.safetensors");
    std::fs::write(&arrays, "").unwrap();
    let plan = |line: &str| {
        let text = format!("{HEAD}{}", BODY.replace("type = \"mlp\"", &format!("type = \"mlp\"\n{line}")));
        let spec = Spec::parse(&folder.path().join("a.toml"), &text, &[]).unwrap();
        let machine = Machine { cuda: &|| Ok(0), cores: 4, memory: None };
        super::plan(&spec, &machine).unwrap_or_else(|found| panic!("{found}")).0.remove(0)
    };
    let without = plan("");
    assert!(!without.reads_files_of_the_user() && !without.resolved.contains_key("relative_to"));
    let with = plan("weights = \"start.safetensors\"");
    assert!(with.reads_files_of_the_user());
    assert_eq!(with.resolved["relative_to"].as_str(), folder.path().to_str());
}

/// Plans a run on a table of 40 rows, of which four have the class `rare`, with further keys of `[data]`.
fn with_table(keys: &str, task: &str) -> Result<(Vec<Plan>, Findings), Findings> {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..40).map(|row| format!("{row},{}", i32::from(row % 10 == 0))).collect();
    std::fs::write(folder.path().join("a.csv"), format!("x,y\n{}", rows.join("\n"))).unwrap();
    let text = format!(
        "{HEAD}[data]\ntype = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\ntask = \"{task}\"\nbatch_size = 4\n{keys}\n\
         [model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.1\n"
    );
    let spec = Spec::parse(&folder.path().join("a.toml"), &text, &[]).unwrap();
    plan(&spec, &Machine { cuda: &|| Ok(0), cores: 4, memory: None })
}

#[test]
fn the_resolved_spec_of_a_table_has_stratify() {
    let stratify = |keys: &str, task: &str| {
        let (plans, _) = with_table(keys, task).unwrap_or_else(|found| panic!("{found}"));
        plans[0].resolved["data"].get("stratify").and_then(toml::Value::as_bool)
    };
    assert_eq!(stratify("", "classification"), Some(true));
    assert_eq!(stratify("stratify = false", "classification"), Some(false));
    assert_eq!(stratify("", "regression"), Some(false));
    let message = with_table("stratify = true", "regression").unwrap_err().to_string();
    assert!(message.contains("only classes can be stratified, but this is a regression"), "{message}");
    // Published data sets have no such key.
    assert!(one(&format!("{HEAD}{BODY}")).resolved["data"].get("stratify").is_none());
}

#[test]
fn a_part_without_a_class_is_a_warning_at_the_key_that_makes_it() {
    let (plans, warnings) = with_table("validation = 1", "classification").unwrap();
    assert_eq!((plans[0].data.train_examples(), plans[0].data.info.held_out), (39, 1));
    let shown = warnings.to_string();
    assert!(shown.contains("the validation part has no example of class `1`"), "{shown}");
    assert!(shown.contains("validation = 1\n") && shown.contains("help: its scores do not count these"), "{shown}");
    let (_, none) = with_table("validation = 10", "classification").unwrap();
    assert!(none.is_empty(), "{none}");
}
