//! The role of each key of a spec when runs are compared.

/// The role of a key. Two runs with the same problem can be compared. Two runs that also have the same strategy differ
/// only in their seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The task: data, model, loss, target and length.
    Problem,
    /// The way of training: optimizer, schedule, groups, batches, and whatever else decides the updates.
    Strategy,
    /// The seed, which repeats an experiment.
    Seed,
    /// The machine, names, and what is saved. The paths of data files belong here, too, because the fingerprint of the
    /// data identifies their content.
    Neither,
}

/// Every key at the top level, and the keys below it that have another role than their table.
pub const ROLES: [(&str, Role); 32] = [
    ("data", Role::Problem),
    ("data.path", Role::Neither),
    ("data.test_path", Role::Neither),
    ("data.dir", Role::Neither),
    ("data.batch_size", Role::Strategy),
    ("data.shuffle", Role::Strategy),
    ("data.drop_last", Role::Strategy),
    ("data.augment", Role::Strategy),
    ("model", Role::Problem),
    ("loss", Role::Problem),
    ("target", Role::Problem),
    ("epochs", Role::Problem),
    ("steps", Role::Problem),
    ("limit", Role::Problem),
    ("optimizer", Role::Strategy),
    ("group", Role::Strategy),
    ("schedule", Role::Strategy),
    ("schedule_for", Role::Strategy),
    ("clip_grad", Role::Strategy),
    ("ema", Role::Strategy),
    ("early_stop", Role::Strategy),
    ("on_divergence", Role::Strategy),
    ("seed", Role::Seed),
    ("seeds", Role::Seed),
    ("name", Role::Neither),
    ("variant", Role::Neither),
    ("relative_to", Role::Neither),
    ("device", Role::Neither),
    ("threads", Role::Neither),
    ("record", Role::Neither),
    ("checkpoint", Role::Neither),
    ("sweep", Role::Neither),
];

/// Returns the role of a dotted key, such as `optimizer.lr`. `None` for a key that no spec has.
pub fn role(key: &str) -> Option<Role> {
    let of = |key: &str| ROLES.iter().find(|(name, _)| *name == key).map(|(_, role)| *role);
    let mut end = key.len();
    loop {
        if let Some(role) = of(&key[..end]) {
            return Some(role);
        }
        end = key[..end].rfind('.')?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::NOT_THE_EXPERIMENT;
    use super::*;

    #[test]
    fn the_longest_key_decides() {
        assert_eq!(role("data.validation"), Some(Role::Problem));
        assert_eq!(role("data.augment.padding"), Some(Role::Strategy));
        assert_eq!(role("optimizer"), Some(Role::Strategy));
        assert_eq!(role("group.0.schedule.type"), Some(Role::Strategy));
        assert_eq!(role("database"), None);
    }

    #[test]
    fn keys_outside_the_experiment_have_the_role_neither() {
        assert!(NOT_THE_EXPERIMENT.iter().all(|key| role(key) == Some(Role::Neither)));
    }
}
