//! What a workflow can do, as conditions on what comes from outside.
//!
//! Every place has a condition under which it is reached, one under which control goes on behind it, and one under which the
//! workflow fails there. What the world decides (whether a call succeeds, an approval is given, a wait is cancelled) is a
//! free variable; everything else follows. Conditions are built once for each place and named, never multiplied out along
//! paths, so that a workflow with twenty branches in a row gives formulas twenty times as large as one with one, and not a
//! million times.

use super::super::encode::{Encoder, Scope, Shape, Sort, Symbol, Term};
use super::gate::{self, Asker, Decision};
use super::layout::{BlockId, FrameId, Layout, PlaceId};
use super::question::Definitions;
use super::time::{is_cut_off, longest};
use gov_plan::Origin;
use gov_plan::expr::{Expr, ExprKind};
use gov_plan::model::{Call, Capability, Effect, Idempotency, NodeKind, Policy, Retry, Step, Target, Workflow};
use gov_plan::types::{Field, Fields, Schema, Type};

/// A workflow as conditions.
pub(super) struct Paths<'m> {
    pub layout: Layout<'m>,
    pub encoder: Encoder<'m>,
    pub definitions: Definitions,
    /// What holds of the arguments and the context.
    pub given: Term,
    pub params: Symbol,
    pub context: Symbol,
    /// The tenant of whoever asks.
    pub tenant: Symbol,
    /// By place.
    pub points: Vec<Point<'m>>,
    /// By frame.
    pub runs: Vec<Run>,
    /// Where the workflow, or a nested one, can fail.
    pub failures: Vec<Failure>,
    /// The runs that may not end within their budget of time.
    pub late: Vec<FrameId>,
    /// What can be done and may have to be undone.
    pub effects: Vec<super::effects::Done<'m>>,
}

/// A place as conditions.
#[derive(Debug)]
pub(super) struct Point<'m> {
    /// When it is reached.
    pub reach: Term,
    /// When control goes on behind it.
    pub end: Term,
    /// The calls of a step: the target, then the fallbacks. A step that runs a workflow has none.
    pub calls: Vec<Site<'m>>,
    /// When the arms of an `if` are taken, the last one being `else`.
    pub arms: Vec<Term>,
    /// A `for`: the length of its list, and the places of the elements of the two rounds.
    pub rounds: Option<Rounds>,
    /// An approval: its answer.
    pub answer: Option<Symbol>,
    /// A wait: how long it takes, in milliseconds.
    pub waits: Option<Term>,
}

/// The rounds of a loop.
#[derive(Debug)]
pub(super) struct Rounds {
    pub length: Term,
    /// Which element the earlier round is about, and which the later one.
    pub picks: [Term; 2],
    /// The elements that are told apart.
    pub elements: Vec<Symbol>,
    /// The elements of the rounds.
    pub picked: Vec<Symbol>,
    /// When the list is known and no longer than is allowed.
    pub begins: Term,
    /// When each round comes to its end.
    pub ends: Vec<Term>,
}

/// A call at a place.
#[derive(Debug)]
pub(super) struct Site<'m> {
    /// 0, or the number of the fallback.
    pub alternative: usize,
    pub call: &'m Call,
    pub capability: &'m Capability,
    pub retry: &'m Retry,
    /// How long one attempt may take, in milliseconds.
    pub timeout: i64,
    /// Whether it cannot end but with success once it is let through without an approval.
    pub is_retriable: bool,
    /// When it is come to.
    pub tried: Term,
    pub input: Symbol,
    /// When its arguments cannot be evaluated.
    pub unevaluable: Term,
    /// When its arguments are what the capability takes.
    pub admitted: Term,
    pub decision: Decision<'m>,
    pub output: Symbol,
    /// When it succeeds, and when it does not.
    pub succeeds: Term,
    pub fails: Term,
}

/// A run of a workflow as conditions.
#[derive(Debug)]
pub(super) struct Run {
    /// When it begins: its arguments are what it takes.
    pub starts: Term,
    /// Its parameters' refinements, where it is nested: when the arguments break them.
    pub breaks: Term,
    /// When it comes to its end.
    pub ends: Term,
    /// When it fails.
    pub fails: Term,
}

