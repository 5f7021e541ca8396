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
mod atom;
mod bounds;
mod capability;
mod case;
mod cell;
mod claim;
mod classes;
mod failures;
mod fits;
mod outcome;
mod parallel;
mod policy;
mod things;
mod workflow;

#[cfg(test)]
mod tests;

pub use accepted::AcceptedFindings;

use crate::decide::{Request, RequestBody};
use crate::document::{Case, Class, Invalid, Settled, Solved, Undone, Worst};
use crate::model::{Claim, Package};
use cell::Cell;
use classes::Settling;
use policy::Rules;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use things::{Part, Things};

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
    /// What a request can show of it.
    shows: Option<Shows<'p>>,
    undone: Vec<Row<'p>>,
    worst: Vec<Worst>,
}

/// What a request can show.
#[derive(Clone, Copy)]
enum Shows<'p> {
    /// That the rule of this place, from 0, is needed.
    Rule(&'p Rules<'p>, usize),
    /// That there is an instance of a claim.
    Claim(&'p Rules<'p>, &'p Claim),
}

impl Shows<'_> {
    /// Whether a request shows all of these codes.
    fn all(self, codes: &str, request: &Request<'_>) -> bool {
        match self {
            Shows::Rule(rules, index) => policy::shows(rules, index, codes, request),
            Shows::Claim(rules, claim) => claim::is_instance(rules, claim, request),
        }
    }
}

/// A row of the table of failure points, as the plan makes it.
#[derive(Debug)]
struct Row<'p> {
    call: &'p str,
    by: &'p str,
    decided_by: Vec<String>,
    failures: Arc<[Arc<str>]>,
}

impl Row<'_> {
    fn write(&self) -> Undone {
        Undone {
            call: self.call.to_owned(),
            by: self.by.to_owned(),
            decided_by: self.decided_by.clone(),
            failures: self.failures.iter().map(|failure| failure.to_string()).collect(),
        }
    }

    fn is(&self, written: &Undone) -> bool {
        self.call == written.call
            && self.by == written.by
            && self.decided_by == written.decided_by
            && self.failures.iter().map(|failure| &**failure).eq(written.failures.iter().map(String::as_str))
    }
}

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
        undone: thing.undone.iter().map(Row::write).collect(),
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

