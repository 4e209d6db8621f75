//! Tables as Excel, pandas, R and the UCI repository write them, and as people write them by hand.

mod comments;
mod row_names;

use std::io::Write;

use encoding_rs::{UTF_16BE, UTF_16LE};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn read_with(text: impl AsRef<[u8]>, options: &ReadOptions) -> Result<Sheet, String> {
    Sheet::parse(text.as_ref(), "a.csv", options).map_err(|error| error.0)
}

fn read(text: impl AsRef<[u8]>) -> Sheet {
    let text = text.as_ref();
    read_with(text, &ReadOptions::default())
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(text)))
}

fn without_header() -> ReadOptions {
    ReadOptions { header: Some(false), ..ReadOptions::default() }
}

/// Returns the table as text, one column a line: `x: 1 2 ∅`. Words are in quotes.
fn shown(sheet: &Sheet) -> String {
    let column = |column: &Column| {
        let cells: Vec<String> = (0..sheet.rows)
            .map(|row| match &column.cells {
                _ if column.is_empty(row) => "∅".into(),
                Cells::Numbers(numbers) => numbers.decimal(numbers.get(row)).to_string(),
                Cells::Text { words, codes } => format!("'{}'", words[codes[row] as usize]),
            })
            .collect();
        format!("{}: {}", column.name, cells.join(" "))
    };
    sheet.columns.iter().map(column).collect::<Vec<_>>().join("\n")
}

#[test]
fn separators_are_found() {
    let right = "a: 1 2\nb: 3.5 4.5\nc: 'x' 'y'";
    for (text, delimiter) in [
        ("a,b,c\n1,3.5,x\n2,4.5,y\n", Delimiter::Byte(b',')),
        ("a, b, c\n1, 3.5, x\n2, 4.5, y\n", Delimiter::Byte(b',')),
        ("a;b;c\n1;3.5;x\n2;4.5;y\n", Delimiter::Byte(b';')),
        ("a\tb\tc\n1\t3.5\tx\n2\t4.5\ty", Delimiter::Byte(b'\t')),
        ("a|b|c\r\n1|3.5|x\r\n2|4.5|y\r\n", Delimiter::Byte(b'|')),
        ("  a  b   c\n  1 3.5   x\n  2 4.5   y  \n", Delimiter::Blanks),
        ("a b c\n1 3.5\tx\n2 4.5\ty\n", Delimiter::Blanks),
        ("sep=;\na;b;c\n1;3.5;x\n2;4.5;y\n", Delimiter::Byte(b';')),
        ("\u{feff}\"sep=;\"\r\na;b;c\r\n1;3.5;x\r\n2;4.5;y\r\n", Delimiter::Byte(b';')),
        ("SEP=,\na,b,c\n1,3.5,x\n2,4.5,y\n", Delimiter::Byte(b',')),
        ("a,b,c\r1,3.5,x\r2,4.5,y\r", Delimiter::Byte(b',')),
    ] {
        let sheet = read(text);
        assert_eq!((shown(&sheet).as_str(), sheet.found.delimiter), (right, delimiter), "{text:?}");
    }
    // The cells contain commas and blanks.
    let sheet = read("name;list\nNew York;1,2\nSan Jose;3,x\n");
    assert_eq!(shown(&sheet), "name: 'New York' 'San Jose'\nlist: '1,2' '3,x'");
    // The UCI repository's table of cars: blanks, then a tab and a name in quotes.
    let text = "18.0   8   307.0   1\t\"chevrolet malibu\"\n15.0   8   ?   1\t\"buick skylark 320\"\n";
    let sheet = read_with(text, &without_header()).unwrap();
    assert_eq!(shown(&sheet), "1: 18 15\n2: 8 8\n3: 307 ∅\n4: 1 1\n5: 'chevrolet malibu' 'buick skylark 320'");
}

