//! A model's loss and metric on a part of the data.

use tch::{Device, no_grad};

use super::meter::Meter;
use super::{Error, Loss};
use crate::dataset::Batches;
use crate::model::{Model, Pass};
use crate::params::Store;
use crate::record::Scores;

/// Examples at once. Evaluation keeps no activations for a backward pass, so this bounds memory, not accuracy.
const BATCH: usize = 256;

/// Loss (mean over the examples) and metric of `model` with the values in `store` on `rows` of `examples`.
pub fn evaluate(
    model: &dyn Model,
    store: &Store,
    loss: Loss,
    examples: &Batches,
    rows: &[u32],
    device: Device,
) -> Result<Option<Scores>, Error> {
    no_grad(|| {
        let mut meter = Meter::new(loss.metric(), device)?;
        for rows in rows.chunks(BATCH) {
            let batch = examples.gather(rows)?;
            let output = model.forward(&batch.x, store, Pass::Eval)?;
            meter.add(0, &loss.of(&output, &batch.y)?, &output, &batch.y)?;
        }
        Ok(meter.scores()?)
    })
}
