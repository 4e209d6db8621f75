"""The traces of learning-rate rules.

Each framework has a module with its cases and the code that runs its schedulers.
"""
