//! Letters for strategies that cannot be told apart: the compact letter display (Piepho 2004).
//!
//! Two strategies share a letter exactly if they are not told apart. A letter is a set of strategies no two of which
//! are told apart, so the display is a cover of the pairs that are not told apart by such sets. Piepho's insert-absorb
//! method finds all maximal sets, which may be exponentially many. Here each is grown from a pair that has no letter
//! yet (the clique-growing of Gramm et al. 2007, Computational Statistics & Data Analysis 52), so there are at most as
//! many as pairs. Where strategies fall into overlapping stretches of the ranking, both give the same letters.

/// Returns the letters of `strategies` strategies, which are numbered by rank from 0. `told_apart(i, j)` returns
/// whether strategies i and j are told apart. They are also told apart if only `told_apart(j, i)` is true. Letters are
/// in the order of the ranking: the best strategy has an `a`.
///
/// Letters are `a` to `z`, then `a2` to `z2`, and so on. Those of a strategy are joined: `"aba2"` is a, b and a2.
pub fn letters(strategies: usize, told_apart: impl Fn(usize, usize) -> bool) -> Vec<String> {
    let mut letters = vec![String::new(); strategies];
    for (index, group) in groups(strategies, told_apart).into_iter().enumerate() {
        for strategy in group {
            letters[strategy] += &letter(index);
        }
    }
    letters
}

/// Returns the groups of strategies that cannot be told apart, one for each letter. Each is in the order of the
/// ranking, and so are the groups. See [`letters`].
fn groups(strategies: usize, told_apart: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let together: Vec<Vec<bool>> = (0..strategies)
        .map(|i| (0..strategies).map(|j| i == j || !(told_apart(i, j) || told_apart(j, i))).collect())
        .collect();
    // The number of groups that each pair is in.
    let mut covered = vec![vec![0_usize; strategies]; strategies];
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in 0..strategies {
        for j in i..strategies {
            // A strategy has a letter of its own only if it has no other.
            let alone = i == j && (0..strategies).any(|other| other != i && together[i][other]);
            if !together[i][j] || alone || covered[i][j] > 0 {
                continue;
            }
            let mut group = vec![i, j];
            group.dedup();
            for (k, with_k) in together.iter().enumerate() {
                if !group.contains(&k) && group.iter().all(|&member| with_k[member]) {
                    group.push(k);
                }
            }
            group.sort_unstable();
            pairs(&group).for_each(|(first, second)| covered[first][second] += 1);
            groups.push(group);
        }
    }
    sweep(&mut groups, &mut covered);
    groups.sort();
    groups
}

/// Removes each group with no pair of its own: all its pairs are in other groups, too. Begins with the smallest group.
fn sweep(groups: &mut Vec<Vec<usize>>, covered: &mut [Vec<usize>]) {
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    for index in (0..groups.len()).rev() {
        if pairs(&groups[index]).all(|(first, second)| covered[first][second] > 1) {
            pairs(&groups[index]).for_each(|(first, second)| covered[first][second] -= 1);
            groups.remove(index);
        }
    }
}

/// Yields the pairs of a group, each strategy with itself included.
fn pairs(group: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    group.iter().enumerate().flat_map(|(index, &first)| group[index..].iter().map(move |&second| (first, second)))
}

fn letter(index: usize) -> String {
    let letter = char::from(b'a' + (index % 26) as u8);
    match index / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(strategies: usize, told_apart: impl Fn(usize, usize) -> bool) -> String {
        letters(strategies, told_apart).join(" ")
    }

    #[test]
    fn overlapping_stretches() {
        assert_eq!(shown(4, |i, j| i.abs_diff(j) > 1), "a ab bc c");
        assert_eq!(shown(5, |i, j| i.abs_diff(j) > 2), "a ab abc bc c");
    }

    #[test]
    fn all_and_none_told_apart() {
        assert_eq!(shown(3, |_, _| true), "a b c");
        assert_eq!(shown(3, |_, _| false), "a a a");
        assert_eq!((shown(1, |_, _| true), shown(0, |_, _| true)), ("a".to_owned(), String::new()));
    }

    #[test]
    fn best_strategy_alone() {
        assert_eq!(shown(4, |i, j| i.min(j) == 0), "a b b b");
    }

    #[test]
    fn ring_needs_as_many_letters_as_pairs() {
        assert_eq!(shown(5, |i, j| ![1, 4].contains(&i.abs_diff(j))), "ab ac cd de be");
    }

    #[test]
    fn letters_after_z_have_a_number() {
        let letters = letters(28, |_, _| true);
        assert_eq!(letters[25..], ["z", "a2", "b2"]);
    }

    proptest! {
        #[test]
        fn two_share_a_letter_exactly_if_not_told_apart(
            n in 1..12_usize,
            bits in proptest::collection::vec(any::<bool>(), 144),
        ) {
            let told_apart = |i: usize, j: usize| bits[i.min(j) * 12 + i.max(j)];
            let groups = groups(n, told_apart);
            let shared = |i, j| groups.iter().any(|group| group.contains(&i) && group.contains(&j));
            for i in 0..n {
                prop_assert!(shared(i, i));
                for j in 0..n {
                    prop_assert_eq!(shared(i, j), i == j || !told_apart(i, j));
                }
            }
            // No letter could be left out.
            for without in 0..groups.len() {
                let rest = groups.iter().enumerate().filter(|(index, _)| *index != without).map(|(_, group)| group);
                let rest: Vec<_> = rest.collect();
                let kept = |i, j| rest.iter().any(|group| group.contains(&i) && group.contains(&j));
                prop_assert!(pairs(&groups[without]).any(|(i, j)| !kept(i, j)));
            }
        }
    }
}