#[test]
fn decimal_and_thousands_marks_are_found() {
    for (text, values, mark) in [
        ("a;b\n1,5;x\n-2,25;y\n", "1.5 -2.25", (',', None)),
        ("a;b\n1.234,5;x\n2,25;y\n", "1234.5 2.25", (',', Some('.'))),
        ("a,b\n\"1,5\",x\n\"2,25\",y\n", "1.5 2.25", (',', None)),
        ("a,b\n\"250,000\",x\n\"1,310,000\",y\n", "250000 1310000", ('.', Some(','))),
        ("a,b\n\"250,000\",x\n\"310,000\",y\n", "250000 310000", ('.', Some(','))),
        ("a,b\n\"250,000.5\",x\n7,y\n", "250000.5 7", ('.', Some(','))),
        // Semicolons suggest that the comma is the decimal mark.
        ("a;b\n1,234;x\n2,345;y\n", "1.234 2.345", (',', None)),
        ("a;b\n0,123;x\n2,345;y\n", "0.123 2.345", (',', None)),
        ("a\tb\n1 234,5\tx\n7\ty\n", "1234.5 7", (',', Some(' '))),
        ("a;b\n1'234.5;x\n7;y\n", "1234.5 7", ('.', Some('\''))),
        ("a;b\n1.234;x\n2.345;y\n", "1.234 2.345", ('.', None)),
    ] {
        let sheet = read(text);
        assert_eq!(shown(&sheet), format!("a: {values}\nb: 'x' 'y'"), "{text:?}");
        let (decimal, thousands) = mark;
        assert_eq!(sheet.found.marks, Marks { decimal, thousands }, "{text:?}");
    }
    // A point between thousands in one column, because another one has decimal commas.
    assert_eq!(shown(&read("a;b\n1.234;0,5\n2.345;1,25\n")), "a: 1234 2345\nb: 0.5 1.25");
    let options = ReadOptions { decimal: Some('.'), thousands: Some(','), ..ReadOptions::default() };
    assert_eq!(shown(&read_with("a;b\n1,234;x\n2,345;y\n", &options).unwrap()), "a: 1234 2345\nb: 'x' 'y'");
    let options = ReadOptions { decimal: Some(','), thousands: Some(','), ..ReadOptions::default() };
    assert!(read_with("a;b\n1;2\n", &options).unwrap_err().contains("are the same"));
}

#[test]
fn encodings_are_read() {
    let text = "größe;maß\n1,5;süß\n2,5;groß\n";
    let right = "größe: 1.5 2.5\nmaß: 'süß' 'groß'";
    let utf16 = |little: bool, mark: bool| -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(text);
    for (bytes, name) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (format!("\u{feff}{text}").into_bytes(), "UTF-8"),
        (latin.to_vec(), "windows-1252"),
        (utf16(true, true), "UTF-16LE"),
        (utf16(false, true), "UTF-16BE"),
        (utf16(true, false), "UTF-16LE"),
        (utf16(false, false), "UTF-16BE"),
    ] {
        let sheet = read(&bytes);
        assert_eq!((shown(&sheet).as_str(), sheet.found.encoding), (right, name));
        let mut gzipped = GzEncoder::new(Vec::new(), Compression::fast());
        gzipped.write_all(&bytes).unwrap();
        assert_eq!(shown(&read(gzipped.finish().unwrap())), right);
    }
    let with = |encoding| ReadOptions { encoding: Some(encoding), ..ReadOptions::default() };
    assert_eq!(shown(&read_with(utf16(true, false), &with(UTF_16LE)).unwrap()), right);
    assert!(read_with(utf16(true, true), &with(UTF_16BE)).is_ok_and(|sheet| sheet.found.encoding == "UTF-16LE"));
    let (cyrillic, encoding, _) = encoding_rs::KOI8_R.encode("вес;рост\n1;да\n2;нет\n");
    assert_eq!(shown(&read_with(cyrillic, &with(encoding)).unwrap()), "вес: 1 2\nрост: 'да' 'нет'");
}

#[test]
fn latin_text_far_below_is_read_too() {
    let mut text = b"number;word\n".to_vec();
    for row in 0..100_000 {
        text.extend(format!("{row};a word\n").bytes());
    }
    text.extend(b"1;s\xfc\xdf\n");
    let sheet = read(&text);
    let Cells::Text { words, .. } = &sheet.columns[1].cells else { panic!() };
    assert_eq!((words.join(","), sheet.found.encoding), ("a word,süß".to_owned(), "windows-1252"));
    // After text that is UTF-8, other bytes are a mistake.
    let mut text = "a;b\n1;süß\n".as_bytes().to_vec();
    text.extend(b"2;s\xfc\xdf\n");
    let error = read_with(&text, &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error,
        "a.csv:3: the text is not UTF-8; if it has another encoding, name it: encoding = \"windows-1252\""
    );
}

