//! Which handler serves which capability.

use super::handler::Handler;
use super::notice::Notifier;
use gov_plan::model;
use serde_json::Value as Json;
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
    calls: External,
    stubs: BTreeMap<String, Json>,
    notifier: Option<Arc<dyn Notifier>>,
}

/// What becomes of calls that leave the machine or start a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum External {
    /// They are made.
    #[default]
    Live,
    /// They are not made, and answered as if they were: with what the deployment says, or the plainest values of the types
    /// that the capability declares. The journal says so, and so does whatever tells of the run.
    Stubbed,
    /// They are refused.
    Forbidden,
}

impl External {
    /// All of them.
    pub const ALL: [External; 3] = [External::Live, External::Stubbed, External::Forbidden];

    /// As it is written in `gov.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            External::Live => "live",
            External::Stubbed => "stubbed",
            External::Forbidden => "forbidden",
        }
    }
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

    /// Says what becomes of calls to the outside; they are made, if nothing is said.
    pub fn set_external(&mut self, calls: External) {
        self.calls = calls;
    }

    /// Says what a capability gives where calls to the outside are stubbed.
    pub fn set_stub(&mut self, capability: &str, output: Json) {
        self.stubs.insert(capability.to_owned(), output);
    }

    /// Says who is told of what waits for a human; nobody, if nothing is said.
    pub fn set_notifier(&mut self, notifier: Arc<dyn Notifier>) {
        self.notifier = Some(notifier);
    }

    pub(super) fn notifier(&self) -> Option<&dyn Notifier> {
        self.notifier.as_deref()
    }

    pub(super) fn calls(&self) -> External {
        self.calls
    }

    pub(super) fn stub(&self, capability: &str) -> Option<&Json> {
        self.stubs.get(capability)
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
