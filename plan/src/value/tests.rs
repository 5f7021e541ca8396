//! Laws of values and JSON.

use super::*;
use crate::eval::{Env, eval};
use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::origin::Origin;
use crate::types::{Field, Fields, Schema, Type};
use proptest::prelude::*;

/// A scope with one value, `x`.
struct One(Value);

impl Env for One {
    fn get(&self, name: &str) -> Option<Value> {
        (name == "x").then(|| self.0.clone())
    }

    fn has_role(&self, _: &str, _: &str) -> bool {
        false
    }
}

fn no_roles(_: &str, _: &str) -> bool {
    false
}

/// A schema of any shape.
fn schema() -> impl Strategy<Value = Schema> {
    let scalar = prop_oneof![
        Just(Type::Bool),
        Just(Type::Int),
        Just(Type::Decimal),
        Just(Type::String),
        Just(Type::Duration),
        Just(Type::Time),
        Just(Type::Money(Currency::new("USD").unwrap())),
        Just(Type::Json),
        Just(Type::Risk),
        Just(Type::Union(["open", "closed"].map(str::to_owned).into())),
    ];
    let plain = (scalar, any::<bool>()).prop_map(|(ty, optional)| Schema { optional, ..Schema::plain(ty) });
    plain.prop_recursive(3, 20, 4, |inner| {
        let list = inner.clone().prop_map(|element| Schema::plain(Type::List(Box::new(element))));
        let record = prop::collection::vec(inner, 0..4).prop_map(|schemas| {
            let names = ["a", "b", "c", "d"];
            let field = |(name, schema): (&&str, Schema)| Field {
                name: (*name).to_owned(),
                docs: String::new(),
                schema,
                at: Origin::default(),
            };
            Schema::plain(Type::Record(names.iter().zip(schemas).map(field).collect()))
        });
        prop_oneof![list, record]
    })
}

/// A value that a schema lets through.
fn value_of(schema: &Schema) -> BoxedStrategy<Value> {
    let present = match &schema.ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int => any::<i64>().prop_map(Value::Int).boxed(),
        Type::Decimal => decimal().prop_map(Value::Decimal).boxed(),
        Type::String => any::<String>().prop_map(|text| Value::string(&text)).boxed(),
        Type::Duration => any::<i64>().prop_map(Value::Duration).boxed(),
        Type::Time => (TIME_MIN..=TIME_MAX).prop_map(Value::Time).boxed(),
        Type::Money(currency) => {
            let currency = *currency;
            decimal().prop_map(move |amount| Value::Money(amount, currency)).boxed()
        }
        Type::Json => json().prop_map(|json| Value::Json(Arc::new(json))).boxed(),
        Type::Risk => prop::sample::select(Risk::ALL.to_vec()).prop_map(Value::Risk).boxed(),
        Type::Union(members) => prop::sample::select(members.to_vec()).prop_map(|text| Value::string(&text)).boxed(),
        Type::List(element) => prop::collection::vec(value_of(element), 0..4).prop_map(Value::list).boxed(),
        Type::Record(fields) => {
            let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
            let values: Vec<_> = fields.iter().map(|field| value_of(&field.schema)).collect();
            let record = move |values: Vec<Value>| {
                Value::record(names.iter().map(String::as_str).zip(values).collect::<Vec<_>>())
            };
            values.prop_map(record).boxed()
        }
    };
    if schema.optional { prop_oneof![present, Just(Value::Absent)].boxed() } else { present }
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let limit = Decimal::MAX.units();
    let units = prop_oneof![-limit..=limit, -10_000_000_000_000..10_000_000_000_000_i128, Just(limit), Just(-limit)];
    units.prop_map(|units| Decimal::from_units(units).unwrap())
}

