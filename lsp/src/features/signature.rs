//! What a call takes, while its arguments are written.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_plan::types::Fields;

use super::context::Context;
use super::{Answer, shown};
use crate::world::{View, World};

/// The fields of the record around a position, with the one that is being written.
pub fn help(world: &Arc<World>, params: lsp::SignatureHelpParams) -> Answer<Option<lsp::SignatureHelp>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let context = Context::new(view.source.text(), view.offset(at.position));
    let Some((name, fields, docs)) = called(&view, &context) else { return Ok(None) };
    let active = active(&context, &fields);
    let mut label = format!("{name} {{ ");
    let mut parameters = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            label.push_str(", ");
        }
        let text = format!("{}: {}", field.name, shown(&field.schema.ty, field.schema.optional));
        let start = utf16(&label);
        label.push_str(&text);
        parameters.push(lsp::ParameterInformation {
            label: lsp::ParameterInformationLabel::Tuple((start, utf16(&label))),
            documentation: (!field.docs.is_empty()).then(|| lsp::Documentation::String(field.docs.clone())),
        });
    }
    label.push_str(" }");
    let signature = lsp::SignatureInformation {
        label,
        documentation: (!docs.is_empty()).then_some(lsp::Documentation::String(docs)),
        parameters: Some(parameters),
        active_parameter: None,
    };
    Ok(Some(lsp::SignatureHelp {
        signatures: vec![signature],
        active_signature: Some(0),
        active_parameter: Some(active.map_or(lsp::ActiveParameter::Null, lsp::ActiveParameter::Int)),
    }))
}

fn utf16(text: &str) -> u32 {
    text.encode_utf16().count() as u32
}

/// What is called where the innermost braces are a record: its name, what it takes, and its documentation.
pub fn called(view: &View, context: &Context<'_>) -> Option<(String, Fields, String)> {
    let model = view.unit.model()?;
    match context.head(0) {
        [.., "run", name] => {
            let workflow = model.workflow(name)?;
            Some(((*name).to_owned(), workflow.params.clone(), workflow.docs.clone()))
        }
        [.., "with"] if context.item() == "test" => Some(("with".to_owned(), model.context.clone(), String::new())),
        [.., "given", id, "returns"] => {
            let capability = model.capability(id)?;
            Some((format!("{id} returns"), capability.output.clone(), capability.docs.clone()))
        }
        [.., id] if context.open.len() > 1 => {
            let capability = model.capability(id)?;
            Some(((*id).to_owned(), capability.input.clone(), capability.docs.clone()))
        }
        _ => None,
    }
}

/// Which field is being written: the one whose name was last, or the first that is not given.
fn active(context: &Context<'_>, fields: &Fields) -> Option<u32> {
    let inside = context.inside();
    let last_comma = inside.iter().rposition(|token| *token == ",").map_or(0, |comma| comma + 1);
    let name = inside.get(last_comma).copied().unwrap_or(context.word).trim_end_matches(':');
    let given: Vec<&str> =
        inside.windows(2).filter(|pair| pair.last() == Some(&":")).filter_map(|pair| pair.first().copied()).collect();
    let named = fields.iter().position(|field| field.name == name);
    let next = || fields.iter().position(|field| !given.contains(&field.name.as_str()));
    named.or_else(next).map(|index| index as u32)
}
