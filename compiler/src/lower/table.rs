//! Table-shaped clauses: values with the conditions under which they hold.

use gov_grammar::ast::{Guard, Row as Written};
use gov_plan::model::{Row, Table};
use gov_plan::typing::Names;

use super::{Context, origin};
use crate::errors::structure;
use crate::source::{FileId, Span};

impl Context<'_> {
    /// Builds a table: the shape of its guards is checked, and each value made by `value`; a row whose value cannot be made
    /// is left out.
    pub(super) fn table<W, V>(
        &mut self,
        file: FileId,
        rows: &[Written<W>],
        clause: Span,
        names: &dyn Names,
        mut value: impl FnMut(&mut Self, &Written<W>) -> Option<V>,
    ) -> Table<V> {
        self.table_shape(file, rows);
        let mut built = Vec::new();
        for row in rows {
            let when = match &row.guard {
                Guard::When(condition) => {
                    let typed = self.check(file, names, |checker| checker.condition(condition));
                    match typed {
                        Some(typed) => Some(typed),
                        None => continue,
                    }
                }
                Guard::Always | Guard::Otherwise(_) => None,
            };
            let because = row.because.as_ref().and_then(|because| self.plain_string(file, because));
            let at = origin(Span::new(file, row.span.start, row.span.end));
            if let Some(value) = value(self, row) {
                built.push(Row { value, when, because, at });
            }
        }
        Table { rows: built, stated: true, at: origin(clause) }
    }

    fn table_shape<W>(&mut self, file: FileId, rows: &[Written<W>]) {
        let place = |span: gov_grammar::Span| Span::new(file, span.start, span.end);
        let mut always: Option<Span> = None;
        for (index, row) in rows.iter().enumerate() {
            if let Some(always) = always {
                self.report(structure::row_never_read(place(row.span), always));
                return;
            }
            match &row.guard {
                Guard::When(_) => {}
                Guard::Always if index > 0 && index + 1 == rows.len() => {
                    self.report(structure::otherwise_missing(place(row.span)));
                }
                Guard::Otherwise(span) if index == 0 => {
                    self.report(structure::lone_otherwise(place(*span)));
                    return;
                }
                Guard::Always | Guard::Otherwise(_) => always = Some(place(row.span)),
            }
        }
    }
}