/// JSON as it comes from outside: also numbers that are no `Int`, and strings that look like money.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "-?[0-9_]{0,30}[.]?[0-9]{0,12}( USD| EUR|ms|s|h|d)?".prop_map(Into::into),
        "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])"
            .prop_map(Into::into),
        "(open|closed|low|high)".prop_map(Into::into),
    ];
    scalar.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map("[a-e]", inner, 0..4)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What is written is read again, as the same value: nothing is rounded, reordered or lost.
    #[test]
    fn a_value_is_read_from_its_json((schema, value) in schema().prop_flat_map(|schema| {
        let value = value_of(&schema);
        (Just(schema), value)
    })) {
        prop_assert_eq!(admit(&schema, &value, &no_roles), Ok(()));
        let text = value.to_json().to_string();
        let json = parse_json(&text).unwrap();
        prop_assert_eq!(read(&schema, &json, &no_roles), Ok(value));
    }

    /// What is made JSON where JSON is wanted is JSON that the schema of JSON lets through, and is read back as it was.
    #[test]
    fn a_value_where_json_is_wanted_is_read_back(value in schema().prop_flat_map(|schema| {
        let present = Schema { optional: false, ..schema };
        let value = value_of(&present);
        (Just(present), value)
    })) {
        let (schema, value) = value;
        prop_assume!(!value.is_absent());
        let var = Expr { kind: ExprKind::Var("x".into()), ty: schema.ty.clone(), optional: false, at: Origin::default() };
        let json = Expr { kind: ExprKind::ToJson(Box::new(var)), ty: Type::Json, optional: false, at: Origin::default() };
        let made = eval(&json, &One(value.clone())).unwrap();
        prop_assert_eq!(admit(&Schema::plain(Type::Json), &made, &no_roles), Ok(()));
        let read = Expr {
            kind: ExprKind::As(Box::new(json), Box::new(schema.clone())),
            ty: schema.ty, optional: false, at: Origin::default(),
        };
        prop_assert_eq!(eval(&read, &One(value.clone())), Ok(value));
    }

    /// Whatever comes is read as a value that the schema lets through, or refused with a place and a reason.
    #[test]
    fn json_of_any_shape_is_read_or_refused(schema in schema(), json in json()) {
        match read(&schema, &json, &no_roles) {
            Ok(value) => {
                prop_assert_eq!(admit(&schema, &value, &no_roles), Ok(()));
                // Reading is stable: what was read is written so that it is read the same.
                prop_assert_eq!(read(&schema, &value.to_json(), &no_roles), Ok(value));
            }
            Err(misfit) => prop_assert!(!misfit.to_string().is_empty()),
        }
    }

    /// A record that is read straight from text is the one that is read from its JSON, and is refused where that is.
    #[test]
    fn a_record_is_read_from_text_as_from_json((fields, record, stray) in
        prop::collection::vec(schema(), 0..4).prop_flat_map(|schemas| {
            let field = |(name, schema): (&str, Schema)|
                Field { name: name.to_owned(), docs: String::new(), schema, at: Origin::default() };
            let fields = Fields::from_iter(["a", "b", "c", "d"].into_iter().zip(schemas).map(field));
            let record = value_of(&Schema::plain(Type::Record(fields.clone())));
            (Just(fields), record, prop::collection::hash_map("[a-e]", json(), 0..5))
        })
    ) {
        let whole = record.to_json();
        let mut texts = vec![whole.to_string()];
        for (name, json) in stray {
            for json in [json, serde_json::Value::Null] {
                let mut changed = whole.clone();
                changed[name.clone()] = json.clone();
                texts.push(changed.to_string());
                // Twice, where it is a field.
                let more = serde_json::json!({ name.clone(): json }).to_string();
                texts.push(whole.to_string().replacen('{', &more.replace('}', ","), 1));
            }
        }
        for text in texts {
            let expected = parse_json(&text).ok().and_then(|json| read_fields(&fields, &json, &no_roles).ok());
            prop_assert_eq!(Shape::of(&fields).read(&text), expected, "{}", text);
        }
    }

    /// No text makes the parser fail in any other way than by saying where.
    #[test]
    fn any_text_is_json_or_refused(text in any::<String>()) {
        if let Err(error) = parse_json(&text) {
            prop_assert!(error.line >= 1 && !error.message.contains(" at line "));
        }
    }
}