/// A place where a workflow can fail.
#[derive(Debug)]
pub(super) struct Failure {
    pub place: PlaceId,
    pub when: Term,
    /// The outermost run that ends with it.
    pub ends: FrameId,
    pub why: Why,
    pub at: Origin,
}

/// Why a workflow fails at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// A call fails, is refused, or its approval turned down.
    Call,
    /// A nested workflow fails.
    Run,
    Check,
    Fail,
    /// An expression cannot be evaluated.
    Expression,
    /// A list has more elements than rounds are allowed.
    TooLong,
    /// A result breaks a refinement, or cannot be evaluated.
    Return,
    Approval,
    Wait,
    /// The deadline of a run comes.
    Deadline(FrameId),
}

impl<'m> Site<'m> {
    /// When the call goes through the gate: it may be made, with or without an approval.
    pub fn opens(&self) -> Term {
        Term::all([self.tried.clone(), self.unevaluable.not(), self.admitted.clone(), self.decision.deny.not()])
    }

    /// When it is made and comes to an end.
    pub fn called(&self) -> Term {
        if self.is_retriable { self.succeeds.clone() } else { self.opens() }
    }
}

/// Whether a call is tried until it succeeds, and doing it twice is doing it once. What has no effect at all can be done as
/// often as one likes.
pub(super) fn is_retriable(capability: &Capability, retry: &Retry) -> bool {
    let harmless = capability.effect.rows.iter().all(|row| row.value == Effect::None);
    let repeatable = capability.idempotency != Idempotency::No || harmless;
    retry.attempts.is_none() && !retry.on_transient && repeatable
}

impl<'m> Paths<'m> {
    /// Works a workflow out.
    pub fn new(layout: Layout<'m>) -> Paths<'m> {
        let mut encoder = Encoder::new(layout.package);
        encoder.long_texts = false;
        let workflow = layout.frames.first().map(|frame| frame.workflow);
        let (params, params_given) = match workflow {
            Some(workflow) => encoder.declare_fields("params", &workflow.params, &Scope::default()),
            None => (Symbol::absent(), Term::bool(true)),
        };
        let (context, context_given) = encoder.declare_fields("context", &layout.package.context, &Scope::default());
        let tenant = Schema { optional: true, ..Schema::plain(Type::String) };
        let (tenant, _) = encoder.declare("principal.tenant", &tenant, &Scope::default());
        let mut paths = Paths {
            given: params_given.and(&context_given),
            params: params.clone(),
            context,
            tenant,
            points: Vec::new(),
            runs: Vec::new(),
            failures: Vec::new(),
            late: Vec::new(),
            effects: Vec::new(),
            definitions: Definitions::default(),
            encoder,
            layout,
        };
        let is_late = |frame: &&FrameId| {
            paths.layout.frames.get(frame.0).is_some_and(|frame| {
                let time = frame.workflow.budget.time;
                time.is_some_and(|time| longest(paths.layout.package, frame.workflow).is_none_or(|most| most > time))
            })
        };
        let frames: Vec<FrameId> = (0..paths.layout.frames.len()).map(FrameId).collect();
        paths.late = frames.iter().filter(is_late).copied().collect();
        for _ in paths.layout.ids() {
            paths.points.push(Point::unreached());
        }
        for _ in &paths.layout.frames {
            paths.runs.push(Run {
                starts: Term::bool(false),
                breaks: Term::bool(false),
                ends: Term::bool(false),
                fails: Term::bool(false),
            });
        }
        if workflow.is_some() {
            paths.frame(FrameId(0), Term::bool(true), &params);
        }
        paths
    }

    /// The point of a place.
    pub fn point(&self, id: PlaceId) -> Option<&Point<'m>> {
        self.points.get(id.0)
    }

    /// The run of a frame.
    pub fn run(&self, id: FrameId) -> Option<&Run> {
        self.runs.get(id.0)
    }

