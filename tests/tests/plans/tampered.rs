//! Plans that somebody has touched: every scalar changed, every entry taken out, doubled or moved.
//!
//! With the digest as it is, each is refused. With a digest that was made anew, each is refused too, or it is another plan that
//! is as good as any: a snapshot lists the entries of which that is so, for somebody to have looked at.

use std::collections::BTreeMap;
use std::sync::Mutex;

use gov_plan::document::{self, Document, Plan};
use serde_json::{Value, json};

use crate::plan;

const WHOLE_FILE: &str = include_str!("../../corpus/whole_file.gov");
const QUICKSTART: &str = include_str!("../../../examples/quickstart/quickstart.gov");

/// What the two do not have: a rule that nothing reaches, what is accepted, branches and loops.
const MORE: &str = r#"package more

context { hour: Int where hour >= 0 and hour < 24 }

capability box.put: write {
    input  { name: String, size: Int where size > 0 and size < 100 }
    output { kept: String }
    effect reversible local "a box is put"
    risk   high when size > 50, medium otherwise because "takes room"
    compensate with box.take { kept: output.kept }
    idempotent by name
}

capability box.take: write {
    input  { kept: String }
    effect reversible local "a box is taken"
    risk   low because "it is an undo"
    compensate none because "it is itself an undo"
    retry  until success backoff 1s..60s
    idempotent by kept
}

policy desk {
    default deny
    undo:
        allow system:rollback to box.take
    small:
        allow agent:a to box.put when input.size <= 50
    asked:
        require approval from user:* within 1h for agent:a to box.put
    @accept(G1201, "kept until the next audit")
    late:
        require approval from user:* within 1h for agent:a to box.put when context.hour > 20
}

workflow store(names: List<String>) {
    principal agent:a
    policy    desk
    budget    200 calls
    for name in names up to 5 {
        step put = box.put { name: name, size: 7 }
    }
    step last = box.put { name: "last", size: 60 }
}

prove big_ones_are_asked in desk: never allow any to box.put when input.size > 50
"#;

#[derive(Clone, Debug)]
enum Part {
    Key(String),
    Index(usize),
}

/// A change: where, what is done there, and what comes of it.
struct Change {
    place: String,
    plan: Value,
}

/// Every change of a plan.
fn changes(plan: &Value) -> Vec<Change> {
    let mut paths = Vec::new();
    walk(plan, &mut Vec::new(), &mut paths);
    let mut found = Vec::new();
    for path in &paths {
        let mut change = |what: &str, edit: &dyn Fn(&mut Value, Option<&Part>)| {
            let mut changed = plan.clone();
            let (parent, last) = match path.split_last() {
                Some((last, parent)) => (at(&mut changed, parent), Some(last)),
                None => (&mut changed, None),
            };
            edit(parent, last);
            if changed != *plan {
                found.push(Change { place: format!("{}: {what}", shown(path)), plan: changed });
            }
        };
        change("changed", &|parent, last| {
            let value = last.map(|last| at(parent, std::slice::from_ref(last)));
            match value {
                Some(Value::String(text)) => text.push('x'),
                Some(Value::Bool(value)) => *value = !*value,
                Some(value @ Value::Number(_)) => *value = json!(value.as_u64().unwrap() + 1),
                _ => {}
            }
        });
        change("taken out", &|parent, last| match (parent, last) {
            (Value::Object(entries), Some(Part::Key(key))) => drop(entries.remove(key)),
            (Value::Array(entries), Some(Part::Index(index))) => drop(entries.remove(*index)),
            _ => {}
        });
        change("doubled", &|parent, last| {
            if let (Value::Array(entries), Some(Part::Index(index))) = (parent, last) {
                entries.insert(*index, entries[*index].clone());
            }
        });
        change("moved", &|parent, last| {
            if let (Value::Array(entries), Some(Part::Index(index))) = (parent, last)
                && index + 1 < entries.len()
            {
                entries.swap(*index, index + 1);
            }
        });
    }
    found
}

