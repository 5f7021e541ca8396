//! Which feature answers which request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use gen_lsp_types as lsp;
use gen_lsp_types::Request as _;
use lsp_server::{ErrorCode, Request, RequestId, Response};
use serde_json::Value;

use crate::features::*;
use crate::workers::Cancel;
use crate::world::World;

/// The answer to a request. A fault in a feature is an error to whoever asked, and nothing more.
pub(super) fn answer(world: &Arc<World>, request: Request, cancel: &Cancel) -> Response {
    let Request { id, method, params } = request;
    if cancel.is_cancelled() {
        return Response::new_err(id, ErrorCode::RequestCanceled as i32, "cancelled by the client".to_owned());
    }
    guarded(id, &method, || route(world, &method, params))
}

/// What was asked, or an error where it ends in a panic.
fn guarded(id: RequestId, method: &str, ask: impl FnOnce() -> Result<Value, Refusal>) -> Response {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(Ok(result)) => Response::new_ok(id, result),
        Ok(Err(Refusal { code, message })) => Response::new_err(id, code as i32, message),
        Err(_) => {
            let message = format!("`{method}` ended in a fault of ours; please report it with the file");
            Response::new_err(id, ErrorCode::InternalError as i32, message)
        }
    }
}

/// Asks the feature whose method it is.
fn route(world: &Arc<World>, method: &str, params: Value) -> Result<Value, Refusal> {
    macro_rules! features {
        ($($request:ident => $feature:path),* $(,)?) => {
            $(if method == lsp::$request::METHOD.as_str() {
                let params = serde_json::from_value(params).map_err(|error| {
                    Refusal { code: ErrorCode::InvalidParams, message: error.to_string() }
                })?;
                let result: <lsp::$request as lsp::Request>::Result = $feature(world, params)?;
                return serde_json::to_value(result).map_err(|error| {
                    Refusal { code: ErrorCode::InternalError, message: error.to_string() }
                });
            })*
        };
    }
    features! {
        DocumentDiagnosticRequest => diagnostics::pull,
        HoverRequest => hover::hover,
        CompletionRequest => completion::completion,
        CompletionResolveRequest => completion::resolve,
        DefinitionRequest => navigation::definition,
        ReferencesRequest => navigation::references,
        DocumentHighlightRequest => navigation::highlights,
        DocumentSymbolRequest => symbols::of_document,
        WorkspaceSymbolRequest => symbols::of_workspace,
        DocumentFormattingRequest => formatting::whole,
        DocumentRangeFormattingRequest => formatting::range,
        DocumentOnTypeFormattingRequest => formatting::on_type,
        PrepareRenameRequest => rename::prepare,
        RenameRequest => rename::rename,
        CodeActionRequest => actions::actions,
        SemanticTokensRequest => tokens::whole,
        SemanticTokensRangeRequest => tokens::range,
        InlayHintRequest => inlay::hints,
        SignatureHelpRequest => signature::help,
        FoldingRangeRequest => structure::folds,
        SelectionRangeRequest => structure::selections,
        CallHierarchyPrepareRequest => calls::prepare,
        CallHierarchyIncomingCallsRequest => calls::incoming,
        CallHierarchyOutgoingCallsRequest => calls::outgoing,
        CodeLensRequest => lens::lenses,
        DocumentLinkRequest => links::links,
    }
    Err(Refusal { code: ErrorCode::MethodNotFound, message: format!("`{method}` is not offered") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_to_whoever_asked() {
        let response = guarded(RequestId::from(7), "textDocument/hover", || panic!("a fault"));
        assert_eq!(response.id, RequestId::from(7));
        let error = response.response_result.unwrap_err();
        assert_eq!(error.code, ErrorCode::InternalError as i32);
        assert!(error.message.contains("`textDocument/hover` ended in a fault"));
    }
}