    /// A question with what it has to know beside its own terms, no more than `most` of what their names stand for; and
    /// whether that is all. Whatever cannot be by a part of it cannot be at all.
    pub fn question(&self, terms: &[Term], most: usize) -> (Vec<Term>, bool) {
        let mut question = vec![self.given.clone(), self.encoder.facts()];
        question.extend_from_slice(terms);
        let (definitions, whole) = self.definitions.of(&question, most);
        question.extend(definitions);
        (question, whole)
    }

    /// Works the body of a run out, and gives its result.
    fn frame(&mut self, id: FrameId, starts: Term, params: &Symbol) -> Symbol {
        let Some((workflow, body)) = self.layout.frames.get(id.0).map(|frame| (frame.workflow, frame.body)) else {
            return Symbol::absent();
        };
        let mut walk = Walk { workflow, scope: Scope::default(), returns: Vec::new() };
        for field in workflow.params.iter() {
            walk.scope.names.insert(field.name.clone(), params.field(&field.name));
        }
        walk.scope.names.insert("context".to_owned(), self.context.clone());
        let end = self.block(body, starts.clone(), &mut walk);
        let returned = Term::any(walk.returns.iter().map(|(when, _)| when.clone()));
        let empty = Symbol::present(Shape::Record(Vec::new()));
        let result = walk.returns.iter().rev().fold(empty, |rest, (when, value)| Symbol::choose(when, value, &rest));
        let ends = self.named(&format!("run {} ends", id.0), &end.or(&returned));
        let own = self.failures.iter().filter(|failure| self.reaches(failure, id)).map(|failure| failure.when.clone());
        let fails = Term::any(own.collect::<Vec<_>>());
        let fails = self.named(&format!("run {} fails", id.0), &fails);
        if let Some(run) = self.runs.get_mut(id.0) {
            run.starts = starts;
            run.ends = ends;
            run.fails = fails;
        }
        result
    }

    /// Whether a failure ends a run.
    pub fn reaches(&self, failure: &Failure, frame: FrameId) -> bool {
        let mut at = self.layout.place(failure.place).map(|place| place.frame);
        while let Some(own) = at {
            if own == frame {
                return true;
            }
            if own == failure.ends {
                return false;
            }
            at = self.layout.caller(own);
        }
        false
    }

    fn block(&mut self, block: BlockId, reach: Term, walk: &mut Walk<'m>) -> Term {
        let places = self.layout.block(block).to_vec();
        places.into_iter().fold(reach, |reach, id| self.place(id, reach, walk))
    }

