//! Lines that start with `#` or `%`.

use super::*;

#[test]
fn rows_that_start_like_comments_are_not_lost() {
    let plain = ReadOptions::default();
    let rows: String =
        (0..20).map(|n| format!("{}{n},{},p\n", if n % 3 == 0 { "#" } else { "" }, n * 7 % 11)).collect();
    for (header, mark) in [("id,a,y", '#'), ("id,a,y", '%')] {
        let text = format!("{header}\n{rows}").replace('#', &mark.to_string());
        let message = read_with(&text, &plain).unwrap_err();
        let expected = format!(
            "a.csv:2: this line starts with `{mark}` and has the cells of a row\nif such lines are rows, write comment = \
             \"\"; if they are comments, write comment = \"{mark}\""
        );
        assert_eq!(message, expected);
        let as_rows = ReadOptions { comments: Comments::Never, ..ReadOptions::default() };
        assert_eq!(read_with(&text, &as_rows).unwrap().rows, 20);
        let as_comments = ReadOptions { comments: Comments::Start(mark as u8), ..ReadOptions::default() };
        let sheet = read_with(&text, &as_comments).unwrap();
        assert_eq!((sheet.rows, sheet.found.comments), (13, 7));
    }
    for text in ["a,b\n1,3\n# 7,8\n2,4\n", "a,b\n1,3\n#x,y\n2,4\n", "a\n1\n#2\n"] {
        assert!(read_with(text, &plain).unwrap_err().contains("comment = \"\""), "{text:?}");
    }
    // Without a header, the first rows may start like comments.
    for text in ["#0,1,p\n3,2,q\n4,1,p\n", "# red,1\nblue,2\n"] {
        assert!(read_with(text, &without_header()).unwrap_err().contains("comment = \"\""), "{text:?}");
    }
    assert_eq!(read_with("# a note\n3,2,q\n4,1,p\n", &without_header()).unwrap().rows, 2);
    // A note, an error of a spreadsheet, and lines above the header.
    for (text, right) in [
        ("a,b\n1,3\n# in short, a note\n2,4\n", "a: 1 2\nb: 3 4"),
        ("a,b\n1,3\n#N/A,4\n", "a: 1 ∅\nb: 3 4"),
        ("#7,8\n# 1,2\na,b\n1,3\n2,4\n", "a: 1 2\nb: 3 4"),
    ] {
        assert_eq!(shown(&read(text)), right, "{text:?}");
    }
}

/// After the first mebibyte, such a line is a row.
#[test]
fn late_rows_that_start_like_comments_are_kept() {
    let rows: String = (0..200_000).map(|n| format!("{n},{}\n", n % 10)).collect();
    let sheet = read(format!("a,b\n{rows}#7,5\n# a note\n"));
    assert_eq!((sheet.rows, sheet.found.comments), (200_001, 1));
}

#[test]
fn a_header_may_start_like_a_comment() {
    for (text, right) in [
        ("#,f,y\n1,5,p\n2,7,q\n", "#: 1 2\nf: 5 7\ny: 'p' 'q'"),
        ("%fat,a,y\n1,5,p\n2,7,q\n", "%fat: 1 2\na: 5 7\ny: 'p' 'q'"),
        ("# of rooms\n%fat,a,y\n1,5,p\n2,7,q\n", "%fat: 1 2\na: 5 7\ny: 'p' 'q'"),
        ("#;f;y\n1;0,5;p\n2;0,7;q\n", "#: 1 2\nf: 0.5 0.7\ny: 'p' 'q'"),
        ("# f y\n1 5 p\n2 7 q\n", "#: 1 2\nf: 5 7\ny: 'p' 'q'"),
        ("#id,f\n1,5\n2,7\n", "id: 1 2\nf: 5 7"),
    ] {
        let sheet = read(text);
        assert_eq!(shown(&sheet), right, "{text:?}");
        assert_eq!(sheet.found.comments, usize::from(text.starts_with("# of")));
    }
}

#[test]
fn the_format_counts_comment_lines() {
    let sheet = read("# one\na,b\n1,2\n# two\n3,4\n");
    assert_eq!(sheet.found.to_string(), "separated by `,`; 2 comment lines left out");
}
