//! Findings that move with the items that they are about.

use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::index;
use gov_compiler::source::{FileId, Span};

use crate::world::Unit;

/// A finding with each of its places told from the start of the item that it is in. As long as the item's text is the same,
/// so is the place.
#[derive(Debug)]
pub(super) struct Anchored {
    finding: Diagnostic,
    places: Vec<Place>,
}

#[derive(Debug)]
enum Place {
    /// So many bytes behind the start of an item, and how long it is.
    In(index::Kind, String, u32, u32),
    /// In a file of another package, which was the same text then as now.
    Elsewhere(String, u32, u32),
}

impl Anchored {
    pub fn new(unit: &Unit, mut finding: Diagnostic) -> Anchored {
        let places = spans(&mut finding).into_iter().map(|span| Place::of(unit, *span)).collect();
        Anchored { finding, places }
    }

    /// The finding where its items stand now; none if one of them is gone.
    pub fn now(&self, unit: &Unit) -> Option<Diagnostic> {
        let mut finding = self.finding.clone();
        for (span, place) in spans(&mut finding).into_iter().zip(&self.places) {
            *span = place.span(unit)?;
        }
        Some(finding)
    }
}

impl Place {
    fn of(unit: &Unit, span: Span) -> Place {
        match unit.item_at(span) {
            Some(item) => Place::In(
                item.kind,
                item.name.clone(),
                span.start - item.whole.start,
                span.end.saturating_sub(span.start),
            ),
            None => Place::Elsewhere(unit.checked().sources.path(span.file).to_owned(), span.start, span.end),
        }
    }

    fn span(&self, unit: &Unit) -> Option<Span> {
        match self {
            Place::In(kind, name, start, length) => {
                let item = unit.index().named(*kind, name)?;
                let start = item.whole.start + start;
                Some(Span::new(item.whole.file, start, start + length))
            }
            Place::Elsewhere(path, start, end) => {
                let file = unit.checked().sources.iter().find(|(_, source)| source.path() == path);
                file.map(|(file, _): (FileId, _)| Span::new(file, *start, *end))
            }
        }
    }
}

/// Every place of a finding, in a fixed order.
fn spans(finding: &mut Diagnostic) -> Vec<&mut Span> {
    let Diagnostic { primary, secondary, fixes, related, .. } = finding;
    let mut all = vec![&mut primary.span];
    all.extend(secondary.iter_mut().map(|label| &mut label.span));
    all.extend(fixes.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.span));
    all.extend(related.iter_mut().map(|related| &mut related.span));
    all
}
