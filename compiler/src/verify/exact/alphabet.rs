//! Classes of texts: what literals and prefixes can tell apart, and nothing more.
//!
//! Each literal is a class of its own. Each prefix has a class of what is left of it: the texts that start so, are no literal
//! and start with no longer prefix; there are infinitely many. Classes are numbered so that all texts of a prefix are one
//! interval of numbers.

use super::set::Set;
use gov_plan::expr::{Expr, ExprKind};
use gov_plan::model::{Package, ROLLBACK};
use gov_plan::pattern::{PrincipalPattern, TextPattern};
use gov_plan::types::{Fields, Schema, Type};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The texts of a class.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Members<'a> {
    /// This one alone.
    One(&'a str),
    /// All with this prefix, but for some texts, and those with some longer prefixes.
    Rest {
        /// The prefix.
        prefix: &'a str,
        /// The texts.
        texts: Vec<&'a str>,
        /// The longer prefixes.
        prefixes: Vec<&'a str>,
    },
}

/// What principals start with.
pub(crate) const KINDS: [&str; 4] = ["user:", "agent:", "service:", "system:"];

/// The classes of texts that one package can tell apart.
#[derive(Debug, Default)]
pub(crate) struct Alphabet {
    classes: Vec<Class>,
    literals: HashMap<String, i128>,
    prefixes: HashMap<String, (i128, i128)>,
}

#[derive(Debug)]
struct Class {
    text: String,
    is_literal: bool,
}

impl Alphabet {
    /// The classes of a package, with some patterns more.
    pub fn of(package: &Package) -> Alphabet {
        Alphabet::of_all(&[package])
    }

    /// The classes that several packages together can tell apart.
    pub fn of_all(packages: &[&Package]) -> Alphabet {
        let mut words = Words::default();
        words.literals.insert(ROLLBACK.to_owned());
        words.prefixes.insert(String::new());
        for kind in KINDS {
            // A kind alone names nobody.
            words.literals.insert(kind.to_owned());
            words.prefixes.insert(kind.to_owned());
        }
        packages.iter().for_each(|package| words.package(package));
        words.number()
    }

    /// All texts.
    pub fn all(&self) -> Set {
        Set::interval(0, i128::try_from(self.classes.len()).unwrap_or(i128::MAX) - 1)
    }

    /// One literal; nothing for a text that is none of the package's.
    pub fn literal(&self, text: &str) -> Set {
        self.literals.get(text).map_or(Set::empty(), |number| Set::point(*number))
    }

    /// All texts that start so.
    pub fn prefix(&self, prefix: &str) -> Set {
        self.prefixes.get(prefix).map_or(Set::empty(), |(first, last)| Set::interval(*first, *last))
    }

    /// The class of a text.
    #[cfg(test)]
    pub fn class_of(&self, text: &str) -> Option<i128> {
        let longest = || {
            self.prefixes
                .iter()
                .filter(|(prefix, _)| text.starts_with(prefix.as_str()))
                .max_by_key(|(prefix, _)| prefix.len())
        };
        self.literals.get(text).copied().or_else(|| longest().map(|(_, (_, last))| *last))
    }

    /// The class of what is left of a prefix.
    pub fn rest(&self, prefix: &str) -> Option<i128> {
        self.prefixes.get(prefix).map(|(_, last)| *last)
    }

    /// A class as a pattern: a literal alone, or what is left of a prefix.
    pub fn pattern(&self, number: i128) -> Option<String> {
        let class = self.classes.get(usize::try_from(number).ok()?)?;
        Some(if class.is_literal { class.text.clone() } else { format!("{}*", class.text) })
    }

