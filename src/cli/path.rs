//! `lr-run path SPEC`: where results are.

use super::args::PathArgs;
use super::{Error, plans, print};
use crate::exit::Exit;

/// Prints the folder of each run of a spec.
pub fn path(args: &PathArgs) -> Result<Exit, Error> {
    for plan in plans(&args.spec, &args.set.set, true)? {
        print(&format!("{}\n", args.set.out.join(&plan.name).join(&plan.variant).display()));
    }
    Ok(Exit::Success)
}
