//! Proofs by classes: a class is split until each part is settled.
//!
//! What is written down is the parts, in order. Checking them splits where they say so and settles each part again, so that it
//! takes no search; and since both sides of every split are visited, nothing between the parts is left out. What a part says of
//! how it is settled is looked at alone: it need not be what a search finds first.

use super::atom::Atom;
use super::cell::Cell;
use crate::document::Class;
use std::iter::Peekable;
use std::slice;

/// What shows something class by class.
pub(super) trait ByClasses: Send + Sync {
    /// Looks for classes that are all settled; nothing where some is not, or there would be too many.
    fn search(&self) -> Option<Vec<Class>>;

    /// Checks classes, taking them from the front.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    fn check(&self, said: &mut Said<'_>) -> Result<(), String>;
}

/// The classes that are written down, in order.
pub(super) type Said<'c> = Peekable<slice::Iter<'c, Class>>;

/// What is split from these classes on, each with its name.
pub(super) struct Split<'p> {
    pub starts: Vec<(String, Cell)>,
    pub settling: Box<Settling<'p>>,
}

impl ByClasses for Split<'_> {
    fn search(&self) -> Option<Vec<Class>> {
        let mut all = Vec::new();
        for (name, start) in &self.starts {
            all.extend(search(name, start, &self.settling)?);
        }
        Some(all)
    }

    fn check(&self, said: &mut Said<'_>) -> Result<(), String> {
        self.starts.iter().try_for_each(|(name, start)| check(name, start, &self.settling, said))
    }
}

/// How a class is settled: in words, or the parts of conditions that are open.
pub(super) type Settling<'a> = dyn Fn(&Cell, Tell<'_>) -> Result<String, Vec<Atom>> + Send + Sync + 'a;

/// What is wanted of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell<'t> {
    /// How it is settled, or else the parts of conditions that are open and come first, where that spares the work of finding
    /// the others.
    First,
    /// How it is settled, or else all parts that are open.
    All,
    /// Whether it is settled as is said here; otherwise as [`Tell::First`].
    Said(&'t str),
    /// It is split anyway: the parts that are open and come first, where there are any; otherwise as [`Tell::First`].
    Split,
}

/// The most parts that are written down, and the most steps to find them: beyond that the proof is the solver's.
const MOST_CLASSES: usize = 48;
const MOST_STEPS: usize = 400;
const MOST_SPLITS: usize = 24;

/// Looks for parts that are all settled. Nothing where some part cannot be, or there would be too many.
pub(super) fn search(name: &str, start: &Cell, settle: &Settling<'_>) -> Option<Vec<Class>> {
    let mut found = Vec::new();
    let mut steps = MOST_STEPS;
    parts(name, start, settle, 0, &mut steps, &mut found).then_some(found)
}

fn parts(
    name: &str,
    cell: &Cell,
    settle: &Settling<'_>,
    depth: usize,
    steps: &mut usize,
    found: &mut Vec<Class>,
) -> bool {
    if *steps == 0 || depth > MOST_SPLITS || found.len() >= MOST_CLASSES {
        return false;
    }
    *steps -= 1;
    let first = match settle(cell, Tell::First) {
        Ok(is) => {
            found.push(Class { class: name.to_owned(), is });
            return true;
        }
        Err(atoms) => atoms,
    };
    // One that changes nothing would be split by for ever.
    let sides = |atom: &Atom| [true, false].map(|holds| atom.split(cell, holds));
    let useful = |atoms: &[Atom], tell: Tell<'_>| {
        let changes = |atom: &&Atom| {
            sides(atom).iter().flatten().all(|part| settle(part, tell).err().is_none_or(|left| left != atoms))
        };
        atoms.iter().find(changes).cloned()
    };
    let atom = useful(&first, Tell::First).or_else(|| useful(&settle(cell, Tell::All).err()?, Tell::All));
    let Some(atom) = &atom else { return false };
    [true, false].into_iter().all(|holds| match atom.split(cell, holds) {
        Some(part) => parts(&literal(name, atom, holds), &part, settle, depth + 1, steps, found),
        None => true,
    })
}

/// Checks parts, taking those of this class from the front.
///
/// # Errors
///
/// What is wrong with them.
pub(super) fn check(name: &str, cell: &Cell, settle: &Settling<'_>, classes: &mut Said<'_>) -> Result<(), String> {
    let Some(next) = classes.peek() else { return Err(format!("`{name}` is left out")) };
    let wanted = if next.class == name { Tell::Said(&next.is) } else { Tell::Split };
    let first = match settle(cell, wanted) {
        Ok(is) if next.class == name && next.is == is => {
            classes.next();
            return Ok(());
        }
        Ok(is) => return Err(format!("`{name}` is not there as `{is}`")),
        Err(atoms) => atoms,
    };
    let begins =
        |text: &str| next.class == text || next.class.strip_prefix(text).is_some_and(|rest| rest.starts_with(';'));
    // The longest that fits: a text may begin like another one.
    let fitting = |atoms: Vec<Atom>| {
        let fits = |atom: &Atom| begins(&literal(name, atom, true)) || begins(&literal(name, atom, false));
        atoms.into_iter().filter(fits).max_by_key(|atom| atom.text.len())
    };
    let atom = fitting(first).or_else(|| fitting(settle(cell, Tell::All).err()?));
    let Some(atom) = &atom else { return Err(format!("`{name}` is not settled, and not split further")) };
    for holds in [true, false] {
        if let Some(part) = atom.split(cell, holds) {
            check(&literal(name, atom, holds), &part, settle, classes)?;
        }
    }
    Ok(())
}

fn literal(name: &str, atom: &Atom, holds: bool) -> String {
    let not = if holds { "" } else { "not " };
    format!("{name}; {not}{}", atom.text)
}
