//! Making fixes: which of them can be made together, and the texts that they give.

use std::collections::BTreeMap;

use crate::diagnostic::{Applicability, Diagnostic, Edit, Fix};
use crate::source::{FileId, Sources};

/// What making the fixes gives.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The new text of each file that changes.
    pub texts: BTreeMap<FileId, String>,
    /// How many fixes were made.
    pub made: usize,
}

/// Makes the first safe fix of each diagnostic, in order. A fix that touches what an earlier one has edited is left out
/// whole: once its text has been checked again, it is offered again where it is still wanted.
pub fn apply_safe(sources: &Sources, diagnostics: &[Diagnostic]) -> Fixed {
    let mut chosen: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    let mut made = 0;
    for diagnostic in diagnostics {
        let Some(fix) = diagnostic.fixes.iter().find(|fix| fix.applicability == Applicability::Safe) else {
            continue;
        };
        if !fix.edits.is_empty() && fits(sources, fix, &chosen) {
            for edit in &fix.edits {
                chosen.entry(edit.span.file).or_default().push(edit);
            }
            made += 1;
        }
    }
    let texts = chosen.into_iter().map(|(file, edits)| (file, edited(sources.text(file), edits))).collect();
    Fixed { texts, made }
}

/// Whether every edit of a fix lies within its text and apart from the chosen ones and from one another.
fn fits(sources: &Sources, fix: &Fix, chosen: &BTreeMap<FileId, Vec<&Edit>>) -> bool {
    fix.edits.iter().enumerate().all(|(index, edit)| {
        let others = chosen.get(&edit.span.file).into_iter().flatten().copied();
        sources.text(edit.span.file).get(edit.span.range()).is_some()
            && others.chain(fix.edits.iter().take(index)).all(|other| apart(edit, other))
    })
}

/// Whether two edits can both be made, and in either order to the same end. Two at one offset cannot, even if both only insert.
fn apart(a: &Edit, b: &Edit) -> bool {
    a.span.file != b.span.file
        || (a.span.start != b.span.start && (a.span.end <= b.span.start || b.span.end <= a.span.start))
}

fn edited(text: &str, mut edits: Vec<&Edit>) -> String {
    edits.sort_by_key(|edit| edit.span);
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        result.push_str(text.get(at..range.start).unwrap_or(""));
        result.push_str(&edit.text);
        at = range.end;
    }
    result.push_str(text.get(at..).unwrap_or(""));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Code;
    use crate::source::Span;

    fn with_fix(fix: Fix) -> Diagnostic {
        let span = fix.edits[0].span;
        Diagnostic::new(Code::SyntaxError, span, "m").fix(fix)
    }

    #[test]
    fn fixes_that_stand_apart_are_made_and_others_wait() {
        let mut sources = Sources::new();
        let file = sources.add("a.gov", "one two three");
        let span = |start, end| Span::new(file, start, end);
        let fixed = apply_safe(
            &sources,
            &[
                with_fix(Fix::safe("a", vec![Edit::replace(span(8, 13), "3"), Edit::replace(span(0, 3), "1")])),
                with_fix(Fix::safe("overlaps the first", vec![Edit::delete(span(2, 5))])),
                with_fix(Fix::unsafe_("a guess", vec![Edit::replace(span(4, 7), "zwei")])),
                with_fix(Fix::safe("stands apart", vec![Edit::insert(span(4, 7), ">")])),
                with_fix(Fix::safe("same place", vec![Edit::insert(span(4, 4), "<")])),
                with_fix(Fix::safe("outside", vec![Edit::delete(span(12, 99))])),
            ],
        );
        assert_eq!(fixed.made, 2);
        assert_eq!(fixed.texts.into_iter().collect::<Vec<_>>(), [(file, "1 >two 3".to_owned())]);
    }
}