#[test]
fn null_in_a_record_is_as_good_as_nothing() {
    let null = ("a", Value::Json(Arc::new(serde_json::Value::Null)));
    let other = ("b", Value::Int(1));
    assert_eq!(Value::record([null.clone()]), Value::record([]));
    assert_eq!(Value::record([]), Value::record([null.clone()]));
    assert_eq!(Value::record([null.clone(), other.clone()]), Value::record([other.clone()]));
    assert_ne!(Value::record([null]), Value::record([other]));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| parse_json(&format!("{}1{}", "[".repeat(depth), "]".repeat(depth))).unwrap();
    let any = Schema::plain(Type::Json);
    assert!(read(&any, &nested(MAX_DEPTH as usize), &no_roles).is_ok());
    let misfit = read(&any, &nested(MAX_DEPTH as usize + 1), &no_roles).unwrap_err();
    // What was put together is no better than what is read.
    let built = |depth: usize| admit(&any, &Value::Json(Arc::new(nested(depth))), &no_roles);
    assert_eq!(built(MAX_DEPTH as usize), Ok(()));
    assert_eq!(built(MAX_DEPTH as usize + 1), Err(misfit.clone()));
    assert_eq!(misfit.to_string(), "nested deeper than 64 levels");
    assert!(parse_json(&"[".repeat(1_000_000)).unwrap_err().message.contains("recursion limit"));
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let error = parse_json("{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2}}").unwrap_err();
    assert_eq!(error.to_string(), "the key `c` stands twice at line 2 column 22");
}

/// A refinement sees the value as `self` and the fields beside it, also from within a list; an absent value satisfies it.
#[test]
fn refinements_see_the_fields_beside_them() {
    let var = |name: &str| Expr {
        kind: ExprKind::Var(name.to_owned()),
        ty: Type::Int,
        optional: false,
        at: Origin::default(),
    };
    let at_most = |limit: &str| Expr {
        kind: ExprKind::Binary(BinaryOp::Le, Box::new(var("self")), Box::new(var(limit))),
        ty: Type::Bool,
        optional: false,
        at: Origin::default(),
    };
    let field =
        |name: &str, schema| Field { name: name.to_owned(), docs: String::new(), schema, at: Origin::default() };
    let bounded = Schema { refinements: vec![at_most("most")], optional: true, ..Schema::plain(Type::Int) };
    let fields = Fields::from_iter([
        field("most", Schema::plain(Type::Int)),
        field("one", bounded.clone()),
        field("many", Schema::plain(Type::List(Box::new(Schema { optional: false, ..bounded })))),
    ]);
    let read = |text: &str| read_fields(&fields, &parse_json(text).unwrap(), &no_roles).map_err(|why| why.to_string());
    assert!(read(r#"{"most": 2, "one": 2, "many": [1, 2]}"#).is_ok());
    assert!(read(r#"{"most": 2, "one": null, "many": []}"#).is_ok());
    let refused = [
        r#"{"most": 2, "one": 3, "many": []}"#,
        r#"{"most": 2, "many": [1, 3]}"#,
        r#"{"most": 2, "many": [1, "1"]}"#,
        r#"{"most": 2, "many": [1], "mny": 1}"#,
        r#"{"many": []}"#,
        r#"{"most": 2.0, "many": []}"#,
        r#"{"most": 9223372036854775808, "many": []}"#,
        "[]",
    ];
    insta::assert_snapshot!(refused.map(|text| read(text).unwrap_err()).join("\n"), @r#"
    `one`: `3` does not satisfy `self <= most`
    `many[1]`: `3` does not satisfy `self <= most`
    `many[1]`: expected a whole number of 64 bits, found `"1"`
    `mny` is no field here, did you mean `many`?
    `most` is missing: expected a whole number of 64 bits
    `most`: expected a whole number of 64 bits, found `2.0`
    `most`: expected a whole number of 64 bits, found `9223372036854775808`
    expected an object, found a list
    "#);
}
