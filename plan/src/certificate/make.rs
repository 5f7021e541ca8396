//! Writing a certificate, from what the compiler found and what the check sees.

use super::things::{self, Things};
use super::{End, Found, Sight, Thing, case};
use crate::decide::RequestBody;
use crate::document::{Case, Class, Invalid, Settled, Solved};
use crate::model::Package;
use std::borrow::Cow;
use std::collections::HashMap;

/// Writes the certificate of a package from what the compiler found. What it found is taken where the check cannot see by
/// itself; the rest is worked out anew.
///
/// # Errors
///
/// Where the check sees that something does not hold that was found to hold: one of the two is wrong.
pub fn make(package: &Package, found: &[Found]) -> Result<Vec<Settled>, Invalid> {
    let mut by_thing: ByThing<'_> = HashMap::new();
    for one in found {
        by_thing.entry((things::gathered(&one.code, &one.on), one.code.as_str())).or_default().push(one);
    }
    let mut made = Vec::new();
    let things = Things::of(package);
    let ends = |name: &str, code: &'static str| {
        let found = by_thing.get(&(Cow::Borrowed(name), code)).map_or(&[][..], Vec::as_slice);
        found.iter().map(|one| one.end).max()
    };
    let mut dead = |name: &str| match ends(name, "G1201") {
        Some(End::Holds) => None,
        Some(_) => Some("G1201"),
        None if ends(name, "G1203").is_some_and(|end| end != End::Holds) => Some("G1203"),
        None => Some("G1202"),
    };
    for part in things.parts(usize::MAX) {
        things.each(&part, &mut dead, &mut |thing| {
            made.push(settle(&thing, &by_thing)?);
            Ok(())
        })?;
    }
    Ok(made)
}

/// What was found, by what it is about and its code.
type ByThing<'f> = HashMap<(Cow<'f, str>, &'f str), Vec<&'f Found>>;

fn settle(thing: &Thing<'_>, found: &ByThing<'_>) -> Result<Settled, Invalid> {
    let mut settled = Settled {
        on: thing.on.clone(),
        undone: thing.undone.iter().map(super::Row::write).collect(),
        worst: thing.worst.clone(),
        ..Settled::default()
    };
    let mut classes: Option<Option<Vec<Class>>> = None;
    let mut cases: Vec<(RequestBody, String)> = Vec::new();
    for duty in &thing.duties {
        let own = found.get(&(Cow::Borrowed(thing.on.as_str()), duty.code)).map_or(&[][..], Vec::as_slice);
        let end = own.iter().map(|one| one.end).max().unwrap_or(End::Holds);
        let mut by_class = |settled: &mut Settled| {
            let found = classes.get_or_insert_with(|| thing.classes.as_ref()?.search());
            if let Some(found) = found {
                settled.classes.clone_from(found);
            }
            found.is_some()
        };
        if end != End::Holds {
            if matches!(duty.sight, Sight::ByClass | Sight::Refuted) {
                by_class(&mut settled);
            }
            add(if end == End::Accepted { &mut settled.accepted } else { &mut settled.warned }, duty.code);
            continue;
        }
        match &duty.sight {
            Sight::Holds => add(&mut settled.follows, duty.code),
            Sight::Fails(why) => {
                return Err(Invalid {
                    place: format!("certificate.{}", thing.on),
                    reason: format!("{}: {why}", duty.code),
                });
            }
            Sight::Refuted => {
                let reason = format!("{}: no request is known that it needs", duty.code);
                return Err(Invalid { place: format!("certificate.{}", thing.on), reason });
            }
            Sight::ByClass if by_class(&mut settled) => add(&mut settled.by_class, duty.code),
            Sight::ByCase if thing.add_case(duty.code, own, &mut cases) => {}
            _ => {
                let mut questions: Vec<String> = own.iter().flat_map(|one| one.questions.iter().cloned()).collect();
                questions.dedup();
                match questions.is_empty() {
                    true => add(&mut settled.compiler, duty.code),
                    false => settled.solver.push(Solved { code: duty.code.to_owned(), questions }),
                }
            }
        }
    }
    let written = |(request, shows): (RequestBody, String)| Case { shows, request: case::write(&request) };
    settled.cases = cases.into_iter().map(written).collect();
    Ok(settled)
}

fn add(codes: &mut String, code: &str) {
    if !codes.is_empty() {
        codes.push(' ');
    }
    codes.push_str(code);
}

impl Thing<'_> {
    /// Adds a code to a case that shows it, or a case for it.
    fn add_case(&self, code: &str, found: &[&Found], cases: &mut Vec<(RequestBody, String)>) -> bool {
        let Some(shows) = self.shows else { return false };
        let shows = |request: &RequestBody| shows.all(code, &request.request());
        if let Some((_, codes)) = cases.iter_mut().find(|(request, _)| shows(request)) {
            add(codes, code);
            return true;
        }
        let own = found.iter().filter_map(|one| one.request.as_ref()).find(|request| shows(request));
        cases.extend(own.map(|request| (request.clone(), code.to_owned())));
        own.is_some()
    }
}
