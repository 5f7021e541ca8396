//! What an edit has proved again: no more than it touches, and all that it changes.

use super::*;
use crate::world::{Open, World};
use gov_compiler::verify::{Options, unit_names, verify_units};
use std::path::{Path, PathBuf};

const TEXT: &str = r#"package p
context { frozen: Bool, hour: Int where hour >= 0 and hour < 24 }
type Size = Int where self >= 0 and self <= 100
role boss { user:boss }
set writes = { db.put, mail.* }
capability db.read: read { input { id: String } output { size: Size } }
capability db.put: write {
    input { id: String, size: Size }
    output { key: String }
    risk high when size > 10, low otherwise
    compensate with db.drop { key: output.key }
    idempotent by id
}
capability db.drop: write {
    input { key: String }
    compensate none because "an undo"
    retry until success
    idempotent by key
}
capability mail.send: network {
    input { to: String }
    risk critical
    compensate none because "sent is sent"
    idempotent by to
}
capability log.add: write {
    input { line: String }
    compensate none because "harmless"
    retry until success
    idempotent by line
}
policy open { default allow escalate never because "an example" }
policy strict {
    default deny
    escalate risk >= high to role:boss
    night: deny any to writes when context.hour < 6
    allow agent:a, system:rollback to db.* when not context.frozen
    require approval from role:boss for agent:a to mail.send
    allow agent:a to log.add
}
workflow inner(id: String) { principal agent:a policy strict step put = db.put { id: id, size: 1 } }
workflow outer(id: String) {
    principal agent:a policy open
    step nested = run inner { id: id }
    step found = db.read { id: id }
    step log = log.add { line: id }
}
workflow mailer(id: String) {
    principal agent:a policy open
    step found = db.read { id: id }
    step mail = mail.send { to: id }
}
prove kept in strict: never allow agent:b to writes
prove few in outer: calls db.put at most 1 times
prove order in mailer: calls db.read before mail.send
prove undone in outer: always undoes
"#;

fn unit(text: &str) -> Arc<Unit> {
    let open = Open { uri: "untitled:p".into(), version: 1, text: text.into() };
    let world = World { open: [(PathBuf::from("untitled:p"), open)].into(), ..World::default() };
    Arc::clone(world.reload(Path::new("/"), &[]).units.first().unwrap())
}

/// The names of the items that are proved again after an edit of one place.
fn proved_again(old: &str, new: &str) -> Vec<String> {
    assert!(TEXT.contains(old), "{old}");
    let (before, after) = (unit(TEXT), unit(&TEXT.replacen(old, new, 1)));
    let mut known = Known::default();
    for item in before.digests().keys() {
        known.keep(&before, item.clone(), Vec::new(), Vec::new());
    }
    known.missing(&after).iter().map(|item| item.definition().1.to_owned()).collect()
}

#[test]
fn an_edit_has_proved_again_what_it_touches() {
    let none: [&str; 0] = [];
    assert_eq!(proved_again("package p\n", "package p\n\n// a comment\n"), none);
    assert_eq!(proved_again("agent:b to", "agent:c to"), ["kept"]);
    assert_eq!(proved_again("{ to: id }", "{ to: \"x\" }"), ["mailer", "order"]);
    assert_eq!(proved_again("size: 1 }", "size: 2 }"), ["inner", "outer", "few", "undone"]);
    assert_eq!(proved_again("risk critical", "risk high"), ["mail.send", "open", "strict", "mailer", "kept", "order"]);
    // What undoes is part of what it undoes.
    let undo = ["db.drop", "db.put", "open", "strict", "inner", "outer", "few", "kept", "undone"];
    assert_eq!(proved_again("because \"an undo\"", "because \"it undoes\""), undo);
    assert_eq!(proved_again("default deny", "default allow"), ["strict", "inner", "outer", "few", "kept", "undone"]);
    // Every decision reads the context.
    assert_eq!(proved_again("hour < 24", "hour < 23").len(), unit(TEXT).digests().len() - 5);
}

#[test]
fn in_a_large_package_a_workflow_is_proved_again_alone() {
    let workflow = |number: usize| {
        let step = format!("step found = db.read {{ id: \"{number}\" }}");
        format!("workflow w{number}() {{ principal agent:a policy open {step} }}\n")
    };
    let all: String = (0..200).map(workflow).collect();
    let (before, edited) = (unit(&format!("{TEXT}{all}")), all.replace("id: \"77\"", "id: \"\""));
    let after = unit(&format!("{TEXT}{edited}"));
    let changed = after.digests().iter().filter(|(item, digest)| before.digests().get(item) != Some(digest));
    let changed: Vec<&Item> = changed.map(|(item, _)| item).collect();
    assert_eq!(changed, [&Item::Workflow("w77".to_owned())]);
}

/// What comes of each item: how its obligations end, and what is found.
fn proved(unit: &Unit) -> BTreeMap<Item, (Vec<Ending>, Vec<String>)> {
    let package = unit.checked().package.as_ref().unwrap();
    let names: Vec<String> = unit_names(package, false).into_iter().map(|unit| unit.name).collect();
    let mut proved: BTreeMap<Item, (Vec<Ending>, Vec<String>)> = BTreeMap::new();
    verify_units(package, &Options::default(), &names, &mut |_, report| {
        for obligation in &report.obligations {
            if let Some(item) = Item::of(&obligation.subject) {
                proved.entry(item).or_default().0.push(Ending::of(&obligation.outcome));
            }
        }
        for found in &report.diagnostics {
            if let Some(item) = found.subject.as_ref().and_then(Item::of) {
                proved.entry(item).or_default().1.push(format!("{} {}", found.code, found.message));
            }
        }
    })
    .unwrap();
    proved
}

/// What was proved of an item is still so after every edit that leaves its digest alone.
#[test]
fn what_is_kept_is_what_would_be_proved() {
    const EDITS: [(&str, &str); 16] = [
        ("allow ", "deny "),
        ("deny ", "allow "),
        ("until success", "2 times"),
        ("critical", "low"),
        ("risk high", "risk low"),
        ("high", "low"),
        ("idempotent by id", ""),
        ("< 6", "< 24"),
        ("size: 1", "size: 90"),
        ("<= 100", "<= 5"),
        ("db.*", "db.read"),
        ("writes =", "writes = { log.add } set others ="),
        ("agent:a", "agent:b"),
        ("policy open", "policy strict"),
        (": read {", ": execute { compensate none because \"nothing\""),
        (" { user:boss }", ""),
    ];
    let before = unit(TEXT);
    let known = proved(&before);
    let (mut compared, mut changed) = (0, 0);
    for (old, new) in EDITS {
        for (at, _) in TEXT.match_indices(old) {
            let mut text = TEXT.to_owned();
            text.replace_range(at..at + old.len(), new);
            let after = unit(&text);
            if after.checked().package.is_none() {
                continue;
            }
            let now = proved(&after);
            for (item, digest) in after.digests() {
                let is_kept = before.digests().get(item) == Some(digest);
                let is_same = known.get(item) == now.get(item);
                assert!(is_same || !is_kept, "{item:?} after\n{text}\n{:?}\n{:?}", known.get(item), now.get(item));
                compared += usize::from(is_kept);
                changed += usize::from(!is_same);
            }
        }
    }
    assert!(compared > 100 && changed > 20, "{compared} kept, {changed} different");
}
