//! What is never reached, and checks that always turn out the same: G1303.

use super::super::encode::Term;
use super::super::report::{Evidence, Proof};
use super::super::solver::Model;
use super::check::{Check, Verdict};
use super::layout::PlaceId;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::errors::workflow as errors;
use crate::lower::span_of;
use gov_plan::model::NodeKind;

/// Something that can happen, unless it is found that it cannot.
struct Goal {
    what: Wanted,
    /// The statement, with all its places.
    group: Vec<PlaceId>,
    when: Term,
    /// Nothing before it is known.
    settled: Option<Settled>,
}

/// Notes the goals that an execution reaches: these, and what happens in it besides.
fn reached_in(goals: &mut [Goal], wanted: &[usize], model: &Model) {
    let open: Vec<usize> =
        (0..goals.len()).filter(|index| goals.get(*index).is_some_and(|goal| goal.settled.is_none())).collect();
    let happens = model.bools(open.iter().filter_map(|index| goals.get(*index)).map(|goal| &goal.when));
    for (index, happens) in open.into_iter().zip(happens) {
        if let Some(goal) = goals.get_mut(index)
            && (wanted.contains(&index) || happens == Some(true))
        {
            goal.settled = Some(Settled::Happens);
        }
    }
}

/// What is known of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Happens,
    Never,
    /// It was asked for in vain, and reported.
    Unknown,
}

/// What a goal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The statement is reached.
    Reached,
    /// Control goes on behind a check.
    Holds,
    /// A check fails.
    Fails,
    /// A fallback is tried.
    Fallback(usize),
}