/// Checks the certificate of a package: that every obligation which the package must have is there, once, and is settled in a
/// way that holds.
///
/// # Errors
///
/// The first entry that is wrong, missing, or too much.
pub fn check(package: &Package, certificate: &[Settled]) -> Result<(), Invalid> {
    let things = Things::of(package);
    let accepted = AcceptedFindings::of(package);
    let shapes = case::Shapes::of(package);
    let checker = Checker { things: &things, accepted, certificate };
    let parts = things.parts(MANY);
    let mut total = 0;
    let placed: Vec<(usize, &Part<'_>)> = parts
        .iter()
        .map(|part| {
            let first = total;
            total += part.len(package);
            (first, part)
        })
        .collect();
    // The first rules of a policy have it compiled; what needs no requests is checked beside that.
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| match parts.get(*place) {
        Some(Part::Rules(_, rules)) => {
            if rules.start == 0 {
                0
            } else {
                2
            }
        }
        _ => 1,
    });
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(total.div_ceil(MANY));
    parallel::each(
        &order,
        threads,
        || case::Reader::new(&shapes),
        |reader, place| match placed.get(place) {
            Some((first, part)) => checker.part(part, *first, reader),
            None => Ok(()),
        },
    )?;
    match certificate.get(total) {
        Some(entry) => Err(Invalid {
            place: format!("certificate.{}", entry.on),
            reason: "nothing has to be proved of this".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Fewer things than this are not worth a thread.
const MANY: usize = 256;

struct Checker<'c, 'p> {
    things: &'p Things<'p>,
    accepted: AcceptedFindings,
    certificate: &'c [Settled],
}

impl<'c, 'p> Checker<'c, 'p> {
    /// Checks the entries of a part, the first of which is at this place.
    fn part(&self, part: &Part<'p>, first: usize, cases: &mut case::Reader<'_, 'p, 'c>) -> Result<(), Invalid> {
        let place = std::cell::Cell::new(first);
        let mut dead = |name: &str| self.certificate.get(place.get()).filter(|entry| entry.on == name).and_then(dead);
        self.things.each(part, &mut dead, &mut |thing| {
            let wrong = |reason: String| Invalid { place: format!("certificate.{}", thing.on), reason };
            let Some(entry) = self.certificate.get(place.get()) else { return Err(wrong("it is missing".to_owned())) };
            if entry.on != thing.on {
                return Err(wrong(format!("it is missing, or not in its place: `{}` stands there", entry.on)));
            }
            check_form(&self.accepted, &thing, entry).map_err(wrong)?;
            check_evidence(cases, &thing, entry).map_err(wrong)?;
            place.set(place.get() + 1);
            Ok(())
        })?;
        if place.get() == first + part.len(self.things.package) {
            return Ok(());
        }
        Err(Invalid { place: "certificate".to_owned(), reason: "its parts were counted wrong".to_owned() })
    }
}

/// Under which code an entry notes that its rule is dead, if it does.
fn dead(entry: &Settled) -> Option<&'static str> {
    let is = |text: &str, wanted: &str| codes(text).any(|code| code == wanted.as_bytes());
    if entry.cases.iter().any(|case| is(&case.shows, "G1201")) {
        return None;
    }
    let said = |code: &&'static str| is(&entry.accepted, code) || is(&entry.warned, code);
    ["G1201", "G1203"].into_iter().find(|code| said(code)).or_else(|| said(&"G1202").then_some("G1202"))
}

/// The codes that a text names: five characters each, with a space between them. What is written otherwise is no code.
fn codes(text: &str) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text.as_bytes()).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let (code, more) = text.split_at(text.len().min(5));
        let (code, more) = match more {
            [] => (code, None),
            [b' ', more @ ..] => (code, Some(more)),
            _ => (text, None),
        };
        rest = more;
        Some(code)
    })
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
    let texts = texts.into_iter().chain(entry.cases.iter().map(|case| (&case.shows, How::ByCase)));
    let mut all: Vec<Option<How<'e>>> = vec![None; thing.duties.len()];
    let (mut named, mut in_order) = (0, true);
    // Notes how the first duty of a code from a place on is settled; the place behind it.
    let mut take = |from: usize, code: &[u8], how: How<'e>| {
        named += 1;
        let later = thing.duties.get(from..).unwrap_or_default();
        let found = later.iter().position(|duty| duty.code.as_bytes() == code).map(|place| from + place);
        match found.and_then(|place| all.get_mut(place)) {
            Some(free) => _ = free.get_or_insert(how),
            None => in_order = false,
        }
        found.map_or(usize::MAX, |place| place + 1)
    };
    let (mut behind_case, mut behind_solved) = (0, 0);
    for (text, how) in texts {
        let is_case = matches!(how, How::ByCase);
        let mut behind = if is_case { behind_case } else { 0 };
        for (place, code) in codes(text).enumerate() {
            behind = take(behind, code, how);
            if is_case && place == 0 {
                behind_case = behind;
            }
        }
    }
    for solved in &entry.solver {
        behind_solved = take(behind_solved, solved.code.as_bytes(), How::BySolver(solved));
    }
    let needed = thing.duties.len();
    if named != needed {
        return Err(format!("{needed} obligations have to be settled here, each once, and {named} are"));
    }
    if !in_order {
        return Err("the codes are not in their order".to_owned());
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
fn check_evidence<'c>(
    cases: &mut case::Reader<'_, '_, 'c>,
    thing: &Thing<'_>,
    entry: &'c Settled,
) -> Result<(), String> {
    for case in &entry.cases {
        let read = cases.read(&case.request).ok_or_else(|| format!("`{}` is no request", case.request))?;
        if case.shows.is_empty() || !thing.shows.is_some_and(|shows| shows.all(&case.shows, &read.request())) {
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
    if entry.undone.len() != thing.undone.len() || !thing.undone.iter().zip(&entry.undone).all(|(own, one)| own.is(one))
    {
        return Err("the table of failure points is not that of the plan".to_owned());
    }
    if entry.worst != thing.worst {
        return Err("the worst path is not that of the plan".to_owned());
    }
    Ok(())
}
