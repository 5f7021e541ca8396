//! Which handler serves which capability.

use super::handler::Handler;
use gov_plan::model;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The handlers of a deployment. What is registered can be called by the [`Gate`](super::Gate) alone.
///
/// ```compile_fail
/// fn reach(handlers: &gov_runtime::gate::Handlers, capability: &gov_plan::model::Capability) {
///     handlers.find(capability);
/// }
/// ```
#[derive(Default, Clone)]
pub struct Handlers {
    builtin: BTreeMap<String, Arc<dyn Handler>>,
    external: BTreeMap<String, Arc<dyn Handler>>,
    inactive: BTreeSet<String>,
}

impl Handlers {
    /// Handlers that serve nothing.
    pub fn new() -> Handlers {
        Handlers::default()
    }

    /// Serves capabilities that say `handler builtin`, by their id.
    pub fn builtin(&mut self, capability: &str, handler: Arc<dyn Handler>) {
        self.builtin.insert(capability.to_owned(), handler);
    }

    /// Serves capabilities that say `handler KIND { … }`.
    pub fn external(&mut self, kind: &str, handler: Arc<dyn Handler>) {
        self.external.insert(kind.to_owned(), handler);
    }

    /// Switches a capability off, whatever a plan says.
    pub fn switch_off(&mut self, capability: &str) {
        self.inactive.insert(capability.to_owned());
    }

    /// Whether a capability may be used in this deployment, or why not.
    pub(super) fn active(&self, capability: &str) -> Result<(), String> {
        match self.inactive.contains(capability) {
            true => Err(format!("`{capability}` is switched off in this deployment")),
            false => Ok(()),
        }
    }

    /// What serves a capability, or why nothing does.
    pub(super) fn find(&self, capability: &model::Capability) -> Result<&dyn Handler, String> {
        let id = &capability.id;
        match &capability.handler {
            model::Handler::None => Err(format!("`{id}` says no handler, so it can be checked and not run")),
            model::Handler::Builtin => {
                self.builtin.get(id).map(|handler| &**handler).ok_or_else(|| format!("there is no builtin `{id}`"))
            }
            model::Handler::External(kind, _) => {
                let handler = self.external.get(kind).map(|handler| &**handler);
                handler.ok_or_else(|| format!("this deployment has no `{kind}` handlers, as `{id}` wants"))
            }
        }
    }
}
