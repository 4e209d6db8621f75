"""The traces of learning-rate rules: a module for each framework, with its cases and the code that runs its schedulers."""
