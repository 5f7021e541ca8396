//! Rules that no request reaches: which earlier rules leave nothing for them.
//!
//! Mostly one earlier rule takes all that the rule would ([`super::subsumes`]), of everything that one of its targets names or
//! of one capability: that is one line, and is checked without looking at classes. What several rules take together, or what
//! no request fits, is split into classes.

use super::atom::{Atom, Unsplit};
use super::cell::Cell;
use super::classes::{self, ByClasses, Said, Tell};
use super::outcome::Reader;
use super::policy::{Rules, capability_of};
use super::subsumes::{Condition, subsumes};
use super::things::Things;
use crate::document::Class;
use crate::model::{Capability, Package, Rule};
use crate::pattern::CapabilityPattern;

/// A rule that is dead, by its place from 0.
pub(super) struct Dead<'p> {
    pub things: &'p Things<'p>,
    pub rules: &'p Rules<'p>,
    pub index: usize,
}

impl<'p> Dead<'p> {
    /// What each target adds to those before it: its pattern, and the capabilities.
    fn groups(
        rule: &'p Rule,
        package: &'p Package,
    ) -> impl Iterator<Item = (&'p CapabilityPattern, Vec<&'p Capability>)> {
        rule.targets.iter().enumerate().filter_map(|(place, target)| {
            let before = rule.targets.get(..place).unwrap_or_default();
            let is_new = |one: &&Capability| !before.iter().any(|earlier| earlier.matches(&one.id));
            let added: Vec<&Capability> = matched(package, target).iter().filter(is_new).collect();
            (!added.is_empty()).then_some((target, added))
        })
    }

    /// The first earlier rule that takes everything which this one would of some capabilities.
    fn taken_by(&self, condition: &Condition<'_>, of: &[&Capability]) -> Option<usize> {
        let about = self.rules.about(&of.first()?.id);
        let mut earlier = about.iter().copied().take_while(|other| *other < self.index);
        earlier.find(|place| self.takes(*place, condition, of))
    }

    /// Whether an earlier rule takes everything which this one would of some capabilities.
    fn takes(&self, place: usize, condition: &Condition<'_>, of: &[&Capability]) -> bool {
        let all = &self.rules.policy.rules;
        let (Some(earlier), Some(rule)) = (all.get(place).filter(|_| place < self.index), all.get(self.index)) else {
            return false;
        };
        of.iter().all(|one| earlier.targets.iter().any(|target| target.matches(&one.id)))
            && subsumes(self.rules.package, earlier, &rule.subjects, condition)
    }

    /// Whether what is said of capabilities is that an earlier rule takes all of them, and it does.
    fn is_taken(&self, name: &str, condition: &Condition<'_>, of: &[&Capability], said: &mut Said<'_>) -> bool {
        let by = said.peek().filter(|next| next.class == name).and_then(|next| next.is.strip_prefix("caught by "));
        let takes = by.and_then(|key| self.rules.place(key)).is_some_and(|place| self.takes(place, condition, of));
        if takes {
            said.next();
        }
        takes
    }
}

impl ByClasses for Dead<'_> {
    fn search(&self) -> Option<Vec<Class>> {
        let mut found = Vec::new();
        let rule = self.rules.policy.rules.get(self.index)?;
        let condition = Condition::of(rule.condition.as_ref());
        let taken = |name: &str, place: usize| Class {
            class: name.to_owned(),
            is: format!("caught by {}", self.rules.key(place)),
        };
        for (target, added) in Self::groups(rule, self.rules.package) {
            if let Some(place) = self.taken_by(&condition, &added) {
                found.push(taken(&format!("to {target}"), place));
                continue;
            }
            for capability in added {
                let name = format!("to {}", capability.id);
                match self.taken_by(&condition, &[capability]) {
                    Some(place) => found.push(taken(&name, place)),
                    None => {
                        let settle = |cell: &Cell, tell: Tell<'_>| dead_class(self.rules, self.index, cell, tell);
                        found.extend(classes::search(&name, &self.things.start(capability), &settle)?);
                    }
                }
            }
        }
        Some(found)
    }

    fn check(&self, said: &mut Said<'_>) -> Result<(), String> {
        let Some(rule) = self.rules.policy.rules.get(self.index) else { return Ok(()) };
        let condition = Condition::of(rule.condition.as_ref());
        for (target, added) in Self::groups(rule, self.rules.package) {
            if self.is_taken(&format!("to {target}"), &condition, &added, said) {
                continue;
            }
            for capability in added {
                let name = format!("to {}", capability.id);
                if !self.is_taken(&name, &condition, &[capability], said) {
                    let settle = |cell: &Cell, tell: Tell<'_>| dead_class(self.rules, self.index, cell, tell);
                    classes::check(&name, &self.things.start(capability), &settle, said)?;
                }
            }
        }
        Ok(())
    }
}

/// The capabilities that a pattern fits. They are in the order of their ids.
fn matched<'p>(package: &'p Package, pattern: &CapabilityPattern) -> &'p [Capability] {
    let all = package.capabilities.as_slice();
    let begins = match pattern {
        CapabilityPattern::Any => "",
        CapabilityPattern::Exact(begins) | CapabilityPattern::Prefix(begins) => begins,
    };
    let rest = all.get(all.partition_point(|one| one.id.as_str() < begins)..).unwrap_or_default();
    rest.get(..rest.partition_point(|one| pattern.matches(&one.id))).unwrap_or_default()
}

/// Which earlier rule leaves nothing of a class for a rule.
pub(super) fn dead_class(rules: &Rules<'_>, index: usize, cell: &Cell, tell: Tell<'_>) -> Result<String, Vec<Atom>> {
    let mut atoms = Vec::new();
    let Some(capability) = capability_of(rules.package, cell) else { return Err(atoms) };
    let reader = Reader::new(cell, capability);
    let Some(rule) = rules.policy.rules.get(index) else { return Err(atoms) };
    if !reader.rule(rules.package, rule, &mut atoms).yes {
        return Ok("it does not fit".to_owned());
    }
    let may_pass = |rule: &Rule| reader.rule(rules.package, rule, &mut Unsplit).no;
    match tell {
        // Of hundreds of rules that are about a capability, the one that is said to catch everything is enough to look at.
        Tell::Said(said) => {
            let place = said.strip_prefix("caught by ").and_then(|key| rules.place(key)).filter(|place| *place < index);
            let caught_by = place.and_then(|place| rules.policy.rules.get(place));
            let is_about = |rule: &&Rule| rule.targets.iter().any(|target| target.matches(&capability.id));
            if caught_by.filter(is_about).is_some_and(|rule| !may_pass(rule)) {
                return Ok(said.to_owned());
            }
        }
        Tell::Split if !atoms.is_empty() => return Err(atoms),
        _ => {}
    }
    let about = rules.about(&capability.id);
    let places = about.iter().copied().take_while(|other| *other < index);
    let earlier = places.filter_map(|place| Some((place, rules.policy.rules.get(place)?)));
    if let Some((place, _)) = earlier.clone().find(|(_, rule)| !may_pass(rule)) {
        return Ok(format!("caught by {}", rules.key(place)));
    }
    // As long as the rule itself may or may not fit, earlier ones are not what to split by.
    if tell != Tell::All && !atoms.is_empty() {
        return Err(atoms);
    }
    earlier.for_each(|(_, rule)| {
        let mut open = Vec::new();
        if reader.rule(rules.package, rule, &mut open).yes {
            atoms.extend(open);
        }
    });
    Err(atoms)
}
