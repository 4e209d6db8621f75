//! The colours, marks and short names of strategies.

use crate::compare::report::ProblemReport;
use crate::plot::{COLOURS, Mark, RGBColor};

/// The colour of strategies without one of their own.
pub const GREY: RGBColor = RGBColor(150, 150, 150);

/// The most letters of a name.
const NAME: usize = 30;

/// The looks of all strategies, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub looks: Vec<Look>,
}

/// The look of a strategy in every picture of its problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Its label, shortened. No two strategies have the same name.
    pub name: String,
    pub colour: RGBColor,
    /// `None` for a strategy in grey.
    pub mark: Option<Mark>,
}

impl Key {
    pub fn of_strategies(problem: &ProblemReport) -> Key {
        Key::new(&problem.strategies.iter().map(|it| it.label.as_str()).collect::<Vec<_>>())
    }

    /// Returns a key of `labels`, best first. If there are more than colours, the best ones and the last have one.
    pub fn new(labels: &[&str]) -> Key {
        let most = COLOURS.len();
        let number = |at: usize| match () {
            () if labels.len() <= most || at + 1 < most => Some(at),
            () if at + 1 == labels.len() => Some(most - 1),
            () => None,
        };
        let look = |(at, name): (usize, String)| Look {
            name,
            colour: number(at).map_or(GREY, |number| COLOURS[number]),
            mark: number(at).map(|number| Mark::ALL[number]),
        };
        Key { looks: names(labels).into_iter().enumerate().map(look).collect() }
    }

    /// Returns a sentence about the strategies in grey. `None` if there are none.
    pub fn note(&self) -> Option<String> {
        let grey = self.looks.iter().filter(|it| it.mark.is_none()).count();
        let (all, best) = (self.looks.len(), COLOURS.len() - 1);
        (grey > 0)
            .then(|| format!("Coloured: the best {best} and the worst of {all} strategies. Grey: the other {grey}."))
    }
}

/// Returns a short name for each label. Names that would be the same begin with the rank.
fn names(labels: &[&str]) -> Vec<String> {
    let names: Vec<String> = labels.iter().map(|it| shortened(it, NAME)).collect();
    let is_alone = |name: &String| names.iter().filter(|it| *it == name).count() == 1;
    let named = |(rank, name): (usize, &String)| if is_alone(name) { name.clone() } else { format!("{rank}. {name}") };
    (1..).zip(&names).map(named).collect()
}

/// Returns `text` with at most `most` letters. Its middle is left out, because labels often differ at their ends.
pub fn shortened(text: &str, most: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= most {
        return text.to_owned();
    }
    let end = (most - 1) / 2;
    let start = most - 1 - end;
    let part = |letters: &[char]| letters.iter().collect::<String>();
    format!("{}…{}", part(&letters[..start]), part(&letters[letters.len() - end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_different() {
        let long = |end: &str| format!("{}{}{end}", "a".repeat(40), "b".repeat(40));
        let labels = [long("x"), long("y"), "cosine".to_owned(), format!("{}c", long("x").replacen('b', "c", 1))];
        let found = names(&labels.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found[2], "cosine");
        assert!(found.iter().all(|it| it.chars().count() <= NAME + 3), "{found:?}");
        let same = "z".repeat(90);
        assert_eq!(names(&[&format!("{same}1{same}"), &format!("{same}2{same}")])[1][..5], *"2. zz");
    }

    #[test]
    fn the_best_and_the_worst_of_many_have_colours() {
        let labels: Vec<String> = (0..40).map(|it| it.to_string()).collect();
        let key = Key::new(&labels.iter().map(String::as_str).collect::<Vec<_>>());
        let coloured: Vec<&str> = key.looks.iter().filter(|it| it.mark.is_some()).map(|it| it.name.as_str()).collect();
        assert_eq!(coloured, ["0", "1", "2", "3", "4", "5", "39"]);
        assert_eq!(key.note().unwrap(), "Coloured: the best 6 and the worst of 40 strategies. Grey: the other 33.");
        assert_eq!(Key::new(&labels.iter().take(7).map(String::as_str).collect::<Vec<_>>()).note(), None);
    }
}
