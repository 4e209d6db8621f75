"""Makes tests/data/mnist_slice: the first 2000 training and 500 test examples of MNIST, as gzipped IDX files.

    python scripts/make_mnist_slice.py FOLDER

FOLDER holds MNIST's four files, unpacked, as `lr-run fetch mnist` stores them. The same files give the same bytes.
"""

import gzip
import hashlib
import struct
import sys
from pathlib import Path

SLICE = Path(__file__).resolve().parent.parent / "tests" / "data" / "mnist_slice"
FILES = [
    ("train-images-idx3-ubyte", 2000, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("train-labels-idx1-ubyte", 2000, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("t10k-images-idx3-ubyte", 500, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("t10k-labels-idx1-ubyte", 500, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
]


def cut(data, count):
    """Returns the IDX file `data` with only the first `count` of its entries."""
    rank = data[3]
    sizes = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    entry = 1
    for size in sizes[1:]:
        entry *= size
    start = 4 + 4 * rank
    return data[:4] + struct.pack(f">{rank}I", count, *sizes[1:]) + data[start : start + count * entry]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    SLICE.mkdir(parents=True, exist_ok=True)
    for name, count, sha256 in FILES:
        data = (Path(sys.argv[1]) / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            sys.exit(f"{name} is not the published file")
        packed = gzip.compress(cut(data, count), compresslevel=9, mtime=0)
        (SLICE / f"{name}.gz").write_bytes(packed)
        print(f"{name}.gz: {count} entries, {len(packed)} bytes")


if __name__ == "__main__":
    main()
