use super::*;
use crate::Decimal;
use crate::pattern::TextPattern;
use crate::types::{Currency, Risk, Type};
use proptest::prelude::*;

struct Names(Vec<(&'static str, Value)>);

impl Env for Names {
    fn get(&self, name: &str) -> Option<Value> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone())
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        principal == "user:alice" && role == "finance"
    }
}

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, ty: Type::Bool, optional: false, at: Origin::default() }
}

fn var(name: &str) -> Expr {
    expr(ExprKind::Var(name.to_owned()))
}

fn field(inner: Expr, name: &str) -> Expr {
    expr(ExprKind::Field(Box::new(inner), name.to_owned()))
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(op, Box::new(left), Box::new(right)))
}

fn int(int: i64) -> Expr {
    expr(ExprKind::Int(int))
}

/// `9223372036854775807 + 1 == 0`: fails when it is evaluated.
fn failing() -> Expr {
    binary(BinaryOp::Eq, binary(BinaryOp::Add, int(i64::MAX), int(1)), int(0))
}

fn run(expr: &Expr, names: Vec<(&'static str, Value)>) -> Result<Value, String> {
    eval(expr, &Names(names)).map_err(|error| error.to_string())
}

fn json(text: &str) -> Value {
    Value::Json(Arc::new(value::parse_json(text).unwrap()))
}

#[test]
fn and_or_and_default_do_not_evaluate_what_the_left_side_decides() {
    let bool = |bool| expr(ExprKind::Bool(bool));
    assert_eq!(run(&binary(BinaryOp::And, bool(false), failing()), vec![]), Ok(Value::Bool(false)));
    assert_eq!(run(&binary(BinaryOp::Or, bool(true), failing()), vec![]), Ok(Value::Bool(true)));
    assert_eq!(run(&binary(BinaryOp::Default, int(1), failing()), vec![]), Ok(Value::Int(1)));
    let overflow = Err("`9223372036854775807 + 1` overflows".to_owned());
    assert_eq!(run(&binary(BinaryOp::And, bool(true), failing()), vec![]), overflow);
    assert_eq!(run(&binary(BinaryOp::Or, bool(false), failing()), vec![]), overflow);
    assert_eq!(run(&binary(BinaryOp::And, failing(), bool(false)), vec![]), overflow);
    assert_eq!(run(&binary(BinaryOp::Default, var("x"), failing()), vec![("x", Value::Absent)]), overflow);
}

#[test]
fn a_field_of_what_is_not_there_is_not_there() {
    let has = |inner| expr(ExprKind::Has(Box::new(inner)));
    let path = || field(field(var("x"), "a"), "b");
    for (x, present) in [
        (Value::Absent, false),
        (Value::record([]), false),
        (Value::record([("a", Value::record([]))]), false),
        (Value::record([("a", Value::record([("b", Value::Int(1))]))]), true),
        (json("null"), false),
        (json("3"), false),
        (json("{}"), false),
        (json(r#"{"a": [1]}"#), false),
        (json(r#"{"a": {"b": null}}"#), false),
        (json(r#"{"a": {"b": false}}"#), true),
    ] {
        assert_eq!(run(&has(path()), vec![("x", x.clone())]), Ok(Value::Bool(present)), "{x:?}");
        let default = binary(BinaryOp::Default, path(), expr(ExprKind::String("none".to_owned())));
        let is_default = run(&default, vec![("x", x.clone())]) == Ok(Value::string("none"));
        assert_eq!(is_default, !present, "{x:?}");
    }
}

#[test]
fn absent_equals_absent_and_nothing_else() {
    let equal = binary(BinaryOp::Eq, var("a"), var("b"));
    for (a, b, equals) in [
        (Value::Absent, Value::Absent, true),
        (Value::Absent, json("null"), true),
        (Value::Absent, Value::string(""), false),
        (json("null"), json("0"), false),
        (json(r#"{"a": 1, "b": [2]}"#), json(r#"{"b": [2], "a": 1}"#), true),
    ] {
        assert_eq!(run(&equal, vec![("a", a), ("b", b)]), Ok(Value::Bool(equals)));
    }
}

#[test]
fn json_is_read_as_a_type_or_fails_where_it_does_not_fit() {
    let read = |schema: Schema| expr(ExprKind::As(Box::new(field(var("body"), "amount")), Box::new(schema)));
    let usd = Type::Money(Currency::new("USD").unwrap());
    let mut positive = Schema::plain(usd.clone());
    positive.refinements.push(binary(
        BinaryOp::Gt,
        var("self"),
        expr(ExprKind::Money(Decimal::ZERO, Currency::new("USD").unwrap())),
    ));
    let body = |text| vec![("body", json(text))];
    let amount = Value::Money("12.5".parse().unwrap(), Currency::new("USD").unwrap());
    assert_eq!(run(&read(positive.clone()), body(r#"{"amount": "12.50 USD"}"#)), Ok(amount));
    insta::assert_snapshot!(
        [r#"{"amount": "12.50 EUR"}"#, r#"{"amount": 12.5}"#, r#"{"amount": "-1 USD"}"#, "{}", "[1]"]
            .map(|text| run(&read(positive.clone()), body(text)).unwrap_err())
            .join("\n"),
        @r#"
    `body.amount`: expected an amount of money, such as `"12.50 USD"`, found `"12.50 EUR"`
    `body.amount`: expected an amount of money, such as `"12.50 USD"`, found `12.5`
    `body.amount`: `"-1 USD"` does not satisfy `self > 0 USD`
    `body.amount`: expected an amount of money, such as `"12.50 USD"`, found `null`
    `body.amount`: expected an amount of money, such as `"12.50 USD"`, found `null`
    "#
    );
    let optional = Schema { optional: true, ..Schema::plain(usd) };
    assert_eq!(run(&read(optional.clone()), body("{}")), Ok(Value::Absent));
    assert_eq!(run(&read(optional), body(r#"{"amount": null}"#)), Ok(Value::Absent));
}

#[test]
fn values_are_rendered_plainly() {
    let currency = Currency::new("USD").unwrap();
    let parts = [
        Value::Int(-3),
        Value::Decimal("0.250".parse().unwrap()),
        Value::Money("12.5".parse().unwrap(), currency),
        Value::Money("250".parse().unwrap(), currency),
        Value::Duration(86_400_000),
        Value::time(1_700_000_000_120).unwrap(),
        Value::string("open"),
        Value::Bool(true),
        Value::Risk(Risk::High),
    ];
    let rendered: Vec<String> = parts.iter().map(Value::to_string).collect();
    insta::assert_snapshot!(
        rendered.join(" | "),
        @"-3 | 0.25 | 12.50 USD | 250 USD | 24h | 2023-11-14T22:13:20.12Z | open | true | high"
    );
}

#[test]
fn times_stay_within_the_years_that_can_be_written() {
    let last = Value::time(value::TIME_MAX).unwrap();
    let next = binary(BinaryOp::Add, var("t"), expr(ExprKind::Duration(1)));
    assert_eq!(run(&next, vec![("t", last.clone())]), Err("`t + 1ms` overflows".to_owned()));
    assert_eq!(last.to_string(), "9999-12-31T23:59:59.999Z");
    assert_eq!(Value::time(value::TIME_MIN).unwrap().to_string(), "0000-01-01T00:00:00Z");
    let whole = binary(BinaryOp::Sub, var("t"), var("first"));
    let names = vec![("t", last), ("first", Value::time(value::TIME_MIN).unwrap())];
    assert_eq!(run(&whole, names), Ok(Value::Duration(value::TIME_MAX - value::TIME_MIN)));
}

#[test]
fn a_chain_of_interpolations_cannot_fill_the_memory() {
    let double = expr(ExprKind::Interpolate(vec![var("s"), var("s")]));
    let mut text = Value::string("12345678");
    let outcome = loop {
        match run(&double, vec![("s", text)]) {
            Ok(longer) => text = longer,
            Err(message) => break message,
        }
    };
    assert_eq!(outcome, "`\"{s}{s}\"` overflows");
}

#[test]
fn patterns_fit_texts_prefixes_and_roles() {
    let pattern = |pattern: TextPattern| expr(ExprKind::Matches(Box::new(var("s")), vec![pattern]));
    let fits = |p: TextPattern, s: &str| run(&pattern(p), vec![("s", Value::string(s))]) == Ok(Value::Bool(true));
    assert!(fits(TextPattern::Exact("a.b".to_owned()), "a.b"));
    assert!(!fits(TextPattern::Exact("a.b".to_owned()), "a.bc"));
    assert!(fits(TextPattern::Prefix("a.".to_owned()), "a.bc.d"));
    assert!(fits(TextPattern::Prefix(String::new()), ""));
    assert!(fits(TextPattern::Role("finance".to_owned()), "user:alice"));
    assert!(!fits(TextPattern::Role("finance".to_owned()), "user:bob"));
}

#[test]
fn length_counts_characters_and_elements() {
    let len = expr(ExprKind::Len(Box::new(var("x"))));
    assert_eq!(run(&len, vec![("x", Value::string("größe"))]), Ok(Value::Int(5)));
    assert_eq!(run(&len, vec![("x", Value::list([Value::Absent, Value::Int(1)]))]), Ok(Value::Int(2)));
}

/// Numbers near zero, near powers of ten, and at the ends of the range.
fn near(limit: i128) -> impl Strategy<Value = i128> {
    prop_oneof![
        -1000..1000_i128,
        Just(limit),
        Just(-limit),
        -limit..=limit,
        (0..28_u32, -20..20_i128).prop_map(move |(power, factor)| (10_i128.pow(power) * factor).clamp(-limit, limit))
    ]
}

proptest! {
    /// 64 bit arithmetic is arithmetic wherever it does not fail, and fails exactly where the result does not fit.
    #[test]
    fn ints_are_exact_or_overflow(a in near(i64::MAX.into()), b in near(i64::MAX.into())) {
        let (left, right) = (int(a as i64), int(b as i64));
        for (op, exact) in [(BinaryOp::Add, a + b), (BinaryOp::Sub, a - b), (BinaryOp::Mul, a * b)] {
            let found = eval(&binary(op, left.clone(), right.clone()), &Names(vec![])).ok();
            prop_assert_eq!(found, i64::try_from(exact).ok().map(Value::Int));
        }
    }

    /// Decimals, checked against multiplication in two halves, which needs no wide integers.
    #[test]
    fn decimals_are_exact_or_overflow(a in near(Decimal::MAX.units()), b in near(Decimal::MAX.units())) {
        let (x, y) = (Decimal::from_units(a).unwrap(), Decimal::from_units(b).unwrap());
        let run = |op| eval(&binary(op, expr(ExprKind::Decimal(x)), expr(ExprKind::Decimal(y))), &Names(vec![])).ok();
        prop_assert_eq!(run(BinaryOp::Add), Decimal::from_units(a + b).map(Value::Decimal));
        prop_assert_eq!(run(BinaryOp::Sub), Decimal::from_units(a - b).map(Value::Decimal));
        // a·b = a·(high·10¹⁰ + low); the product has to be a multiple of 10¹⁰, so a·low has to be one.
        let one = 10_i128.pow(10);
        let (high, low) = (b / one, b % one);
        let exact = (|| {
            let low = a.checked_mul(low)?;
            (low % one == 0).then_some(())?;
            Decimal::from_units(a.checked_mul(high)?.checked_add(low / one)?)
        })();
        prop_assert_eq!(run(BinaryOp::Mul), exact.map(Value::Decimal));
    }
}
