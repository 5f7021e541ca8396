//! Packages and requests made at random: every form of pattern, condition and table, and requests that cannot be evaluated.

use crate::Decimal;
use crate::decide::RequestBody;
use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::model::*;
use crate::origin::Origin;
use crate::pattern::{CapabilityPattern, PrincipalPattern, TextPattern};
use crate::types::{Currency, Field, Fields, Risk, Schema, Type};
use crate::value::{Record, Value, parse_json};
use std::sync::Arc;

/// xorshift64*.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % limit
    }

    pub(crate) fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    pub(crate) fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.below(from.len())]
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Random) -> T) -> Vec<T> {
        (0..1 + self.below(most)).map(|_| make(self)).collect()
    }
}

const NAMES: [&str; 8] = ["agent:a", "agent:ab", "agent:abc", "agent:b", "user:x", "user:y", "service:z", ROLLBACK];
const IDS: [&str; 8] = ["a.b", "a.bc", "a.b.c", "a.b.d", "b.a", "b.b.c", "b.c", "c.c.c"];
const ROLES: [&str; 4] = ["one", "two", "three", "four"];
const LEVELS: [&str; 3] = ["LOW", "MEDIUM", "HIGH"];
const TEXTS: [&str; 5] = ["", "agent:a", "x", "xy", "user:x"];
const NUMBERS: [i64; 9] = [i64::MIN, -2, -1, 0, 1, 2, 3, 5, i64::MAX];

fn usd() -> Currency {
    Currency::new("USD").unwrap()
}

fn schema(ty: Type, optional: bool) -> Schema {
    Schema { optional, ..Schema::plain(ty) }
}

fn fields(of: Vec<(&str, Schema)>) -> Fields {
    let field = |(name, schema): (&str, Schema)| Field {
        name: name.to_owned(),
        docs: String::new(),
        schema,
        at: Origin::default(),
    };
    of.into_iter().map(field).collect()
}

fn inner() -> Type {
    Type::Record(fields(vec![("id", Schema::plain(Type::String)), ("level", schema(Type::Int, true))]))
}

/// What `input` holds, for every capability.
fn input_fields() -> Fields {
    let mut amount = Schema::plain(Type::Money(usd()));
    let zero = expr(ExprKind::Money(Decimal::ZERO, usd()), Type::Money(usd()));
    amount.refinements.push(binary(BinaryOp::Ge, var("self", Type::Money(usd())), zero));
    fields(vec![
        ("amount", amount),
        ("n", Schema::plain(Type::Int)),
        ("text", Schema::plain(Type::String)),
        ("extra", schema(Type::Int, true)),
        ("body", schema(Type::Json, false)),
    ])
}

fn context_fields() -> Fields {
    let level = Type::Union(LEVELS.map(str::to_owned).into());
    let mut after = Schema::plain(Type::Int);
    // Refers to a field before it, and can overflow.
    let next = binary_of(BinaryOp::Add, Type::Int, var("self", Type::Int), int(1));
    after.refinements.push(binary(BinaryOp::Ge, next, var("k", Type::Int)));
    fields(vec![
        ("level", Schema::plain(level)),
        ("k", Schema::plain(Type::Int)),
        ("after", after),
        ("flag", Schema::plain(Type::Bool)),
        ("who", schema(inner(), true)),
        ("names", Schema::plain(Type::List(Box::new(Schema::plain(Type::String))))),
        ("at", schema(Type::Time, true)),
        ("word", schema(Type::String, true)),
    ])
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, optional: false, at: Origin::default() }
}

fn var(name: &str, ty: Type) -> Expr {
    expr(ExprKind::Var(name.to_owned()), ty)
}

fn int(int: i64) -> Expr {
    expr(ExprKind::Int(int), Type::Int)
}

fn text(text: &str) -> Expr {
    expr(ExprKind::String(text.to_owned()), Type::String)
}

fn field(inner: Expr, name: &str, ty: Type) -> Expr {
    expr(ExprKind::Field(Box::new(inner), name.to_owned()), ty)
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    binary_of(op, Type::Bool, left, right)
}

fn binary_of(op: BinaryOp, ty: Type, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(op, Box::new(left), Box::new(right)), ty)
}

fn has(path: Expr) -> Expr {
    expr(ExprKind::Has(Box::new(path)), Type::Bool)
}

fn not(inner: Expr) -> Expr {
    expr(ExprKind::Not(Box::new(inner)), Type::Bool)
}

/// The two scopes that conditions stand in.
#[derive(Clone, Copy, PartialEq)]
enum In {
    Policy,
    Capability,
}

impl In {
    fn input(self, name: &str, ty: Type) -> Expr {
        match self {
            In::Policy => field(var("input", Type::Record(input_fields())), name, ty),
            In::Capability => var(name, ty),
        }
    }
}

