//! The order of training examples.

use crate::random::Stream;

crate::choice! {
    /// The order of the training examples.
    pub enum Shuffle {
        /// In a new random order each epoch.
        EveryEpoch = "every_epoch",
        /// In one random order for all epochs, as in DeepOBS.
        Once = "once",
        /// In the order of the data set.
        Never = "never",
    }
}

impl Shuffle {
    /// Returns `rows` in the order of epoch `epoch` (from 1) under `seed`.
    pub fn order(self, rows: &[u32], seed: u64, epoch: u64) -> Vec<u32> {
        let index = match self {
            Shuffle::EveryEpoch => epoch,
            Shuffle::Once => 1,
            Shuffle::Never => return rows.to_vec(),
        };
        let order = Stream::new(seed, "order", index).permutation(rows.len());
        order.into_iter().map(|at| rows[at as usize]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_follows_from_seed_and_epoch() {
        let rows: Vec<u32> = (10..200).collect();
        let order = |shuffle: Shuffle, epoch| shuffle.order(&rows, 1, epoch);
        assert_eq!(order(Shuffle::EveryEpoch, 2), order(Shuffle::EveryEpoch, 2));
        assert_ne!(order(Shuffle::EveryEpoch, 2), order(Shuffle::EveryEpoch, 3));
        assert_eq!(order(Shuffle::Once, 2), order(Shuffle::Once, 3));
        assert_eq!(order(Shuffle::Never, 2), rows);
        let mut sorted = order(Shuffle::EveryEpoch, 2);
        sorted.sort();
        assert_eq!(sorted, rows);
    }
}