#[test]
fn words_for_empty_cells_are_known() {
    for word in MISSING_WORDS.iter().copied().chain(["", "  "]) {
        let sheet = read(format!("a,b,c\n1,x,1\n{word},{word},2\n2,y,3\n"));
        assert_eq!(shown(&sheet), "a: 1 ∅ 2\nb: 'x' ∅ 'y'\nc: 1 2 3", "{word:?}");
    }
    // A dash is empty only among numbers, and `none` is a word.
    assert_eq!(shown(&read("a,b\n1,+\n-,-\n2,none\n")), "a: 1 ∅ 2\nb: '+' '-' 'none'");
    let missing_words = |words: &[&str]| {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        ReadOptions { missing_words: Some(words), ..ReadOptions::default() }
    };
    let text = "a,b\n1,NA\n-999,BE\n-999.0,-\n3,\n";
    assert_eq!(shown(&read_with(text, &missing_words(&["-999"])).unwrap()), "a: 1 ∅ ∅ 3\nb: 'NA' 'BE' '-' ∅");
    assert_eq!(shown(&read_with("a,b\n1,x\nNA,y\n", &missing_words(&[])).unwrap()), "a: '1' 'NA'\nb: 'x' 'y'");
}

#[test]
fn na_is_not_a_class() {
    let sheet = read("length,sex\n39.1,male\n39.5,female\n40.3,NA\n36.7,female\n39.3,male\n38.9,NA\n");
    assert_eq!(shown(&sheet).lines().last(), Some("sex: 'male' 'female' ∅ 'female' 'male' ∅"));
    assert_eq!(sheet.columns[1].empty_cells(), 2);
}

#[test]
fn comment_lines_are_left_out() {
    let right = "a: 1 2\nb: 3 4";
    for (text, comments) in [
        ("# made by hand\n% on a Sunday\na,b\n1,3\n2,4\n", 2),
        ("# a list, with commas, and \"quotes\na,b\n1,3\n# in between, too\n2,4\n", 2),
        ("a,b\n1,3\n# 7\n2,4\n% the end\n", 2),
        ("#a,b\n1,3\n2,4\n", 0),
        ("# a b\n1 3\n2 4\n", 0),
        ("# a note\n# a,b\n1,3\n2,4\n", 1),
        ("# made by me, on a Sunday\na,b\n1,3\n2,4\n", 1),
    ] {
        let sheet = read(text);
        assert_eq!((shown(&sheet).as_str(), sheet.found.comments), (right, comments), "{text:?}");
    }
    // Colours and song titles are not comments.
    assert_eq!(shown(&read("colour,n\n#ff0000,1\n#00ff00,2\n")), "colour: '#ff0000' '#00ff00'\nn: 1 2");
    assert_eq!(shown(&read("title,n\n#1 Crush,1\nBad,2\n")), "title: '#1 Crush' 'Bad'\nn: 1 2");
    assert_eq!(
        shown(&read_with("#ff0000,1\n#00ff00,2\n", &without_header()).unwrap()),
        "1: '#ff0000' '#00ff00'\n2: 1 2"
    );
    let with = |comments| ReadOptions { comments, ..ReadOptions::default() };
    assert_eq!(shown(&read_with("!x\na,b\n1,3\n!7,8\n2,4\n", &with(Comments::Start(b'!'))).unwrap()), right);
    assert_eq!(shown(&read_with("#a,b\n1,3\n2,4\n", &with(Comments::Never)).unwrap()), "#a: 1 2\nb: 3 4");
}

#[test]
fn a_header_of_values_is_doubted() {
    let text = "5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,3.3,virginica\n5.8,2.7,virginica\n";
    let sheet = read(text);
    assert_eq!((sheet.rows, sheet.found.header_doubt), (3, Some(HeaderDoubt::Values)));
    let sheet = read_with(text, &without_header()).unwrap();
    assert_eq!(shown(&sheet), "1: 5.1 4.9 6.3 5.8\n2: 3.5 3 3.3 2.7\n3: 'setosa' 'setosa' 'virginica' 'virginica'");
    assert_eq!(sheet.found.header_doubt, None);
    for (text, doubt) in [
        ("1.5,2\n3,4\n", Some(HeaderDoubt::Numbers)),
        ("0,1,2\n3,4,5\n", None),
        ("a,b\na,1\n", None),
        ("a,1\na,1\n", Some(HeaderDoubt::Values)),
        (",2.5,x\n0,1,x\n1,2,y\n", Some(HeaderDoubt::Values)),
    ] {
        assert_eq!(read(text).found.header_doubt, doubt, "{text:?}");
    }
    let warning = HeaderDoubt::Values.to_string();
    assert!(warning.contains("header = false"), "{warning}");
}

