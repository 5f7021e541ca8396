//! The picture of a workflow.

use gov_plan::document::Plan;
use gov_plan::model::{Action, Call, Compensation, Node, NodeKind, Package, Step, Target, Workflow};
use gov_plan::types::Risk;

use super::picture::{Line, Look, Picture, wrapped};

/// The most characters of a line.
const WIDTH: usize = 34;

/// The picture of a workflow of a plan.
pub fn picture(plan: &Plan, workflow: &Workflow) -> Picture {
    let mut drawing = Drawing {
        plan,
        package: &plan.package,
        workflow,
        picture: Picture { title: format!("workflow {}", workflow.name), ..Picture::default() },
        pivot: false,
    };
    let about = format!("{} under {}", workflow.principal, workflow.policy);
    let mut lines = vec![workflow.name.clone()];
    lines.extend(wrapped(&about, WIDTH, 2));
    let start = drawing.picture.add(Look::Terminal, lines);
    let open = drawing.body(&workflow.body, vec![(start, String::new())]);
    if !open.is_empty() {
        let end = drawing.picture.add(Look::Terminal, vec!["done".to_owned()]);
        drawing.join(open, end);
    }
    drawing.picture
}

/// Where control comes from: a box, and what the arrow from it says.
type Open = Vec<(usize, String)>;

struct Drawing<'p> {
    plan: &'p Plan,
    package: &'p Package,
    workflow: &'p Workflow,
    picture: Picture,
    /// Whether a step was drawn that nothing undoes.
    pivot: bool,
}

