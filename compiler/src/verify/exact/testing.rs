//! What tests ask of the regions of a condition.

use super::alphabet::Alphabet;
use super::condition::Compiler;
use super::scope::{Place, Scope};
use super::space::{Dimension, Space};
use gov_plan::expr::Expr;
use gov_plan::model::{Capability, Package};
use gov_plan::types::{Field, Fields, Schema};
use gov_plan::value::Value;
use std::collections::BTreeMap;

/// In which parts of a condition an assignment lies: 1 where it holds, 0 where it does not, 2 where it cannot be evaluated.
/// `None` where a part of the condition is not looked into.
pub(crate) fn parts_at(
    package: &Package,
    condition: &Expr,
    variables: &[(&str, Schema)],
    values: &BTreeMap<&'static str, Value>,
) -> Option<Vec<i128>> {
    let field = |(name, schema): &(&str, Schema)| Field {
        name: (*name).to_owned(),
        docs: String::new(),
        schema: schema.clone(),
        at: condition.at,
    };
    let context = Fields::from_iter(variables.iter().map(field));
    let whole = Package {
        context: context.clone(),
        capabilities: vec![probe(condition)],
        roles: package.roles.clone(),
        ..Package::default()
    };
    let alphabet = Alphabet::of(&whole);
    let mut space = Space::default();
    let mut compiler = Compiler { package: &whole, alphabet: &alphabet, space: &mut space, mark: "" };
    let mut scope = Scope::empty();
    for field in context.iter() {
        let optional = if field.schema.optional { vec![field.name.clone()] } else { Vec::new() };
        scope.set(&field.name, Place { name: field.name.clone(), ty: field.schema.ty.clone(), optional });
    }
    let parts = compiler.condition(condition, &scope);
    let mut found = Vec::new();
    for (answer, region) in [(1, &parts.holds), (0, &parts.fails_to_hold), (2, &parts.unevaluable)] {
        let mut inside = false;
        for cell in region {
            let mut all = true;
            for (slot, set) in cell.slots() {
                let value = slot_value(space.dimension(slot)?, values, &alphabet)?;
                // Without a value, what a slot would be does not matter: its presence is a slot of its own.
                all &= value.is_none_or(|value| set.contains(value));
            }
            inside |= all;
        }
        if inside {
            found.push(answer);
        }
    }
    Some(found)
}

/// A capability that makes the alphabet know the condition's texts.
fn probe(condition: &Expr) -> Capability {
    let source = "package probe\ncapability a.b: read {}\n";
    let parsed = gov_grammar::parse(source);
    let (file, _) = gov_grammar::ast::File::from_tree(&parsed.tree);
    let units = [crate::lower::Unit { file: crate::source::FileId(0), ast: &file }];
    let lowered = crate::lower::lower("probe", &units, &[], false);
    let mut capability = lowered.package.capabilities.into_iter().next().unwrap();
    capability.risk.rows[0].when = Some(condition.clone());
    capability
}

/// The value of a slot; outside `None` for a slot that stands for a condition that is not looked into.
fn slot_value(
    dimension: &Dimension,
    values: &BTreeMap<&'static str, Value>,
    alphabet: &Alphabet,
) -> Option<Option<i128>> {
    let at = |path: &str| {
        let mut parts = path.split('.');
        let mut value = values.get(parts.next().unwrap()).cloned().unwrap();
        for part in parts {
            value = value.field(part).unwrap();
        }
        value
    };
    Some(match dimension {
        Dimension::Opaque(_) => return None,
        Dimension::Asserts(_) => Some(0),
        Dimension::Present(path) => Some(i128::from(!at(path).is_absent())),
        Dimension::Length(path) => match at(path) {
            Value::String(text) => Some(text.chars().count() as i128),
            Value::List(elements) => Some(elements.len() as i128),
            _ => None,
        },
        Dimension::Value(path) => match at(path) {
            Value::Absent => None,
            Value::Bool(value) => Some(i128::from(value)),
            Value::Int(value) | Value::Duration(value) | Value::Time(value) => Some(i128::from(value)),
            Value::Decimal(value) | Value::Money(value, _) => Some(value.units()),
            Value::Risk(risk) => Some(risk as i128),
            Value::String(text) => alphabet.class_of(&text),
            other => panic!("{other:?}"),
        },
    })
}
