//! The table of names agrees with the registries.

use lr_run_core::spec::names::Registry;
use lr_run_core::{dataset, model, optimizer, schedule};

/// The rows of the documentation that are keys, not schedules.
const KEYS: [&str; 2] = ["warmup = …", "[schedule_for.…]"];

#[test]
fn every_row_of_the_table_of_names_is_in_its_registry() {
    let check = |registry: Registry, names: Vec<&str>| {
        for row in registry.rows().iter().filter(|row| !KEYS.contains(&row.here)) {
            assert!(names.contains(&row.here), "{} is not in the registry", row.here);
        }
        assert!(registry.rows().len() <= names.len() + KEYS.len());
    };
    check(Registry::Schedules, schedule::REGISTRY.iter().map(|it| it.name).collect());
    check(Registry::Optimizers, optimizer::REGISTRY.iter().map(|it| it.name).collect());
    check(Registry::Models, model::REGISTRY.iter().map(|it| it.name).collect());
    check(Registry::DataSets, dataset::REGISTRY.iter().map(|it| it.name).collect());
}

#[test]
fn every_schedule_has_a_row() {
    let rows = Registry::Schedules.rows();
    for entry in schedule::REGISTRY {
        assert_eq!(rows.iter().filter(|row| row.here == entry.name).count(), 1, "{}", entry.name);
    }
}
