# shellcheck shell=bash
# Functions for the scripts, which source this file.
set -euo pipefail

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
export root

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

# Sets up whatever a build needs and is missing. Prints nothing if nothing is missing.
set_up() {
    command -v cargo >/dev/null || die "cargo is missing: install Rust from https://rustup.rs"
    command -v "${CXX:-c++}" >/dev/null ||
        die "there is no C++ compiler (${CXX:-c++}): apt-get install g++ (macOS: xcode-select --install)"
    "$root/scripts/setup-libtorch"
    # Everything but `compare --html` works without it, so only CI insists.
    "$root/scripts/setup-uplot" || ! in_ci || exit 1
}

# Whether this is CI, where nothing is left out.
in_ci() { [[ ${CI:-false} != false ]]; }
