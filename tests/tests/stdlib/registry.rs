//! What the standard modules promise. A change of it is a change for everyone who uses them.

use gov_compiler::package::{File, Input};
use gov_plan::model::{Compensation, Cost, Effect, Idempotency, Package, Retry, Row};
use gov_plan::types::{Field, Fields, Risk};
use gov_tests::Sandbox;

/// Each module as a package of its own, under a name that is not reserved.
pub fn packages() -> Vec<(&'static gov_stdlib::Module, Package)> {
    let package = |module: &'static gov_stdlib::Module| {
        let text = module.text.replacen("package std.", "package own.", 1);
        let file = File { path: module.path.to_owned(), text: text.as_str().into() };
        let checked = gov_compiler::check(&Input { name: None, files: vec![file], dependencies: Vec::new() });
        assert!(checked.diagnostics.is_empty(), "{}: {:?}", module.name, checked.diagnostics);
        (module, checked.package.unwrap())
    };
    gov_stdlib::MODULES.iter().map(package).collect()
}

/// Fields as they are written.
pub fn fields(fields: &Fields) -> String {
    let field =
        |field: &Field| format!("{}: {}{}", field.name, field.schema.ty, if field.schema.optional { "?" } else { "" });
    fields.iter().map(field).collect::<Vec<_>>().join(", ")
}

/// The risks that a table knows, in order.
pub fn risks(rows: &[Row<Risk>]) -> String {
    rows.iter().map(|row| row.value.to_string()).collect::<Vec<_>>().join(" or ")
}

/// How a call is undone, in a word or a capability.
pub fn undo(rows: &[Row<Compensation>]) -> String {
    let undo = |row: &Row<Compensation>| match &row.value {
        Compensation::NotNeeded => "-".to_owned(),
        Compensation::Automatic(call) => call.capability.clone(),
        Compensation::Manual(_) => "manually".to_owned(),
        Compensation::None(_) => "none".to_owned(),
    };
    rows.iter().map(undo).collect::<Vec<_>>().join(" or ")
}

/// What a call does to the world, in words.
pub fn effect(rows: &[Row<Effect>]) -> String {
    let effect = |row: &Row<Effect>| match &row.value {
        Effect::None => "none".to_owned(),
        Effect::Some { reversible, scope, .. } => {
            format!("{} {}", if *reversible { "reversible" } else { "irreversible" }, scope.as_str())
        }
    };
    rows.iter().map(effect).collect::<Vec<_>>().join(" or ")
}

/// How often a call is made, and after which failures.
pub fn retried(retry: &Retry) -> String {
    let attempts = match retry.attempts {
        Some(attempts) => format!("{attempts} times"),
        None => "until success".to_owned(),
    };
    attempts + if retry.on_transient { " on transient" } else { "" }
}

/// The most that a call costs, after a comma; nothing where it costs nothing.
pub fn cost(rows: &[Row<Cost>]) -> String {
    let amounts = rows.iter().map(|row| gov_plan::text::money(row.value.amount, row.value.currency));
    let amounts = amounts.collect::<Vec<_>>().join(" or ");
    if amounts.is_empty() { amounts } else { format!(", cost {amounts}") }
}

#[test]
fn what_the_modules_promise_changes_only_knowingly() {
    let mut registry = String::new();
    for (module, package) in packages() {
        registry.push_str(&format!("{}\n", module.name));
        for capability in &package.capabilities {
            let idempotent = if capability.idempotency == Idempotency::No { "" } else { ", idempotent" };
            registry.push_str(&format!(
                "  {} {} {} ({}) -> ({})\n    effect {}, risk {}, undone by {}, retried {}{idempotent}, timeout {}{}\n",
                capability.kind.as_str(),
                capability.id,
                capability.version,
                fields(&capability.input),
                fields(&capability.output),
                effect(&capability.effect.rows),
                risks(&capability.risk.rows),
                undo(&capability.compensation.rows),
                retried(&capability.retry),
                gov_plan::text::duration(capability.timeout),
                cost(&capability.cost.rows),
            ));
        }
    }
    insta::assert_snapshot!(registry);
}

#[test]
fn each_module_obeys_the_proofs() {
    for module in gov_stdlib::MODULES {
        let text = module.text.replacen("package std.", "package own.", 1);
        let sandbox = Sandbox::with([("module.gov", text.as_str())]).unwrap();
        let checked = sandbox.gov(["check", "--pedantic", "module.gov", "--format", "concise"]).unwrap();
        assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), ""), "{}: {checked:?}", module.name);
        let formatted = sandbox.gov(["fmt", "--check", "module.gov"]).unwrap();
        assert_eq!(formatted.code, Some(0), "{} is not formatted", module.name);
    }
}

#[test]
fn a_module_is_found_by_its_name() {
    let mut names: Vec<&str> = gov_stdlib::MODULES.iter().map(|module| module.name).collect();
    assert!(names.is_sorted());
    names.dedup();
    assert_eq!(names.len(), gov_stdlib::MODULES.len());
    for module in gov_stdlib::MODULES {
        assert!(module.text.contains(&format!("\npackage {}\n", module.name)), "{}", module.name);
        assert_eq!(module.path, format!("{}.gov", module.name.replace('.', "/")));
    }
}