    /// Works a place out; gives when control goes on behind it.
    fn place(&mut self, id: PlaceId, reach: Term, walk: &mut Walk<'m>) -> Term {
        let Some(node) = self.layout.place(id).map(|place| place.node) else { return Term::bool(false) };
        if let Some(point) = self.points.get_mut(id.0) {
            point.reach = reach.clone();
        }
        let end = match &node.kind {
            NodeKind::Step(step) => self.step(id, step, &reach, walk),
            NodeKind::Check { condition, .. } => {
                let (holds, cannot) = self.encoder.condition(condition, &walk.scope);
                let end = Term::all([reach.clone(), cannot.not(), holds]);
                self.fail(id, reach.and(&end.not()), Why::Check, condition.at);
                end
            }
            NodeKind::Fail { .. } => {
                self.fail(id, reach, Why::Fail, node.at);
                Term::bool(false)
            }
            NodeKind::Let { name, value } => {
                let encoded = self.encoder.expr(value, &walk.scope);
                self.fail(id, reach.and(&encoded.fails), Why::Expression, value.at);
                walk.scope.names.insert(name.clone(), encoded.value);
                reach.and(&encoded.fails.not())
            }
            NodeKind::If { arms, .. } => {
                let conditions: Vec<&Expr> = arms.iter().map(|(condition, _)| condition).collect();
                self.branches(id, &conditions, reach, walk)
            }
            NodeKind::Parallel { .. } => self.parallel(id, &reach, walk),
            NodeKind::For { parallel, name, list, limit, .. } => {
                self.rounds(id, *parallel, name, list, *limit, &reach, walk)
            }
            NodeKind::Approval { name, .. } => {
                let given = Term::var(&format!("{}.{name} approved", id.0), Sort::Bool);
                let (answer, admitted) =
                    self.encoder.declare(&format!("{}.{name}", id.0), &Schema::plain(answer_type()), &Scope::default());
                walk.scope.names.insert(name.clone(), answer.clone());
                if let Some(point) = self.points.get_mut(id.0) {
                    point.answer = Some(answer);
                }
                let end = Term::all([reach.clone(), given, admitted]);
                self.fail(id, reach.and(&end.not()), Why::Approval, node.at);
                end
            }
            NodeKind::Wait { duration } => {
                let encoded = self.encoder.expr(duration, &walk.scope);
                if let Some(point) = self.points.get_mut(id.0) {
                    point.waits = encoded.value.as_number().cloned();
                }
                let passes = Term::var(&format!("{} passes", id.0), Sort::Bool);
                let end = Term::all([reach.clone(), encoded.fails.not(), passes]);
                self.fail(id, reach.and(&end.not()), Why::Wait, node.at);
                end
            }
            NodeKind::Return { value } => {
                let encoded = self.encoder.expr(value, &walk.scope);
                let admitted = match &walk.workflow.returns {
                    Some(schema) if !is_same_record(value, schema) => {
                        self.encoder.admits(schema, &encoded.value, &Scope::default())
                    }
                    _ => Term::bool(true),
                };
                let ok = Term::all([reach.clone(), encoded.fails.not(), admitted]);
                self.fail(id, reach.and(&ok.not()), Why::Return, value.at);
                let ok = self.named(&format!("{} returns", id.0), &ok);
                walk.returns.push((ok, encoded.value));
                Term::bool(false)
            }
        };
        let end = self.named(&format!("{} ends", id.0), &end);
        if let Some(point) = self.points.get_mut(id.0) {
            point.end = end.clone();
        }
        end
    }

