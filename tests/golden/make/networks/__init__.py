"""The traces of whole networks, which only PyTorch makes."""