impl Check<'_, '_, '_> {
    /// Finds the statements of the workflow that nothing reaches, and the checks that check nothing. One execution shows many
    /// statements to be reachable, so that few questions are needed.
    pub fn reachable(&mut self) {
        let mut goals = self.goals();
        let mut most = goals.len();
        while let Some(open) = goals.iter().rposition(|goal| goal.settled.is_none()) {
            let together = self.together(&goals, open, most);
            if together.len() > 1 {
                let all =
                    Term::all(together.iter().filter_map(|index| goals.get(*index)).map(|goal| goal.when.clone()));
                match self.ask_likely(&format!("G1303-{open}-together"), &all) {
                    Verdict::Happens(model) => reached_in(&mut goals, &together, &model),
                    // Fewer may be in one execution.
                    _ => most = together.len() / 2,
                }
                continue;
            }
            let Some(goal) = goals.get(open) else { break };
            let (what, when) = (format!("G1303-{open}"), goal.when.clone());
            match self.ask_likely(&what, &when) {
                Verdict::Never(_) => {
                    if let Some(goal) = goals.get_mut(open) {
                        goal.settled = Some(Settled::Never);
                    }
                }
                Verdict::Happens(model) => reached_in(&mut goals, &[open], &model),
                Verdict::Unknown(why) => {
                    let first = goals.get(open).and_then(|goal| goal.group.first()).copied();
                    let at = first.map_or(self.workflow.at, |first| self.origin(first));
                    self.unproved(Code::UnreachableStatement, self.subject(), at, &why);
                    if let Some(goal) = goals.get_mut(open) {
                        goal.settled = Some(Settled::Unknown);
                    }
                }
            }
        }
        self.tell(&goals);
    }

    /// A goal with others that are open, as many as said, and that may all be reached in one execution.
    fn together(&self, goals: &[Goal], open: usize, most: usize) -> Vec<usize> {
        let layout = &self.paths.layout;
        let mut found: Vec<(usize, PlaceId)> = Vec::new();
        for (index, goal) in goals.iter().enumerate().take(open + 1).rev() {
            let goes_on = matches!(goal.what, Wanted::Reached | Wanted::Holds) && goal.settled.is_none();
            let Some(place) = goal.group.first().copied().filter(|_| goes_on) else { continue };
            if found.len() < most && found.iter().all(|(_, other)| !layout.exclusive(place, *other)) {
                found.push((index, place));
            }
        }
        let found: Vec<usize> = found.into_iter().map(|(index, _)| index).collect();
        if found.contains(&open) { found } else { vec![open] }
    }

    fn goals(&self) -> Vec<Goal> {
        let mut goals = Vec::new();
        for group in self.own_statements() {
            let points: Vec<_> = group.iter().filter_map(|id| self.paths.point(*id)).collect();
            let mut goal = |what: Wanted, when: Term| {
                let settled = when.as_bool().map(|when| if when { Settled::Happens } else { Settled::Never });
                goals.push(Goal { what, group: group.clone(), when, settled });
            };
            let any =
                |what: &dyn Fn(&super::paths::Point<'_>) -> Term| Term::any(points.iter().map(|point| what(point)));
            goal(Wanted::Reached, any(&|point| point.reach.clone()));
            let node = group.first().and_then(|id| self.paths.layout.place(*id)).map(|place| place.node);
            if let Some(NodeKind::Check { .. }) = node.map(|node| &node.kind) {
                goal(Wanted::Holds, any(&|point| point.end.clone()));
                let fails = self.paths.failures.iter().filter(|failure| group.contains(&failure.place));
                goal(Wanted::Fails, Term::any(fails.map(|failure| failure.when.clone())));
            }
            let calls = points.iter().map(|point| point.calls.len()).max().unwrap_or(0);
            for alternative in 1..calls {
                let tried = |point: &super::paths::Point<'_>| {
                    point.calls.get(alternative).map_or_else(|| Term::bool(false), |site| site.tried.clone())
                };
                goal(Wanted::Fallback(alternative), any(&tried));
            }
        }
        goals
    }

    /// Says what was found: of what follows from one mistake, the first statement alone.
    fn tell(&mut self, goals: &[Goal]) {
        let dead = |id: PlaceId, what: Wanted| {
            goals
                .iter()
                .any(|goal| goal.what == what && goal.group.contains(&id) && goal.settled == Some(Settled::Never))
        };
        let mut found: Vec<Diagnostic> = Vec::new();
        for goal in goals {
            let Some(first) = goal.group.first().copied() else { continue };
            match goal.settled {
                Some(Settled::Never) => {}
                Some(Settled::Happens) => {
                    let subject = self.step_subject(first);
                    self.proved(Code::UnreachableStatement, subject, Proof::Exact(Evidence::None));
                    continue;
                }
                _ => continue,
            }
            let unreached = dead(first, Wanted::Reached);
            let subject = self.step_subject(first);
            match goal.what {
                Wanted::Reached if self.follows_from(first, &dead) => {}
                Wanted::Reached => {
                    found.push(errors::unreachable(self.span(first), &self.named_statement(first), subject))
                }
                Wanted::Holds | Wanted::Fails if unreached => {}
                Wanted::Holds => found.push(errors::constant_check(self.span(first), false, subject)),
                Wanted::Fails => found.push(errors::constant_check(self.span(first), true, subject)),
                Wanted::Fallback(_) if unreached => {}
                Wanted::Fallback(alternative) => {
                    let site = self.paths.point(first).and_then(|point| point.calls.get(alternative));
                    let Some(site) = site else { continue };
                    let what = format!("the fallback to `{}`", site.capability.id);
                    found.push(errors::unreachable(span_of(site.call.at), &what, subject));
                }
            }
        }
        for found in found {
            self.refuted(found);
        }
    }

    /// Whether something before a statement, or around it, already says why it is not reached.
    fn follows_from(&self, id: PlaceId, dead: &dyn Fn(PlaceId, Wanted) -> bool) -> bool {
        let layout = &self.paths.layout;
        if layout.parent(id).is_some_and(|around| dead(around, Wanted::Reached)) {
            return true;
        }
        let block = layout.place(id).map_or(&[][..], |place| layout.block(place.block));
        let before = block.iter().take_while(|other| **other != id).last();
        before.is_some_and(|before| {
            let never_done = self.found.diagnostics.iter().any(|found| {
                found.is_error()
                    && matches!(found.code, Code::RefusedStep | Code::BrokenRefinement)
                    && found.primary.span == self.span(*before)
            });
            dead(*before, Wanted::Reached) || dead(*before, Wanted::Holds) || never_done
        })
    }

    fn named_statement(&self, id: PlaceId) -> String {
        match self.paths.layout.place(id).map(|place| &place.node.kind) {
            Some(NodeKind::Step(step)) => format!("`{}`", step.name),
            Some(NodeKind::Let { name, .. } | NodeKind::Approval { name, .. }) => format!("`{name}`"),
            Some(NodeKind::Check { .. }) => "this check".to_owned(),
            Some(NodeKind::Return { .. }) => "this `return`".to_owned(),
            _ => "this statement".to_owned(),
        }
    }
}