    /// The texts of a class.
    pub fn members(&self, number: i128) -> Option<Members<'_>> {
        let at = usize::try_from(number).ok()?;
        let class = self.classes.get(at)?;
        if class.is_literal {
            return Some(Members::One(&class.text));
        }
        let first = usize::try_from(self.prefixes.get(&class.text)?.0).ok()?;
        let (mut texts, mut prefixes) = (Vec::new(), Vec::new());
        // From the back: what is left of a prefix comes after all else that has it.
        let mut end = at;
        while let Some(last) = end.checked_sub(1).filter(|last| *last >= first) {
            let inner = self.classes.get(last)?;
            end = last;
            if inner.is_literal {
                texts.push(inner.text.as_str());
            } else {
                prefixes.push(inner.text.as_str());
                end = usize::try_from(self.prefixes.get(&inner.text)?.0).ok()?;
            }
        }
        Some(Members::Rest { prefix: &class.text, texts, prefixes })
    }

    /// All the classes of principals, literals and rests.
    pub fn principals(&self) -> Vec<i128> {
        let within = |number: &i128| KINDS.iter().any(|kind| self.prefix(kind).contains(*number));
        let bare = |number: &i128| KINDS.iter().any(|kind| self.literal(kind).contains(*number));
        let count = i128::try_from(self.classes.len()).unwrap_or(i128::MAX);
        (0..count).filter(|number| within(number) && !bare(number)).collect()
    }

    /// A text of a class, with so many characters if that is wanted; `None` where there is none.
    pub fn sample(&self, number: i128, length: Option<i128>) -> Option<String> {
        let class = self.classes.get(usize::try_from(number).ok()?)?;
        let wanted = length.map(usize::try_from).transpose().ok()?;
        let fits = |text: &str| wanted.is_none_or(|wanted| text.chars().count() == wanted);
        if class.is_literal {
            return fits(&class.text).then(|| class.text.clone());
        }
        let own = |suffix: String| {
            let text = format!("{}{suffix}", class.text);
            let longer =
                self.prefixes.keys().any(|prefix| prefix.len() > class.text.len() && text.starts_with(prefix.as_str()));
            (!self.literals.contains_key(&text) && !longer).then_some(text)
        };
        let Some(wanted) = wanted else {
            let plain = ["x", "y", "z"].map(str::to_owned).into_iter();
            return plain.chain((1..10_000).map(|n| format!("x{n}"))).find_map(own);
        };
        let room = wanted.checked_sub(class.text.chars().count()).filter(|room| *room < 5000)?;
        let Some(rest) = room.checked_sub(1) else { return own(String::new()) };
        let rest = "x".repeat(rest);
        let last = ('a'..='z').rev().chain('0'..='9').map(|last| format!("{rest}{last}"));
        last.chain(('a'..='z').map(|first| format!("{first}{rest}"))).find_map(own)
    }
}

/// Everything that a package compares texts with.
#[derive(Default)]
struct Words {
    literals: BTreeSet<String>,
    prefixes: BTreeSet<String>,
}

impl Words {
    fn package(&mut self, package: &Package) {
        for kind in gov_plan::model::CapabilityKind::ALL {
            self.literals.insert(kind.as_str().to_owned());
        }
        for scope in gov_plan::model::Scope::ALL {
            self.literals.insert(scope.as_str().to_owned());
        }
        self.fields(&package.context);
        package.roles.iter().for_each(|role| self.principals(&role.members));
        for capability in &package.capabilities {
            self.fields(&capability.input);
            self.literals.extend(capability.tags.iter().cloned());
            capability.effect.rows.iter().filter_map(|row| row.when.as_ref()).for_each(|expr| self.expr(expr));
            capability.risk.rows.iter().filter_map(|row| row.when.as_ref()).for_each(|expr| self.expr(expr));
            capability.approval.rows.iter().filter_map(|row| row.when.as_ref()).for_each(|expr| self.expr(expr));
            capability.compensation.rows.iter().filter_map(|row| row.when.as_ref()).for_each(|expr| self.expr(expr));
            capability.cost.rows.iter().filter_map(|row| row.when.as_ref()).for_each(|expr| self.expr(expr));
        }
        for rule in package.policies.iter().flat_map(|policy| &policy.rules) {
            self.principals(&rule.subjects);
            rule.condition.iter().for_each(|condition| self.expr(condition));
        }
        for claim in &package.claims {
            if let gov_plan::model::ClaimKind::Policy { subjects, condition, .. } = &claim.kind {
                self.principals(subjects);
                condition.iter().for_each(|condition| self.expr(condition));
            }
        }
        for approval in approvals(package) {
            self.principals(&approval.from);
        }
    }

    fn principals(&mut self, patterns: &[PrincipalPattern]) {
        for pattern in patterns {
            match pattern {
                PrincipalPattern::Exact(exact) => drop(self.literals.insert(exact.clone())),
                PrincipalPattern::Prefix(prefix) => drop(self.prefixes.insert(prefix.clone())),
                PrincipalPattern::Any | PrincipalPattern::Role(_) => {}
            }
        }
    }

    fn fields(&mut self, fields: &Fields) {
        fields.iter().for_each(|field| self.schema(&field.schema));
    }

