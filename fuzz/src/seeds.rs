//! Valid inputs of each target, made in code.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use lr_run::checkpoint::{Provenance, state_json, tensors};
use lr_run::spec::Entry;
use lr_run::{dataset, model, optimizer, schedule};
use tch::{Kind, Tensor};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Returns shipped specs, and one spec for the documented example of each entry of the four registries.
pub fn specs() -> Vec<Vec<u8>> {
    let mut specs = texts(&[
        include_str!("../../experiments/fashion_cnn_plateau.toml"),
        include_str!("../../experiments/linear_regression.toml"),
        include_str!("../../experiments/mnist_adam.toml"),
        include_str!("../../experiments/mnist_bias_group.toml"),
        include_str!("../../experiments/step_decay.toml"),
    ]);
    let mut add = |table: &str, example: &str| {
        let mut text = "epochs = 3\nseeds = [1, 2]\nthreads = 1\n".to_owned();
        for (name, usual) in [
            ("data", "type = \"linear\"\npoints = 100\nbatch_size = 10"),
            ("model", "type = \"mlp\"\nhidden = [4]"),
            ("optimizer", "type = \"adam\"\nlr = 0.01"),
            ("schedule", "type = \"cosine\""),
        ] {
            let content = if name == table { example } else { usual };
            text += &format!("[{name}]\n{content}\n");
        }
        specs.push(text.into_bytes());
    };
    fn examples<B>(registry: &[Entry<B>]) -> impl Iterator<Item = &'static str> {
        registry.iter().map(|entry| entry.example)
    }
    examples(dataset::REGISTRY).for_each(|example| add("data", example));
    examples(model::REGISTRY).for_each(|example| add("model", example));
    examples(optimizer::REGISTRY).for_each(|example| add("optimizer", example));
    examples(schedule::REGISTRY).for_each(|example| add("schedule", example));
    specs
}

pub fn overrides() -> Vec<Vec<u8>> {
    texts(&[
        "optimizer.lr=0.01",
        "schedule.type=cosine\nschedule.end=0.1",
        "group.bias.lr_mult=2\ngroup.bias.weight_decay=0",
        "seeds=[1, 2, 3]\nepochs=2.5",
        "model.hidden=[64, 32]\nmodel.dropout=0.3",
        "optimizer.type=sgd\noptimizer.momentum=0.9",
        "schedule=[{ type = \"warmup\", for = \"10%\" }, { type = \"step\", every = \"1 epochs\" }]",
        "data.validation=0.1\ndata.normalize=standard",
        "early_stop.patience=2 epochs\nlimit.time=10 minutes",
        "target.accuracy=0.97\nname=other\nvariant=one",
        "steps=100\ndevice=cuda:1",
        "schedule_for.weight_decay={ type = \"linear\", start = 1, end = 0 }",
    ])
}

pub fn durations() -> Vec<Vec<u8>> {
    texts(&[
        "500 steps",
        "1 step",
        "3 epochs",
        "0.5 epochs",
        "10%",
        "33.3 %",
        "1_000 steps",
        "1e3 steps",
        "10 minutes",
        "1.5 hours",
        "90 seconds",
        "2 days",
    ])
}

pub fn expressions() -> Vec<Vec<u8>> {
    texts(&[
        "0.5 * (1 + cos(pi * t / T))",
        "1 - t / T",
        "max(0.1, 1 - step / 1000)",
        "0.5 ^ floor(epoch / 2)",
        "exp(-t / T) + base",
        "min(1, (t + 1) / 10) * sqrt(1 / (t + 1))",
        "-sin(t) + abs(-2.5e-3)",
        "ln(1 + t) / log(2 + T)",
        "1",
        "tanh(t - 0.5) % 2",
    ])
}

pub fn globs() -> Vec<Vec<u8>> {
    texts(&[
        "*.bias",
        "layers.0.*",
        "*",
        "{conv1,conv2}.weight",
        "features.[0-9].weight",
        "features.[!3].*",
        "layers.?.weight",
        "**",
        "\\*.bias",
        "{a,{b,c}}*",
    ])
}

/// Returns an IDX file with the dimensions `sizes`.
fn idx_file(sizes: &[u32]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend((0..sizes.iter().product::<u32>()).map(|value| value as u8 % 10));
    file
}

