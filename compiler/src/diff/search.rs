//! The search for requests that two versions of a policy decide differently.
//!
//! Capabilities that both versions treat alike are looked at once. For each, and for each state of who asks (see
//! [`super::people`]), the space of inputs and contexts is split by what decides in the old plan and in the new one; a pair of
//! deciders with different outcomes is a difference if some request is left that no earlier rule takes. What the exact procedure
//! cannot tell is put to the solver; what that cannot tell either is said to be open.

use super::align::Aligned;
use super::outcome::{Direction, Outcome};
use super::people::{Atom, People, State};
use super::side::{By, Places, Side, Winner};
use super::solver::{Answer, Solver};
use super::witness::{Asked, object};
use crate::verify::exact::cell::{Cell, Effort, Region, intersect, uncovered};
use crate::verify::exact::condition::Compiler;
use crate::verify::exact::materialize::Builder;
use crate::verify::exact::set::Set;
use crate::verify::exact::space::{Dimension, Space};
use gov_plan::expr::{Expr, ExprKind};
use gov_plan::model::{Capability, Package, Policy};
use gov_plan::pattern::TextPattern;
use gov_plan::types::Fields;
use std::collections::{BTreeMap, BTreeSet};

/// The most cells and splits for one capability.
const EFFORT: u32 = 400_000;

/// The most roles that conditions may ask for: every set of them is looked at.
const MOST_ASKED: usize = 5;

/// One of the two plans: as it is, and with its fields written as those of the other.
#[derive(Clone, Copy)]
pub(super) struct Version<'p> {
    pub package: &'p Package,
    pub aligned: &'p Package,
    /// The policy in the aligned package.
    pub policy: Option<&'p Policy>,
}

/// Requests for one capability, or for several that are treated alike.
pub(super) struct Subject<'p> {
    pub ids: Vec<String>,
    pub capabilities: [Option<&'p Capability>; 2],
    pub input: &'p Aligned,
    pub context: &'p Aligned,
    /// Whether what the two plans make up has one meaning.
    pub is_shared: bool,
}

/// What decides, and how, in the old plan and in the new one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair<'p> {
    pub by: [By; 2],
    pub outcomes: [Outcome<'p>; 2],
}

/// A difference.
#[derive(Debug)]
pub(super) struct Found<'p> {
    pub pair: Pair<'p>,
    pub direction: Direction,
    pub states: Vec<State>,
    /// Whether for some of who asks it was not settled.
    pub is_open: bool,
    pub witness: Asked,
}

/// What the search came to for one subject.
#[derive(Debug, Default)]
pub(super) struct Outcomes<'p> {
    pub found: Vec<Found<'p>>,
    /// What was not settled, and why.
    pub open: BTreeSet<String>,
}

/// Which requests are looked at: where types have nothing in common, no request that has such a value fits both plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum World {
    /// Those without such values.
    Shared,
    /// Those that have one as the old, or the new, plan wants it.
    Only(usize),
}

