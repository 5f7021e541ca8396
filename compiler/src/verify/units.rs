//! Units of work: what is proved on its own, with a solver of its own.

use super::report::{Obligation, Outcome, Report};
use super::solver::Session;
use super::{Cancelled, Options};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject};
use crate::errors;
use gov_plan::Origin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// A unit of work.
pub(crate) struct Unit<'p> {
    /// A name that no other unit has; questions to the solver are named after it.
    pub name: String,
    /// What it is about, for when it cannot be done.
    pub subject: Subject,
    /// Where that stands.
    pub at: Origin,
    /// The work.
    pub work: Box<Work<'p>>,
}

/// Work that asks a session and notes what it finds.
pub(crate) type Work<'p> = dyn Fn(&mut Session<'_>, &mut Found) + Send + Sync + 'p;

/// What a unit of work came to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub obligations: Vec<Obligation>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Found {
    /// Notes an obligation and how it ended.
    pub fn settle(&mut self, code: Code, subject: Subject, outcome: Outcome) {
        self.obligations.push(Obligation { code, subject, outcome });
    }

    /// Notes an obligation that could not be settled, which is an error of its own.
    pub fn unproved(&mut self, code: Code, subject: Subject, at: Origin, why: &str) {
        self.diagnostics.push(errors::proof::unproved(at, code, subject.clone(), why));
        self.settle(code, subject, Outcome::Unproved(why.to_owned()));
    }
}

/// Does all units, several at once, and gathers what they came to in their own order.
pub(crate) fn run(units: Vec<Unit<'_>>, options: &Options<'_>) -> Result<Report, Cancelled> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Vec<Mutex<Option<Done>>> = units.iter().map(|_| Mutex::new(None)).collect();
    if let Some(progress) = options.progress {
        progress(0, units.len());
    }
    let work = || {
        while let Some((unit, slot)) = Some(next.fetch_add(1, Ordering::Relaxed))
            .and_then(|index| Some((units.get(index)?, results.get(index)?)))
            .filter(|_| !is_cancelled(options))
        {
            let result = alone(unit, options);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            if let Some(progress) = options.progress {
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, units.len());
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..options.jobs.min(units.len()) {
            scope.spawn(work);
        }
        work();
    });
    if is_cancelled(options) {
        return Err(Cancelled);
    }
    let mut report = Report::default();
    for result in results {
        let Some((found, questions)) = result.into_inner().unwrap_or_else(PoisonError::into_inner) else { continue };
        report.obligations.extend(found.obligations);
        report.diagnostics.extend(found.diagnostics);
        if let Some(sink) = options.smt2 {
            questions.iter().for_each(|(name, text)| sink(name, text));
        }
    }
    Ok(report)
}

/// Does units, several at once, and tells what each came to when it is done.
pub(crate) fn run_each(
    units: Vec<Unit<'_>>,
    options: &Options<'_>,
    tell: &mut dyn FnMut(&str, Report),
) -> Result<(), Cancelled> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..options.jobs.min(units.len()) {
            let (send, next, units) = (send.clone(), &next, &units);
            scope.spawn(move || {
                while let Some(unit) =
                    units.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| !is_cancelled(options))
                {
                    let (found, _) = alone(unit, options);
                    let report = Report { obligations: found.obligations, diagnostics: found.diagnostics };
                    // Whoever waits for it is below, and waits for all.
                    let _ = send.send((unit.name.as_str(), report));
                }
            });
        }
        drop(send);
        receive.iter().for_each(|(name, report)| tell(name, report));
    });
    if is_cancelled(options) { Err(Cancelled) } else { Ok(()) }
}

type Done = (Found, Vec<(String, String)>);

fn is_cancelled(options: &Options<'_>) -> bool {
    options.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed))
}

/// Does a unit on a thread of its own: a fresh Z3 context, a stack that deep expressions fit on, and a fault in one unit
/// leaves the others whole.
fn alone(unit: &Unit<'_>, options: &Options<'_>) -> Done {
    const STACK: usize = 64 << 20;
    let work = || {
        let mut session = Session::new(&unit.name, options);
        let mut found = Found::default();
        (unit.work)(&mut session, &mut found);
        (found, std::mem::take(&mut session.questions))
    };
    let result = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    result.unwrap_or_else(|| {
        let mut found = Found::default();
        let why = "the proof ended in a fault of ours; please report it with the package";
        found.unproved(Code::Unproved, unit.subject.clone(), unit.at, why);
        (found, Vec::new())
    })
}
