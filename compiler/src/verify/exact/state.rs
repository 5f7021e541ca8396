//! Who asks: the classes of principals and the sets of asserted roles that have to be looked at.
//!
//! A rule's subjects match more, never less, when a request asserts more roles, and when its principal lies deeper in the tree
//! of patterns. So a rule that is reached at all is reached by a principal of the class that its own pattern leaves over, or
//! by one that asserts the one role it names: any other request that it fits is passed over by at most as many earlier rules.
//! Only conditions that ask for the principal or its roles break this; there every class, and every set of the roles that
//! are asked for, is looked at.

use super::alphabet::{Alphabet, KINDS};
use super::set::Set;
use gov_plan::model::{Package, ROLLBACK};
use gov_plan::pattern::PrincipalPattern;
use std::collections::{HashMap, HashSet};

/// A stretch of principals, if one was chosen, and the roles that are asserted.
type Chosen = (Option<(i128, i128)>, Vec<usize>);

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The class of the principal.
    pub principal: i128,
    /// The roles that the request asserts, by their place in the package, in order.
    pub asserted: Vec<usize>,
}

/// Whom a subject's pattern means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    /// Everybody.
    Any,
    /// The principals of these classes, from the first to the last: one literal, or a prefix.
    Range(i128, i128),
    /// Whoever has the role, by its place in the package.
    Role(usize),
}

/// The principals and roles of a package.
#[derive(Debug)]
pub(crate) struct People {
    members: Vec<Set>,
    roles: HashMap<String, usize>,
    principals: Vec<i128>,
    kinds: Vec<i128>,
    rollback: i128,
}

impl People {
    pub fn of(package: &Package, alphabet: &Alphabet) -> People {
        let set = |pattern: &PrincipalPattern| match pattern {
            PrincipalPattern::Any => alphabet.all(),
            PrincipalPattern::Exact(exact) => alphabet.literal(exact),
            PrincipalPattern::Prefix(prefix) => alphabet.prefix(prefix),
            PrincipalPattern::Role(_) => Set::empty(),
        };
        let members =
            |patterns: &[PrincipalPattern]| patterns.iter().fold(Set::empty(), |all, one| all.union(&set(one)));
        People {
            members: package.roles.iter().map(|role| members(&role.members)).collect(),
            roles: package.roles.iter().enumerate().map(|(index, role)| (role.name.clone(), index)).collect(),
            principals: alphabet.principals(),
            kinds: KINDS.iter().filter_map(|kind| alphabet.rest(kind)).collect(),
            rollback: alphabet.literal(ROLLBACK).least().unwrap_or(-1),
        }
    }

    /// Keeps one class of nobody in particular where no subject tells those of two kinds apart.
    pub fn merge_kinds(&mut self, subjects: &HashSet<Subject>) {
        let mut seen = HashSet::new();
        let mut kept = Vec::new();
        for kind in &self.kinds {
            let inside =
                |subject: &&Subject| matches!(subject, Subject::Range(first, last) if first <= kind && kind <= last);
            let mut matched: Vec<&Subject> = subjects.iter().filter(inside).collect();
            matched.sort_unstable();
            if seen.insert((matched, self.member_of(*kind))) {
                kept.push(*kind);
            }
        }
        self.kinds = kept;
    }

    /// Whom patterns mean; one that can mean nobody is left out.
    pub fn subjects(&self, patterns: &[PrincipalPattern], alphabet: &Alphabet) -> Vec<Subject> {
        let subject = |pattern: &PrincipalPattern| match pattern {
            PrincipalPattern::Any => Some(Subject::Any),
            PrincipalPattern::Exact(exact) => alphabet.literal(exact).least().map(|at| Subject::Range(at, at)),
            PrincipalPattern::Prefix(prefix) => match alphabet.prefix(prefix) {
                Set::One(first, last) => Some(Subject::Range(first, last)),
                Set::Many(_) => None,
            },
            PrincipalPattern::Role(role) => self.roles.get(role).map(|role| Subject::Role(*role)),
        };
        patterns.iter().filter_map(subject).collect()
    }

    /// The place of a role.
    pub fn role(&self, name: &str) -> Option<usize> {
        self.roles.get(name).copied()
    }

    /// The roles that principals of a class have as members.
    pub fn member_of(&self, principal: i128) -> Vec<usize> {
        self.members.iter().enumerate().filter(|(_, set)| set.contains(principal)).map(|(index, _)| index).collect()
    }

    /// Whether a state is one of those that a subject means.
    pub fn matches(&self, subject: &Subject, state: &State) -> bool {
        match subject {
            Subject::Any => true,
            Subject::Range(first, last) => *first <= state.principal && state.principal <= *last,
            Subject::Role(role) => {
                state.asserted.contains(role)
                    || self.members.get(*role).is_some_and(|members| members.contains(state.principal))
            }
        }
    }

    /// Whether the class is that of [`ROLLBACK`].
    pub fn is_rollback(&self, principal: i128) -> bool {
        principal == self.rollback
    }

    /// The states to look at for requests that all of these lists of subjects match, each by one of its own.
    ///
    /// `every_class`: conditions ask for the principal. `exempt`: being [`ROLLBACK`] makes a difference of its own. `asked`:
    /// the roles that conditions ask for.
    pub fn states(&self, lists: &[&[Subject]], every_class: bool, exempt: bool, asked: &[usize]) -> Vec<State> {
        let mut found: Vec<Chosen> = vec![(None, Vec::new())];
        for list in lists {
            let mut next = Vec::new();
            for (range, roles) in &found {
                for subject in *list {
                    let narrowed = match (subject, range) {
                        (Subject::Any | Subject::Role(_), range) => *range,
                        (Subject::Range(first, last), None) => Some((*first, *last)),
                        (Subject::Range(first, last), Some((from, to))) => {
                            let (first, last) = (*first.max(from), *last.min(to));
                            if first > last {
                                continue;
                            }
                            Some((first, last))
                        }
                    };
                    let mut roles = roles.clone();
                    if let Subject::Role(role) = subject
                        && !roles.contains(role)
                    {
                        roles.push(*role);
                    }
                    let both = (narrowed, roles);
                    if !next.contains(&both) {
                        next.push(both);
                    }
                }
            }
            found = next;
        }
        let mut states: Vec<State> = Vec::new();
        for (range, mut roles) in found {
            let within = |class: i128| range.is_none_or(|(first, last)| first <= class && class <= last);
            let mut classes: Vec<i128> = match range {
                _ if every_class => self.principals.iter().copied().filter(|class| within(*class)).collect(),
                // The last class of a prefix is what is left of it; a literal is its own.
                Some((_, last)) => vec![last],
                None => self.kinds.clone(),
            };
            if exempt && within(self.rollback) && !classes.contains(&self.rollback) {
                classes.push(self.rollback);
            }
            roles.sort_unstable();
            for principal in classes {
                for subset in subsets(asked) {
                    let mut asserted = roles.clone();
                    asserted.extend(subset);
                    asserted.sort_unstable();
                    asserted.dedup();
                    let state = State { principal, asserted };
                    if !states.contains(&state) {
                        states.push(state);
                    }
                }
            }
        }
        states
    }
}

/// All subsets, the empty one first.
fn subsets(of: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for one in of {
        let with: Vec<Vec<usize>> = all.iter().map(|subset| [subset.as_slice(), &[*one]].concat()).collect();
        all.extend(with);
    }
    all
}
