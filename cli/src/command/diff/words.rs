//! A difference as blocks of text, which every form for people lays out in its own way.

use gov_compiler::diff::{
    Asked, Change, Decision, Diff, Direction, FieldChange, Guarantee, Item, PolicyDiff, Presence, WorkflowDiff,
    approval_words,
};

use super::Compared;

/// What a reader has to look at, and how closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// More is let through.
    Wider,
    /// Less is let through.
    Narrower,
    /// Both, or nobody knows.
    Mixed,
    /// Neither.
    Plain,
}

/// A piece of the page.
#[derive(Clone, Debug)]
pub enum Block {
    /// The title of a part, with a word that sums it up.
    Part(String),
    /// The title of an item, with a word that sums it up.
    Item { name: String, badge: &'static str, tone: Tone },
    /// Requests that are decided differently: from what to what, and more about it, each with its label.
    Change { tone: Tone, before: String, after: String, about: Vec<(&'static str, String)> },
    /// A line under a label, that was one thing and is another.
    Field { group: &'static str, name: String, before: Option<String>, after: Option<String>, tone: Tone },
    /// A remark.
    Note { text: String, tone: Tone },
}

/// What sums a difference up.
pub struct Summary {
    pub badge: &'static str,
    pub sentence: &'static str,
    pub tone: Tone,
}

/// What sums the whole up.
pub fn summary(diff: &Diff) -> Summary {
    let direction = diff.direction();
    let sentence = match (direction, diff.is_settled()) {
        (Direction::Wider, _) => "the new plan lets more through",
        (Direction::Narrower, true) => "the new plan lets less through",
        (Direction::Both, _) => "the new plan lets more through in one place, and less in another",
        (Direction::Same, true) if diff.old == diff.new => "both plans are the same",
        (Direction::Same, true) => "the new plan lets through what the old one does",
        (_, false) => "whether the new plan lets more through is not settled",
    };
    let (badge, tone) = badge(direction, diff.is_settled());
    Summary { badge, sentence, tone }
}

fn badge(direction: Direction, is_settled: bool) -> (&'static str, Tone) {
    match (direction, is_settled) {
        (Direction::Wider, _) => ("wider", Tone::Wider),
        (Direction::Both, _) => ("wider and narrower", Tone::Mixed),
        (_, false) => ("not settled", Tone::Mixed),
        (Direction::Narrower, true) => ("narrower", Tone::Narrower),
        (Direction::Same, true) => ("same meaning", Tone::Plain),
    }
}

fn tone(direction: Direction) -> Tone {
    match direction {
        Direction::Wider => Tone::Wider,
        Direction::Narrower => Tone::Narrower,
        Direction::Both => Tone::Mixed,
        Direction::Same => Tone::Plain,
    }
}

/// All blocks of a page.
pub fn blocks(compared: &Compared) -> Vec<Block> {
    let diff = &compared.diff;
    let mut blocks = Vec::new();
    if !diff.policies.is_empty() {
        blocks.push(Block::Part("Who may do what".to_owned()));
        let (told, same): (Vec<_>, Vec<_>) = diff.policies.iter().partition(|policy| is_told(policy));
        told.into_iter().for_each(|one| policy(one, &mut blocks));
        if !same.is_empty() {
            let names: Vec<&str> = same.iter().map(|policy| policy.name.as_str()).collect();
            let text = format!("every request is decided as before by {}", names.join(", "));
            blocks.push(Block::Note { text, tone: Tone::Plain });
        }
    }
    if !diff.workflows.is_empty() {
        blocks.push(Block::Part("Workflows".to_owned()));
        diff.workflows.iter().for_each(|one| workflow(one, &mut blocks));
    }
    if !diff.text.is_empty() {
        blocks.push(Block::Part("What the text says".to_owned()));
        diff.text.iter().for_each(|one| item(one, &mut blocks));
    }
    blocks
}

fn is_told(policy: &PolicyDiff) -> bool {
    policy.presence != Presence::Kept || policy.direction != Direction::Same || !policy.is_settled()
}

fn policy(policy: &PolicyDiff, blocks: &mut Vec<Block>) {
    let (badge, tone_of) = badge(policy.direction, policy.is_settled());
    let name = match policy.presence {
        Presence::Kept => format!("policy {}", policy.name),
        Presence::Added => format!("policy {} (new)", policy.name),
        Presence::Removed => format!("policy {} (removed)", policy.name),
    };
    blocks.push(Block::Item { name, badge, tone: tone_of });
    blocks.extend(policy.changes.iter().map(change));
    for open in &policy.open {
        blocks.push(Block::Note { text: format!("not settled for {open}"), tone: Tone::Mixed });
    }
}

fn change(change: &Change) -> Block {
    let mut who = change.who.join(", ");
    if change.perhaps_others {
        who.push_str(if who.is_empty() { "not settled" } else { ", and perhaps others" });
    }
    let about = vec![
        ("who", who),
        ("what", change.capabilities.join(", ")),
        ("before", change.before.by.clone()),
        ("now", change.after.by.clone()),
        ("for example", example(&change.witness.request)),
    ];
    Block::Change {
        tone: tone(change.direction),
        before: decision(&change.before),
        after: decision(&change.after),
        about,
    }
}

/// A decision in words: `approval by role:finance, within 24h`.
pub fn decision(decision: &Decision) -> String {
    let mut approvals: Vec<String> = Vec::new();
    for approval in decision.approvals.iter().map(approval_words) {
        if !approvals.contains(&approval) {
            approvals.push(approval);
        }
    }
    match approvals.is_empty() {
        true => decision.decision.to_owned(),
        false => format!("{} by {}", decision.decision, approvals.join(" and by ")),
    }
}

/// A request in words, each part only where it says something.
fn example(asked: &Asked) -> String {
    let mut words = format!("{} to {}", asked.principal, asked.capability);
    if !asked.roles.is_empty() {
        let roles: Vec<String> = asked.roles.iter().map(|role| format!("role:{role}")).collect();
        words = format!("{} as {} to {}", asked.principal, roles.join(", "), asked.capability);
    }
    let objects = [("", &asked.input), (" with ", &asked.context)];
    for (word, object) in objects {
        if !object.is_empty() {
            let text = serde_json::Value::from(object.clone()).to_string();
            words.push_str(if word.is_empty() { " " } else { word });
            words.push_str(&text);
        }
    }
    let texts = [
        ("in workflow", &asked.workflow),
        ("of tenant", &asked.principal_tenant),
        ("on what belongs to tenant", &asked.resource_tenant),
    ];
    for (label, text) in texts {
        if let Some(text) = text {
            words.push_str(&format!(" {label} {text}"));
        }
    }
    words
}

fn workflow(one: &WorkflowDiff, blocks: &mut Vec<Block>) {
    let (badge, tone_of) = match (one.presence, one.direction, one.guarantees.iter().any(Guarantee::is_weaker)) {
        (Presence::Added, ..) => ("new", Tone::Plain),
        (Presence::Removed, ..) => ("removed", Tone::Plain),
        (_, Direction::Wider, _) => ("may spend more", Tone::Wider),
        (_, Direction::Both, _) => ("may spend more and less", Tone::Mixed),
        (.., true) => ("less is guaranteed", Tone::Mixed),
        (_, Direction::Narrower, _) => ("may spend less", Tone::Narrower),
        _ => ("changed", Tone::Plain),
    };
    blocks.push(Block::Item { name: format!("workflow {}", one.name), badge, tone: tone_of });
    let groups = [
        ("steps", &one.steps),
        ("undo", &one.undo),
        ("risk", &one.risk),
        ("budget", &one.limits),
        ("worst case", &one.worst),
    ];
    for (group, changes) in groups {
        // Of a workflow that is gone, its steps say enough.
        if one.presence != Presence::Removed || group == "steps" {
            blocks.extend(changes.iter().map(|change| field(group, change, Tone::Plain)));
        }
    }
    if one.presence == Presence::Kept {
        for guarantee in &one.guarantees {
            let change = FieldChange {
                name: format!("{} ({})", guarantee.about, guarantee.code),
                before: guarantee.before.clone(),
                after: guarantee.after.clone(),
            };
            blocks.push(field("guaranteed", &change, if guarantee.is_weaker() { Tone::Mixed } else { Tone::Plain }));
        }
    }
}

fn item(one: &Item, blocks: &mut Vec<Block>) {
    let badge = match one.presence {
        Presence::Kept => "changed",
        Presence::Added => "new",
        Presence::Removed => "removed",
    };
    let name = format!("{} {}", one.kind, one.name).trim_end().to_owned();
    blocks.push(Block::Item { name, badge, tone: Tone::Plain });
    // What is gone is named, and not told again.
    if one.presence != Presence::Removed {
        blocks.extend(one.fields.iter().map(|change| field("", change, Tone::Plain)));
    }
}

fn field(group: &'static str, change: &FieldChange, tone: Tone) -> Block {
    Block::Field { group, name: change.name.clone(), before: change.before.clone(), after: change.after.clone(), tone }
}

/// The beginning of a digest, enough to tell plans apart.
pub fn short(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

/// A text on one line: what could steer a terminal or reorder text is written as an escape.
pub fn plain(text: &str) -> String {
    text.chars().flat_map(|c| if crate::render::steers(c) { c.escape_default().collect() } else { vec![c] }).collect()
}
