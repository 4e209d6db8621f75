"""The golden cases of statistics. Each package has a module, and each file has a function."""
