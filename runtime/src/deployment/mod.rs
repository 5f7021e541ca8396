//! What differs between the places where a package runs: the sections `handlers`, `roots`, `hosts`, `secrets`, `limits` and
//! `approvals` of `gov.toml`.
//!
//! Whatever is not said is refused: without a `gov.toml`, no host is called, no program is started, and there is no secret.

mod section;

pub use section::Mistake;
pub(crate) use section::Section;

use crate::gate::External;
use crate::handlers::{calendar, exec, human, llm, mail, mcp, net, webhook};
use section::Mistakes;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The name of the file.
pub const FILE_NAME: &str = "gov.toml";

/// The sections that are read here.
pub const SECTIONS: [&str; 6] = ["handlers", "roots", "hosts", "secrets", "limits", "approvals"];

/// The sections of a `gov.toml` that are the compiler's.
const OTHERS: [&str; 3] = ["package", "workspace", "dependencies"];

/// The keys of `[handlers]`.
const HANDLERS: [&str; 12] = [
    "external",
    "stubs",
    "http",
    "exec",
    "mcp",
    "llm",
    "mail",
    "calendar",
    "webhook",
    "human",
    "postgres",
    "environment",
];

/// What a place of running allows, and where its services are.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// The folders whose files may be touched, absolute; none where nothing is said.
    pub roots: Option<Vec<PathBuf>>,
    /// What becomes of calls to the outside.
    pub external: External,
    /// What stubbed capabilities give, by their ids.
    pub stubs: BTreeMap<String, Json>,
    pub(crate) net: net::Settings,
    pub(crate) programs: BTreeMap<String, exec::Program>,
    pub(crate) servers: BTreeMap<String, mcp::Server>,
    pub(crate) models: BTreeMap<String, llm::Model>,
    pub(crate) mail: Option<mail::Relay>,
    pub(crate) calendars: BTreeMap<String, calendar::Calendar>,
    pub(crate) webhooks: BTreeMap<String, webhook::Hook>,
    pub(crate) people: BTreeMap<String, human::Way>,
    /// The webhook that is told of whatever waits for a human, by its name.
    pub(crate) approvals: Option<String>,
    /// The secrets that hold the addresses of PostgreSQL databases, by the names that runs know.
    pub(crate) databases: BTreeMap<String, String>,
    /// The variables of the environment that runs may read: names, or beginnings with `*` after them.
    pub(crate) variables: Vec<String>,
}

impl Deployment {
    /// Reads a `gov.toml`; paths in it are seen from `folder`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in it.
    pub fn read(text: &str, folder: &Path) -> Result<Deployment, Vec<Mistake>> {
        let mistakes = Mistakes::of(text);
        let mut deployment = Deployment::default();
        match DeTable::parse(text) {
            Ok(table) => deployment.fill(&Section::whole(table.get_ref(), &mistakes), folder),
            Err(error) => mistakes.add(error.span().map_or(0, |span| span.start), error.message().to_owned()),
        }
        let mistakes = mistakes.into_inner();
        if mistakes.is_empty() { Ok(deployment) } else { Err(mistakes) }
    }

    /// The files that hold secrets: no run is to touch them.
    pub fn secret_files(&self) -> Vec<PathBuf> {
        self.net.secrets.files()
    }

    fn fill(&mut self, file: &Section<'_>, folder: &Path) {
        file.only(&[&OTHERS[..], &SECTIONS[..]].concat());
        if let Some(roots) = file.section("roots") {
            roots.only(&["allow"]);
            self.roots = roots.texts("allow").map(|roots| roots.iter().map(|root| folder.join(root)).collect());
        }
        self.net = net::Settings::read(file, folder);
        let approvals = file.section("approvals");
        self.approvals = approvals.as_ref().and_then(|approvals| {
            approvals.only(&["webhook"]);
            if !approvals.has("webhook") {
                approvals.missing("webhook", "the name of the webhook that is told of whatever waits for a human");
            }
            approvals.text("webhook")
        });
        if let Some(handlers) = file.section("handlers") {
            self.fill_handlers(&handlers, folder);
        }
        if let (Some(approvals), Some(hook)) = (approvals, &self.approvals)
            && !self.webhooks.contains_key(hook)
        {
            let help = format!("`[handlers.webhook.{hook}]` with a `url` and a `secret` says where it goes");
            approvals.wrong("webhook", &format!("there is no webhook `{hook}`; {help}"));
        }
    }

    fn fill_handlers(&mut self, handlers: &Section<'_>, folder: &Path) {
        handlers.only(&HANDLERS);
        let mode = |text: &str| External::ALL.into_iter().find(|mode| mode.as_str() == text);
        self.external = handlers.parsed("external", "`live`, `stubbed` or `forbidden`", mode).unwrap_or_default();
        self.stubs = handlers.json_table("stubs");
        self.programs = named(handlers, "exec", |section| exec::Program::read(section, folder));
        self.servers = named(handlers, "mcp", |section| mcp::Server::read(section, folder));
        self.models = named(handlers, "llm", llm::Model::read);
        self.mail = handlers.section("mail").and_then(|section| mail::Relay::read(&section));
        self.calendars = named(handlers, "calendar", calendar::Calendar::read);
        self.webhooks = named(handlers, "webhook", webhook::Hook::read);
        self.people = named(handlers, "human", human::Way::read);
        self.databases = named(handlers, "postgres", database);
        if let Some(environment) = handlers.section("environment") {
            environment.only(&["allow"]);
            let expected = "names of variables, such as `\"LANG\"` and `\"BUILD_*\"`";
            self.variables = environment.list("allow", expected, variable).unwrap_or_default();
        }
    }
}

/// The name of a variable, or a beginning with `*` after it. A `*` elsewhere would stand for nothing.
fn variable(text: &str) -> Option<String> {
    let name = text.strip_suffix('*').unwrap_or(text);
    (!text.is_empty() && !name.contains(['*', '=', '\0'])).then(|| text.to_owned())
}

/// The secret that holds a database's address.
fn database(section: &Section<'_>) -> Option<String> {
    section.only(&["secret"]);
    if !section.has("secret") {
        section.missing("secret", "the name of the secret that holds the database's address");
    }
    section.text("secret")
}

/// What the tables of a table say, by name; those with a mistake are left out.
fn named<T>(handlers: &Section<'_>, key: &str, read: impl Fn(&Section<'_>) -> Option<T>) -> BTreeMap<String, T> {
    handlers.sections(key).into_iter().filter_map(|(name, section)| Some((name, read(&section)?))).collect()
}
