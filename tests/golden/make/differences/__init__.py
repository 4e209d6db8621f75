"""The differences of our schedules from a framework on purpose.

Each framework has a module, and each difference has a function.
"""
