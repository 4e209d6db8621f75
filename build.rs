//! Writes the path of libtorch into the programs, and compiles the C++ shim.

use std::env;
use std::path::{Path, PathBuf};

const SHIM: &str = "src/libtorch/shim.cpp";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBTORCH");

    // The folder in which torch-sys found libtorch.
    let Some(lib) = env::var_os("DEP_TCH_LIBTORCH_LIB").map(PathBuf::from) else {
        println!("cargo::error=only Linux and macOS are supported");
        return;
    };
    let target_os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let extension = if target_os == "macos" { "dylib" } else { "so" };
    let libtorch_cpu = lib.join(format!("libtorch_cpu.{extension}"));
    println!("cargo::rerun-if-changed={}", libtorch_cpu.display());
    if !libtorch_cpu.exists() {
        println!("cargo::error={} is missing: run scripts/setup-libtorch", libtorch_cpu.display());
        return;
    }

    // The run path lets the programs find libtorch without LD_LIBRARY_PATH. Libtorch finds its own dependencies. A
    // RUNPATH and not an RPATH is used, so that LD_LIBRARY_PATH can still name another libtorch.
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    if target_os == "linux" {
        println!("cargo::rustc-link-arg=-Wl,--enable-new-dtags");
    }

    println!("cargo::rerun-if-changed={SHIM}");
    if Path::new(SHIM).exists() {
        compile_shim(lib.parent().expect("lib is a folder in libtorch"));
    }
}

/// Compiles the C++ shim against the headers of the folder `libtorch`, or of `LIBTORCH_INCLUDE` if that is set.
fn compile_shim(libtorch: &Path) {
    let include = env::var_os("LIBTORCH_INCLUDE").map_or(libtorch.to_owned(), PathBuf::from);
    let include = include.join("include");
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .define("_GLIBCXX_USE_CXX11_ABI", "1")
        // These are given as system headers, so that their warnings are not shown.
        .flag("-isystem")
        .flag(&include)
        .flag("-isystem")
        .flag(include.join("torch/csrc/api/include"))
        .file(SHIM);
    // The loop of at::parallel_for is in a header. Without OpenMP it would run on one thread. OpenMP is used only with
    // GNU's compiler, because torch-sys links GNU's OpenMP library.
    if build.get_compiler().is_like_gnu() {
        build.flag("-fopenmp");
    }
    build.compile("lr_run_shim");
}
