//! Who asks, and who approves, in two plans at once.
//!
//! A pattern over principals is a union of *atoms*: everybody, an interval of the classes of texts that both plans together can
//! tell apart, or whoever asserts a role. A role is its declared members and whoever asserts it.
//!
//! Who matches two rules, one of each plan, matches an atom of each. Take away every asserted role but those that the two atoms
//! name, and put in the principal's place one of what the narrower interval leaves over: the two rules still match, and no rule
//! matches that did not before. So the finitely many states that are made in this way decide whether two rules ever meet first.

use crate::verify::exact::alphabet::{Alphabet, KINDS};
use crate::verify::exact::set::Set;
use gov_plan::model::{Package, ROLLBACK};
use gov_plan::pattern::PrincipalPattern;

/// A part of a pattern over principals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Atom {
    /// Everybody.
    Any,
    /// The principals of these classes, from the first to the last.
    Range(i128, i128),
    /// Whoever asserts the role, by its place among those of both plans.
    Asserts(usize),
}

/// Who asks: a class of principals and the roles that are asserted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// The class of the principal.
    pub principal: i128,
    /// The classes that it stands for.
    pub range: (i128, i128),
    /// The roles that the request asserts, by their place among those of both plans, in order.
    pub asserted: Vec<usize>,
}

impl State {
    /// Whether every requester that the other state stands for is one of this state's, with more roles at most.
    pub fn is_more_general(&self, other: &State) -> bool {
        self.range.0 <= other.range.0
            && other.range.1 <= self.range.1
            && self.asserted.iter().all(|role| other.asserted.contains(role))
    }
}

/// The principals and roles of two plans.
pub(super) struct People<'a> {
    pub alphabet: &'a Alphabet,
    /// The names of the roles of both plans, in order.
    pub roles: Vec<String>,
    packages: [&'a Package; 2],
    kinds: Vec<(i128, i128)>,
    /// All classes of principals.
    principals: Vec<i128>,
    rollback: i128,
}

impl<'a> People<'a> {
    pub fn of(packages: [&'a Package; 2], alphabet: &'a Alphabet) -> People<'a> {
        let mut roles: Vec<String> =
            packages.iter().flat_map(|package| &package.roles).map(|role| role.name.clone()).collect();
        roles.sort_unstable();
        roles.dedup();
        let kind = |kind: &&str| match alphabet.prefix(kind) {
            Set::One(first, last) => Some((first, last)),
            Set::Many(_) => None,
        };
        People {
            alphabet,
            roles,
            packages,
            kinds: KINDS.iter().filter_map(kind).collect(),
            principals: alphabet.principals(),
            rollback: alphabet.literal(ROLLBACK).least().unwrap_or(-1),
        }
    }

