//! Reads golden traces, and plans the part of a spec that each contains.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lr_run::plan::{Machine, Plan, plan};
use lr_run::spec::Spec;
use safetensors::{Dtype, SafeTensors};
use tch::Tensor;

/// A golden file of tensors, with the inputs that it shares with others.
pub struct Trace {
    pub name: String,
    pub metadata: HashMap<String, String>,
    tensors: HashMap<String, Tensor>,
}

impl Trace {
    /// Returns the traces in a folder of `tests/golden`, sorted by name.
    pub fn paths(folder: &str) -> Vec<PathBuf> {
        let mut paths = files(folder);
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
        paths
    }

    /// Reads every trace in a folder of `tests/golden`, sorted by name.
    pub fn all(folder: &str) -> Vec<Trace> {
        Trace::paths(folder).iter().map(|path| Trace::read(path)).collect()
    }

    /// Reads one trace.
    pub fn read(path: &Path) -> Trace {
        let (mut tensors, metadata) = read_tensors(path);
        // Most traces of optimizers share their inputs, which are in another file.
        if let Some(shared) = metadata.get("gradients") {
            let (inputs, _) = read_tensors(&golden("gradients").join(format!("{shared}.safetensors")));
            for (name, input) in inputs {
                tensors.entry(name).or_insert(input);
            }
        }
        Trace { name: path.file_stem().unwrap().to_string_lossy().into_owned(), metadata, tensors }
    }

    /// Returns the tensor `name`, which must exist.
    pub fn get(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }

    /// Returns the tensor `name`. `None` if the trace has none of that name.
    pub fn find(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Returns the names of all tensors that begin with `prefix`, without the prefix.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        self.tensors.keys().filter_map(|name| name.strip_prefix(prefix)).map(str::to_owned).collect()
    }
}

/// Returns the tensors of a safetensors file and its metadata.
fn read_tensors(path: &Path) -> (HashMap<String, Tensor>, HashMap<String, String>) {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.iter().map(|(name, view)| {
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        let data = view.data();
        let flat = match view.dtype() {
            Dtype::F32 => {
                Tensor::from_slice(&data.as_chunks().0.iter().map(|&it| f32::from_le_bytes(it)).collect::<Vec<_>>())
            }
            Dtype::F64 => {
                Tensor::from_slice(&data.as_chunks().0.iter().map(|&it| f64::from_le_bytes(it)).collect::<Vec<_>>())
            }
            Dtype::I64 => {
                Tensor::from_slice(&data.as_chunks().0.iter().map(|&it| i64::from_le_bytes(it)).collect::<Vec<_>>())
            }
            other => panic!("{name} is {other:?}"),
        };
        (name.to_owned(), flat.view(shape.as_slice()))
    });
    (tensors.collect(), header.metadata().clone().unwrap_or_default())
}

/// Returns a folder of `tests/golden`.
fn golden(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder)
}

/// Returns the paths of the files in a folder of `tests/golden`, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(golden(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Returns CSV text with `features` columns and the target `y`: classes, or numbers if `classes` is 0.
fn csv(features: usize, classes: usize) -> String {
    let header: Vec<String> = (0..features).map(|i| format!("f{i}")).collect();
    let mut text = format!("{},y\n", header.join(","));
    for row in 0..2 * classes.max(4) {
        let values: Vec<String> = (0..features).map(|i| format!("{}", row * 7 % (i + 2))).collect();
        let y = if classes > 0 { (row % classes).to_string() } else { format!("{}.5", row * row) };
        text += &format!("{},{y}\n", values.join(","));
    }
    text
}

/// Plans `text` (tables without `[data]`) for examples of `features` numbers. With 0 `classes` the target is a number.
pub fn plan_table(text: &str, features: usize, classes: usize) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), csv(features, classes)).unwrap();
    let task = if classes > 0 { "classification" } else { "regression" };
    let table = "type = \"csv\"\npath = \"data.csv\"\ntarget = \"y\"";
    let data = format!("{table}\ntask = \"{task}\"\nbatch_size = 2\ndrop_last = true");
    plan_text(folder.path(), &data, text)
}

/// Plans `text` for the images of MNIST, without reading them.
pub fn plan_images(text: &str) -> Plan {
    plan_text(Path::new(""), "type = \"mnist\"", text)
}

fn plan_text(folder: &Path, data: &str, text: &str) -> Plan {
    let text = format!("epochs = 1\ndevice = \"cpu\"\n[data]\n{data}\n{text}\n");
    let spec = Spec::parse(&folder.join("golden.toml"), &text, &[]).unwrap_or_else(|found| panic!("{found}\n{text}"));
    let machine = Machine { cuda: &|| Ok(0), cores: 1, memory: None };
    let (mut plans, _) = plan(&spec, &machine).unwrap_or_else(|found| panic!("{found}\n{text}"));
    plans.remove(0)
}

/// Returns ‖a − b‖ / ‖b‖ in f64, or ‖a‖ if b is zero.
pub fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (a.to_kind(tch::Kind::Double), b.to_kind(tch::Kind::Double));
    assert_eq!(a.size(), b.size());
    let norm = b.norm().double_value(&[]);
    (a - b).norm().double_value(&[]) / if norm == 0.0 { 1.0 } else { norm }
}
