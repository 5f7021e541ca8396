//! A class of requests: what is known of each value that conditions read.
//!
//! A cell is never smaller than the requests that it stands for. What it does not know makes it larger, so that what holds for
//! all of a cell holds for all of them.

use crate::pattern::TextPattern;
use crate::types::{Fields, Schema, Type};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    /// Whether there may be none.
    pub absent: bool,
    /// Whether there may be one.
    pub present: bool,
    pub values: Values,
}

/// The values that there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    /// Whether it may be true, and whether it may be false.
    Truth(bool, bool),
    /// Integers, decimals and amounts in their units, durations, times, levels of risk: the least and the greatest.
    Number(i128, i128),
    /// One of these texts.
    OneOf(Vec<String>),
    /// Texts that begin so and that none of the patterns fits.
    Text { prefix: String, not: Vec<TextPattern> },
    /// Anything: lists, records, JSON.
    Other,
}

impl Domain {
    /// What a declaration lets through, refinements aside.
    pub fn of(schema: &Schema, absent: bool) -> Domain {
        let values = match &schema.ty {
            Type::Bool => Values::Truth(true, true),
            Type::Int | Type::Duration | Type::Time => Values::Number(i128::from(i64::MIN), i128::from(i64::MAX)),
            Type::Decimal | Type::Money(_) => Values::Number(i128::MIN, i128::MAX),
            Type::Risk => Values::Number(0, 3),
            Type::Union(members) => Values::OneOf(members.to_vec()),
            Type::String => Values::Text { prefix: String::new(), not: Vec::new() },
            Type::List(_) | Type::Record(_) | Type::Json => Values::Other,
        };
        // A `null` in JSON is nothing.
        let absent = absent || schema.optional || schema.ty == Type::Json;
        Domain { absent, present: true, values }
    }

    /// This text and no other.
    pub fn text(text: &str) -> Domain {
        Domain { absent: false, present: true, values: Values::OneOf(vec![text.to_owned()]) }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        let none = match &self.values {
            Values::Truth(yes, no) => !yes && !no,
            Values::Number(least, most) => least > most,
            Values::OneOf(texts) => texts.is_empty(),
            Values::Text { .. } | Values::Other => false,
        };
        !self.absent && (none || !self.present)
    }
}

impl Values {
    /// Whether all of these texts are this one (`Some(true)`), none, or some.
    pub fn is(&self, wanted: &str) -> Option<bool> {
        match self {
            Values::OneOf(texts) => match (texts.iter().any(|text| text == wanted), texts.as_slice()) {
                (true, [_]) => Some(true),
                (true, _) => None,
                (false, _) => Some(false),
            },
            Values::Text { prefix, not } => {
                let refused = not.iter().any(|own| own.matches(wanted, |_| false));
                (!wanted.starts_with(prefix.as_str()) || refused).then_some(false)
            }
            _ => None,
        }
    }

    /// Whether a pattern fits all of these texts (`Some(true)`), none, or some. A role is not known here.
    pub fn fit(&self, pattern: &TextPattern) -> Option<bool> {
        match (self, pattern) {
            (_, TextPattern::Role(_)) => None,
            (Values::OneOf(texts), _) => {
                let fits = |text: &String| pattern.matches(text, |_| false);
                match (texts.iter().any(fits), texts.iter().all(fits)) {
                    (_, true) => Some(true),
                    (false, _) => Some(false),
                    _ => None,
                }
            }
            (Values::Text { prefix, not }, TextPattern::Prefix(wanted)) => {
                if prefix.starts_with(wanted.as_str()) {
                    return Some(true);
                }
                let covered =
                    |own: &TextPattern| matches!(own, TextPattern::Prefix(own) if wanted.starts_with(own.as_str()));
                (!wanted.starts_with(prefix.as_str()) || not.iter().any(covered)).then_some(false)
            }
            (Values::Text { prefix, not }, TextPattern::Exact(wanted)) => {
                let refused = not.iter().any(|own| own.matches(wanted, |_| false));
                (!wanted.starts_with(prefix.as_str()) || refused).then_some(false)
            }
            _ => None,
        }
    }

    /// The texts that a pattern fits, or those that it does not.
    pub fn restrict(&self, pattern: &TextPattern, fits: bool) -> Values {
        match self {
            Values::OneOf(texts) => {
                let kept = texts.iter().filter(|text| pattern.matches(text, |_| false) == fits);
                Values::OneOf(kept.cloned().collect())
            }
            Values::Text { prefix, not } if fits => match pattern {
                TextPattern::Exact(exact) => {
                    let possible = self.fit(pattern) != Some(false);
                    Values::OneOf(possible.then(|| exact.clone()).into_iter().collect())
                }
                TextPattern::Prefix(longer) if longer.starts_with(prefix.as_str()) => {
                    Values::Text { prefix: longer.clone(), not: not.clone() }
                }
                _ => self.clone(),
            },
            Values::Text { prefix, not } => {
                let mut not = not.clone();
                if !matches!(pattern, TextPattern::Role(_)) && !not.contains(pattern) {
                    not.push(pattern.clone());
                }
                Values::Text { prefix: prefix.clone(), not }
            }
            other => other.clone(),
        }
    }
}

/// A class of requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    /// What is known of values, in the order of their paths: `input.amount`.
    domains: Vec<(Arc<str>, Domain)>,
    /// How parts of conditions turn out that are not taken apart, and whether roles are asserted, by their texts.
    pub turned_out: BTreeMap<String, bool>,
}

impl Cell {
    /// What is known of a value.
    pub fn get(&self, path: &str) -> Option<&Domain> {
        let place = self.domains.binary_search_by(|(own, _)| (**own).cmp(path)).ok()?;
        self.domains.get(place).map(|(_, domain)| domain)
    }

    /// What is known of the first value whose path is one of these.
    pub fn find(&self, is: impl Fn(&str) -> bool) -> Option<&Domain> {
        self.domains.iter().find(|(path, _)| is(path)).map(|(_, domain)| domain)
    }

    /// All that is known of values, by their paths.
    #[cfg(test)]
    pub fn known(&self) -> impl Iterator<Item = (&str, &Domain)> {
        self.domains.iter().map(|(path, domain)| (&**path, domain))
    }

    /// Adds what is known of a value.
    pub fn set(&mut self, path: &str, domain: Domain) {
        match self.domains.binary_search_by(|(own, _)| (**own).cmp(path)) {
            Ok(place) => {
                if let Some((_, known)) = self.domains.get_mut(place) {
                    *known = domain;
                }
            }
            Err(place) => self.domains.insert(place, (path.into(), domain)),
        }
    }

    /// Adds the fields of a record, those below them included.
    pub fn add(&mut self, path: &str, fields: &Fields, absent: bool) {
        for field in fields.iter() {
            let path = format!("{path}.{}", field.name);
            let domain = Domain::of(&field.schema, absent);
            if let Type::Record(inner) = &field.schema.ty {
                self.add(&path, inner, domain.absent);
            }
            self.set(&path, domain);
        }
    }

    /// Whether a role is asserted, where that is known.
    pub fn asserted(&self, role: &str) -> Option<bool> {
        self.turned_out.iter().find(|(text, _)| text.strip_prefix("role:") == Some(role)).map(|(_, holds)| *holds)
    }

    /// The cell in which a part of a condition turned out so.
    pub fn turning_out(&self, text: &str, holds: bool) -> Cell {
        let mut cell = self.clone();
        cell.turned_out.insert(text.to_owned(), holds);
        cell
    }
}