    fn schema(&mut self, schema: &Schema) {
        schema.refinements.iter().for_each(|refinement| self.expr(refinement));
        match &schema.ty {
            Type::Union(members) => self.literals.extend(members.iter().cloned()),
            Type::List(element) => self.schema(element),
            Type::Record(fields) => self.fields(fields),
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        expr.walk(&mut |expr| match &expr.kind {
            ExprKind::String(text) => drop(self.literals.insert(text.clone())),
            ExprKind::Matches(_, patterns) => {
                for pattern in patterns {
                    match pattern {
                        TextPattern::Exact(exact) => drop(self.literals.insert(exact.clone())),
                        TextPattern::Prefix(prefix) => drop(self.prefixes.insert(prefix.clone())),
                        TextPattern::Role(_) => {}
                    }
                }
            }
            _ => {}
        });
    }

    fn number(self) -> Alphabet {
        let mut alphabet = Alphabet::default();
        let mut open: Vec<(String, i128)> = Vec::new();
        let words: BTreeMap<&String, (bool, bool)> = self
            .literals
            .iter()
            .chain(&self.prefixes)
            .map(|word| (word, (self.literals.contains(word), self.prefixes.contains(word))))
            .collect();
        for (word, (is_literal, is_prefix)) in words {
            while let Some((prefix, first)) = open.pop_if(|(prefix, _)| !word.starts_with(prefix.as_str())) {
                alphabet.close(prefix, first);
            }
            let next = i128::try_from(alphabet.classes.len()).unwrap_or(i128::MAX);
            if is_literal {
                alphabet.literals.insert(word.clone(), next);
                alphabet.classes.push(Class { text: word.clone(), is_literal: true });
            }
            if is_prefix {
                open.push((word.clone(), next));
            }
        }
        while let Some((prefix, first)) = open.pop() {
            alphabet.close(prefix, first);
        }
        alphabet
    }
}

impl Alphabet {
    fn close(&mut self, prefix: String, first: i128) {
        let last = i128::try_from(self.classes.len()).unwrap_or(i128::MAX);
        self.prefixes.insert(prefix.clone(), (first, last));
        self.classes.push(Class { text: prefix, is_literal: false });
    }
}

/// Every approval that a package speaks of outside of its workflows.
fn approvals(package: &Package) -> impl Iterator<Item = &gov_plan::model::Approval> {
    use gov_plan::model::{Action, Escalation};
    let policies = package.policies.iter().flat_map(|policy| {
        let escalation = match &policy.escalation {
            Escalation::AtLeast { approval, .. } => Some(approval),
            Escalation::Never { .. } => None,
        };
        let actions = policy.rules.iter().map(|rule| &rule.action).chain([&policy.default]);
        let actions = actions.filter_map(|action| match action {
            Action::Approval(approval) => Some(approval),
            _ => None,
        });
        actions.chain(escalation)
    });
    let capabilities = package.capabilities.iter().flat_map(|capability| &capability.approval.rows);
    policies.chain(capabilities.filter_map(|row| row.value.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text is a member of its own class and of no other one.
    #[test]
    fn the_members_of_a_class_are_the_texts_that_it_has() {
        let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect();
        let literals = words(&["a", "ab", "abc", "b", "user:", "user:x", "user:xy", "agent:desk"]);
        let prefixes = words(&["", "a", "ab", "user:", "user:x", "user:xyz", "agent:"]);
        let alphabet = Words { literals, prefixes }.number();
        let texts = [
            "",
            "a",
            "ab",
            "abc",
            "abcd",
            "ac",
            "b",
            "bc",
            "user:",
            "user:x",
            "user:xy",
            "user:xyz",
            "user:z",
            "agent:desk",
            "agent:d",
            "agent:desks",
        ];
        let is_member = |members: Members<'_>, text: &str| match members {
            Members::One(own) => own == text,
            Members::Rest { prefix, texts, prefixes } => {
                text.starts_with(prefix)
                    && !texts.contains(&text)
                    && !prefixes.iter().any(|longer| text.starts_with(longer))
            }
        };
        for number in 0..alphabet.classes.len() as i128 {
            for text in texts {
                let expected = alphabet.class_of(text) == Some(number);
                let members = alphabet.members(number).unwrap();
                assert_eq!(is_member(members, text), expected, "`{text}` in {:?}", alphabet.members(number));
            }
        }
    }
}