#[test]
fn columns_without_name_or_value_are_left_out() {
    for text in [
        "a,b,\n1,3,\n2,4,\n",
        "a,b\n1,3,\n2,4,\n",
        "a,b,\n1,3\n2,4\n",
        "a,b,,,\n1,3,,,\n2,4,,,\n,,,,\n",
        "a,,b\n1,,3\n2,,4\n",
        "a;b;\n1;3;\n2;4;\n",
    ] {
        assert_eq!(shown(&read(text)), "a: 1 2\nb: 3 4", "{text:?}");
    }
    assert_eq!(shown(&read_with("1,3,\n2,4,\n", &without_header()).unwrap()), "1: 1 2\n2: 3 4");
    let sheet = read("a,b,,,\n1,3,,,\n,,,,\n2,4,,,\n");
    assert_eq!((sheet.found.blank_columns, sheet.found.blank_rows, sheet.rows), (3, 1, 2));
    // A column that has a value stays, and so does one that has a name.
    assert_eq!(shown(&read("a,b,\n1,3,\n2,4,5\n")), "a: 1 2\nb: 3 4\n: ∅ 5");
    assert_eq!(shown(&read("a,b\n1,\n2,\n")), "a: 1 2\nb: ∅ ∅");
}

#[test]
fn names_are_unique() {
    let sheet = read("x,y,x,x\n1,2,3,4\n");
    assert_eq!(shown(&sheet), "x: 1\ny: 2\nx.1: 3\nx.2: 4");
    let renamed = Renamed { column: 3, from: "x".into(), to: "x.1".into() };
    assert_eq!((sheet.found.renamed.len(), &sheet.found.renamed[0]), (2, &renamed));
    assert!(sheet.found.to_string().contains("column 3 is another `x` and is called `x.1`"), "{}", sheet.found);
}

#[test]
fn row_numbers_and_row_names_are_recognized() {
    let rows: String =
        (0..100).map(|i| format!("{i},{},{}\n", i * 7919 % 101, if i < 50 { "a" } else { "b" })).collect();
    let kinds = |sheet: &Sheet| sheet.columns.iter().map(|column| column.kind).collect::<Vec<_>>();
    let sheet = read(format!(",f,kind\n{rows}"));
    assert_eq!((kinds(&sheet), sheet.columns[0].name.as_str()), (vec![Kind::Index, Kind::Numbers, Kind::Text], ""));
    // R's write.table has no name for the row names.
    let sheet = read("\"mpg\" \"cyl\"\n\"Mazda RX4\" 21 6\n\"Datsun 710\" 22.8 4\n");
    assert_eq!(shown(&sheet), ": 'Mazda RX4' 'Datsun 710'\nmpg: 21 22.8\ncyl: 6 4");
    assert_eq!((kinds(&sheet)[0], sheet.found.row_names), (Kind::Index, true));
    assert_eq!(kinds(&read("a,id\n7,1\n5,2\n9,3\n")), [Kind::Numbers, Kind::Index]);
}

#[test]
fn dates_are_a_kind() {
    let sheet = read("day,x\n2024-01-31,1\n2024-02-01,2\nNA,3\n");
    assert_eq!(sheet.columns[0].kind, Kind::Dates);
    assert_eq!(shown(&sheet), "day: '2024-01-31' '2024-02-01' ∅\nx: 1 2 3");
    assert_eq!(read("day;x\n31.01.2024;1,5\n01.02.2024;2,5\n").columns[0].kind, Kind::Dates);
}

#[test]
fn yes_no_and_true_false_are_words() {
    let sheet = read("a,b,c\nyes,TRUE,1\nno,FALSE,2\nyes,TRUE,3\n");
    assert_eq!(shown(&sheet), "a: 'yes' 'no' 'yes'\nb: 'TRUE' 'FALSE' 'TRUE'\nc: 1 2 3");
}

#[test]
fn columns_are_kept_as_text_when_asked() {
    let options = ReadOptions { text_columns: vec!["y".into()], ..ReadOptions::default() };
    assert_eq!(shown(&read_with("x,y\n1,01\n2,1.0\n3,NA\n", &options).unwrap()), "x: 1 2 3\ny: '01' '1.0' ∅");
}

#[test]
fn quotes_may_hold_separators_line_ends_and_quotes() {
    let sheet = read("a,\"b, c\"\n1,\"x, \"\"y\"\"\nz\"\n2, \"w\" \n3,5\" pipe\n");
    assert_eq!(shown(&sheet), "a: 1 2 3\nb, c: 'x, \"y\"\nz' 'w' '5\" pipe'");
    assert_eq!([0, 1, 2].map(|row| sheet.line(row)), [2, 4, 5]);
}

