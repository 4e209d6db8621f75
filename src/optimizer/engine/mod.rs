//! What runs update rules. A rule says what becomes of an element ([`Elementwise`]), of all elements once sums over them
//! are known ([`Measured`]), or of a whole tensor ([`Whole`]); the engine gives it weight decay, clipping, groups,
//! state and speed.

mod clip;
mod elementwise;
mod fused;
mod gradient;
mod hyper;
mod measured;
mod memory;
mod num;
mod pass;
mod rule;
mod segments;
mod sums;
mod treatment;
mod whole;

use super::{Error, Method, Optimizer, Rates, Step};

pub use clip::Clip;
pub use elementwise::{Elementwise, elementwise, start as start_elementwise};
pub use gradient::flat as flat_gradient;
pub use hyper::{Hyper, Range};
pub use measured::{Decision, Measured, Move, Seen, Share, measured};
pub use memory::{load as load_memory, save as save_memory};
pub use num::{Num, Wide};
pub use pass::{Initial, of_param};
pub use rule::{Conflict, Declared, Group, Start, UpdateRule, groups_at, one_for_all};
pub use segments::{Segment, Segments};
pub use sums::dot;
pub use treatment::Treatment;
pub use whole::{Slot, Whole, whole};