/// Every text of the certificate with another space in it. There is one way to write what shows something.
fn spacings(plan: &Value) -> Vec<Change> {
    let mut paths = Vec::new();
    walk(plan, &mut Vec::new(), &mut paths);
    let in_certificate = |path: &&Vec<Part>| matches!(path.first(), Some(Part::Key(key)) if key == "certificate");
    let mut found = Vec::new();
    for path in paths.iter().filter(in_certificate) {
        let Value::String(text) = at(&mut plan.clone(), path).take() else { continue };
        let spaced = [format!(" {text}"), format!("{text} "), text.replacen(' ', "  ", 1)];
        for (spaced, what) in spaced.into_iter().zip(["before", "behind", "within"]) {
            let mut changed = plan.clone();
            *at(&mut changed, path) = json!(spaced);
            if changed != *plan {
                found.push(Change { place: format!("{}: a space {what}", shown(path)), plan: changed });
            }
        }
    }
    found
}

fn walk(value: &Value, path: &mut Vec<Part>, found: &mut Vec<Vec<Part>>) {
    found.push(path.clone());
    let mut below = |part: Part, value: &Value| {
        path.push(part);
        walk(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| below(Part::Key(key.clone()), value)),
        Value::Array(entries) => entries.iter().enumerate().for_each(|(index, value)| below(Part::Index(index), value)),
        _ => {}
    }
}

fn at<'v>(value: &'v mut Value, path: &[Part]) -> &'v mut Value {
    path.iter().fold(value, |value, part| match part {
        Part::Key(key) => &mut value[key.as_str()],
        Part::Index(index) => &mut value[*index],
    })
}

fn shown(path: &[Part]) -> String {
    path.iter().fold(String::new(), |text, part| match part {
        Part::Key(key) if text.is_empty() => key.clone(),
        Part::Key(key) => format!("{text}.{key}"),
        Part::Index(_) => format!("{text}[]"),
    })
}

#[test]
fn what_somebody_has_touched_is_refused() {
    let mut accepted: BTreeMap<String, usize> = BTreeMap::new();
    let mut tried = 0;
    for plan in [plan(WHOLE_FILE), plan(QUICKSTART), plan(MORE)] {
        let value = serde_json::to_value(&plan.document).unwrap();
        let mut changes = changes(&value);
        // What is said of the standard modules is the same every time.
        if plan.package.name == "quickstart" && std::env::var_os("GOV_CASES").is_none() {
            let mut number = 0;
            changes.retain(|_| {
                number += 1;
                number % 8 == 0
            });
        }
        changes.extend(spacings(&value));
        tried += changes.len();
        let free = Mutex::new(&mut accepted);
        let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        std::thread::scope(|scope| {
            for changes in changes.chunks(changes.len().div_ceil(workers)) {
                let (plan, free) = (&plan, &free);
                scope.spawn(move || {
                    for change in changes {
                        if touched(plan, change) {
                            *free.lock().unwrap().entry(change.place.clone()).or_default() += 1;
                        }
                    }
                });
            }
        });
    }
    assert!(tried > 1500, "{tried}");
    let listed: Vec<String> = accepted.iter().map(|(place, times)| format!("{place} ({times})")).collect();
    // What the certificate says is taken on its word in one place: what a solver was asked is a digest.
    let of_certificate = accepted.keys().filter(|place| place.starts_with("certificate"));
    for place in of_certificate {
        assert!(place.starts_with("certificate[].solver[].questions"), "{place}");
    }
    insta::assert_snapshot!(listed.join("\n"));
}

/// Whether a changed plan is taken under a digest of its own. Under the old one it never is.
fn touched(plan: &Plan, change: &Change) -> bool {
    let mut text = change.plan.clone();
    text["digest"] = json!(plan.digest);
    let refused = document::parse(&text.to_string());
    assert!(refused.is_err(), "{}: taken under the old digest", change.place);
    let Ok(document) = serde_json::from_value::<Document>(change.plan.clone()) else { return false };
    text["digest"] = json!(document::digest(&document).unwrap());
    match document::parse(&text.to_string()) {
        Err(_) => false,
        Ok(other) => {
            assert_ne!(other.digest, plan.digest, "{}: another plan of the same name", change.place);
            assert_ne!(other.document, plan.document, "{}", change.place);
            true
        }
    }
}
