//! From the solver's values to a concrete execution, and its replay.

use super::super::encode::{Encoder, Term};
use super::super::exact::workflow::act::{Choices, Turn};
use super::super::exact::workflow::state::{Path, State};
use super::super::exact::workflow::{Walk, World};
use super::super::solver::Model;
use super::layout::PlaceId;
use super::paths::{Paths, Why};
use gov_plan::model::NodeKind;
use gov_plan::types::Fields;
use gov_plan::value::{Record, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An execution that the solver found.
pub(super) struct Case {
    pub world: Arc<World>,
    /// Where each place stands in it.
    pub paths: BTreeMap<PlaceId, Path>,
    /// Which parts of the path of a place are numbers of rounds.
    rounds: BTreeMap<PlaceId, Vec<usize>>,
    turns: BTreeMap<Path, Turns>,
    /// Where a deadline comes, and the step that runs what it ends.
    late: BTreeMap<Path, Path>,
}

/// What the world does at a place.
#[derive(Default)]
struct Turns {
    /// Which alternatives succeed, and with what.
    calls: Vec<(bool, Option<Record>)>,
    passes: bool,
    answer: Option<Value>,
}

impl Case {
    /// Reads an execution off a model; `None` where a value cannot be shown.
    pub fn of(paths: &Paths<'_>, model: &Model) -> Option<Case> {
        Case::read(paths, model, false)
    }

    /// As [`Case::of`], where the later round of each loop stands for its last.
    pub fn of_full_rounds(paths: &Paths<'_>, model: &Model) -> Option<Case> {
        Case::read(paths, model, true)
    }

    fn read(paths: &Paths<'_>, model: &Model, full: bool) -> Option<Case> {
        let workflow = paths.layout.frames.first()?.workflow;
        let record = |value: Option<Value>| match value {
            Some(Value::Record(record)) => Some(record),
            _ => None,
        };
        let params = record(paths.encoder.decode_fields(&paths.params, &workflow.params, model))?;
        let context = record(paths.encoder.decode_fields(&paths.context, &paths.layout.package.context, model))?;
        let mut asserted = Vec::new();
        for role in &paths.layout.package.roles {
            if model.bool(&Encoder::asserted(&role.name))? {
                asserted.push((workflow.principal.clone(), role.name.clone()));
            }
        }
        let tenant = match model.bool(&paths.tenant.present)? {
            true => Some(model.text(paths.tenant.as_text()?)?),
            false => None,
        };
        let mut case = Case {
            world: Arc::new(World { params, context, asserted, tenant }),
            paths: BTreeMap::new(),
            rounds: BTreeMap::new(),
            turns: BTreeMap::new(),
            late: BTreeMap::new(),
        };
        for id in paths.layout.ids() {
            let path = case.path(paths, id, model, full)?;
            case.turns.insert(path.clone(), turns(paths, id, model));
            let mut rounds = Vec::new();
            if let (Some(parent), Some(around)) =
                (paths.layout.parent(id), paths.layout.parent(id).and_then(|at| paths.layout.place(at)))
            {
                rounds.extend(case.rounds.get(&parent).cloned().unwrap_or_default());
                if matches!(around.node.kind, NodeKind::For { .. }) {
                    rounds.push(path.len().saturating_sub(2));
                }
            }
            case.rounds.insert(id, rounds);
            case.paths.insert(id, path);
        }
        for failure in &paths.failures {
            let Why::Deadline(frame) = failure.why else { continue };
            if model.bool(&failure.when) == Some(true) {
                let caller = paths.layout.frames.get(frame.0).and_then(|frame| frame.caller);
                let ends = caller.and_then(|caller| case.paths.get(&caller)).cloned().unwrap_or_default();
                case.late.insert(case.paths.get(&failure.place)?.clone(), ends);
            }
        }
        Some(case)
    }

    /// Walks this execution until a state is what is wanted: what `first` leads to comes first, and what `last` leads to
    /// last, where branches run at once.
    pub fn replay<'m>(
        &self,
        paths: &Paths<'m>,
        (first, last): (Option<PlaceId>, Option<PlaceId>),
        wanted: &dyn Fn(&State<'m>) -> bool,
    ) -> Option<State<'m>> {
        let walk = self.walk(paths)?;
        let of = |id: Option<PlaceId>| id.and_then(|id| self.paths.get(&id)).cloned().unwrap_or_default();
        let (first, last) = (of(first), of(last));
        let shared = |a: &Path, b: &Path| a.iter().zip(b).take_while(|(a, b)| a == b).count();
        let urgency = |path: &Path| {
            // Whichever of both a statement shares more of its path with, it belongs to.
            let (to_first, to_last) = (shared(path, &first), shared(path, &last));
            match to_first.cmp(&to_last) {
                std::cmp::Ordering::Greater => 0,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Less => 2,
            }
        };
        walk.replay(self, &urgency, wanted)
    }

    /// Whether a path is that of a place, in whatever round.
    pub fn is_at(&self, place: PlaceId, path: &Path) -> bool {
        let (Some(own), Some(rounds)) = (self.paths.get(&place), self.rounds.get(&place)) else { return false };
        own.len() == path.len()
            && own.iter().zip(path).enumerate().all(|(index, (own, other))| own == other || rounds.contains(&index))
    }

    /// The walk in this world.
    pub fn walk<'m>(&self, paths: &Paths<'m>) -> Option<Walk<'m>> {
        let workflow = paths.layout.frames.first()?.workflow;
        Some(Walk { package: paths.layout.package, workflow, world: Arc::clone(&self.world) })
    }

    /// Where a place stands: of a round, in the round that the model picks.
    fn path(&self, paths: &Paths<'_>, id: PlaceId, model: &Model, full: bool) -> Option<Path> {
        let place = paths.layout.place(id)?;
        let index = paths.layout.block(place.block).iter().position(|other| *other == id)?;
        let Some(parent) = paths.layout.parent(id) else { return Some(vec![index]) };
        let around = paths.layout.place(parent)?;
        let block = around.inner.iter().position(|block| *block == place.block)?;
        let slot = match (&around.node.kind, paths.point(parent)) {
            (NodeKind::For { .. }, Some(point)) => {
                let rounds = point.rounds.as_ref();
                let last = |rounds: &super::paths::Rounds| model.int(&rounds.length.minus(&Term::int(1)));
                let pick = |rounds: &super::paths::Rounds| model.int(rounds.picks.get(block)?);
                let round = rounds.and_then(|rounds| if full && block == 1 { last(rounds) } else { pick(rounds) });
                round.and_then(|pick| usize::try_from(pick).ok()).unwrap_or(block)
            }
            _ => block,
        };
        let mut path = self.paths.get(&parent)?.clone();
        path.extend([slot, index]);
        Some(path)
    }

    /// What happens at a path; in a round that was not looked at, what happens in one that was.
    fn turns(&self, at: &Path) -> Option<&Turns> {
        if let Some(turns) = self.turns.get(at) {
            return Some(turns);
        }
        let alike = |other: &Path| other.iter().zip(at).filter(|(a, b)| a == b).count();
        // Of two that are as much alike, the earlier round: the later one may be where it ends.
        let candidates = self.turns.iter().filter(|(other, _)| other.len() == at.len()).rev();
        candidates.max_by_key(|(other, _)| alike(other)).map(|(_, turns)| turns)
    }
}