    fn branches(&mut self, id: PlaceId, conditions: &[&'m Expr], reach: Term, walk: &mut Walk<'m>) -> Term {
        let mut open = reach.clone();
        let mut taken = Vec::new();
        for condition in conditions {
            let (holds, cannot) = self.encoder.condition(condition, &walk.scope);
            self.fail(id, open.and(&cannot), Why::Expression, condition.at);
            let evaluated = open.and(&cannot.not());
            taken.push(evaluated.and(&holds));
            open = evaluated.and(&holds.not());
        }
        taken.push(open);
        let blocks = self.inner(id);
        let before = walk.scope.names.clone();
        let mut ends = Vec::new();
        let mut bound: Vec<(Term, std::collections::BTreeMap<String, Symbol>)> = Vec::new();
        let mut arms = Vec::new();
        for (arm, (block, when)) in blocks.into_iter().zip(taken).enumerate() {
            let when = self.named(&format!("{} arm {arm}", id.0), &when);
            let end = self.block(block, when.clone(), walk);
            let end = self.named(&format!("{} arm {arm} ends", id.0), &end);
            let after = std::mem::replace(&mut walk.scope.names, before.clone());
            let new = after.into_iter().filter(|(name, _)| !before.contains_key(name));
            bound.push((end.clone(), new.collect()));
            ends.push(end);
            arms.push(when);
        }
        let mut names: Vec<String> = bound.iter().flat_map(|(_, names)| names.keys().cloned()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let merged = bound.iter().rev().fold(Symbol::absent(), |rest, (end, names)| match names.get(&name) {
                Some(value) => Symbol::choose(end, value, &rest),
                None => Symbol { present: end.not().and(&rest.present), ..rest },
            });
            walk.scope.names.insert(name, merged);
        }
        if let Some(point) = self.points.get_mut(id.0) {
            point.arms = arms;
        }
        Term::any(ends)
    }

    fn parallel(&mut self, id: PlaceId, reach: &Term, walk: &mut Walk<'m>) -> Term {
        // A branch that waits for another is worked out after it, so that the other's names are known.
        let blocks = self.inner(id);
        let branch_of = |layout: &Layout<'m>, place: PlaceId| {
            blocks
                .iter()
                .position(|block| layout.block(*block).iter().any(|top| *top == place || layout.contains(*top, place)))
        };
        let waits: Vec<Vec<usize>> = (0..blocks.len())
            .map(|branch| {
                let inside = self.layout.ids().filter(|place| branch_of(&self.layout, *place) == Some(branch));
                inside
                    .flat_map(|place| self.layout.after(place).collect::<Vec<_>>())
                    .filter_map(|earlier| branch_of(&self.layout, earlier))
                    .filter(|earlier| *earlier != branch)
                    .collect()
            })
            .collect();
        let mut ends: Vec<Option<Term>> = vec![None; blocks.len()];
        for _ in 0..blocks.len() {
            // What waits in a circle never starts; the names' checker has refused it.
            let next = (0..blocks.len()).find(|branch| {
                ends.get(*branch).is_some_and(Option::is_none)
                    && waits.get(*branch).is_some_and(|waits| {
                        waits.iter().all(|earlier| ends.get(*earlier).is_some_and(Option::is_some))
                    })
            });
            let Some(branch) = next else { break };
            let Some(block) = blocks.get(branch) else { break };
            let end = self.block(*block, reach.clone(), walk);
            if let Some(slot) = ends.get_mut(branch) {
                *slot = Some(end);
            }
        }
        Term::all(ends.into_iter().map(|end| end.unwrap_or_else(|| Term::bool(false))).chain([reach.clone()]))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one statement")]
    fn rounds(
        &mut self,
        id: PlaceId,
        parallel: bool,
        name: &str,
        list: &'m Expr,
        limit: u32,
        reach: &Term,
        walk: &mut Walk<'m>,
    ) -> Term {
        let encoded = self.encoder.expr(list, &walk.scope);
        self.fail(id, reach.and(&encoded.fails), Why::Expression, list.at);
        let Shape::List(elements) = &encoded.value.shape else { return reach.and(&encoded.fails.not()) };
        let length = elements.length.clone();
        let too_long = Term::int(limit).less(&length);
        let evaluated = reach.and(&encoded.fails.not());
        self.fail(id, evaluated.and(&too_long), Why::TooLong, list.at);
        let begins = self.named(&format!("{} begins", id.0), &evaluated.and(&too_long.not()));
        let at_least = |rounds: i128| Term::int(rounds).at_most(&length);
        let picks = [0, 1].map(|round| match elements.elements.len() <= 2 {
            true => Term::int(round),
            false => Term::var(&format!("{} round {round}", id.0), Sort::Int),
        });
        let listed = i128::try_from(elements.elements.len()).unwrap_or(i128::MAX);
        let [earlier, later] = &picks;
        let picked = |pick: &Term| pick.within(0, listed.max(1) - 1).and(&pick.less(&length));
        let mut picked_elements = Vec::new();
        let mut ends = Vec::new();
        let mut begin = Term::all([begins.clone(), at_least(1), picked(earlier)]);
        let blocks = self.inner(id);
        for (round, (block, pick)) in blocks.into_iter().zip(&picks).enumerate() {
            if round == 1 {
                let follows =
                    if parallel { begins.clone() } else { ends.first().cloned().unwrap_or_else(|| begins.clone()) };
                begin = Term::all([begins.clone(), follows, at_least(2), picked(later), earlier.less(later)]);
            }
            let element =
                elements.elements.iter().enumerate().rev().fold(Symbol::absent(), |rest, (place, element)| {
                    let here = pick.equals(&Term::int(i128::try_from(place).unwrap_or(i128::MAX)));
                    if rest.present.as_bool() == Some(false) {
                        element.clone()
                    } else {
                        Symbol::choose(&here, element, &rest)
                    }
                });
            let before = walk.scope.names.clone();
            picked_elements.push(element.clone());
            walk.scope.names.insert(name.to_owned(), element);
            let begin = self.named(&format!("{} round {round} begins", id.0), &begin);
            ends.push(self.block(block, begin, walk));
            walk.scope.names = before;
        }
        if let Some(point) = self.points.get_mut(id.0) {
            point.rounds = Some(Rounds {
                length: length.clone(),
                picks: picks.clone(),
                elements: elements.elements.clone(),
                picked: picked_elements,
                begins: begins.clone(),
                ends: ends.clone(),
            });
        }
        let all = ends.iter().enumerate().map(|(round, end)| {
            let runs = at_least(i128::try_from(round).unwrap_or(i128::MAX) + 1);
            runs.implies(end)
        });
        Term::all(all.chain([begins]))
    }

    fn step(&mut self, id: PlaceId, step: &'m Step, reach: &Term, walk: &mut Walk<'m>) -> Term {
        // It starts when what it waits for has ended.
        let waits = self.layout.after(id).filter_map(|earlier| self.point(earlier)).map(|point| point.end.clone());
        let reach = Term::all(waits.chain([reach.clone()]));
        let reach = self.named(&format!("{} starts", id.0), &reach);
        if let Some(point) = self.points.get_mut(id.0) {
            point.reach = reach.clone();
        }
        self.deadlines(id, &reach);
        let mut tried = reach;
        let mut results: Vec<(Term, Symbol)> = Vec::new();
        let calls = match &step.target {
            Target::Call(call) => Some(call).into_iter().chain(&step.fallbacks),
            Target::Run { arguments, .. } => {
                tried = self.nested(id, step, arguments, &tried, walk, &mut results);
                None.into_iter().chain(&[])
            }
        };
        for (alternative, call) in calls.enumerate() {
            let Some(site) = self.site(id, step, alternative, call, &tried, walk) else { continue };
            results.push((site.succeeds.clone(), site.output.clone()));
            tried = site.fails.clone();
            if let Some(point) = self.points.get_mut(id.0) {
                point.calls.push(site);
            }
        }
        let done = Term::any(results.iter().map(|(when, _)| when.clone()));
        let value = results.iter().rev().fold(Symbol::absent(), |rest, (when, value)| {
            if rest.present.as_bool() == Some(false) && !step.continues_on_failure {
                return value.clone();
            }
            Symbol::choose(when, value, &rest)
        });
        walk.scope.names.insert(step.name.clone(), value);
        self.note_effects(id, step, walk);
        if step.continues_on_failure {
            return done.or(&tried);
        }
        // A nested workflow that has begun fails at the places inside.
        let (why, own) = match self.frame_of(id).and_then(|frame| self.run(frame)) {
            Some(run) => (Why::Run, tried.and(&run.fails.not())),
            None => (Why::Call, tried),
        };
        let at = self.layout.place(id).map_or_else(Origin::default, |place| place.node.at);
        self.fail(id, own, why, at);
        done
    }

    /// Works a nested workflow out; gives when it does not succeed.
    fn nested(
        &mut self,
        id: PlaceId,
        step: &'m Step,
        arguments: &'m [(String, Expr)],
        tried: &Term,
        walk: &mut Walk<'m>,
        results: &mut Vec<(Term, Symbol)>,
    ) -> Term {
        let Some(frame) = self.frame_of(id) else { return tried.clone() };
        let Some(nested) = self.layout.frames.get(frame.0).map(|frame| frame.workflow) else { return tried.clone() };
        let (input, unevaluable) = self.arguments(arguments, &walk.scope);
        let admitted = self.admitted(&nested.params, arguments, &input);
        let starts = Term::all([tried.clone(), unevaluable.not(), admitted.clone()]);
        let starts = self.named(&format!("run {} starts", frame.0), &starts);
        let result = self.frame(frame, starts.clone(), &input);
        let breaks = Term::all([tried.clone(), unevaluable.not(), admitted.not()]);
        let Some(run) = self.runs.get_mut(frame.0) else { return tried.clone() };
        run.breaks = breaks;
        results.push((run.ends.clone(), result));
        let not_started = tried.and(&starts.not());
        let fails = not_started.or(&run.fails);
        self.named(&format!("{} {} fails", id.0, step.name), &fails)
    }

    fn site(
        &mut self,
        id: PlaceId,
        step: &'m Step,
        alternative: usize,
        call: &'m Call,
        tried: &Term,
        walk: &mut Walk<'m>,
    ) -> Option<Site<'m>> {
        let capability = self.layout.package.capability(&call.capability)?;
        let policy = self.layout.package.policy(&walk.workflow.policy)?;
        let name = format!("{}.{}.{alternative}", id.0, step.name);
        let (input, unevaluable) = self.arguments(&call.arguments, &walk.scope);
        let admitted = self.admitted(&capability.input, &call.arguments, &input);
        let admitted = self.named(&format!("{name} admitted"), &admitted);
        let decision = self.decision(policy, capability, &step.principal, &input, walk);
        let (output, fits) = self.encoder.declare_fields(&name, &capability.output, &Scope::default());
        let retry = step.retry.as_ref().unwrap_or(&capability.retry);
        let around = self.layout.workflows_around(id);
        let mut site = Site {
            alternative,
            call,
            capability,
            retry,
            timeout: step.timeout.unwrap_or(capability.timeout),
            is_retriable: is_retriable(capability, retry) && !is_cut_off(capability, retry, &around),
            tried: tried.clone(),
            input,
            unevaluable,
            admitted,
            decision,
            output,
            succeeds: Term::bool(false),
            fails: Term::bool(false),
        };
        let opens = self.named(&format!("{name} opens"), &site.opens());
        let succeeds = Term::all([opens.clone(), Term::var(&format!("{name} succeeds"), Sort::Bool), fits]);
        site.succeeds = self.named(&format!("{name} done"), &succeeds);
        let fails = if site.is_retriable {
            tried.and(&opens.and(&site.decision.allow).not()).and(&site.succeeds.not())
        } else {
            tried.and(&site.succeeds.not())
        };
        site.fails = self.named(&format!("{name} fails"), &fails);
        Some(site)
    }

