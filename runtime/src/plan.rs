//! A plan as the runtime holds it.

use gov_plan::decide::Engine;
use gov_plan::document;
use gov_plan::model::Package;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What is executed, with its digest and the document that it was read from. A clone costs a count.
#[derive(Clone)]
pub struct Plan(Arc<Inner>);

struct Inner {
    package: Arc<Package>,
    engines: BTreeMap<String, Engine>,
    digest: String,
    document: String,
}

impl Plan {
    /// A plan that was made or read, and holds together.
    ///
    /// # Errors
    ///
    /// If it cannot be written down, in words.
    pub fn new(plan: document::Plan) -> Result<Plan, String> {
        let document = document::to_json(&plan).map_err(|error| error.to_string())?;
        Ok(Plan::with(plan, document))
    }

    fn with(plan: document::Plan, document: String) -> Plan {
        let package = Arc::new(plan.package);
        let engines = Engine::all(&package).into_iter().map(|engine| (engine.policy().name.clone(), engine)).collect();
        Plan(Arc::new(Inner { package, engines, digest: plan.digest, document }))
    }

    /// Reads a plan from its document. Its digest is checked, and all that it says of itself.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn read(document: &str) -> Result<Plan, String> {
        let plan = document::parse(document).map_err(|error| error.to_string())?;
        Ok(Plan::with(plan, document.to_owned()))
    }

    /// What it says.
    pub fn package(&self) -> &Package {
        &self.0.package
    }

    /// What decides by this policy.
    pub fn engine(&self, policy: &str) -> Option<&Engine> {
        self.0.engines.get(policy)
    }

    /// Its digest: what runs and approvals are bound to.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// The document: all that another process needs to go on.
    pub fn document(&self) -> &str {
        &self.0.document
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("package", &self.0.package.name).field("digest", &self.0.digest).finish()
    }
}
