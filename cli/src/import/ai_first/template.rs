//! `{{ name }}` in texts.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// As it stands.
    Text(&'t str),
    /// A name, with fields of it.
    Path(Vec<&'t str>),
    /// A placeholder that is more than a name.
    Other(&'t str),
}

/// The parts of a text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inner, after)) = after.split_once("}}") else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let path: Vec<&str> = inner.trim().split('.').collect();
        let is_path = path
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        pieces.push(if is_path { Piece::Path(path) } else { Piece::Other(inner) });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_texts() {
        assert_eq!(pieces("{{ a.b }}"), [Piece::Path(vec!["a", "b"])]);
        assert_eq!(
            pieces("x {{a}} y {{b|c}}"),
            [Piece::Text("x "), Piece::Path(vec!["a"]), Piece::Text(" y "), Piece::Other("b|c"),]
        );
        assert_eq!(pieces("{{ open"), [Piece::Text("{{ open")]);
        assert_eq!(pieces(""), []);
    }
}