/// A cell after the first mebibyte can contradict the layout.
#[test]
fn late_cells_correct_the_layout() {
    let late = |last: &str| {
        let rows: String = (0..300_000).map(|row| format!("{row};{}\n", row % 7)).collect();
        let sheet = read(format!("a;b\n{rows}{last}\n"));
        let cell = |column: usize| match &sheet.columns[column].cells {
            Cells::Numbers(numbers) => numbers.decimal(numbers.get(300_000)).to_string(),
            Cells::Text { words, codes } => format!("'{}'", words[codes[300_000] as usize]),
        };
        (cell(0), cell(1), sheet.found.marks)
    };
    let commas = Marks { decimal: ',', thousands: None };
    assert_eq!(late("300000;5"), ("300000".into(), "5".into(), Marks::PLAIN));
    assert_eq!(late("x;5"), ("'x'".into(), "5".into(), Marks::PLAIN));
    assert_eq!(late("300000;5,5"), ("300000".into(), "5.5".into(), commas));
    assert_eq!(late("x;5,5"), ("'x'".into(), "5.5".into(), commas));
}

/// Marks that are found late must not change earlier numbers.
#[test]
fn late_marks_do_not_change_earlier_numbers() {
    let rows: String = (0..200_000).map(|row| format!("1.234;{}\n", row % 7)).collect();
    let sheet = read(format!("a;b\n{rows}1.234;5,5\n"));
    assert!(
        matches!(&sheet.columns[0].cells, Cells::Numbers(Numbers::Rounded(values)) if values.iter().all(|&value| value == 1.234))
    );
    let stranger = sheet.stranger(&sheet.columns[1]).unwrap();
    assert_eq!((stranger.row, stranger.word.as_str(), stranger.numbers, stranger.others), (200_000, "5,5", 200_000, 1));
}

#[test]
fn words_among_numbers_are_found() {
    let sheet = read("a,b\n1,x\ninf,y\n3,z\n1e60,w\n");
    let stranger = Stranger { row: 1, word: "inf".into(), numbers: 2, others: 2 };
    assert_eq!(sheet.stranger(&sheet.columns[0]), Some(stranger));
    assert_eq!((sheet.stranger(&sheet.columns[1]), sheet.line(1)), (None, 3));
}

#[test]
fn numbers_that_f32_would_make_equal_are_kept_exactly() {
    for (cells, is_exact) in [
        ("16777216 16777215", false),
        ("16777217 1", true),
        ("1600000000 1600000060", true),
        ("48.85661 48.85662", true),
        ("0.1 0.2", false),
        ("0.1 0.1", false),
        ("1013.2 998.7", false),
        ("1e20 3e20", false),
    ] {
        let sheet = read(format!("a\n{}\n", cells.replace(' ', "\n")));
        assert_eq!(sheet.exact_columns().len(), usize::from(is_exact), "{cells}");
        assert_eq!(
            shown(&sheet),
            format!("a: {}", cells.replace("1e20 3e20", "100000000000000000000 300000000000000000000"))
        );
    }
    // A number far below the first mebibyte.
    let rows: String = (0..300_000).map(|row| format!("{row},x\n")).collect();
    let sheet = read(format!("a,b\n{rows}1600000001,x\n"));
    let Cells::Numbers(numbers) = &sheet.columns[0].cells else { panic!() };
    assert_eq!((numbers.len(), numbers.get(1), numbers.get(300_000)), (300_001, 1.0, 1_600_000_001.0));
    let options = ReadOptions { exact_columns: vec!["a".into()], ..ReadOptions::default() };
    assert_eq!(read_with("a,b\n1,2\n", &options).unwrap().exact_columns(), ["a"]);
}

#[test]
fn lines_are_right_after_blank_lines_and_comments() {
    let sheet = read("\r\n# note\r\na,b\r\n1,2\r\n\r\n# note\r\n3,4\r\n,\r\n5,6");
    assert_eq!([0, 1, 2].map(|row| sheet.line(row)), [4, 7, 9]);
}

