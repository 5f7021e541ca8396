//! What a capability's `handler` clause says for one call.

use super::handler::{Piece, Setting, Settings};
use gov_plan::eval::{Env, eval};
use gov_plan::expr::{Expr, ExprKind};
use gov_plan::model::{Capability, Handler, Idempotency};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// The settings with this input. The error says, in words, which of them has no value.
pub(super) fn evaluate(capability: &Capability, env: &dyn Env) -> Result<Settings, String> {
    let Handler::External(_, settings) = &capability.handler else { return Ok(Vec::new()) };
    let evaluated = settings.iter().map(|(name, setting)| {
        let failed = |error| format!("the handler's `{name}`: {error}");
        let value = eval(setting, env).map_err(failed)?.to_json();
        let pieces = match &setting.kind {
            ExprKind::Interpolate(parts) => {
                parts.iter().map(|part| piece(part, env)).collect::<Result<_, _>>().map_err(failed)?
            }
            _ => Vec::new(),
        };
        Ok((name.clone(), Setting { value, pieces }))
    });
    evaluated.collect()
}

fn piece(part: &Expr, env: &dyn Env) -> Result<Piece, gov_plan::eval::EvalError> {
    match &part.kind {
        ExprKind::String(text) => Ok(Piece::Written(text.clone())),
        _ => Ok(Piece::Filled(eval(part, env)?.to_string())),
    }
}

/// The arguments that no setting reads. What the call is idempotent by is not among them where it is one argument as it is:
/// the key goes with the call by itself.
pub(super) fn rest(capability: &Capability, input: &Json) -> Json {
    let mut read = BTreeSet::new();
    if let Handler::External(_, settings) = &capability.handler {
        for (_, setting) in settings {
            setting.walk(&mut |part| {
                if let ExprKind::Var(name) = &part.kind {
                    read.insert(name.as_str());
                }
            });
        }
    }
    if let Idempotency::By(Expr { kind: ExprKind::Var(name), .. }) = &capability.idempotency {
        read.insert(name);
    }
    let fields = input.as_object().into_iter().flatten().filter(|(name, _)| !read.contains(name.as_str()));
    Json::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
