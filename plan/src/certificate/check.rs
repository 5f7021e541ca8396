//! Checking a certificate against its package.

use super::things::{Part, Things};
use super::{AcceptedFindings, Duty, Sight, Thing, case, codes};
use crate::document::{Invalid, Settled, Solved};
use crate::model::Package;
use crate::parallel;

/// The codes whose findings may be warnings, which stop nothing.
const WARNING: [&str; 13] = [
    "G1005", "G1106", "G1107", "G1202", "G1203", "G1205", "G1207", "G1208", "G1301", "G1302", "G1303", "G1304", "G1306",
];

/// The codes about rules whose cases may be missing: whether a rule says more than is needed is a matter of taste.
const WITHOUT_CASE: [&str; 3] = ["G1202", "G1203", "G1205"];

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
        Some(Part::Rules(_, rules)) if rules.start == 0 => 0,
        Some(Part::Rules(..)) => 2,
        _ => 1,
    });
    parallel::each(
        &order,
        parallel::threads(total, MANY),
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
        let classes = thing.classes.as_ref().ok_or("there are no classes here")?;
        let needed = thing.duties.iter().any(|duty| matches!(duty.sight, Sight::ByClass | Sight::Refuted));
        let mut said = entry.classes.iter().peekable();
        classes.check(&mut said)?;
        if said.peek().is_some() || !needed {
            return Err("there are classes too many".to_owned());
        }
    }
    let by_class = |duty: &Duty| matches!(duty.sight, Sight::ByClass | Sight::Refuted);
    let refuted = !entry.accepted.is_empty() || !entry.warned.is_empty();
    let found = || thing.classes.as_ref().is_some_and(|classes| classes.search().is_some());
    if entry.classes.is_empty() && refuted && thing.duties.iter().any(by_class) && found() {
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
