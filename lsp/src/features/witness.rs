//! A counterexample as a test that shows it.

use std::collections::HashMap;
use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::diagnostic::{Diagnostic, Witness};
use gov_grammar::quoted;
use gov_plan::types::{Fields, Schema, Type};
use serde_json::{Map, Value};

use crate::proofs::Item;
use crate::world::{View, World};

/// The edit that adds the test that shows the first counterexample of an item.
pub fn edit_for(world: &Arc<World>, uri: &lsp::Uri, item: &Item) -> Option<lsp::WorkspaceEdit> {
    let view = View::of(world, uri)?;
    let found = world.proofs.found(&view.unit, item);
    found.iter().find_map(|found| edit(&view, found))
}

/// The edit that adds the test that shows a finding's counterexample, at the end of the document.
pub fn edit(view: &View, found: &Diagnostic) -> Option<lsp::WorkspaceEdit> {
    let test = test_for(view, found)?;
    let text = view.source.text();
    let end = text.trim_end().len() as u32;
    let range = view.source.lines.range(end, text.len() as u32, view.world.encoding);
    let edits = vec![lsp::TextEdit { range, new_text: format!("\n\n{test}") }];
    let changes = HashMap::from([(view.world.uri(&view.source.place), edits)]);
    Some(lsp::WorkspaceEdit { changes: Some(changes), ..Default::default() })
}

/// A test that says what is decided for a finding's counterexample. None for what is no single request, and for values that
/// the language has no literals for.
pub fn test_for(view: &View, found: &Diagnostic) -> Option<String> {
    let witness: &Witness = found.witness.as_deref()?;
    if witness.path.as_ref().is_some_and(|path| !path.is_empty()) {
        return None;
    }
    let model = view.unit.model()?;
    let (principal, id) = (witness.principal.as_ref()?, witness.capability.as_ref()?);
    let decision = witness.decision.as_ref()?;
    let empty = Map::new();
    let input = record(witness.input.as_ref().unwrap_or(&empty), &model.capability(id)?.input)?;
    let roles = witness.roles.as_ref().filter(|roles| !roles.is_empty());
    let asserting = roles.map(|roles| {
        let roles: Vec<String> =
            roles.iter().map(|role| format!("role:{}", role.trim_start_matches("role:"))).collect();
        format!(" asserting {}", roles.join(", "))
    });
    let with = match model.context.0.is_empty() {
        true => String::new(),
        false => format!(" with {}", record(witness.context.as_ref().unwrap_or(&empty), &model.context)?),
    };
    let title = quoted(&found.message.replace('`', ""));
    let statement = format!("expect {decision} for {principal}{} to {id} {input}{with}", asserting.unwrap_or_default());
    let test = format!("test {title} {{\n    {statement}\n}}\n");
    Some(gov_compiler::format::format(&test).unwrap_or(test))
}

fn record(given: &Map<String, Value>, fields: &Fields) -> Option<String> {
    let mut entries = Vec::new();
    for field in fields.iter() {
        match given.get(&field.name) {
            Some(Value::Null) | None if field.schema.optional => {}
            value => entries.push(format!("{}: {}", field.name, literal(value?, &field.schema)?)),
        }
    }
    Some(if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) })
}

/// A value as it is written in the language.
fn literal(value: &Value, schema: &Schema) -> Option<String> {
    Some(match (&schema.ty, value) {
        (Type::Bool, Value::Bool(value)) => value.to_string(),
        (Type::Int, Value::Number(value)) => value.to_string(),
        (Type::String | Type::Union(_), Value::String(value)) => quoted(value),
        (Type::Decimal | Type::Duration | Type::Money(_), Value::String(value)) => value.clone(),
        (Type::Decimal, Value::Number(value)) => value.to_string(),
        (Type::List(element), Value::Array(values)) => {
            let values: Option<Vec<String>> = values.iter().map(|value| literal(value, element)).collect();
            format!("[{}]", values?.join(", "))
        }
        (Type::Record(fields), Value::Object(given)) => record(given, fields)?,
        _ => return None,
    })
}