fn context(name: &str, ty: Type) -> Expr {
    field(var("context", Type::Record(context_fields())), name, ty)
}

/// A condition that the types let through.
fn condition(random: &mut Random, scope: In, depth: usize) -> Expr {
    let below = depth.saturating_sub(1);
    if depth > 0 && random.one_in(2) {
        return match random.below(5) {
            0 => binary(BinaryOp::Or, condition(random, scope, below), condition(random, scope, below)),
            1 => not(condition(random, scope, below)),
            _ => binary(BinaryOp::And, condition(random, scope, below), condition(random, scope, below)),
        };
    }
    let comparison = [BinaryOp::Eq, BinaryOp::Ne, BinaryOp::Lt, BinaryOp::Le, BinaryOp::Gt, BinaryOp::Ge];
    let op = *random.pick(&comparison.each_ref());
    let kinds = if scope == In::Policy { 12 } else { 4 };
    match random.below(kinds) {
        0 => {
            let (left, right) = (number(random, scope), number(random, scope));
            binary(op, left, right)
        }
        1 => {
            let limit = expr(ExprKind::Money(cents(random), usd()), Type::Money(usd()));
            binary(op, scope.input("amount", Type::Money(usd())), limit)
        }
        2 => {
            let extra = || scope.input("extra", Type::Int);
            let test = binary(op, extra(), int(NUMBERS[random.below(9)]));
            binary(BinaryOp::And, has(extra()), test)
        }
        3 => {
            let read = field(scope.input("body", Type::Json), "n", Type::Json);
            if random.one_in(2) {
                return has(read);
            }
            let present = has(read.clone());
            let read = expr(ExprKind::As(Box::new(read), Box::new(Schema::plain(Type::Int))), Type::Int);
            let test = binary(op, read, int(1));
            if random.one_in(3) { test } else { binary(BinaryOp::And, present, test) }
        }
        4 => {
            let op = *random.pick(&[&BinaryOp::Eq, &BinaryOp::Eq, &BinaryOp::Ne]);
            let literal = text(random.pick(&LEVELS));
            binary(op, context("level", context_fields().get("level").unwrap().schema.ty.clone()), literal)
        }
        5 => {
            let list = random.some(3, |random| text(random.pick(&LEVELS)));
            let list = expr(ExprKind::List(list), Type::List(Box::new(Schema::plain(Type::String))));
            binary(BinaryOp::In, context("level", Type::String), list)
        }
        6 => context("flag", Type::Bool),
        7 => binary(op, var("risk", Type::Risk), expr(ExprKind::Risk(Risk::ALL[random.below(4)]), Type::Risk)),
        8 => {
            let patterns = random.some(3, |random| match random.below(3) {
                0 => TextPattern::Exact(random.pick(&TEXTS).to_owned()),
                1 => TextPattern::Prefix(random.pick(&["", "agent:", "x"]).to_owned()),
                _ => TextPattern::Role(random.pick(&ROLES).to_owned()),
            });
            let principal = field(var("principal", Type::Json), "id", Type::String);
            let subject = if random.one_in(2) { principal } else { scope.input("text", Type::String) };
            expr(ExprKind::Matches(Box::new(subject), patterns), Type::Bool)
        }
        9 => match random.below(5) {
            0 => var("reversible", Type::Bool),
            1 => binary(BinaryOp::Eq, var("kind", Type::String), text(random.pick(&["read", "network"]))),
            2 => binary(BinaryOp::In, text(random.pick(&["p", "q"])), var("tags", Type::Json)),
            3 => {
                let default = binary_of(BinaryOp::Default, Type::String, var("scope", Type::String), text("none"));
                binary(BinaryOp::Eq, default, text(random.pick(&["none", "local", "external"])))
            }
            _ => binary(
                BinaryOp::And,
                has(var("workflow", Type::String)),
                binary(BinaryOp::Eq, var("workflow", Type::String), text("w")),
            ),
        },
        10 => {
            let level = || field(context("who", inner()), "level", Type::Int);
            if random.one_in(2) {
                return has(level());
            }
            let test = binary(op, level(), int(NUMBERS[random.below(9)]));
            binary(BinaryOp::And, has(level()), test)
        }
        _ => match random.below(4) {
            0 => {
                let word = binary_of(BinaryOp::Default, Type::String, context("word", Type::String), text("x"));
                let shown = expr(ExprKind::Interpolate(vec![word, text("y")]), Type::String);
                binary(BinaryOp::Eq, shown, text("xy"))
            }
            1 => {
                let names = context("names", Type::List(Box::new(Schema::plain(Type::String))));
                binary(op, expr(ExprKind::Len(Box::new(names)), Type::Int), int(1))
            }
            2 => binary(BinaryOp::In, text("x"), context("names", Type::Json)),
            _ => {
                let tenant = |of: &str| field(var(of, Type::Json), "tenant", Type::String);
                let same = binary(BinaryOp::Eq, tenant("principal"), tenant("resource"));
                let known = binary(BinaryOp::And, has(tenant("principal")), has(tenant("resource")));
                binary(BinaryOp::And, known, same)
            }
        },
    }
}

