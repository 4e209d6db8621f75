//! Splits examples into two parts at random. Both parts can get the same share of each class, and groups can be kept
//! whole.

use std::collections::BTreeMap;

use crate::random::Stream;

/// The properties that a split has to respect, each with one number for every example. Numbers are from 0 without large
/// gaps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alike<'a> {
    /// The class of each example. Both parts get the same share of every class, up to rounding.
    pub classes: Option<&'a [i64]>,
    /// The group of each example. No group is in both parts.
    pub groups: Option<&'a [u32]>,
}

/// Splits the indices 0..`n` into `(train, held)`, both ascending. The stream `split` of `split_seed` draws `held_out`
/// of them, and at most `n`.
pub fn split(n: usize, held_out: usize, split_seed: u64) -> (Vec<u32>, Vec<u32>) {
    draw(&mut Stream::new(split_seed, "split", 0), n, held_out, Alike::default())
}

/// Splits like [`split`], with the stream `stream` and with respect to `alike`. Two splits of the same examples should
/// not share a stream.
///
/// With groups, the number of held-out examples is only near `held_out`. If that is above 0 and there are several
/// groups, at least one of them is held out. At least one group is always left.
pub fn draw(stream: &mut Stream, n: usize, held_out: usize, alike: Alike<'_>) -> (Vec<u32>, Vec<u32>) {
    let held_out = held_out.min(n);
    let (mut train, mut held) = match alike {
        Alike { classes: None, groups: None } => {
            let mut held = stream.permutation(n);
            (held.split_off(held_out), held)
        }
        Alike { classes: Some(classes), groups: None } => by_class(stream, classes, held_out),
        Alike { classes, groups: Some(groups) } => by_group(stream, groups, classes, held_out),
    };
    train.sort_unstable();
    held.sort_unstable();
    (train, held)
}

/// Returns the number of examples of each class.
pub fn class_sizes(classes: impl IntoIterator<Item = i64>) -> Vec<usize> {
    let mut sizes = Vec::new();
    for class in classes {
        let class = class as usize;
        if class >= sizes.len() {
            sizes.resize(class + 1, 0);
        }
        sizes[class] += 1;
    }
    sizes
}

/// Divides `count` in proportion to `sizes`. Shares are rounded down. What is left goes to the shares with the largest
/// remainders, one to each.
fn shares(sizes: &[usize], count: usize) -> Vec<usize> {
    let n = (sizes.iter().sum::<usize>() as u128).max(1);
    let exact = |size: usize| size as u128 * count as u128;
    let mut shares: Vec<usize> = sizes.iter().map(|&size| (exact(size) / n) as usize).collect();
    let left = count - shares.iter().sum::<usize>();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(exact(sizes[index]) % n));
    for index in order.into_iter().take(left) {
        shares[index] += 1;
    }
    shares
}

/// Holds out `held_out` examples, with the share of each class.
fn by_class(stream: &mut Stream, classes: &[i64], held_out: usize) -> (Vec<u32>, Vec<u32>) {
    let mut left = shares(&class_sizes(classes.iter().copied()), held_out);
    let order = stream.permutation(classes.len()).into_iter();
    order.partition(|&row| {
        let left = &mut left[classes[row as usize] as usize];
        let train = *left == 0;
        *left = left.saturating_sub(1);
        train
    })
}

