//! What every rule must do, by looping over the registry.
