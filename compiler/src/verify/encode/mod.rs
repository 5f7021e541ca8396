//! The symbolic meaning of the language: types and expressions as terms over integers, booleans and texts.
//!
//! Written from the definition in [`gov_plan::eval`], and fuzzed against it. An encoded expression has a value and the
//! condition under which evaluating it fails. What a solver cannot be told exactly (what JSON holds, how a number is written
//! in a string, the far end of a long list) is a variable of its own, named after what it stands for: more than what is
//! possible is then considered, never less, so that "cannot happen" stays true, and a witness that turns out to be impossible
//! is caught when it is replayed.

mod decode;
mod expr;
mod json;
pub(crate) mod requests;
mod schema;
pub(crate) mod script;
mod symbol;
pub(crate) mod tables;
pub(crate) mod term;

pub(crate) use symbol::{List, Shape, Symbol};
pub(crate) use term::{Sort, Term};

use gov_plan::model::Package;
use std::collections::BTreeMap;

/// An expression's value, and when evaluating it fails. Where it fails the value means nothing.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    pub value: Symbol,
    pub fails: Term,
}

/// What the names of an expression stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// The variables.
    pub names: BTreeMap<String, Symbol>,
    /// The principal of the request, a text: the one whose asserted roles count.
    pub requester: Option<Term>,
}

impl Scope {
    /// The scope with another name in it.
    pub fn with(&self, name: &str, value: Symbol) -> Scope {
        let mut scope = self.clone();
        scope.names.insert(name.to_owned(), value);
        scope
    }
}

/// Turns types and expressions of one package into terms.
///
/// Everything that it makes up on the way has a name derived from what it stands for, so that the same expression in the same
/// scope gives the same terms. [`Encoder::facts`] holds what is true of the made-up things; it belongs into every question.
pub(crate) struct Encoder<'p> {
    package: &'p Package,
    /// How many elements of a list are told apart. More cost more; fewer let more witnesses through that do not replay.
    pub list_elements: usize,
    /// Whether interpolation can fail because its result is too long, more than a megabyte.
    pub long_texts: bool,
    /// What tells things that are made up here, and whose meaning depends on the package, apart from those of another one.
    pub mark: &'static str,
    facts: Vec<Term>,
    made_up: BTreeMap<String, Symbol>,
    json: json::Reads,
}

impl<'p> Encoder<'p> {
    /// An encoder that has made up nothing yet.
    pub fn new(package: &'p Package) -> Encoder<'p> {
        Encoder {
            package,
            list_elements: 3,
            long_texts: true,
            mark: "",
            facts: Vec::new(),
            made_up: BTreeMap::new(),
            json: json::Reads::default(),
        }
    }

    /// What is true of the things that were made up so far: parts of JSON, texts that are put together.
    pub fn facts(&self) -> Term {
        Term::all(self.facts.iter().cloned())
    }

    /// Whether the request asserts a role.
    pub fn asserted(role: &str) -> Term {
        Term::var(&format!("asserts {role}"), Sort::Bool)
    }

    /// Whether the principal that a text names has a role: as a member, or, if it is the requester, because it says so.
    pub fn has_role(&self, principal: &Term, role: &str, requester: Option<&Term>) -> Term {
        let members = self.package.role(role).map(|role| role.members.as_slice()).unwrap_or_default();
        let member = Term::any(members.iter().map(|member| self.principal_matches(principal, member, None)));
        match requester {
            Some(requester) => member.or(&requester.equals(principal).and(&Self::asserted(role))),
            None => member,
        }
    }

    /// Whether a principal fits a pattern.
    pub fn principal_matches(
        &self,
        principal: &Term,
        pattern: &gov_plan::pattern::PrincipalPattern,
        requester: Option<&Term>,
    ) -> Term {
        use gov_plan::pattern::PrincipalPattern;
        match pattern {
            PrincipalPattern::Any => Term::bool(true),
            PrincipalPattern::Exact(exact) => principal.equals(&Term::text(exact)),
            PrincipalPattern::Prefix(prefix) => principal.has_prefix(prefix),
            PrincipalPattern::Role(role) => self.has_role(principal, role, requester),
        }
    }
}