    /// What the policy decides of a call from a workflow.
    pub(super) fn decision(
        &mut self,
        policy: &'m Policy,
        capability: &'m Capability,
        principal: &str,
        input: &Symbol,
        walk: &Walk<'m>,
    ) -> Decision<'m> {
        let (resource, fails) = match &walk.workflow.tenant {
            Some(tenant) => {
                let encoded = self.encoder.expr(tenant, &walk.scope);
                (encoded.value, encoded.fails)
            }
            None => (Symbol::absent(), Term::bool(false)),
        };
        let root = self.layout.frames.first().map(|frame| frame.workflow.principal.as_str());
        let asker = Asker {
            principal,
            asserts: root == Some(principal),
            workflow: &walk.workflow.name,
            context: &self.context,
            tenants: (&self.tenant, &resource),
        };
        let mut decision = gate::decide(&mut self.encoder, policy, capability, input, &asker);
        if fails.as_bool() != Some(false) {
            let evaluated = fails.not();
            decision.deny = decision.deny.or(&fails);
            decision.allow = decision.allow.and(&evaluated);
            decision.approval = decision.approval.and(&evaluated);
        }
        decision
    }

    /// Arguments as a record, and when they cannot be evaluated.
    pub(super) fn arguments(&mut self, arguments: &[(String, Expr)], scope: &Scope) -> (Symbol, Term) {
        let mut fields = Vec::new();
        let mut fails = Vec::new();
        for (name, argument) in arguments {
            let encoded = self.encoder.expr(argument, scope);
            fields.push((name.clone(), encoded.value));
            fails.push(encoded.fails);
        }
        (Symbol::present(Shape::Record(fields)), Term::any(fails))
    }

    /// When arguments are what is taken. Where every argument is known by its declaration to be, nothing has to be asked.
    pub(super) fn admitted(&mut self, fields: &Fields, arguments: &[(String, Expr)], input: &Symbol) -> Term {
        if fields.iter().all(|field| is_free(field, arguments)) {
            return Term::bool(true);
        }
        self.encoder.admits_fields(fields, input, &Scope::default())
    }

    /// A term with a name, where that is shorter.
    pub(super) fn named(&mut self, name: &str, condition: &Term) -> Term {
        self.definitions.name(name, condition)
    }

    /// The frame that a step runs.
    pub fn frame_of(&self, id: PlaceId) -> Option<FrameId> {
        self.layout.frames.iter().position(|frame| frame.caller == Some(id)).map(FrameId)
    }

    fn inner(&self, id: PlaceId) -> Vec<BlockId> {
        self.layout.place(id).map(|place| place.inner.clone()).unwrap_or_default()
    }

    /// A step is where time passes: a deadline that may not be kept may come while it is at work.
    fn deadlines(&mut self, id: PlaceId, reach: &Term) {
        let Some(place) = self.layout.place(id) else { return };
        let (at, mut next) = (place.node.at, Some(place.frame));
        while let Some(frame) = next {
            if self.late.contains(&frame) {
                let comes = Term::var(&format!("{} deadline of {}", id.0, frame.0), Sort::Bool);
                let when = self.named(&format!("{} is late for {}", id.0, frame.0), &reach.and(&comes));
                let ends = self.layout.ended_with(frame);
                self.failures.push(Failure { place: id, when, ends, why: Why::Deadline(frame), at });
            }
            next = self.layout.caller(frame);
        }
    }

    fn fail(&mut self, place: PlaceId, when: Term, why: Why, at: Origin) {
        if when.as_bool() == Some(false) {
            return;
        }
        let when = self.named(&format!("{} fails {}", place.0, self.failures.len()), &when);
        let ends = self.layout.ended_by(place);
        self.failures.push(Failure { place, when, ends, why, at });
    }
}

