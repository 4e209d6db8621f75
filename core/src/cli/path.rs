//! `lr-run path SPEC`: prints the folders of the results.

use super::args::PathArgs;
use super::{Error, any_device, plan_all, print};
use crate::exit::Exit;
use crate::spec::Spec;

/// Prints the folder of each run of a spec.
pub fn path(args: &PathArgs) -> Result<Exit, Error> {
    let args = &args.run;
    if args.specs.is_empty() {
        return Err(Error::usage(
            "`lr-run path` needs a spec\nhelp: for example `lr-run path experiments/mnist_adam.toml`",
        ));
    }
    for spec in &args.specs {
        for plan in plan_all(&Spec::load(spec, &args.set.set)?, &any_device())? {
            print(&format!("{}\n", args.set.out.join(&plan.name).join(&plan.variant).display()));
        }
    }
    Ok(Exit::Success)
}
