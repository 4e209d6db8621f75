//! An exponential moving average of the weights, for any optimizer.

use tch::{TchError, Tensor, no_grad};

use crate::store::Store;

/// The average θ̄ ← decay·θ̄ + (1 − decay)·θ after each step. After the first step, θ̄ = θ. It is PyTorch's
/// `AveragedModel` with `get_ema_multi_avg_fn(decay)` and `use_buffers=True`: running statistics are averaged, too, so
/// they belong to the averaged weights.
#[derive(Debug)]
pub struct Ema {
    decay: f64,
    average: Option<Tensor>,
}

impl Ema {
    /// Starts without an average. `decay` is from 0 to 1.
    pub fn new(decay: f64) -> Self {
        Ema { decay, average: None }
    }

    /// Adds the weights and buffers after a step to the average.
    pub fn update(&mut self, store: &Store) -> Result<(), TchError> {
        no_grad(|| match &mut self.average {
            None => {
                self.average = Some(store.all().f_detach_copy()?);
                Ok(())
            }
            Some(average) => average.f_lerp_(store.all(), 1.0 - self.decay).map(drop),
        })
    }

    /// Continues from `average`, laid out as [`Store::all`]. `None` means that no step has been made.
    pub fn set_weights(&mut self, average: Option<Tensor>) {
        self.average = average;
    }

    /// Returns the average, laid out as [`Store::all`]. `None` before the first step.
    pub fn weights(&self) -> Option<&Tensor> {
        self.average.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::params::{Declaration, Init};

    #[test]
    fn average_starts_at_the_weights_after_the_first_step() {
        let mut declaration = Declaration::default();
        declaration.add("weight", &[2], Init::Constant(1.0));
        let mut store = Store::new(declaration, Kind::Double, Device::Cpu, 1).unwrap();
        let mut ema = Ema::new(0.75);
        assert!(ema.weights().is_none());
        for values in [[2.0, 8.0], [6.0, 8.0], [1.0, 0.0]] {
            store.assign(&Tensor::from_slice(&values)).unwrap();
            ema.update(&store).unwrap();
        }
        // 0.75·(0.75·2 + 0.25·6) + 0.25·1, and 0.75·8.
        assert_eq!(Vec::<f64>::try_from(ema.weights().unwrap()).unwrap(), [2.5, 6.0]);
    }
}