/// Many simple tests at once.
fn conjunction(random: &mut Random) -> Expr {
    let first = context("flag", Type::Bool);
    (0..2 + random.below(6)).fold(first, |left, _| binary(BinaryOp::And, left, condition(random, In::Policy, 0)))
}

/// An `Int`; some overflow.
fn number(random: &mut Random, scope: In) -> Expr {
    let literal = int(NUMBERS[random.below(9)]);
    match random.below(8) {
        0 | 1 => literal,
        2 => binary_of(BinaryOp::Add, Type::Int, number(random, scope), literal),
        3 => binary_of(BinaryOp::Mul, Type::Int, literal, number(random, scope)),
        4 => expr(ExprKind::Negate(Box::new(number(random, scope))), Type::Int),
        5 | 6 if scope == In::Policy => context("k", Type::Int),
        _ => scope.input("n", Type::Int),
    }
}

fn cents(random: &mut Random) -> Decimal {
    Decimal::from_units(random.below(5) as i128 * 5_000_000_000).unwrap()
}

fn subject(random: &mut Random) -> PrincipalPattern {
    match random.below(8) {
        0 => PrincipalPattern::Any,
        1 | 2 => PrincipalPattern::Exact(random.pick(&NAMES).to_owned()),
        3 | 4 => PrincipalPattern::Prefix(random.pick(&["agent:", "agent:a", "user:", "agent:ab"]).to_owned()),
        _ => PrincipalPattern::Role(random.pick(&ROLES).to_owned()),
    }
}

fn target(random: &mut Random) -> CapabilityPattern {
    match random.below(5) {
        0 => CapabilityPattern::Any,
        1 | 2 => CapabilityPattern::Exact(random.pick(&IDS).to_owned()),
        _ => CapabilityPattern::Prefix(random.pick(&["a.", "a.b", "b.", "a.b.", "c.c"]).to_owned()),
    }
}

fn approval(random: &mut Random) -> Approval {
    let quorum = 1 + random.below(3) as u32;
    Approval { from: random.some(2, subject), quorum, within: None, at: Origin::default() }
}

fn action(random: &mut Random) -> Action {
    match random.below(5) {
        0 | 1 => Action::Deny,
        2 => Action::Approval(approval(random)),
        _ => Action::Allow,
    }
}

fn table<V>(random: &mut Random, mut value: impl FnMut(&mut Random) -> V, last: bool) -> Table<V> {
    let mut table = Table::empty(Origin::default());
    for _ in 0..random.below(3) {
        let when = Some(condition(random, In::Capability, 1));
        table.rows.push(Row { value: value(random), when, because: None, at: Origin::default() });
    }
    if last {
        table.rows.push(Row { value: value(random), when: None, because: None, at: Origin::default() });
    }
    table
}

fn capability(random: &mut Random, id: &str) -> Capability {
    let effect = |random: &mut Random| match random.below(3) {
        0 => Effect::None,
        _ => Effect::Some { reversible: random.one_in(2), scope: Scope::ALL[random.below(3)], text: String::new() },
    };
    let complete = !random.one_in(8);
    Capability {
        id: id.to_owned(),
        docs: String::new(),
        package: "p".to_owned(),
        kind: CapabilityKind::ALL[random.below(5)],
        version: "0.0.0".to_owned(),
        tags: random.some(2, |random| random.pick(&["p", "q", "r"]).to_owned()),
        deprecated: None,
        input: input_fields(),
        output: Fields::default(),
        effect: table(random, effect, true),
        risk: table(random, |random| Risk::ALL[random.below(4)], complete),
        approval: match random.one_in(4) {
            true => table(random, |random| (!random.one_in(3)).then(|| approval(random)), false),
            false => Table::empty(Origin::default()),
        },
        compensation: Table::always(Compensation::NotNeeded, Origin::default()),
        retry: Retry { attempts: Some(3), backoff: None, on_transient: false },
        timeout: 30_000,
        idempotency: Idempotency::No,
        cost: Table::empty(Origin::default()),
        handler: Handler::None,
        at: Origin::default(),
    }
}

