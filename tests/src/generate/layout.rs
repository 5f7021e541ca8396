//! Tokens, with anything that may stand between two of them.

use super::Choices;

/// Tokens with white space and comments between them, seldom what an author would write. Every comment is another one.
pub(super) fn scattered(choices: &mut Choices<'_>, tokens: &[String]) -> String {
    let mut text = String::new();
    let mut comments = 0;
    for (index, token) in tokens.iter().enumerate() {
        if index > 0 {
            let before = tokens[index - 1].as_str();
            text.push_str(&gap(choices, &mut comments, before, token));
        }
        text.push_str(token);
    }
    text.push_str(&gap(choices, &mut comments, "", ""));
    text
}

fn gap(choices: &mut Choices<'_>, comments: &mut usize, before: &str, after: &str) -> String {
    let mut comment = |mark: &str| {
        *comments += 1;
        format!("{mark} c{comments}")
    };
    match choices.below(24) {
        0..=11 => " ".to_owned(),
        12..=14 => "\n".to_owned(),
        15 => "\n\n  \n".to_owned(),
        16 => "\r\n\t".to_owned(),
        17 => format!(" {}\n", comment("//")),
        18 => format!("\n{}\n", comment("//")),
        19 => format!("\n\n{}\n\n", comment("//")),
        20 => format!("\n{}\n{}\n", comment("///"), comment("///")),
        21 => format!("{}\n{}\n", comment("//"), comment("//")),
        _ if touches(before, after) => String::new(),
        _ => "  ".to_owned(),
    }
}

/// Whether nothing has to stand between two tokens.
fn touches(before: &str, after: &str) -> bool {
    matches!(before, "{" | "(" | "[" | ",") || matches!(after, "}" | ")" | "]" | ",")
}
