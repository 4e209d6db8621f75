"""The gradients that the cases of `optimizers` have in common."""
