//! When proofs begin and end, and what becomes of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gen_lsp_types as lsp;
use gov_compiler::diagnostic::Diagnostic;
use lsp_server::{ErrorCode, Request, Response};
use serde_json::json;

use super::{Asked, Event, Options, Server};
use crate::capabilities::WRITE_TEST;
use crate::features::witness;
use crate::proofs::process::{Process, event};
use crate::proofs::prover::Line;
use crate::proofs::{self, Ending, Item, Known, Said};
use crate::world::{Unit, World};

/// How often the client is told of results while more are coming.
const OFTEN: Duration = Duration::from_millis(250);

/// When to prove, and the run that is under way.
pub(super) struct Proving {
    prover: Option<(PathBuf, Vec<String>)>,
    due: Option<Instant>,
    /// Where the user was last: proofs begin there.
    pub focus: Option<(PathBuf, lsp::Position)>,
    run: Option<Run>,
    runs: u64,
    /// Whether the user has stopped proofs until the next change.
    is_stopped: bool,
    /// Packages whose proofs ended in a fault, until the next change.
    failed: Vec<PathBuf>,
    told: Instant,
}

/// The proofs of one package.
struct Run {
    number: u64,
    unit: Arc<Unit>,
    /// Ends the process when the run is dropped.
    _process: Process,
    /// What is asked about; each with the pieces that are left once that is known.
    items: BTreeMap<Item, Part>,
    is_planned: bool,
    pieces: (usize, usize),
    /// Whether the client shows the progress.
    is_shown: bool,
}

#[derive(Default)]
struct Part {
    left: usize,
    endings: Vec<Ending>,
    found: Vec<Diagnostic>,
}

impl Proving {
    pub fn new(options: &Options) -> Proving {
        Proving {
            prover: options.prover.clone(),
            due: None,
            focus: None,
            run: None,
            runs: 0,
            is_stopped: false,
            failed: Vec::new(),
            told: Instant::now(),
        }
    }

    /// When to go on.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The text has changed.
    pub fn changed(&mut self) {
        self.due = None;
        self.is_stopped = false;
        self.failed.clear();
    }

    /// The text was looked at: proofs begin if it stays as it is for so long.
    pub fn rest(&mut self, pause: Duration) {
        if self.prover.is_some() && self.run.is_none() && !self.is_stopped {
            self.due = Some(Instant::now() + pause);
        }
    }
}