    /// The atoms of patterns of one plan.
    pub fn atoms(&self, side: usize, patterns: &[PrincipalPattern]) -> Vec<Atom> {
        let mut found = Vec::new();
        for pattern in patterns {
            match pattern {
                PrincipalPattern::Role(role) => {
                    let declared = self.packages.get(side).and_then(|package| package.role(role));
                    let members = declared.map(|role| role.members.as_slice()).unwrap_or_default();
                    found.extend(declared.and_then(|role| self.role(&role.name)).map(Atom::Asserts));
                    found.extend(members.iter().filter_map(|member| self.range(member)));
                }
                other => found.extend(self.range(other)),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The place of a role among those of both plans.
    pub fn role(&self, name: &str) -> Option<usize> {
        self.roles.iter().position(|own| own == name)
    }

    fn range(&self, pattern: &PrincipalPattern) -> Option<Atom> {
        match pattern {
            PrincipalPattern::Any => Some(Atom::Any),
            PrincipalPattern::Exact(exact) => self.alphabet.literal(exact).least().map(|at| Atom::Range(at, at)),
            PrincipalPattern::Prefix(prefix) => match self.alphabet.prefix(prefix) {
                Set::One(first, last) => Some(Atom::Range(first, last)),
                Set::Many(_) => None,
            },
            PrincipalPattern::Role(_) => None,
        }
    }

    /// Whether one of the atoms means a state.
    pub fn matches(&self, atoms: &[Atom], state: &State) -> bool {
        atoms.iter().any(|atom| match atom {
            Atom::Any => true,
            Atom::Range(first, last) => *first <= state.principal && state.principal <= *last,
            Atom::Asserts(role) => state.asserted.contains(role),
        })
    }

    /// Whether the class is that of [`ROLLBACK`].
    pub fn is_rollback(&self, state: &State) -> bool {
        state.principal == self.rollback
    }

    /// The states that decide whether rules of these atoms, old and new, ever meet, the more general ones first.
    ///
    /// `every_class`: conditions ask for the principal. `asked`: the roles that conditions ask for.
    pub fn states(&self, old: &[Atom], new: &[Atom], every_class: bool, asked: &[usize]) -> Vec<State> {
        let mut classes: Vec<(i128, (i128, i128))> = Vec::new();
        if every_class {
            classes.extend(self.principals.iter().map(|class| (*class, (*class, *class))));
        } else {
            // What is left of an interval is its last class; a literal is its own.
            classes.extend(self.kinds.iter().map(|range| (range.1, *range)));
            let ranges = old.iter().chain(new).filter_map(|atom| match atom {
                Atom::Range(first, last) => Some((*last, (*first, *last))),
                _ => None,
            });
            classes.extend(ranges);
            classes.push((self.rollback, (self.rollback, self.rollback)));
        }
        classes.retain(|(class, _)| self.principals.contains(class));
        classes.sort_by_key(|(class, (first, last))| (std::cmp::Reverse(last - first), *class));
        classes.dedup();
        let roles = |atoms: &[Atom]| {
            let asserted = atoms.iter().filter_map(|atom| match atom {
                Atom::Asserts(role) => Some(*role),
                _ => None,
            });
            std::iter::once(None).chain(asserted.map(Some)).collect::<Vec<_>>()
        };
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for first in roles(old) {
            for second in roles(new) {
                for subset in subsets(asked) {
                    let mut set: Vec<usize> = first.into_iter().chain(second).chain(subset).collect();
                    set.sort_unstable();
                    set.dedup();
                    sets.push(set);
                }
            }
        }
        sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        sets.dedup();
        let state = |(principal, range): (i128, (i128, i128)), asserted: &Vec<usize>| State {
            principal,
            range,
            asserted: asserted.clone(),
        };
        sets.iter().flat_map(|set| classes.iter().map(move |class| state(*class, set))).collect()
    }

    /// Whether everybody whom the first atoms mean is meant by the second ones.
    pub fn contains_all(&self, outer: &[Atom], inner: &[Atom]) -> bool {
        let everybody = |asserted: Vec<usize>| {
            let state = |range: &(i128, i128)| State { principal: range.1, range: *range, asserted: asserted.clone() };
            self.kinds.iter().map(state).collect::<Vec<_>>()
        };
        inner.iter().all(|atom| {
            let states = match atom {
                Atom::Any => everybody(Vec::new()),
                Atom::Asserts(role) => everybody(vec![*role]),
                Atom::Range(first, last) => {
                    vec![State { principal: *last, range: (*first, *last), asserted: Vec::new() }]
                }
            };
            states.iter().all(|state| self.matches(outer, state))
        })
    }

    /// Whom states stand for, in the words of the language: the most general ones alone.
    pub fn words(&self, states: &[State]) -> Vec<String> {
        let general = |state: &&State| !states.iter().any(|other| other != *state && other.is_more_general(state));
        let mut general: Vec<&State> = states.iter().filter(general).collect();
        general.dedup();
        let mut by_roles: Vec<(&[usize], Vec<&State>)> = Vec::new();
        for state in general {
            match by_roles.iter_mut().find(|(roles, _)| *roles == state.asserted) {
                Some((_, own)) => own.push(state),
                None => by_roles.push((&state.asserted, vec![state])),
            }
        }
        let mut words = Vec::new();
        for (roles, states) in by_roles {
            let names: Vec<String> =
                roles.iter().filter_map(|role| self.roles.get(*role)).map(|role| format!("role:{role}")).collect();
            let names = names.join(" and ");
            let everybody = self.kinds.iter().all(|kind| states.iter().any(|state| state.principal == kind.1));
            let is_kind = |state: &State| self.kinds.iter().any(|kind| kind.1 == state.principal);
            let rest = states.iter().filter(|state| !(everybody && is_kind(state)));
            if everybody {
                words.push(if names.is_empty() { "any".to_owned() } else { names.clone() });
            }
            for state in rest {
                let who = self.alphabet.pattern(state.principal).unwrap_or_default();
                words.push(if names.is_empty() { who } else { format!("{who} with {names}") });
            }
        }
        words.sort();
        words.dedup();
        words
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