/// Goes through the groups in random order. Holds a group out if more than half of its examples are still missing from
/// the shares of their classes.
fn by_group(stream: &mut Stream, groups: &[u32], classes: Option<&[i64]>, held_out: usize) -> (Vec<u32>, Vec<u32>) {
    let class = |row: usize| classes.map_or(0, |classes| classes[row] as usize);
    let mut contents: Vec<BTreeMap<usize, usize>> = Vec::new();
    for (row, &group) in groups.iter().enumerate() {
        if group as usize >= contents.len() {
            contents.resize(group as usize + 1, BTreeMap::new());
        }
        *contents[group as usize].entry(class(row)).or_default() += 1;
    }
    let mut missing = shares(&class_sizes((0..groups.len()).map(|row| class(row) as i64)), held_out);
    let order = stream.permutation(contents.len());
    let present: Vec<usize> =
        order.into_iter().map(|group| group as usize).filter(|&group| !contents[group].is_empty()).collect();
    let mut held = vec![false; contents.len()];
    let mut left = present.len();
    for &group in &present {
        let wanted: usize = contents[group].iter().map(|(&class, &size)| size.min(missing[class])).sum();
        let size: usize = contents[group].values().sum();
        if left > 1 && 2 * wanted > size {
            held[group] = true;
            left -= 1;
            for (&class, &size) in &contents[group] {
                missing[class] = missing[class].saturating_sub(size);
            }
        }
    }
    // No group was held out, because all are too large. So the smallest one is.
    if held_out > 0 && left == present.len() && left > 1 {
        let smallest = present.iter().min_by_key(|&&group| contents[group].values().sum::<usize>());
        smallest.into_iter().for_each(|&group| held[group] = true);
    }
    (0..groups.len() as u32).partition(|&row| !held[groups[row as usize] as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_parts_follow_from_the_seed_and_cover_all_examples() {
        let (train, held) = split(1000, 100, 0);
        assert_eq!((train.len(), held.len()), (900, 100));
        assert!(train.is_sorted() && held.is_sorted());
        let mut all = [train.clone(), held.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..1000));
        assert_eq!(split(1000, 100, 0), (train, held.clone()));
        assert_ne!(split(1000, 100, 1).1, held);
        assert_eq!(split(3, 0, 0), (vec![0, 1, 2], vec![]));
    }

    /// Every published curve depends on which examples are held out.
    #[test]
    fn the_draw_is_stable() {
        assert_eq!(split(20, 5, 0).1, [0, 4, 6, 8, 14]);
    }

    fn drawn(seed: u64, held_out: usize, alike: Alike<'_>) -> (Vec<u32>, Vec<u32>) {
        let n = alike.classes.map(<[i64]>::len).or(alike.groups.map(<[u32]>::len)).unwrap();
        let (train, held) = draw(&mut Stream::new(seed, "split", 0), n, held_out, alike);
        let mut all = [train.clone(), held.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..n as u32));
        (train, held)
    }

    #[test]
    fn shares_are_in_proportion_and_add_up() {
        assert_eq!(shares(&[50, 30, 20], 10), [5, 3, 2]);
        assert_eq!(shares(&[9, 1], 2), [2, 0]);
        assert_eq!(shares(&[5, 5, 5], 4), [2, 1, 1]);
        assert_eq!(shares(&[0, 3, 0], 2), [0, 2, 0]);
        assert_eq!(shares(&[], 0), [0; 0]);
    }

    #[test]
    fn both_parts_have_the_same_share_of_each_class() {
        // One in ten is of class 1, and one in a hundred of class 2.
        let classes: Vec<i64> =
            (0..1000).map(|row| if row % 100 == 7 { 2 } else { i64::from(row % 10 == 3) }).collect();
        for seed in 0..20 {
            let (_, held) = drawn(seed, 100, Alike { classes: Some(&classes), groups: None });
            assert_eq!(class_sizes(held.iter().map(|&row| classes[row as usize])), [89, 10, 1]);
        }
        let alike = Alike { classes: Some(&classes), groups: None };
        assert_ne!(drawn(0, 100, alike), drawn(1, 100, alike));
    }

    #[test]
    fn no_group_is_in_two_parts() {
        let groups: Vec<u32> = (0..1000).map(|row| row * row % 97).collect();
        let classes: Vec<i64> = groups.iter().map(|&group| i64::from(group % 4 == 0)).collect();
        for seed in 0..20 {
            for classes in [None, Some(&classes[..])] {
                let (train, held) = drawn(seed, 200, Alike { classes, groups: Some(&groups) });
                let of = |rows: &[u32]| {
                    rows.iter().map(|&row| groups[row as usize]).collect::<std::collections::BTreeSet<_>>()
                };
                assert!(of(&train).is_disjoint(&of(&held)));
                assert!((180..=220).contains(&held.len()), "{}", held.len());
                if let Some(classes) = classes {
                    let all = class_sizes(classes.iter().copied())[1] as f64 / 1000.0;
                    let share =
                        class_sizes(held.iter().map(|&row| classes[row as usize]))[1] as f64 / held.len() as f64;
                    assert!((share - all).abs() < 0.1, "{share} and {all}");
                }
            }
        }
    }

    #[test]
    fn a_group_is_held_out_and_one_is_left() {
        let held = |groups: &[u32], held_out| drawn(0, held_out, Alike { classes: None, groups: Some(groups) }).1;
        // All groups are larger than what is asked for: the smallest is held out.
        assert_eq!(held(&[0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2], 1), [4, 5, 6]);
        assert_eq!(held(&[5, 5, 5], 1), [0u32; 0]);
        assert_eq!(held(&[0, 0, 1, 1], 3).len(), 2);
        assert_eq!(held(&[0, 0, 1, 1], 0), [0u32; 0]);
    }
}
