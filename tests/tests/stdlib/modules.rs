//! `docs/reference/modules.md` says what the modules' files say. `UPDATE_MODULES=1 cargo test -p gov-tests --test stdlib page`
//! writes it anew.

use super::registry::{cost, effect, fields, packages, retried, risks, undo};
use gov_plan::model::{Capability, Idempotency};
use gov_plan::types::Fields;
use std::fs;
use std::path::Path;

#[test]
fn the_page_is_that_of_the_modules() {
    let mut page = String::from(
        "# The standard modules\n\nWritten from the modules by `UPDATE_MODULES=1 cargo test -p gov-tests --test stdlib page`. \
         What each call can fail with is in [the handlers](handlers.md).\n",
    );
    for (module, package) in packages() {
        page.push_str(&format!("\n## `use {}`\n\n{}\n", module.name, docs_of(module.text)));
        let mut capabilities: Vec<&Capability> = package.capabilities.iter().collect();
        capabilities.sort_by_key(|capability| module.text.find(&format!("capability {}:", capability.id)));
        for capability in capabilities {
            page.push_str(&section(capability));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/modules.md");
    if std::env::var_os("UPDATE_MODULES").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), page);
}

/// What is written above `package`.
fn docs_of(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("///"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn section(capability: &Capability) -> String {
    let mut text = format!("\n### `{}`\n\n{}\n\n", capability.id, capability.docs.trim());
    text.push_str(&format!(
        "Version {}. Kind `{}`, effect {}, ",
        capability.version,
        capability.kind.as_str(),
        effect(&capability.effect.rows)
    ));
    text.push_str(&format!("risk {}", risks(&capability.risk.rows)));
    match undo(&capability.compensation.rows).as_str() {
        "-" => {}
        "none" => text.push_str(", not undone by itself"),
        other => text.push_str(&format!(", undone by `{other}`")),
    }
    text.push_str(if capability.idempotency == Idempotency::No { "" } else { ", idempotent" });
    text.push_str(&format!(". Timeout {}, ", gov_plan::text::duration(capability.timeout)));
    text.push_str(&format!("retry {}{}.\n", retried(&capability.retry), cost(&capability.cost.rows)));
    for (name, of) in [("input", &capability.input), ("output", &capability.output)] {
        if of.iter().next().is_some() {
            text.push_str(&format!("\n- {name} `{{ {} }}`{}\n", fields(of), field_docs(of)));
        }
    }
    text.replace("}`\n\n- output", "}`\n- output")
}

fn field_docs(fields: &Fields) -> String {
    let docs = fields.iter().filter(|field| !field.docs.trim().is_empty());
    docs.map(|field| format!("\n  - `{}`: {}", field.name, field.docs.trim().replace('\n', " "))).collect()
}