/// One search.
pub(super) struct Search<'a, 'p> {
    pub versions: [Version<'p>; 2],
    pub people: &'a People<'a>,
    pub solver: &'a mut Solver<'a>,
}

/// A pair that the exact procedure left open.
struct Open<'p> {
    winners: [Winner<'p>; 2],
    direction: Direction,
    states: Vec<State>,
    why: &'static str,
}

const BEYOND: &str = "conditions that are beyond the exact procedure";
const TOO_MANY: &str = "too many cases for the exact procedure";

impl<'p> Search<'_, 'p> {
    /// All differences among the requests of a subject.
    pub fn subject(&mut self, subject: &'p Subject<'p>) -> Outcomes<'p> {
        let mut outcomes = Outcomes::default();
        let apart = !subject.input.incompatible.is_empty() || !subject.context.incompatible.is_empty();
        let both = self
            .versions
            .iter()
            .zip(&subject.capabilities)
            .all(|(version, own)| version.policy.is_some() && own.is_some());
        let worlds: &[World] = match apart && both {
            true => &[World::Shared, World::Only(0), World::Only(1)],
            false => &[World::Shared],
        };
        for world in worlds {
            self.world(subject, *world, &mut outcomes);
        }
        outcomes
    }

    fn world(&mut self, subject: &'p Subject<'p>, world: World, outcomes: &mut Outcomes<'p>) {
        let mut space = Space::default();
        let [old, new] = [0, 1].map(|side| self.side(subject, world, side, &mut space));
        // Where a value is that only one plan can read.
        let present = match world {
            World::Shared => vec![Cell::whole()],
            World::Only(side) => self.present(subject, side, &mut space),
        };
        let (asks, asked) = self.asked();
        let Some(asked) = asked else {
            outcomes.open.insert(format!("`{}`: conditions ask for many roles", first(&subject.ids)));
            return;
        };
        let atoms = |side: &Option<Side<'p>>| side.as_ref().map(Side::atoms).unwrap_or_default();
        let states = self.people.states(&atoms(&old), &atoms(&new), asks, &asked);
        let mut effort = Effort(EFFORT);
        let (mut found, mut open): (Vec<Found<'p>>, Vec<Open<'p>>) = (Vec::new(), Vec::new());
        for state in states {
            let fixed = self.fixed(&space, &state, asks, &asked);
            let start = intersect(&[fixed], &present);
            let matched = [&old, &new].map(|side| side.as_ref().map(|side| side.matched(self.people, &state)));
            if let ([Some(own), Some(others)], Some(one), Some(other)) = (&matched, &old, &new)
                && one.is_alike(other, self.people, own, others)
            {
                continue;
            }
            let exempt = self.people.is_rollback(&state);
            let winners = |side: &Option<Side<'p>>, matched: &Option<Vec<_>>| match (side, matched) {
                (Some(side), Some(matched)) => side.winners(matched, exempt),
                _ => vec![missing()],
            };
            let [left, right] = &matched;
            let (winners_of_old, winners_of_new) = (winners(&old, left), winners(&new, right));
            for one in &winners_of_old {
                let region = intersect(&start, &one.region);
                if region.is_empty() {
                    continue;
                }
                for other in &winners_of_new {
                    let direction = self.people.direction(&one.outcome, &other.outcome);
                    if direction == Direction::Same {
                        continue;
                    }
                    let pair = pair(one, other);
                    let known = found.iter().position(|found| found.pair == pair);
                    let general = |states: &[State]| states.iter().any(|own| own.is_more_general(&state));
                    if known.and_then(|at| found.get(at)).is_some_and(|known| general(&known.states)) {
                        continue;
                    }
                    let cells = intersect(&region, &other.region);
                    let mut covers = Vec::new();
                    for (side, matched, winner) in [(&old, left, one), (&new, right, other)] {
                        if let (Some(side), Some(matched)) = (side, matched) {
                            covers.extend(side.covers(matched, winner));
                        }
                    }
                    let tried = self.first(subject, world, &space, &cells, &covers, &state, &pair, &mut effort);
                    match tried {
                        Tried::No => {}
                        Tried::Yes(witness) => match known.and_then(|at| found.get_mut(at)) {
                            Some(known) => known.states.push(state.clone()),
                            None => found.push(Found {
                                pair,
                                direction,
                                states: vec![state.clone()],
                                is_open: false,
                                witness: *witness,
                            }),
                        },
                        Tried::Open(why) => {
                            let same = |open: &&mut Open<'p>| {
                                let [a, b] = &open.winners;
                                (a.by, b.by) == (one.by, other.by)
                                    && (a.escalated, a.row, b.escalated, b.row)
                                        == (one.escalated, one.row, other.escalated, other.row)
                            };
                            match open.iter_mut().find(same) {
                                Some(known) => known.states.push(state.clone()),
                                None => open.push(Open {
                                    winners: [one.clone(), other.clone()],
                                    direction,
                                    states: vec![state.clone()],
                                    why,
                                }),
                            }
                        }
                    }
                }
            }
        }
        for open in open {
            self.settle(subject, world, open, &mut found, outcomes);
        }
        outcomes.found.extend(found);
    }

    /// Puts to the solver what the exact procedure left open: whether there is any such request, and then by whom.
    fn settle(
        &mut self,
        subject: &'p Subject<'p>,
        world: World,
        open: Open<'p>,
        found: &mut Vec<Found<'p>>,
        outcomes: &mut Outcomes<'p>,
    ) {
        let Open { winners: [one, other], direction, states, why } = open;
        let pair = pair(&one, &other);
        let mut at = found.iter().position(|found| found.pair == pair);
        if at.is_none() {
            match self.ask(subject, world, [&one, &other], None, &pair) {
                Answer::Never => return,
                // Of some of them alone it may be easier to tell.
                Answer::Unknown(_) => {}
                Answer::Found(witness) => {
                    at = Some(found.len());
                    let pair = pair.clone();
                    found.push(Found { pair, direction, states: Vec::new(), is_open: false, witness: *witness });
                }
            }
        }
        let mut unknown = None;
        for state in states {
            let known = at.and_then(|at| found.get_mut(at));
            if known.as_ref().is_some_and(|known| known.states.iter().any(|own| own.is_more_general(&state))) {
                continue;
            }
            match self.ask(subject, world, [&one, &other], Some(&state), &pair) {
                Answer::Never => {}
                Answer::Unknown(why) => unknown = Some(why),
                Answer::Found(witness) => match known {
                    Some(known) => known.states.push(state),
                    None => {
                        at = Some(found.len());
                        let (pair, states) = (pair.clone(), vec![state]);
                        found.push(Found { pair, direction, states, is_open: false, witness: *witness });
                    }
                },
            }
        }
        match (at.and_then(|at| found.get_mut(at)), unknown) {
            // The states cover everybody: where none of them is concerned, one of them is open.
            (Some(known), unknown) => known.is_open |= unknown.is_some() || known.states.is_empty(),
            (None, Some(unknown)) => {
                outcomes.open.insert(format!("`{}`: {why}, and {unknown}", first(&subject.ids)));
            }
            (None, None) => {}
        }
    }

    /// What the solver says about a pair, by some or by anybody; a witness of it was replayed.
    fn ask(
        &mut self,
        subject: &'p Subject<'p>,
        world: World,
        winners: [&Winner<'p>; 2],
        state: Option<&State>,
        pair: &Pair<'p>,
    ) -> Answer {
        let only = match world {
            World::Shared => None,
            World::Only(side) => Some(side),
        };
        let state = state.map(|state| (self.people, state));
        match self.solver.ask(&self.versions, subject, only, winners, state) {
            Answer::Found(witness) if !self.replays(&witness, pair) => Answer::Unknown(
                "the solver found a case that could not be replayed: it may be one that does not exist".to_owned(),
            ),
            answer => answer,
        }
    }

    /// A request of these cells that no cover has.
    #[expect(clippy::too_many_arguments, reason = "one place calls it, with what it has at hand")]
    fn first(
        &self,
        subject: &Subject<'_>,
        world: World,
        space: &Space,
        cells: &Region,
        covers: &[&Cell],
        state: &State,
        pair: &Pair<'_>,
        effort: &mut Effort,
    ) -> Tried {
        let mut open = None;
        for cell in cells {
            match uncovered(cell, covers, &|slot| space.domain(slot), effort) {
                Ok(None) => {}
                Ok(Some(cell)) => {
                    let request = self.materialize(subject, world, space, &cell, state);
                    match request.filter(|request| self.replays(request, pair)) {
                        Some(request) => return Tried::Yes(Box::new(request)),
                        None => open = Some(BEYOND),
                    }
                }
                Err(_) => return Tried::Open(TOO_MANY),
            }
        }
        open.map_or(Tried::No, Tried::Open)
    }

    /// Whether both plans decide a request as the pair says.
    fn replays(&self, request: &Asked, pair: &Pair<'_>) -> bool {
        self.versions.iter().zip(pair.by.iter().zip(&pair.outcomes)).all(|(version, (by, outcome))| {
            let policy = version.policy.and_then(|policy| version.package.policy(&policy.name));
            let decided = request.decided(version.package, policy);
            // Of a value that one plan alone can read, the other one says that it does not fit.
            let same = decided.by == *by || (*by == By::Missing && decided.by == By::Misfit);
            same && decided.outcome == *outcome
        })
    }

    fn side(&self, subject: &Subject<'p>, world: World, side: usize, space: &mut Space) -> Option<Side<'p>> {
        let version = self.versions.get(side)?;
        let (policy, capability) = (version.policy?, (*subject.capabilities.get(side)?)?);
        if matches!(world, World::Only(only) if only != side) {
            return None;
        }
        let mark = if side == 1 && !subject.is_shared { "new " } else { "" };
        let package = version.aligned;
        let mut compiler = Compiler { package, alphabet: self.people.alphabet, space, mark };
        let mut needed: Vec<String> = Vec::new();
        if world == World::Shared {
            needed.extend(subject.input.needed.get(side).into_iter().flatten().cloned());
            needed.extend(subject.context.needed.get(side).into_iter().flatten().cloned());
        }
        let of_rule = |rule: &gov_plan::model::Rule| -> Vec<Atom> { self.people.atoms(side, &rule.subjects) };
        let mut made = Side::new(&mut compiler, (package, policy, capability), &needed, of_rule);
        if world == World::Shared {
            let places = Places { package, capability };
            for path in subject.input.incompatible.iter().chain(&subject.context.incompatible) {
                made.misfit.extend(places.present(&mut compiler, path));
            }
        }
        Some(made)
    }

    /// Where there is a value that this plan alone can read.
    fn present(&self, subject: &Subject<'p>, side: usize, space: &mut Space) -> Region {
        let parts = (self.versions.get(side), subject.capabilities.get(side).copied().flatten());
        let (Some(version), Some(capability)) = parts else { return Region::new() };
        let package = version.aligned;
        let mut compiler = Compiler { package, alphabet: self.people.alphabet, space, mark: "" };
        let places = Places { package, capability };
        let paths = subject.input.incompatible.iter().chain(&subject.context.incompatible);
        paths.flat_map(|path| places.present(&mut compiler, path)).collect()
    }

    /// What a state says about the slots that conditions ask for.
    fn fixed(&self, space: &Space, state: &State, asks: bool, asked: &[usize]) -> Cell {
        let mut cell = Cell::whole();
        let mut fix = |dimension: Dimension, value: i128| {
            let part = space.find(&dimension).and_then(|slot| Cell::of(slot, Set::point(value)));
            if let Some(both) = part.and_then(|part| cell.intersect(&part)) {
                cell = both;
            }
        };
        if asks {
            fix(Dimension::Value("principal.id".to_owned()), state.principal);
        }
        for role in asked {
            if let Some(name) = self.people.roles.get(*role) {
                fix(Dimension::Asserts(name.clone()), i128::from(state.asserted.contains(role)));
            }
        }
        cell
    }

    /// Whether conditions of either plan ask for the principal, and for which roles; `None` for too many.
    fn asked(&self) -> (bool, Option<Vec<usize>>) {
        let (mut principal, mut roles) = (false, BTreeSet::new());
        let policies = self.versions.iter().filter_map(|version| version.policy);
        for condition in policies.flat_map(|policy| &policy.rules).filter_map(|rule| rule.condition.as_ref()) {
            condition.walk(&mut |expr| match &expr.kind {
                ExprKind::Field(inner, name) if name == "id" => principal |= is_principal(inner),
                ExprKind::Matches(_, patterns) => {
                    roles.extend(patterns.iter().filter_map(|pattern| match pattern {
                        TextPattern::Role(role) => self.people.role(role),
                        _ => None,
                    }));
                }
                _ => {}
            });
        }
        (principal, (roles.len() <= MOST_ASKED).then(|| roles.into_iter().collect()))
    }

    fn materialize(
        &self,
        subject: &Subject<'_>,
        world: World,
        space: &Space,
        cell: &Cell,
        state: &State,
    ) -> Option<Asked> {
        let builder = Builder { space, alphabet: self.people.alphabet };
        let text = |name: &str| match builder.optional(cell, name)? {
            true => builder.text(cell, name, &gov_plan::types::Type::String).map(Some),
            false => Some(None),
        };
        let fields = |aligned: &Aligned| -> Option<Fields> {
            match world {
                World::Shared => Some(aligned.merged.clone()),
                World::Only(side) => aligned.sides.get(side).cloned(),
            }
        };
        Some(Asked {
            principal: self.people.alphabet.sample(state.principal, None)?,
            capability: subject.ids.first()?.clone(),
            input: object(&builder.record(cell, "input", &fields(subject.input)?)?),
            context: object(&builder.record(cell, "context", &fields(subject.context)?)?),
            roles: state.asserted.iter().filter_map(|role| self.people.roles.get(*role)).cloned().collect(),
            workflow: text("workflow")?,
            principal_tenant: text("principal.tenant")?,
            resource_tenant: text("resource.tenant")?,
        })
    }
}

/// What came of one pair for one state.
enum Tried {
    No,
    Yes(Box<Asked>),
    Open(&'static str),
}

fn pair<'p>(old: &Winner<'p>, new: &Winner<'p>) -> Pair<'p> {
    Pair { by: [old.by, new.by], outcomes: [old.outcome.clone(), new.outcome.clone()] }
}

/// The decider of a plan that has no such capability, or no such policy.
fn missing<'p>() -> Winner<'p> {
    Winner {
        by: By::Missing,
        outcome: Outcome::Deny,
        escalated: None,
        row: None,
        by_row: false,
        region: vec![Cell::whole()],
        passed: 0,
    }
}

fn is_principal(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Var(root) if root == "principal")
}

fn first(ids: &[String]) -> &str {
    ids.first().map_or("", String::as_str)
}

/// Every schema that JSON is read as, by the words of the expression.
pub(super) fn read_as(package: &Package) -> BTreeMap<String, Vec<gov_plan::types::Schema>> {
    let mut found: BTreeMap<String, Vec<gov_plan::types::Schema>> = BTreeMap::new();
    gov_plan::document::each_expression(package, &mut |expr| {
        expr.walk(&mut |expr| {
            if let ExprKind::As(_, schema) = &expr.kind {
                let own = found.entry(gov_plan::print::schema(schema)).or_default();
                if !own.contains(schema) {
                    own.push((**schema).clone());
                }
            }
        });
    });
    found
}