/// A package with one policy, `p`.
pub(crate) fn package(random: &mut Random, rules: usize) -> Package {
    let mut ids = IDS.to_vec();
    ids.sort_unstable();
    let role = |random: &mut Random, name: &str| Role {
        name: name.to_owned(),
        docs: String::new(),
        members: match random.below(3) {
            0 => Vec::new(),
            _ => random.some(2, |random| match random.below(2) {
                0 => PrincipalPattern::Exact(random.pick(&NAMES).to_owned()),
                _ => PrincipalPattern::Prefix(random.pick(&["agent:ab", "user:", "service:z"]).to_owned()),
            }),
        },
        at: Origin::default(),
    };
    let rule = |random: &mut Random| Rule {
        name: None,
        docs: String::new(),
        action: action(random),
        // Long lists are indexed as one.
        subjects: if random.one_in(10) { (0..12).map(|_| subject(random)).collect() } else { random.some(2, subject) },
        targets: if random.one_in(10) { (0..12).map(|_| target(random)).collect() } else { random.some(2, target) },
        condition: match random.below(6) {
            0 => None,
            1 => Some(conjunction(random)),
            _ => Some(condition(random, In::Policy, 3)),
        },
        because: None,
        at: Origin::default(),
    };
    let escalation = match random.below(3) {
        0 => Escalation::Never { because: String::new(), at: Origin::default() },
        _ => Escalation::AtLeast { level: Risk::ALL[random.below(4)], approval: approval(random), stated: true },
    };
    let policy = Policy {
        name: "p".to_owned(),
        docs: String::new(),
        default: action(random),
        escalation,
        rules: (0..rules).map(|_| rule(random)).collect(),
        at: Origin::default(),
        default_at: Origin::default(),
    };
    let mut roles: Vec<Role> = ROLES.iter().map(|name| role(random, name)).collect();
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    Package {
        name: "p".to_owned(),
        context: context_fields(),
        roles,
        capabilities: ids.iter().map(|id| capability(random, id)).collect(),
        policies: vec![policy],
        ..Package::default()
    }
}

/// A request; one in ten is broken somewhere.
pub(crate) fn request(random: &mut Random) -> RequestBody {
    let json = |text: &str| Value::Json(Arc::new(parse_json(text).unwrap()));
    let mut input = vec![
        ("amount", Value::Money(cents(random), usd())),
        ("n", Value::Int(NUMBERS[random.below(9)])),
        ("text", Value::string(random.pick(&TEXTS))),
        ("body", json(random.pick(&["null", "{}", r#"{"n": 1}"#, r#"{"n": 2}"#, r#"{"n": "no"}"#, r#"{"n": null}"#]))),
    ];
    if random.one_in(2) {
        input.push(("extra", Value::Int(NUMBERS[random.below(9)])));
    }
    let k = NUMBERS[random.below(7)];
    let mut context = vec![
        ("level", Value::string(random.pick(&LEVELS))),
        ("k", Value::Int(k)),
        ("after", Value::Int(k.saturating_add(if random.one_in(20) { -3 } else { random.below(3) as i64 }))),
        ("flag", Value::Bool(random.one_in(2))),
        ("names", Value::list(random.some(2, |random| Value::string(random.pick(&TEXTS))))),
    ];
    if random.one_in(2) {
        let mut who = vec![("id", Value::string("x"))];
        if random.one_in(2) {
            who.push(("level", Value::Int(NUMBERS[random.below(9)])));
        }
        context.push(("who", Value::record(who)));
    }
    if random.one_in(2) {
        context.push(("word", Value::string(random.pick(&["x", "xy"]))));
    }
    let mut capability = random.pick(&IDS).to_owned();
    let mut principal = random.pick(&NAMES).to_owned();
    let mut roles: Vec<String> = (0..random.below(3)).map(|_| random.pick(&ROLES).to_owned()).collect();
    if random.one_in(10) {
        match random.below(8) {
            0 => capability = "a.x".to_owned(),
            1 => principal = random.pick(&["", "agent", "agent:", "robot:a", "agent:a b", "agent:*"]).to_owned(),
            2 => roles.push("five".to_owned()),
            3 => drop(input.remove(0)),
            4 => context[0].1 = Value::string("NONE"),
            5 => context.push(("more", Value::Int(1))),
            6 => input[0].1 = Value::Money("-1".parse().unwrap(), usd()),
            _ => input[1].1 = Value::Bool(true),
        }
    }
    let tenant = |random: &mut Random| random.one_in(2).then(|| random.pick(&["t", "u"]).to_owned());
    RequestBody {
        principal,
        capability,
        input: record(input),
        context: record(context),
        roles,
        workflow: random.one_in(2).then(|| random.pick(&["w", "v"]).to_owned()),
        principal_tenant: tenant(random),
        resource_tenant: tenant(random),
    }
}

fn record(fields: Vec<(&str, Value)>) -> Record {
    Record::new(fields.into_iter().map(|(name, value)| (name.into(), value)))
}
