"""The golden cases of statistics: a module for each package, with a function for each file."""
