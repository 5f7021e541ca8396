//! One meaning: for a random expression and assignment, the evaluator, the encoding and the exact regions agree, on the value
//! and on failure.

use super::cases;
use super::expressions::{Builder, usd, value, variables};
use super::random::Random;
use super::spread::tell;
use crate::verify::Options;
use crate::verify::encode::{Encoder, List, Scope, Shape, Sort, Symbol, Term};
use crate::verify::exact::testing;
use crate::verify::solver::{Answer, Session};
use gov_plan::Origin;
use gov_plan::eval::{Env, EvalErrorKind, eval};
use gov_plan::expr::{BinaryOp, Expr, ExprKind};
use gov_plan::model::{Package, Role};
use gov_plan::pattern::PrincipalPattern;
use gov_plan::types::Type;
use gov_plan::value::Value;
use std::collections::BTreeMap;

/// The principal that asks, and the role that it asserts.
const REQUESTER: &str = "user:al";

fn package() -> Package {
    let role = |name: &str, members| Role { name: name.into(), docs: String::new(), members, at: Origin::default() };
    Package {
        roles: vec![
            role("guests", vec![PrincipalPattern::Prefix("user:b".into())]),
            role("staff", vec![PrincipalPattern::Exact("b".into())]),
        ],
        ..Package::default()
    }
}

struct Assignment<'p> {
    package: &'p Package,
    values: BTreeMap<&'static str, Value>,
    asserts: bool,
}

impl Env for Assignment<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        self.values.get(name).cloned()
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        self.package.has_member(role, principal) || self.asserts && role == "staff" && principal == REQUESTER
    }
}

/// What says that an unknown value is a known one.
fn is(symbol: &Symbol, value: &Value) -> Term {
    if matches!(value, Value::Absent) {
        return symbol.present.not();
    }
    let same = match (&symbol.shape, value) {
        (Shape::Bool(term), Value::Bool(value)) => term.equals(&Term::bool(*value)),
        (Shape::Number(term), value) => match &known(value).shape {
            Shape::Number(known) => term.equals(known),
            other => panic!("{other:?}"),
        },
        (Shape::Text(term), Value::String(text)) => term.equals(&Term::text(text)),
        (Shape::List(list), Value::List(values)) => {
            let each = list.elements.iter().zip(values.iter()).map(|(element, value)| is(element, value));
            let length = list.length.equals(&Term::int(values.len() as i128));
            Term::all(each).and(&length)
        }
        (Shape::Record(fields), Value::Record(record)) => {
            Term::all(fields.iter().map(|(name, field)| is(field, record.get(name).unwrap_or(&Value::Absent))))
        }
        other => panic!("{other:?}"),
    };
    symbol.present.and(&same)
}

#[test]
fn the_encoding_means_what_the_evaluator_says() {
    let package = package();
    let (mut failures, mut tried) = (0, 0);
    for case in 0..cases() {
        let mut random = Random::new(case);
        let types = [
            Type::Bool,
            Type::Bool,
            Type::Bool,
            Type::Int,
            Type::Decimal,
            Type::Money(usd()),
            Type::Duration,
            Type::Time,
            Type::String,
        ];
        let ty = random.pick(&types).clone();
        let depth = 1 + u32::try_from(random.below(4)).unwrap();
        let expr = Builder { random: &mut random, arithmetic: true }.of(&ty, depth);
        let values = variables().into_iter().map(|(name, schema)| (name, value(&mut random, &schema))).collect();
        let assignment = Assignment { package: &package, values, asserts: random.once_in(2) };
        let expected = eval(&expr, &assignment);
        if let Err(error) = &expected {
            assert!(!matches!(error.kind, EvalErrorKind::IllTyped(_)), "{expr} is ill typed: {error}");
            failures += 1;
        }
        tried += 1;
        std::thread::scope(|scope| {
            scope.spawn(|| compare(&package, &expr, &assignment, expected.as_ref().ok()));
        });
    }
    tell(&format!("one meaning: {tried} expressions, of which {failures} fail to evaluate"));
}

