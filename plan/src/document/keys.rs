//! Names for rules that a change to another rule leaves as they are.

use crate::model::{Package, Policy, Rule};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

/// The keys of all rules of a package.
#[derive(Debug)]
pub struct RuleKeys<'p> {
    by_policy: HashMap<&'p str, Vec<Cow<'p, str>>>,
}

impl<'p> RuleKeys<'p> {
    /// Works the keys out.
    pub fn of(package: &'p Package) -> RuleKeys<'p> {
        let by_policy = package.policies.iter().map(|policy| (policy.name.as_str(), rule_keys(policy)));
        RuleKeys { by_policy: by_policy.collect() }
    }

    /// The key of a policy's rule at this place, from 1; empty where there is none.
    pub fn key(&self, policy: &str, place: u32) -> &str {
        let keys = self.by_policy.get(policy);
        keys.and_then(|keys| keys.get((place as usize).checked_sub(1)?)).map_or("", |key| key)
    }

    /// Each rule's place, from 1, by its policy and its key.
    pub fn places(&self) -> HashMap<(&str, &str), u32> {
        let all = self.by_policy.iter();
        all.flat_map(|(policy, keys)| keys.iter().zip(1..).map(|(key, place)| ((*policy, &**key), place))).collect()
    }
}

/// The keys of a policy's rules, in order: a rule's name; for one without, its first words and a mark of the whole. Rules
/// without a name that say the same are counted.
pub fn rule_keys(policy: &Policy) -> Vec<Cow<'_, str>> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut keys = Vec::with_capacity(policy.rules.len());
    for rule in &policy.rules {
        keys.push(match &rule.name {
            Some(name) => Cow::Borrowed(name.as_str()),
            None => {
                let key = key(rule);
                let times = seen.entry(key.clone()).or_insert(0);
                *times += 1;
                Cow::Owned(if *times == 1 { key } else { format!("{key}~{times}") })
            }
        });
    }
    keys
}

fn key(rule: &Rule) -> String {
    fn first<T: ToString>(all: &[T]) -> String {
        let more = if all.len() > 1 { ",…" } else { "" };
        all.first().map_or_else(String::new, |first| format!("{}{more}", first.to_string()))
    }
    let action = match rule.action.decision() {
        crate::model::Decision::Allow => "allow",
        crate::model::Decision::Deny => "deny",
        crate::model::Decision::Approval => "approval",
    };
    let mut whole = String::new();
    for subject in &rule.subjects {
        let _ = write!(whole, "{subject},");
    }
    for target in &rule.targets {
        let _ = write!(whole, "{target},");
    }
    if let Some(condition) = &rule.condition {
        let _ = write!(whole, "{condition}");
    }
    format!("{action} {} to {} #{:06x}", first(&rule.subjects), first(&rule.targets), fnv(&whole) & 0xff_ffff)
}

/// FNV-1a (Fowler, Noll and Vo): a mark to tell texts apart at a glance, and no protection.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
