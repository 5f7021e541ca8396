//! The certificate: for each obligation of a package what shows that it holds, and the check of that, without a solver.
//!
//! The check starts from the package alone. It lists the things that obligations are about and the obligations that each must
//! have ([`Duty`]), so that one that is left out is missed. Each is then settled in one of these ways, and in no other:
//!
//! - it *follows*: [`outcome`] and the tables of the plan show it, and whoever checks sees so again;
//! - by *cases*: requests, which are decided again by the decision engine;
//! - *class by class*: all classes are visited again, each split as the certificate says ([`classes`]);
//! - by the *solver* or the *compiler*: only where the ways above cannot settle it;
//! - it does not hold, and the package accepts that, or it only warns.
//!
//! Nothing here is shared with the proofs of the compiler, which are written from the same page of the language.

mod accepted;
mod bounds;
mod capability;
mod case;
mod cell;
mod claim;
mod classes;
mod fits;
mod outcome;
mod policy;
mod things;
mod workflow;

#[cfg(test)]
mod tests;

pub use accepted::AcceptedFindings;

use crate::decide::RequestBody;
use crate::document::{Case, Class, Invalid, Settled, Solved, Undone, Worst};
use crate::model::Package;
use cell::Cell;
use classes::Settling;
use std::borrow::Cow;
use std::collections::HashMap;
use things::Things;

/// What the compiler found of one obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The code of what would be found otherwise.
    pub code: String,
    /// What it is about, as [`Settled::on`] names it.
    pub on: String,
    /// How it ended.
    pub end: End,
    /// A request that shows that it holds.
    pub request: Option<RequestBody>,
    /// The SHA-256 of what the solver was asked.
    pub questions: Vec<String>,
}

/// How an obligation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// It holds.
    Holds,
    /// It does not hold, and warns.
    Warns,
    /// It does not hold, and the package accepts that.
    Accepted,
}

/// An obligation as the check sees it.
struct Duty {
    code: &'static str,
    sight: Sight,
}

/// What the check sees of an obligation by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sight {
    /// It holds.
    Holds,
    /// It does not hold, and why.
    Fails(String),
    /// It cannot tell.
    Open,
    /// A request shows it.
    ByCase,
    /// Classes may show it.
    ByClass,
    /// It is found not to hold, which classes may show.
    Refuted,
}

/// Something that obligations are about.
struct Thing<'p> {
    on: String,
    duties: Vec<Duty>,
    /// The class of everything that is asked about, by its name, and how a part of it is settled.
    starts: Vec<(String, Cell)>,
    settling: Option<Box<Settling<'p>>>,
    /// Whether a request shows obligations.
    shows: Option<Box<Showing<'p>>>,
    undone: Vec<Undone>,
    worst: Vec<Worst>,
}

/// Whether a request shows all of some codes.
type Showing<'p> = dyn Fn(&[&str], &RequestBody) -> bool + Send + Sync + 'p;

/// The codes whose findings may be warnings, which stop nothing.
const WARNING: [&str; 13] = [
    "G1005", "G1106", "G1107", "G1202", "G1203", "G1205", "G1207", "G1208", "G1301", "G1302", "G1303", "G1304", "G1306",
];

/// The codes about rules whose cases may be missing: whether a rule says more than is needed is a matter of taste.
const WITHOUT_CASE: [&str; 3] = ["G1202", "G1203", "G1205"];

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
    things.each(&mut dead, &mut |thing| {
        made.push(settle(&thing, &by_thing)?);
        Ok(())
    })?;
    Ok(made)
}

/// What was found, by what it is about and its code.
type ByThing<'f> = HashMap<(Cow<'f, str>, &'f str), Vec<&'f Found>>;