/// The walk through one frame.
pub(super) struct Walk<'m> {
    pub workflow: &'m Workflow,
    pub scope: Scope,
    returns: Vec<(Term, Symbol)>,
}

impl Point<'_> {
    fn unreached() -> Self {
        Point {
            reach: Term::bool(false),
            end: Term::bool(false),
            calls: Vec::new(),
            arms: Vec::new(),
            rounds: None,
            answer: None,
            waits: None,
        }
    }
}

/// What an approval answers.
pub(super) fn answer_type() -> Type {
    let field = |name: &str, ty| Field {
        name: name.to_owned(),
        docs: String::new(),
        schema: Schema::plain(ty),
        at: Origin::default(),
    };
    Type::Record(Fields::from_iter([
        field("by", Type::String),
        field("at", Type::Time),
        field("comment", Type::String),
    ]))
}

/// Whether a field takes whatever the argument for it can be: it has no refinements inside, or the argument is a name or a
/// field that is declared with the same ones.
fn is_free(field: &Field, arguments: &[(String, Expr)]) -> bool {
    let argument = arguments.iter().find(|(name, _)| *name == field.name).map(|(_, argument)| argument);
    match argument {
        None => field.schema.optional,
        Some(argument) => is_unrefined(&field.schema) && is_whole(&argument.ty, &field.schema.ty),
    }
}

/// Whether a schema constrains nothing but the shape.
fn is_unrefined(schema: &Schema) -> bool {
    schema.refinements.is_empty()
        && match &schema.ty {
            Type::List(element) => is_unrefined(element),
            Type::Record(fields) => fields.iter().all(|field| is_unrefined(&field.schema)),
            _ => true,
        }
}

/// Whether values of a type fit another that has no refinements, whatever they are.
fn is_whole(own: &Type, target: &Type) -> bool {
    own.fits(target)
}

fn is_same_record(value: &Expr, schema: &Schema) -> bool {
    is_unrefined(schema) && is_whole(&value.ty, &schema.ty) && !matches!(value.kind, ExprKind::As(..))
}
