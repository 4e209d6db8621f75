"""The makers of the golden traces. `tests/golden/README.md` says how to run them."""