fn settle(thing: &Thing<'_>, found: &ByThing<'_>) -> Result<Settled, Invalid> {
    let mut settled = Settled {
        on: thing.on.clone(),
        undone: thing.undone.clone(),
        worst: thing.worst.clone(),
        ..Settled::default()
    };
    let mut classes: Option<Option<Vec<Class>>> = None;
    let mut cases: Vec<(RequestBody, String)> = Vec::new();
    for duty in &thing.duties {
        let own = found.get(&(Cow::Borrowed(thing.on.as_str()), duty.code)).map_or(&[][..], Vec::as_slice);
        let end = own.iter().map(|one| one.end).max().unwrap_or(End::Holds);
        let mut by_class = |settled: &mut Settled| {
            let found = classes.get_or_insert_with(|| thing.search());
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
    fn search(&self) -> Option<Vec<Class>> {
        let settling = self.settling.as_ref()?;
        let mut all = Vec::new();
        for (name, start) in &self.starts {
            all.extend(classes::search(name, start, settling)?);
        }
        Some(all)
    }

    /// Adds a code to a case that shows it, or a case for it.
    fn add_case(&self, code: &str, found: &[&Found], cases: &mut Vec<(RequestBody, String)>) -> bool {
        let Some(shows) = &self.shows else { return false };
        if let Some((_, codes)) = cases.iter_mut().find(|(request, _)| shows(&[code], request)) {
            add(codes, code);
            return true;
        }
        let own = found.iter().filter_map(|one| one.request.as_ref()).find(|request| shows(&[code], request));
        cases.extend(own.map(|request| (request.clone(), code.to_owned())));
        own.is_some()
    }
}

/// Checks the certificate of a package: that every obligation which the package must have is there, once, and is settled in a
/// way that holds.
///
/// # Errors
///
/// The first entry that is wrong, missing, or too much.
pub fn check(package: &Package, certificate: &[Settled]) -> Result<(), Invalid> {
    let mut entries = certificate.iter();
    let things = Things::of(package);
    let accepted = AcceptedFindings::of(package);
    let mut ahead = entries.clone();
    let mut dead = |name: &str| {
        let entry = ahead.find(|entry| entry.on == name)?;
        let is = |text: &str, wanted: &str| codes(text).any(|code| code == wanted.as_bytes());
        if entry.cases.iter().any(|case| is(&case.shows, "G1201")) {
            return None;
        }
        let said = |code: &&'static str| is(&entry.accepted, code) || is(&entry.warned, code);
        ["G1201", "G1203"].into_iter().find(|code| said(code)).or_else(|| said(&"G1202").then_some("G1202"))
    };
    let mut found = Vec::new();
    // The policies are compiled for the evidence beside that.
    let listed = std::thread::scope(|scope| {
        if certificate.len() >= MANY {
            scope.spawn(|| things.prepare());
        }
        things.each(&mut dead, &mut |thing| {
            let wrong = |reason: String| Invalid { place: format!("certificate.{}", thing.on), reason };
            match entries.next() {
                Some(entry) if entry.on == thing.on => check_form(&accepted, &thing, entry).map_err(wrong)?,
                Some(entry) => {
                    return Err(wrong(format!("it is missing, or not in its place: `{}` stands there", entry.on)));
                }
                None => return Err(wrong("it is missing".to_owned())),
            }
            found.push(thing);
            Ok(())
        })
    });
    let pairs: Vec<(&Thing<'_>, &Settled)> = found.iter().zip(certificate).collect();
    first_wrong(&pairs, |(thing, entry)| {
        let wrong = |reason| Invalid { place: format!("certificate.{}", thing.on), reason };
        check_evidence(package, thing, entry).map_err(wrong)
    })?;
    listed?;
    match entries.next() {
        Some(entry) => Err(Invalid {
            place: format!("certificate.{}", entry.on),
            reason: "nothing has to be proved of this".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Fewer than this are not worth a thread.
const MANY: usize = 256;

/// Checks everything, by as many threads as there are processors.
///
/// # Errors
///
/// The first one, in the order of what is checked.
fn first_wrong<T: Sync>(all: &[T], check: impl Fn(&T) -> Result<(), Invalid> + Sync) -> Result<(), Invalid> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(all.len().div_ceil(MANY).max(1));
    let part = |part: &[T]| part.iter().try_for_each(&check);
    if threads == 1 {
        return part(all);
    }
    let (first, others) = all.split_at(all.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let spawned = others.chunks(first.len()).map(|own| scope.spawn(move || part(own))).collect::<Vec<_>>();
        part(first)?;
        spawned.into_iter().try_for_each(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The codes that a text names.
fn codes(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|byte| *byte == b' ').filter(|code| !code.is_empty())
}

/// How an entry says that an obligation is settled.
#[derive(Debug, Clone, Copy)]
enum How<'e> {
    Follows,
    ByCase,
    ByClass,
    BySolver(&'e Solved),
    ByCompiler,
    Accepted,
    Warned,
}

/// Checks that an entry settles what it has to, each obligation in a way that it may be settled in.
fn check_form(accepted: &AcceptedFindings, thing: &Thing<'_>, entry: &Settled) -> Result<(), String> {
    for (duty, how) in thing.duties.iter().zip(settled(thing, entry)?) {
        let code = duty.code;
        match how.ok_or_else(|| format!("{code} is not settled"))? {
            How::Follows => match &duty.sight {
                Sight::Holds => {}
                Sight::Fails(why) => return Err(format!("{code} does not hold: {why}")),
                _ => return Err(format!("{code} does not follow from the plan")),
            },
            How::ByCase if duty.sight != Sight::ByCase => return Err(format!("{code} is not a matter of a case")),
            How::ByClass if duty.sight != Sight::ByClass => return Err(format!("{code} is not a matter of classes")),
            How::ByCase | How::ByClass => {}
            How::BySolver(solved) => {
                let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                if solved.questions.is_empty() || !solved.questions.iter().all(is_digest) {
                    return Err(format!("{code}: what a solver was asked is named by a SHA-256"));
                }
                left_to_others(duty)?;
            }
            How::ByCompiler => left_to_others(duty)?,
            // Of a table it is seen that some row always applies; that every row is reached is not, and only warns.
            How::Accepted | How::Warned if duty.sight == Sight::Holds && code != "G1005" => {
                return Err(format!("{code} does hold"));
            }
            How::Accepted if !accepted.has(code, &thing.on) => return Err(format!("{code} is nowhere accepted")),
            How::Warned => {
                if let Sight::Fails(why) = &duty.sight {
                    return Err(format!("{code} is more than a warning: {why}"));
                }
                if !WARNING.contains(&code) {
                    return Err(format!("{code} is no warning"));
                }
            }
            How::Accepted => {}
        }
    }
    Ok(())
}

/// How each duty of a thing is settled, in their order. Wherever an entry names several codes they stand in that order too: there
/// is one way to write an entry.
fn settled<'e>(thing: &Thing<'_>, entry: &'e Settled) -> Result<Vec<Option<How<'e>>>, String> {
    let texts = [
        (&entry.follows, How::Follows),
        (&entry.by_class, How::ByClass),
        (&entry.compiler, How::ByCompiler),
        (&entry.accepted, How::Accepted),
        (&entry.warned, How::Warned),
    ];
    let shown = entry.cases.iter().map(|case| (&case.shows, How::ByCase));
    let total = texts.into_iter().chain(shown.clone()).map(|(text, _)| codes(text).count()).sum::<usize>();
    if total + entry.solver.len() != thing.duties.len() {
        let (needed, found) = (thing.duties.len(), total + entry.solver.len());
        return Err(format!("{needed} obligations have to be settled here, each once, and {found} are"));
    }
    let disordered = || "the codes are not in their order".to_owned();
    let place = |code: &[u8]| thing.duties.iter().position(|duty| duty.code.as_bytes() == code).ok_or_else(disordered);
    let mut all: Vec<Option<How<'e>>> = vec![None; thing.duties.len()];
    let mut take = |place: usize, how: How<'e>| {
        if let Some(free) = all.get_mut(place) {
            free.get_or_insert(how);
        }
    };
    let after = |before: &mut Option<usize>, place: usize| match before.replace(place) {
        Some(before) if before >= place => Err(disordered()),
        _ => Ok(()),
    };
    let (mut last_case, mut last_solved) = (None, None);
    for (text, how) in texts.into_iter().chain(shown) {
        let mut last = None;
        for code in codes(text) {
            let place = place(code)?;
            if last.is_none() && matches!(how, How::ByCase) {
                after(&mut last_case, place)?;
            }
            after(&mut last, place)?;
            take(place, how);
        }
    }
    for solved in &entry.solver {
        let place = place(solved.code.as_bytes())?;
        after(&mut last_solved, place)?;
        take(place, How::BySolver(solved));
    }
    Ok(all)
}

/// What only the solver, or the compiler, can tell.
fn left_to_others(duty: &Duty) -> Result<(), String> {
    let code = duty.code;
    match &duty.sight {
        Sight::Open | Sight::ByClass => Ok(()),
        Sight::ByCase if WITHOUT_CASE.contains(&code) => Ok(()),
        Sight::ByCase => Err(format!("{code} needs a request that shows it")),
        Sight::Fails(why) => Err(format!("{code} does not hold: {why}")),
        Sight::Holds => Err(format!("{code} follows from the plan, and needs nobody's word")),
        Sight::Refuted => Err(format!("{code} needs a request that shows it")),
    }
}

/// Checks what an entry gives as the reasons.
fn check_evidence(package: &Package, thing: &Thing<'_>, entry: &Settled) -> Result<(), String> {
    for case in &entry.cases {
        let request = case::read(package, &case.request).ok_or_else(|| format!("`{}` is no request", case.request))?;
        let shown: Vec<&str> = case.shows.split(' ').filter(|code| !code.is_empty()).collect();
        if shown.is_empty() || !thing.shows.as_ref().is_some_and(|shows| shows(&shown, &request)) {
            return Err(format!("{} is not shown by `{}`", case.shows, case.request));
        }
    }
    if !entry.classes.is_empty() || !entry.by_class.is_empty() {
        let settling = thing.settling.as_ref().ok_or("there are no classes here")?;
        let needed = thing.duties.iter().any(|duty| matches!(duty.sight, Sight::ByClass | Sight::Refuted));
        let mut classes = entry.classes.iter().peekable();
        for (name, start) in &thing.starts {
            classes::check(name, start, settling, &mut classes)?;
        }
        if classes.peek().is_some() || !needed {
            return Err("there are classes too many".to_owned());
        }
    }
    let by_class = |duty: &Duty| matches!(duty.sight, Sight::ByClass | Sight::Refuted);
    let refuted = !entry.accepted.is_empty() || !entry.warned.is_empty();
    if entry.classes.is_empty() && refuted && thing.duties.iter().any(by_class) && thing.search().is_some() {
        return Err("the classes that show it are left out".to_owned());
    }
    if entry.undone != thing.undone {
        return Err("the table of failure points is not that of the plan".to_owned());
    }
    if entry.worst != thing.worst {
        return Err("the worst path is not that of the plan".to_owned());
    }
    Ok(())
}