impl Drawing<'_> {
    fn join(&mut self, open: Open, to: usize) {
        for (from, label) in open {
            self.picture.arrow(from, to, label, Line::Flow);
        }
    }

    fn body(&mut self, body: &[Node], open: Open) -> Open {
        body.iter().fold(open, |open, node| if open.is_empty() { open } else { self.node(node, open) })
    }

    fn node(&mut self, node: &Node, open: Open) -> Open {
        match &node.kind {
            NodeKind::Step(step) => {
                let step = self.step(step);
                self.join(open, step);
                vec![(step, String::new())]
            }
            NodeKind::Check { condition, message } => {
                let mut lines = vec!["check".to_owned()];
                lines.extend(wrapped(&condition.to_string(), WIDTH, 4));
                let check = self.picture.add(Look::Control, lines);
                self.picture.note(check, Look::Refused, "else", wrapped(&message.to_string(), WIDTH - 8, 3));
                self.join(open, check);
                vec![(check, String::new())]
            }
            NodeKind::Fail { message } => {
                let mut lines = vec!["fail".to_owned()];
                lines.extend(wrapped(&message.to_string(), WIDTH, 3));
                let fail = self.picture.add(Look::Refused, lines);
                self.join(open, fail);
                Vec::new()
            }
            // A name for a value is no event.
            NodeKind::Let { .. } => open,
            NodeKind::If { arms, otherwise } => {
                let choice = self.picture.add(Look::Control, vec!["if".to_owned()]);
                self.join(open, choice);
                let mut ends = Vec::new();
                for (condition, body) in arms {
                    let label = wrapped(&condition.to_string(), WIDTH - 10, 3).join("\n");
                    ends.extend(self.body(body, vec![(choice, label)]));
                }
                ends.extend(self.body(otherwise, vec![(choice, "else".to_owned())]));
                ends
            }
            NodeKind::Parallel { branches } => self.parallel(branches, open),
            NodeKind::For { parallel, name, list, limit, body } => {
                let word = if *parallel { "for all at once" } else { "for each" };
                let mut lines = vec![word.to_owned()];
                lines.extend(wrapped(&format!("{name} in {list}"), WIDTH, 3));
                lines.push(format!("up to {limit} times"));
                let head = self.picture.add(Look::Control, lines);
                self.join(open, head);
                let ends = self.body(body, vec![(head, String::new())]);
                let again = self.picture.add(Look::Control, vec![format!("next {name}, or on")]);
                self.join(ends, again);
                vec![(again, String::new())]
            }
            NodeKind::Approval { name, approval, question } => {
                let mut lines = vec![format!("approval {name}")];
                lines.extend(wrapped(&format!("by {}", gov_compiler::diff::approval_words(approval)), WIDTH, 3));
                lines.extend(wrapped(&question.to_string(), WIDTH, 3));
                let human = self.picture.add(Look::Human, lines);
                self.picture.note(human, Look::Refused, "rejected", vec!["undo all".to_owned()]);
                self.join(open, human);
                vec![(human, String::new())]
            }
            NodeKind::Wait { duration } => {
                let lines = wrapped(&format!("wait {duration}"), WIDTH, 2);
                let wait = self.picture.add(Look::Control, lines);
                self.join(open, wait);
                vec![(wait, String::new())]
            }
            NodeKind::Return { value } => {
                let mut lines = vec!["return".to_owned()];
                lines.extend(wrapped(&value.to_string(), WIDTH, 4));
                let end = self.picture.add(Look::Terminal, lines);
                self.join(open, end);
                Vec::new()
            }
        }
    }

    /// Branches that begin at once, but for those that come after others.
    fn parallel(&mut self, branches: &[Node], open: Open) -> Open {
        let fork = self.picture.add(Look::Control, vec!["all at once".to_owned()]);
        self.join(open, fork);
        // By branch: the step names in it, and where it ends.
        let mut ends: Vec<(Vec<String>, Open)> = Vec::new();
        let mut awaited = vec![false; branches.len()];
        for branch in branches {
            let after = match &branch.kind {
                NodeKind::Step(step) => step.after.as_slice(),
                _ => &[],
            };
            let mut from: Open = Vec::new();
            for (index, (names, end)) in ends.iter().enumerate() {
                if names.iter().any(|name| after.contains(name)) {
                    from.extend(end.iter().cloned());
                    if let Some(awaited) = awaited.get_mut(index) {
                        *awaited = true;
                    }
                }
            }
            if from.is_empty() {
                from.push((fork, String::new()));
            }
            let end = self.body(std::slice::from_ref(branch), from);
            let mut names = Vec::new();
            step_names(std::slice::from_ref(branch), &mut names);
            ends.push((names, end));
        }
        let all = self.picture.add(Look::Control, vec!["all done".to_owned()]);
        for ((_, end), awaited) in ends.into_iter().zip(awaited) {
            if !awaited {
                self.join(end, all);
            }
        }
        vec![(all, String::new())]
    }

    fn step(&mut self, step: &Step) -> usize {
        let mut lines = vec![step.name.clone()];
        let first = match &step.target {
            Target::Call(call) => Some(call),
            Target::Run { workflow, .. } => {
                lines.extend(wrapped(&format!("run {workflow}"), WIDTH, 2));
                None
            }
        };
        lines.extend(first.iter().flat_map(|call| wrapped(&call.capability, WIDTH, 2)));
        for call in &step.fallbacks {
            lines.extend(wrapped(&format!("or {}", call.capability), WIDTH, 2));
        }
        if step.principal != self.workflow.principal {
            lines.extend(wrapped(&format!("as {}", step.principal), WIDTH, 2));
        }
        if step.continues_on_failure {
            lines.push("goes on when it fails".to_owned());
        }
        let calls: Vec<&Call> = first.into_iter().chain(&step.fallbacks).collect();
        let risk = calls.iter().filter_map(|call| self.risk(call)).max();
        if let Some(risk) = risk {
            lines.push(format!("{risk} risk"));
        }
        let is_pivot = !self.pivot && calls.iter().any(|call| self.is_final(step, call));
        if is_pivot {
            self.pivot = true;
            lines.push("pivot: no way back".to_owned());
        }
        let made = self.picture.add(Look::Call(risk), lines);
        let refused: Vec<String> = calls.iter().map(|call| call.capability.clone()).collect();
        for call in calls {
            for undo in self.undos(step, call) {
                self.picture.note(made, Look::Undo, "undo", undo);
            }
        }
        for refusal in self.refusals(step, &refused) {
            self.picture.note(made, Look::Refused, "refused", refusal);
        }
        made
    }

    /// The highest risk that a call may have.
    fn risk(&self, call: &Call) -> Option<Risk> {
        let capability = self.package.capability(&call.capability)?;
        capability.risk.rows.iter().map(|row| row.value).max()
    }

    /// Whether a call does something that nothing undoes by itself.
    fn is_final(&self, step: &Step, call: &Call) -> bool {
        let Some(capability) = self.package.capability(&call.capability) else { return false };
        let acts = capability.effect.rows.iter().any(|row| row.value != gov_plan::model::Effect::None);
        let table = step.compensation.as_ref().unwrap_or(&capability.compensation);
        let is_undone = |row: &gov_plan::model::Row<Compensation>| matches!(row.value, Compensation::Automatic(_));
        acts && (table.rows.is_empty() || !table.rows.iter().all(is_undone))
    }

    fn undos(&self, step: &Step, call: &Call) -> Vec<Vec<String>> {
        let Some(capability) = self.package.capability(&call.capability) else { return Vec::new() };
        let table = step.compensation.as_ref().unwrap_or(&capability.compensation);
        let words = |compensation: &Compensation| match compensation {
            Compensation::Automatic(call) => Some(wrapped(&call.capability, WIDTH - 10, 2)),
            Compensation::Manual(_) => Some(vec!["by hand".to_owned()]),
            Compensation::None(_) | Compensation::NotNeeded => None,
        };
        let mut found: Vec<Vec<String>> = Vec::new();
        for undo in table.rows.iter().filter_map(|row| words(&row.value)) {
            if !found.contains(&undo) {
                found.push(undo);
            }
        }
        found
    }

    /// What may refuse a step: the rules that deny its calls, up to the first that decides whatever the input; and where a
    /// refusal was found and no rule makes it, the default.
    fn refusals(&self, step: &Step, capabilities: &[String]) -> Vec<Vec<String>> {
        const MOST: usize = 3;
        let mut found: Vec<Vec<String>> = Vec::new();
        let has_role = |role: &str| self.package.has_member(role, &step.principal);
        for rule in self.package.policy(&self.workflow.policy).iter().flat_map(|policy| &policy.rules) {
            let is_subject = rule.subjects.iter().any(|subject| subject.matches(&step.principal, has_role));
            let is_target = |id: &String| rule.targets.iter().any(|target| target.matches(id));
            if !is_subject || !capabilities.iter().any(is_target) {
                continue;
            }
            if rule.action == Action::Deny {
                let name = rule.name.as_deref().map_or_else(|| "by a rule".to_owned(), |name| format!("by {name}"));
                let when = rule.condition.as_ref().map(|condition| format!("when {condition}"));
                let mut lines = wrapped(&name, WIDTH - 8, 1);
                lines.extend(when.iter().flat_map(|when| wrapped(when, WIDTH - 8, 3)));
                found.push(lines);
            }
            if rule.condition.is_none() && capabilities.iter().all(is_target) {
                break;
            }
        }
        let on = format!("step {} {}", self.workflow.name, step.name);
        let settled = self.plan.document.certificate.iter().filter(|one| one.on == on);
        let is_found = settled.into_iter().any(|one| one.warned.contains("G1301") || one.accepted.contains("G1301"));
        if found.is_empty() && is_found {
            found.push(vec!["by the policy".to_owned()]);
        }
        found.truncate(MOST);
        found
    }
}

fn step_names(body: &[Node], names: &mut Vec<String>) {
    for node in body {
        match &node.kind {
            NodeKind::Step(step) => names.push(step.name.clone()),
            NodeKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| step_names(body, names));
                step_names(otherwise, names);
            }
            NodeKind::Parallel { branches } => step_names(branches, names),
            NodeKind::For { body, .. } => step_names(body, names),
            _ => {}
        }
    }
}