fn turns(paths: &Paths<'_>, id: PlaceId, model: &Model) -> Turns {
    let (Some(place), Some(point)) = (paths.layout.place(id), paths.point(id)) else { return Turns::default() };
    let truth = |term: &Term| model.bool(term).unwrap_or_default();
    let calls = point.calls.iter().map(|site| {
        let output = paths.encoder.decode_fields(&site.output, &site.capability.output, model);
        let output = output.and_then(|output| match output {
            Value::Record(record) => Some(record),
            _ => None,
        });
        (truth(&site.succeeds), output)
    });
    let answer =
        point.answer.as_ref().and_then(|answer| paths.encoder.decode(answer, &super::paths::answer_type(), model));
    let passes = matches!(place.node.kind, NodeKind::Approval { .. } | NodeKind::Wait { .. }) && truth(&point.end);
    Turns { calls: calls.collect(), passes, answer }
}

impl Choices for Case {
    fn outputs(&self, at: &Path, alternative: usize, _: &Fields) -> Vec<Record> {
        let output =
            self.turns(at).and_then(|turns| turns.calls.get(alternative)).and_then(|(_, output)| output.clone());
        output.into_iter().collect()
    }

    fn answer(&self, at: &Path) -> Value {
        self.turns(at).and_then(|turns| turns.answer.clone()).unwrap_or(Value::Absent)
    }

    fn late(&self, at: &Path) -> Option<Path> {
        self.late.get(at).cloned()
    }

    fn may(&self, at: &Path, turn: Turn) -> bool {
        let Some(turns) = self.turns(at) else { return true };
        let succeeds = |alternative: usize| turns.calls.get(alternative).is_none_or(|(succeeds, _)| *succeeds);
        match turn {
            Turn::Succeeds(alternative) => succeeds(alternative),
            Turn::Fails(alternative) => !succeeds(alternative),
            Turn::Goes => turns.passes,
            Turn::Stops => !turns.passes,
        }
    }
}
