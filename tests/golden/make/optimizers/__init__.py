"""The traces of update rules: a module for each framework, with its cases and the code that runs its optimizers."""