impl Server<'_> {
    /// Begins the proofs of the next package of which something is not known, if there is one.
    pub(super) fn prove(&mut self) {
        self.proving.due = None;
        let Some((program, arguments)) = self.proving.prover.clone() else { return };
        if self.proving.run.is_some() || self.proving.is_stopped {
            return;
        }
        let Some((unit, items)) = self.next() else { return };
        self.proving.runs += 1;
        let (number, events) = (self.proving.runs, self.events.0.clone());
        let tell = move |said| {
            // The owner of the state ends last.
            let _ = events.send(Event::Proved(event(number, said)));
        };
        match Process::start(&program, &arguments, &unit, items.clone(), tell) {
            Ok(process) => {
                let key = unit.key().to_owned();
                self.know(|known| known.running = items.iter().map(|item| (key.clone(), item.clone())).collect());
                let items = items.into_iter().map(|item| (item, Part::default())).collect();
                self.proving.run = Some(Run {
                    number,
                    unit,
                    _process: process,
                    items,
                    is_planned: false,
                    pieces: (0, 0),
                    is_shown: false,
                });
                if self.client.progress {
                    let params = lsp::WorkDoneProgressCreateParams { token: token(number) };
                    self.ask("window/workDoneProgress/create", params, Asked::Progress(number));
                }
                self.refresh();
            }
            Err(error) => {
                let message = format!("proofs cannot be made: `{}` does not start: {error}", program.display());
                self.notify("window/logMessage", json!({ "type": 1, "message": message }));
                self.proving.prover = None;
            }
        }
    }

    /// The package to go on with: the one where the user is, or else any; its items from the cursor outward.
    fn next(&self) -> Option<(Arc<Unit>, Vec<Item>)> {
        let focus = self.proving.focus.as_ref();
        let mut units: Vec<&Arc<Unit>> = self.world.units.iter().collect();
        units.sort_by_key(|unit| focus.is_none_or(|(place, _)| !unit.own.iter().any(|source| source.place == *place)));
        for unit in units {
            if unit.broken
                || unit.checked().package.is_none()
                || self.proving.failed.iter().any(|key| key == unit.key())
            {
                continue;
            }
            let mut missing = self.world.proofs.missing(unit);
            if missing.is_empty() {
                continue;
            }
            missing.sort_by_cached_key(|item| self.distance(unit, item));
            return Some((Arc::clone(unit), missing));
        }
        None
    }

    /// How far an item is from where the user is: in the same file by bytes, in others behind that.
    fn distance(&self, unit: &Unit, item: &Item) -> (bool, u32, u32) {
        let (kind, name) = item.definition();
        let Some(definition) = unit.index().named(kind, name) else { return (true, u32::MAX, u32::MAX) };
        let whole = definition.whole;
        if let Some((place, position)) = &self.proving.focus
            && let Some(source) = unit.source(whole.file).filter(|source| source.place == *place)
        {
            let at = source.lines.offset(*position, self.world.encoding);
            let away = if at < whole.start { whole.start - at } else { at.saturating_sub(whole.end) };
            return (false, away, 0);
        }
        (true, whole.file.0, whole.start)
    }

    /// Takes what the prover says.
    pub(super) fn proved(&mut self, event: proofs::Event) {
        let Some(run) = self.proving.run.as_mut().filter(|run| run.number == event.run) else { return };
        match event.said {
            Said::Line(Line::Plan(pieces)) => {
                run.is_planned = true;
                run.pieces = (0, pieces.iter().map(|(_, count)| count).sum());
                for (item, count) in pieces {
                    run.items.entry(item).or_default().left = count;
                }
                self.keep_done();
            }
            Said::Line(Line::Piece(item, endings, found)) => {
                run.pieces.0 += 1;
                if let Some(part) = run.items.get_mut(&item) {
                    part.left = part.left.saturating_sub(1);
                    part.endings.extend(endings);
                    part.found.extend(found);
                }
                self.keep_done();
                self.report_progress();
            }
            Said::Ended => {
                let key = run.unit.key().to_owned();
                // What is left was not proved, and is not tried again before something changes.
                if !run.items.is_empty() {
                    self.proving.failed.push(key);
                }
                self.stop_proving();
                self.tell();
                self.prove();
            }
        }
    }

    /// Keeps what came of the items that are done.
    fn keep_done(&mut self) {
        let Some(run) = self.proving.run.as_mut().filter(|run| run.is_planned) else { return };
        let done: Vec<Item> =
            run.items.iter().filter(|(_, part)| part.left == 0).map(|(item, _)| item.clone()).collect();
        if done.is_empty() {
            return;
        }
        let unit = Arc::clone(&run.unit);
        let parts: Vec<(Item, Part)> =
            done.into_iter().filter_map(|item| run.items.remove(&item).map(|part| (item, part))).collect();
        self.know(|known| {
            for (item, part) in parts {
                known.running.remove(&(unit.key().to_owned(), item.clone()));
                known.keep(&unit, item, part.endings, part.found);
            }
        });
        if self.proving.told.elapsed() > OFTEN {
            self.tell();
        }
    }

    /// Changes what is known. The packages stay as they are.
    fn know(&mut self, change: impl FnOnce(&mut Known)) {
        let mut known = Known::clone(&self.world.proofs);
        change(&mut known);
        let mut world = World::clone(&self.world);
        world.proofs = Arc::new(known);
        self.world = Arc::new(world);
    }

    /// Tells the client what is known now.
    fn tell(&mut self) {
        self.proving.told = Instant::now();
        self.diagnose();
        self.refresh();
    }

    /// Ends the run that is under way, unless its package is as it was.
    pub(super) fn stop_stale(&mut self) {
        let goes_on = |run: &Run| self.world.units.iter().any(|unit| Arc::ptr_eq(unit, &run.unit));
        if !self.proving.run.as_ref().is_some_and(goes_on) {
            self.stop_proving();
        }
    }

    /// Ends the run that is under way.
    pub(super) fn stop_proving(&mut self) {
        if let Some(run) = self.proving.run.take() {
            if run.is_shown {
                self.progress(run.number, json!({ "kind": "end" }));
            }
            self.know(|known| known.running.clear());
        }
    }

    /// The user has had enough of the run whose progress this is, and of others until the next change.
    pub(super) fn cancel_proofs(&mut self, of: &lsp::ProgressToken) {
        if self.proving.run.as_ref().is_none_or(|run| token(run.number) != *of) {
            return;
        }
        self.proving.is_stopped = true;
        self.stop_proving();
        self.tell();
    }

    /// The client has made what shows the progress of a run, which may have ended meanwhile.
    pub(super) fn progress_made(&mut self, number: u64) {
        if let Some(run) = self.proving.run.as_mut().filter(|run| run.number == number) {
            run.is_shown = true;
            self.progress(number, json!({ "kind": "begin", "title": "Proving", "cancellable": true, "percentage": 0 }));
        }
    }

    fn report_progress(&mut self) {
        let Some(run) = self.proving.run.as_ref().filter(|run| run.is_shown) else { return };
        let (done, of) = run.pieces;
        let percentage = (done * 100).checked_div(of).unwrap_or(100);
        let message = format!("{done} of {of}");
        self.progress(run.number, json!({ "kind": "report", "percentage": percentage, "message": message }));
    }

    fn progress(&self, number: u64, value: serde_json::Value) {
        self.notify("$/progress", lsp::ProgressParams { token: token(number), value });
    }

    /// Runs a command: the one that writes the test that shows a counterexample.
    pub(super) fn command(&mut self, request: Request) {
        let params = serde_json::from_value::<lsp::ExecuteCommandParams>(request.params).ok();
        let wanted = params.filter(|params| params.command == WRITE_TEST).and_then(|params| {
            let mut arguments = params.arguments.unwrap_or_default().into_iter();
            let uri: lsp::Uri = serde_json::from_value(arguments.next()?).ok()?;
            let item: Item = serde_json::from_value(arguments.next()?).ok()?;
            witness::edit_for(&self.world, &uri, &item)
        });
        match wanted {
            Some(edit) => {
                let label = "Write a test that shows the counterexample";
                self.ask("workspace/applyEdit", json!({ "label": label, "edit": edit }), Asked::Nothing);
                self.send(Response::new_ok(request.id, serde_json::Value::Null).into());
            }
            None => {
                let message = "there is no counterexample of which a test could be written".to_owned();
                self.send(Response::new_err(request.id, ErrorCode::RequestFailed as i32, message).into());
            }
        }
    }
}

fn token(number: u64) -> lsp::ProgressToken {
    lsp::ProgressToken::String(format!("gov/proofs/{number}"))
}
