//! Errors about keys that a table does not have. They suggest the key that is meant.

use super::{Owners, Section};
use crate::spec::diagnostic::{Diagnostic, nearest};
use crate::spec::names::{self, KeyName};
use crate::spec::value::{Key, Value};

impl Section<'_> {
    /// Logs an error: `key` is unknown. It suggests the key that is meant.
    pub(super) fn unknown(&self, key: &Key, value: &Value, owners: &Owners<'_>) {
        let exact: Vec<&KeyName> = names::translations(&key.name).collect();
        if let Some(there) = exact.iter().find(|it| self.knows(it)) {
            self.unknown_translated(key, value, there.here);
            return;
        }
        if let Some(label) = self.of_other_types(key, &exact, owners) {
            self.log.push(self.unknown_key(key).label(label).help(self.known_keys()));
            return;
        }
        let close = || names::KEYS.iter().find(|it| self.knows(it) && nearest(&key.name, [it.there]).is_some());
        let near = nearest(&key.name, self.known.iter().copied())
            .or_else(|| close().filter(|_| exact.is_empty()).map(|it| it.here));
        let elsewhere = exact.iter().find(|it| it.table != self.kind());
        let found = self.unknown_key(key);
        self.log.push(match (near, elsewhere) {
            (Some(near), None) => found.label(format!("did you mean `{near}`?")).help(self.known_keys()),
            (_, Some(there)) => {
                let table = if there.table.is_empty() {
                    "at the top level".to_owned()
                } else {
                    format!("in [{}]", there.table)
                };
                let label = format!("here it is `{}`, {table}", there.here);
                found.label(label).help(format!("write `{}` {table}", there.line(Some(value))))
            }
            (None, None) => found.help(self.known_keys()),
        });
    }

    /// Returns the label for a key that other types of this table have, by its name here or in another framework.
    /// `None` if no other type has it.
    fn of_other_types(&self, key: &Key, exact: &[&KeyName], owners: &Owners<'_>) -> Option<String> {
        let of = |types: &[&str]| {
            let shown: Vec<String> = types.iter().take(3).map(|name| format!("`{name}`")).collect();
            let more = types.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more}", shown.join(", "))
        };
        let this = self.table.get("type").and_then(Value::as_str);
        let not_this = this.map(|name| format!(", not of `{name}`")).unwrap_or_default();
        let own = owners(&key.name);
        if !own.is_empty() && !exact.iter().any(|it| it.table == self.kind()) {
            return Some(format!("a key of {}{not_this}", of(&own)));
        }
        if exact.iter().any(|it| it.table != self.kind()) {
            return None;
        }
        let translated = exact.iter().map(|it| (it.here, owners(it.here))).chain([(key.name.as_str(), own)]);
        let translated = translated.filter(|(_, types)| !types.is_empty());
        let translated: Vec<String> =
            translated.map(|(here, types)| format!("`{here}`, a key of {}", of(&types))).collect();
        (!translated.is_empty()).then(|| format!("here it is {}{not_this}", translated.join(", or ")))
    }

    /// Returns the top-level table whose keys this table has. A group, for example, has the keys of `optimizer`.
    fn kind(&self) -> &str {
        let parts = || self.path.split('.');
        match parts().next() {
            Some("schedule_for") => "schedule",
            Some("group") if parts().any(|part| part == "schedule") => "schedule",
            Some("group") => "optimizer",
            first => first.unwrap_or_default(),
        }
    }

    /// Logs an error: `key` is the name in another framework for `here`, a key of this table.
    pub(super) fn unknown_translated(&self, key: &Key, value: &Value, here: &str) {
        let mut found = self.unknown_key(key).label(format!("here it is `{here}`"));
        if let Some(there) = names::translations(&key.name).find(|it| it.here == here) {
            found = found.help(format!("write `{}`", there.line(Some(value))));
        }
        self.log.push(found);
    }

    /// Reports whether `there` is the name of a key that this table knows.
    fn knows(&self, there: &KeyName) -> bool {
        // `there.table` is not compared: groups have the keys of the optimizer, and nested tables have their own.
        self.known.contains(&there.here)
    }

    fn unknown_key(&self, key: &Key) -> Diagnostic {
        Diagnostic::error(format!("unknown key `{}`", self.dotted(&key.name))).at(Some(&key.place))
    }

    /// Returns the list of the keys that this table may have.
    fn known_keys(&self) -> String {
        let table = if self.path.is_empty() { "at the top level".to_owned() } else { format!("in `{}`", self.path) };
        let known: Vec<String> = self.known.iter().map(|name| format!("`{name}`")).collect();
        format!("known {table}: {}", known.join(", "))
    }
}