fn compare(package: &Package, expr: &Expr, assignment: &Assignment<'_>, expected: Option<&Value>) {
    let options = Options::default();
    let mut session = Session::new("meaning", &options);
    let mut encoder = Encoder::new(package);
    let requester = Term::var("requester", Sort::Text);
    let mut scope = Scope { names: BTreeMap::new(), requester: Some(requester.clone()) };
    let mut given = vec![
        requester.equals(&Term::text(REQUESTER)),
        Encoder::asserted("staff").equals(&Term::bool(assignment.asserts)),
        Encoder::asserted("guests").not(),
    ];
    let mut used = Vec::new();
    expr.walk(&mut |part| {
        if let ExprKind::Var(name) = &part.kind {
            used.push(name.clone());
        }
    });
    for (name, schema) in variables().into_iter().filter(|(name, _)| used.iter().any(|used| used == name)) {
        let (symbol, admitted) = encoder.declare(name, &schema, &Scope::default());
        given.push(admitted);
        given.push(is(&symbol, &assignment.values[name]));
        scope.names.insert(name.into(), symbol);
    }
    let encoded = encoder.expr(expr, &scope);
    given.push(encoder.facts());
    let agrees = match expected {
        None => encoded.fails.clone(),
        Some(value) => encoded.fails.not().and(&is(&encoded.value, value)),
    };
    let mut ask = |what: &str, term: Term| {
        let assertions: Vec<Term> = given.iter().cloned().chain([term]).collect();
        session.ask(what, &assertions)
    };
    let said = format!("{expr} in {:?} is {expected:?}", assignment.values);
    match ask("agrees", agrees.clone()) {
        Answer::Found(_) => {}
        other => panic!("{said}, which the encoding excludes: {other:?}"),
    }
    if is_exact(expr) {
        match ask("differs", agrees.not()) {
            Answer::Never(_) => {}
            other => panic!("{said}, and the encoding has other values for it: {other:?}"),
        }
    }
}

/// Whether the encoding knows all of it: not what strings say that are put together, nor JSON that is made of one thing or
/// another.
fn is_exact(expr: &Expr) -> bool {
    let mut exact = true;
    expr.walk(&mut |part| {
        let chosen = matches!(part.kind, ExprKind::Binary(BinaryOp::Default, ..)) && part.ty == Type::Json;
        exact &= !chosen && !matches!(part.kind, ExprKind::Interpolate(_));
    });
    exact
}

#[test]
fn the_regions_mean_what_the_evaluator_says() {
    let package = package();
    let (mut looked_into, mut tried) = (0, 0);
    for case in 0..cases() * 10 {
        let mut random = Random::new(case);
        let arithmetic = random.once_in(2);
        let depth = 1 + u32::try_from(random.below(4)).unwrap();
        let expr = Builder { random: &mut random, arithmetic }.of(&Type::Bool, depth);
        let values: BTreeMap<_, _> =
            variables().into_iter().map(|(name, schema)| (name, value(&mut random, &schema))).collect();
        let assignment = Assignment { package: &package, values, asserts: false };
        let expected = match eval(&expr, &assignment) {
            Ok(Value::Bool(value)) => i128::from(value),
            Ok(other) => panic!("{expr} is {other:?}"),
            Err(_) => 2,
        };
        tried += 1;
        let Some(found) = testing::parts_at(&package, &expr, &variables(), &assignment.values) else { continue };
        looked_into += 1;
        assert_eq!(found, vec![expected], "{expr} in {:?}", assignment.values);
    }
    tell(&format!("one meaning: {tried} conditions as regions, of which {looked_into} are looked into to the end"));
    assert!(looked_into * 3 > tried, "{looked_into} of {tried}");
}

/// A value that is known. JSON is not carried over: it becomes unknown JSON.
fn known(value: &Value) -> Symbol {
    let number = |number: i128| Symbol::number(Term::int(number));
    match value {
        Value::Absent => Symbol::absent(),
        Value::Bool(value) => Symbol::bool(Term::bool(*value)),
        Value::Int(value) | Value::Duration(value) | Value::Time(value) => number(i128::from(*value)),
        Value::Decimal(value) | Value::Money(value, _) => number(value.units()),
        Value::String(value) => Symbol::text(Term::text(value)),
        Value::Risk(risk) => number(*risk as i128),
        Value::List(elements) => Symbol::present(Shape::List(List {
            length: Term::int(i128::try_from(elements.len()).unwrap_or(i128::MAX)),
            elements: elements.iter().map(known).collect(),
            beyond: None,
        })),
        Value::Record(record) => {
            Symbol::present(Shape::Record(record.iter().map(|(name, value)| (name.to_owned(), known(value))).collect()))
        }
        Value::Json(json) => Symbol::present(Shape::Json(format!("json {json}"))),
    }
}