#[test]
fn errors_say_where_and_what_to_do() {
    let plain = ReadOptions::default();
    let comma = ReadOptions { delimiter: Some(Delimiter::Byte(b',')), ..ReadOptions::default() };
    for (text, options, expected) in [
        ("", &plain, "a.csv: the file is empty"),
        ("\n \n", &plain, "a.csv: the file is empty"),
        ("a,b\n", &plain, "a.csv: there are no rows after the header"),
        ("a,b\n,\n", &plain, "a.csv: there are no rows after the header"),
        ("a,b\n1,2\n1\n", &plain, "a.csv:3: the header has 2 columns, but this row has 1"),
        (
            "a,b\n1,2,3\n1,2\n",
            &plain,
            "a.csv:2: the header has 2 columns, but this row has 3\nif numbers have decimal commas, put them in quotes, as \"1,5\", or separate the cells by semicolons",
        ),
        (
            "150,4,setosa,virginica\n1,2,3\n4,5,6\n",
            &plain,
            "a.csv:2: the header has 4 columns, but this row has 3, like the rows below; if line 1 is not the header, remove it",
        ),
        (
            "1,2\n1,2,3\n",
            &without_header(),
            "a.csv:2: the first row has 2 columns, but this row has 3\nif numbers have decimal commas, put them in quotes, as \"1,5\", or separate the cells by semicolons",
        ),
        ("a,b\n1,\"2\n3,4\n", &plain, "a.csv:2: a quote that opens in this row is never closed"),
        (
            "PK\u{3}\u{4}....",
            &plain,
            "a.csv: this is an Excel workbook or another Zip archive, not a text file; save the sheet as CSV, or unpack the \
             archive with unzip",
        ),
        ("a,b\n1,\0\n", &plain, "a.csv: this is not a text file: it has bytes that are 0"),
        (
            "a;b;c\n1;2;3\n",
            &comma,
            "a.csv:1: separated by `,` there is only one column, `a;b;c`; the file seems to be separated by `;`: delimiter = \";\"",
        ),
        (
            "a\tb\n1\t2\n",
            &comma,
            "a.csv:1: separated by `,` there is only one column, `a\tb`; the file seems to be separated by tabs: delimiter = \"\\t\"",
        ),
        (
            "a b\n1 2\n",
            &comma,
            "a.csv:1: separated by `,` there is only one column, `a b`; the file seems to be separated by blanks: delimiter = \"blanks\"",
        ),
    ] {
        assert_eq!(read_with(text, options).unwrap_err(), expected, "{text:?}");
    }
    let missing = Sheet::read(Path::new("/nowhere/a.csv"), &plain).unwrap_err();
    assert_eq!(missing.0, "/nowhere/a.csv: there is no such file");
    for (bytes, tool) in [
        (&b"BZh91AY&SY\0\xff"[..], "bunzip2"),
        (b"\xfd7zXZ\0\0\x04", "unxz"),
        (b"\x28\xb5\x2f\xfd\x04", "unzstd"),
        (b"\x04\x22\x4d\x18\x64", "unlz4"),
        (b"7z\xbc\xaf\x27\x1c\0", "7z x"),
    ] {
        let message = read_with(bytes, &plain).unwrap_err();
        assert!(message.contains(&format!("unpack it with {tool}")), "{message}");
    }
    assert_eq!(shown(&read("BZh,PAR1\n1,2\n")), "BZh: 1\nPAR1: 2");
}

/// DOS programs end a text with the character 26.
#[test]
fn the_end_of_a_dos_file_is_not_a_cell() {
    assert_eq!(shown(&read("a,b\r\n1,2\r\n3,4\r\n\x1a")), "a: 1 3\nb: 2 4");
    assert_eq!(shown(&read("a,b\r\n1,2\r\n3,4\x1a")), "a: 1 3\nb: 2 4");
}

#[test]
fn the_format_is_one_line() {
    let sheet = read("# one\nsep=;\na;b;\n1,5;\"1.000\";\n2,5;NA;\n");
    assert_eq!(
        sheet.found.to_string(),
        "separated by `;`, decimal commas, `.` between thousands; 1 comment line left out; 1 column without name and values"
    );
    assert_eq!(read("a,b\n1,2\n").found.to_string(), "separated by `,`");
    // No cell has a decimal mark, so no line says which one it is.
    assert_eq!(read("a;b\n1'100;x\n2'200;y\n").found.to_string(), "separated by `;`, `'` between thousands");
    let commas = read("a;b\n1'100;x\n2'200,5;y\n").found.to_string();
    assert_eq!(commas, "separated by `;`, decimal commas, `'` between thousands");
    assert_eq!(
        read_with("1 2\n3 4\n", &without_header()).unwrap().found.to_string(),
        "separated by blanks, without a header"
    );
}
