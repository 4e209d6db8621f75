"""Where our schedules differ from a framework on purpose: a module for each framework, a function for each difference."""