fn gzipped(file: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(file).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

pub fn idx() -> Vec<Vec<u8>> {
    let plain: Vec<Vec<u8>> =
        [&[2, 4, 4][..], &[3, 28, 28], &[0, 28, 28], &[5], &[0]].into_iter().map(idx_file).collect();
    plain.iter().map(|file| gzipped(file)).chain(plain.clone()).collect()
}

pub fn csv() -> Vec<Vec<u8>> {
    texts(&[
        "a,b,y\n1,2,3\n4,5,6\n",
        "a,y\n0.5,cat\n1.5,dog\n2.5,cat\n",
        "a;b;y\n1;2;3\n",
        "a\ty\n1\t0\n2\t1\n",
        "a,b,y\n1,,0\nNA,2,1\n3,4,0\n",
        "\"a, b\",y\n\"1\",\"2\"\n\"3\",\"4\"\n",
        "\u{feff}a,y\r\n1e-3,1\r\n-2E5,2\r\n",
        "y\n1\n2\n",
        "a,b,y\n1,2\n",
        "colour,size,y\nred,1,0\nblue,2,1\nred,3,0\n",
    ])
}

/// Returns tables as different programs write them.
pub fn sheet() -> Vec<Vec<u8>> {
    let mut tables = csv();
    tables.extend(texts(&[
        "sep=;\na;b;c\n1,5;1.000;x\n2,5;NA;\"y;\"\n",
        "# a comment, with a comma\n#a,b\n1,\"250,000\"\n#3,4\n?,-\n",
        "  a   b c\n  1 2.5\tx\n 3  4e5 \"a b\"\n",
        ",x,x,\n0,2024-01-31,1,\n1,2024-02-01 10:20,2,\n,,,\n",
        "\"x\" \"y\"\n\"Mazda RX4\" 21 TRUE\n\"Datsun\" 22.8 FALSE\n",
        "5.1|3.5|setosa\r4.9|3.0|setosa\r",
        "a\tb\n1 234\tyes\n1'234\tno\n\u{2212}3\t\u{1a}",
    ]));
    let text = "gr\u{f6}\u{df}e;b\n1,5;s\u{fc}\u{df}\n";
    tables.push(text.chars().map(|letter| letter as u8).collect());
    tables.push([0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect());
    tables.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    tables.push(gzipped(text.as_bytes()));
    tables
}

pub fn curves() -> Vec<Vec<u8>> {
    texts(&[
        "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,train_seconds,eval_seconds\n0,0,,,2.5,0.1,1e-3,0,0.1\n\
         1,10,2,0.2,1.5,0.5,0.001,1.5,0.25\n",
        "epoch,loss,val_loss\n0,1.8,1.3\n1,1.1,0.9\n",
        ",accuracy,loss,val_accuracy,val_loss\n0,0.5,1.8,0.4,1.3\n1,0.6,1.1,0.7,0.9\n",
        "epoch;train_loss;valid_loss\n0;1.5;1.2\n1;1.0;0.9\n",
        "epoch,step,train_loss,val_acc,val_loss,lr-Adam\n,0,,,,0.1\n0,49,2.0,,,\n0,99,,0.5,0.9,\n1,199,,0.75,0.7,\n",
        "  epoch,  train/box_loss,  train/cls_loss,  metrics/mAP50(B),  val/box_loss,  lr/pg0\n  1,1.5,2,0.1,1,0.01\n",
        "loss,epoch,step,eval_loss\n1.5,0.5,50,\n,1.0,100,0.9\n",
        r#"{"best_metric": NaN, "log_history": [{"epoch": 0.5, "loss": 1.5, "step": 50}, {"epoch": 1.0, "eval_loss": 0.9}]}"#,
        r#"[{"epoch": 0.5, "loss": 1.5, "learning_rate": 2e-05}, {"epoch": 1.0, "eval_accuracy": 0.9}]"#,
        r#"{"run":"a","event":"epoch","epoch":1,"step":10,"train":null,"val":{"loss":null,"metric":0.5},"test":null,"lr":[0.1]}"#,
    ])
}

/// Returns an .npy file of an array. `order` is `True` for Fortran order and `False` for C order, as Python writes
/// them.
fn npy_file(dtype: &str, order: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

/// Returns a NumPy archive of arrays, each with its name, type, shape and bytes. Types that begin with `F` are in
/// Fortran order.
fn archive(arrays: &[(&str, &str, &str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, dtype, shape, bytes) in arrays {
        let file = match dtype.strip_prefix('F') {
            Some(dtype) => npy_file(dtype, "True", shape, bytes),
            None => npy_file(dtype, "False", shape, bytes),
        };
        writer.start_file(format!("{name}.npy"), SimpleFileOptions::default()).expect("memory can be written");
        writer.write_all(&file).expect("memory can be written");
    }
    writer.finish().expect("memory can be written").into_inner()
}

pub fn npz() -> Vec<Vec<u8>> {
    let floats: Vec<u8> = [0.5_f32, -1.0, 2.0, 1e-3, 3.0, 4.0].iter().flat_map(|it| it.to_le_bytes()).collect();
    let labels: Vec<u8> = [0_i64, 1, 2].iter().flat_map(|it| it.to_le_bytes()).collect();
    let targets: Vec<u8> = [0.1_f64, 0.2, 0.3].iter().flat_map(|it| it.to_le_bytes()).collect();
    let pixels: Vec<u8> = (0..18).collect();
    let x = ("x", "<f4", "(3, 2)", &floats[..]);
    let y = ("y", "<i8", "(3,)", &labels[..]);
    vec![
        archive(&[x, y]),
        archive(&[x, ("y", "<f8", "(3,)", &targets)]),
        archive(&[x, ("y", "<f8", "(3, 1)", &targets)]),
        archive(&[("x", "|u1", "(3, 2, 3)", &pixels), y]),
        archive(&[("x", "|u1", "(3, 1, 2, 3)", &pixels), y]),
        archive(&[x, y, ("x_test", "<f4", "(3, 2)", &floats), ("y_test", "<i8", "(3,)", &labels)]),
        archive(&[("x_train", "F<f4", "(3, 2)", &floats), ("y_train", "|i1", "(3, 1)", &[0, 1, 0])]),
        archive(&[("x", "F>f8", "(3, 1)", &targets), ("y", "|b1", "(3,)", &[0, 1, 1])]),
        archive(&[("x", ">f2", "(3, 2)", &pixels[..12]), ("y", "|S2", "(3,)", b"abcdab")]),
        archive(&[("images", ">u2", "(3, 3)", &pixels), ("labels", "<U1", "(3,)", b"a\0\0\0b\0\0\0a\0\0\0")]),
        archive(&[("x", "|u1", "(1, 6, 3, 1)", &pixels), ("y", "<u4", "(1,)", &[1, 0, 0, 0])]),
        archive(&[("x", "|i1", "(3, 2, 3)", &pixels), ("y", "|u1", "(3, 2)", &[0, 1, 1, 0, 0, 1])]),
        archive(&[x]),
        archive(&[("x", "<f4", "(0, 2)", &[]), ("y", "<i8", "(0,)", &[])]),
        archive(&[]),
    ]
}

pub fn npy() -> Vec<Vec<u8>> {
    let bytes: Vec<u8> = (0..96).collect();
    let x = |dtype, order, shape, size| npy_file(dtype, order, shape, &bytes[..size]);
    let y = |dtype, shape, bytes: &[u8]| npy_file(dtype, "False", shape, bytes);
    [
        (x("<f4", "False", "(3, 2)", 24), y("<i8", "(3,)", &[1, 0, 0, 0, 0, 0, 0, 0].repeat(3))),
        (x(">f4", "True", "(3, 8)", 96), y("|i1", "(3, 1)", &[0, 1, 0])),
        (x("|u1", "False", "(4, 24)", 96), y("|b1", "(4,)", &[0, 1, 1, 0])),
        (x("|u1", "False", "(2, 6, 8)", 96), y("|S2", "(2,)", b"abcd")),
        (x(">u2", "True", "(1, 6, 8, 1)", 96), y("<U1", "(1,)", b"a\0\0\0")),
        (x("<i2", "False", "(2, 6, 4)", 96), y("|u1", "(2, 3)", &[0, 1, 0, 1, 0, 0])),
        (x("<f2", "False", "(3,)", 6), y(">f8", "(3,)", &bytes[..24])),
        (x("<u8", "True", "(2, 3)", 48), y("<f2", "(2, 2)", &bytes[..8])),
    ]
    .map(|(x, y)| [x, y].concat())
    .into()
}

pub fn safetensors() -> Vec<Vec<u8>> {
    let tensor = |name: &str, shape: &[i64], kind: Kind| {
        let values = Tensor::arange(shape.iter().product::<i64>(), (Kind::Float, tch::Device::Cpu));
        (name.to_owned(), values.view(shape).to_kind(kind))
    };
    [
        vec![],
        vec![tensor("layers.0.weight", &[2, 3], Kind::Float), tensor("layers.0.bias", &[2], Kind::Float)],
        vec![tensor("a", &[3], Kind::Double), tensor("b", &[3], Kind::Half), tensor("c", &[3], Kind::BFloat16)],
        vec![tensor("a", &[1, 1, 4], Kind::Int64), tensor("b", &[2], Kind::Int), tensor("c", &[2], Kind::Uint8)],
        vec![tensor("a", &[2], Kind::Bool), tensor("empty", &[0, 3], Kind::Float), tensor("", &[], Kind::Float)],
    ]
    .iter()
    .map(|all| tensors::to_bytes(all).expect("tensors can be written"))
    .collect()
}

/// Returns the `state.json` of a small run.
pub fn checkpoints() -> Vec<Vec<u8>> {
    let provenance = Provenance {
        lr_run: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: String::new(),
        device: "cpu".to_owned(),
        threads: 1,
        data_fingerprint: String::new(),
        spec_fingerprint: String::new(),
        epochs_csv_bytes: 0,
    };
    let state = super::small_run(None).expect("a small run");
    vec![state_json(&provenance, &state).expect("a state can be written")]
}
