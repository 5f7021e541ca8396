//! Printing is the inverse of reading, and operators bind as the reference says.

use gov_grammar::ast::{
    BinaryOp, Expr, ExprKind, Field, Name, Record, Spans, StringLiteral, StringPart, Type, TypeKind,
};
use gov_grammar::{Span, expression, quoted, type_expression};
use proptest::prelude::*;

const NOWHERE: Span = Span { start: 0, end: 0 };

fn built(kind: ExprKind) -> Expr {
    Expr { kind, span: NOWHERE }
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "input", "context", "self", "risk", "x_1", "orders", "inner", "notes"])
        .prop_map(str::to_owned)
}

fn name() -> impl Strategy<Value = Name> {
    word().prop_map(|text| Name { text, span: NOWHERE })
}

fn operator() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::*;
    prop::sample::select(vec![Or, And, Eq, Ne, Lt, Le, Gt, Ge, In, Matches, Default, Add, Sub, Mul])
}

/// A string: texts are joined, as they are when they are read.
fn literal(parts: Vec<Result<String, Expr>>) -> StringLiteral {
    let mut joined: Vec<StringPart> = Vec::new();
    for part in parts {
        match (part, joined.last_mut()) {
            (Ok(text), Some(StringPart::Text(last))) => last.push_str(&text),
            (Ok(text), _) if text.is_empty() => {}
            (Ok(text), _) => joined.push(StringPart::Text(text)),
            (Err(inner), _) => joined.push(StringPart::Interpolation(inner)),
        }
    }
    StringLiteral { parts: joined, span: NOWHERE }
}

fn path() -> impl Strategy<Value = Expr> {
    (word(), prop::collection::vec(name(), 0..3)).prop_map(|(first, fields)| {
        fields
            .into_iter()
            .fold(built(ExprKind::Name(first)), |inner, field| built(ExprKind::Field(Box::new(inner), field)))
    })
}

fn leaf() -> impl Strategy<Value = Expr> + Clone {
    prop_oneof![
        any::<bool>().prop_map(ExprKind::Bool),
        prop::sample::select(vec!["0", "10_000", "9223372036854775807"]).prop_map(|n| ExprKind::Int(n.to_owned())),
        prop::sample::select(vec!["0.25", "1_0.5"]).prop_map(|n| ExprKind::Decimal(n.to_owned())),
        prop::sample::select(vec!["200ms", "7d"]).prop_map(|n| ExprKind::Duration(n.to_owned())),
        prop::sample::select(vec!["1", "12.50"]).prop_map(|n| ExprKind::Money(n.to_owned(), "USD".to_owned())),
        word().prop_map(ExprKind::Name),
        any::<String>().prop_map(|text| ExprKind::String(literal(vec![Ok(text)]))),
    ]
    .prop_map(built)
}

fn expr() -> impl Strategy<Value = Expr> + Clone {
    leaf().prop_recursive(6, 60, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let part = prop_oneof![".{0,3}".prop_map(Ok), inner.clone().prop_map(Err)];
        prop_oneof![
            6 => (operator(), boxed.clone(), boxed.clone())
                .prop_map(|(op, left, right)| ExprKind::Binary(op, NOWHERE, left, right)),
            2 => boxed.clone().prop_map(ExprKind::Not),
            2 => boxed.clone().prop_map(ExprKind::Negate),
            1 => boxed.clone().prop_map(ExprKind::Len),
            1 => path().prop_map(|path| ExprKind::Has(Box::new(path))),
            1 => (boxed.clone(), name()).prop_map(|(inner, name)| ExprKind::Field(inner, name)),
            1 => (boxed, ty_over(inner.clone())).prop_map(|(inner, ty)| ExprKind::As(inner, Box::new(ty))),
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(ExprKind::List),
            1 => prop::collection::vec((name(), inner.clone()), 0..3)
                .prop_map(|entries| ExprKind::Record(Record { entries, span: NOWHERE })),
            1 => prop::collection::vec(part, 0..3).prop_map(|parts| ExprKind::String(literal(parts))),
        ]
        .prop_map(built)
    })
}

fn ty_over(refinement: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = Type> {
    let built = |(kind, optional)| Type { kind, optional, span: NOWHERE };
    let upper = |text: &str| Name { text: text.to_owned(), span: NOWHERE };
    let leaf = prop_oneof![
        prop::sample::select(vec!["Int", "Json", "Amount"]).prop_map(move |text| TypeKind::Named(upper(text))),
        Just(TypeKind::Money(upper("USD"))),
        prop::collection::vec("[a-z\"]{0,3}", 1..3)
            .prop_map(|texts| { TypeKind::Union(texts.into_iter().map(|text| literal(vec![Ok(text)])).collect()) }),
    ];
    (leaf, any::<bool>()).prop_map(built).prop_recursive(3, 12, 2, move |inner| {
        let field = (name(), inner.clone(), prop::option::of(refinement.clone()))
            .prop_map(|(name, ty, refinement)| Field { docs: String::new(), name, ty, refinement, span: NOWHERE });
        let list = (inner.prop_map(Box::new), prop::option::of(refinement.clone().prop_map(Box::new)));
        let kind = prop_oneof![
            list.prop_map(|(inner, refinement)| TypeKind::List(inner, refinement)),
            prop::collection::vec(field, 0..3).prop_map(TypeKind::Record),
        ];
        (kind, any::<bool>()).prop_map(built)
    })
}

/// An expression with parentheses around everything that may have them.
fn with_all_parentheses(expr: &Expr) -> String {
    let sub = |inner: &Expr| with_all_parentheses(inner);
    let text = match &expr.kind {
        ExprKind::Binary(op, _, left, right) => format!("{} {} {}", sub(left), op.as_str(), sub(right)),
        ExprKind::Not(inner) => format!("not {}", sub(inner)),
        ExprKind::Negate(inner) => format!("- {}", sub(inner)),
        ExprKind::Len(inner) => format!("len({})", sub(inner)),
        ExprKind::Field(inner, name) => format!("{}.{}", sub(inner), name.text),
        ExprKind::As(inner, ty) => format!("{} as {}", sub(inner), ty.to_source()),
        ExprKind::List(elements) => format!("[{}]", elements.iter().map(sub).collect::<Vec<_>>().join(",")),
        _ => expr.to_source(),
    };
    format!("({text})")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_what_is_printed_gives_it_back(expr in expr()) {
        let text = expr.to_source();
        let read = expression(&text).map(Spans::without_spans);
        prop_assert_eq!(read, Ok(expr.clone()), "{}", text);
        let text = with_all_parentheses(&expr);
        // Too many parentheses are too deep.
        if text.matches('(').count() < 50 {
            let read = expression(&text).map(Spans::without_spans);
            prop_assert_eq!(read, Ok(expr), "{}", text);
        }
    }

    #[test]
    fn no_pair_of_parentheses_could_be_left_out(expr in expr()) {
        let text = expr.to_source();
        for (open, _) in text.match_indices('(') {
            // `not` as an operand is always in parentheses, and what might end a list's type, or start after it.
            let inner = &text[open + 1..];
            let is_kept = inner.starts_with(['{', '-']) || inner.starts_with("not ") || inner.contains("List<");
            if text[..open].ends_with("len") || is_kept {
                continue;
            }
            let Some(close) = closing(&text, open) else { continue };
            let without = format!("{} {} {}", &text[..open], &text[open + 1..close], &text[close + 1..]);
            let read = expression(&without).map(Spans::without_spans);
            prop_assert_ne!(read, Ok(expr.clone()), "{} says the same as {}", without, text);
        }
    }

    #[test]
    fn reading_a_printed_type_gives_it_back(ty in ty_over(expr()), refinement in prop::option::of(expr())) {
        let text = match &refinement {
            Some(refinement) => format!("{} where {}", ty.to_source(), refinement.to_source()),
            None => ty.to_source(),
        };
        let read = type_expression(&text).map(Spans::without_spans);
        prop_assert_eq!(read, Ok((ty, refinement)), "{}", text);
    }

    #[test]
    fn any_text_can_be_quoted(text in any::<String>()) {
        let read = expression(&quoted(&text)).unwrap();
        let ExprKind::String(literal) = read.kind else { unreachable!() };
        prop_assert_eq!(literal.plain(), Some(text));
    }
}

/// The offset of the parenthesis that closes the one at an offset, if no string is in between.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        match c {
            '"' => return None,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + at);
        }
    }
    None
}

/// What binds how, in examples: each text and the same with every parenthesis.
#[test]
fn operators_bind_as_the_reference_says() {
    let same = [
        ("a or b and c", "a or (b and c)"),
        ("a and b or c", "(a and b) or c"),
        ("not a and b", "(not a) and b"),
        ("not a == b", "not (a == b)"),
        ("a - b - c", "(a - b) - c"),
        ("a + b * c", "a + (b * c)"),
        ("a ?? b + c", "a ?? (b + c)"),
        ("a ?? b ?? c", "(a ?? b) ?? c"),
        ("a ?? b == c", "(a ?? b) == c"),
        ("-a + b", "(-a) + b"),
        ("-a.b", "-(a.b)"),
        ("not not a", "not (not a)"),
        ("a - -b", "a - (-b)"),
        ("a in b and c matches d", "(a in b) and (c matches d)"),
        ("x.y as Json.z", "((x.y) as Json).z"),
        ("x as T ?? y", "(x as T) ?? y"),
        ("has a.b and c", "(has a.b) and c"),
    ];
    for (text, meant) in same {
        let (text, meant) = (expression(text).unwrap(), expression(meant).unwrap());
        assert_eq!(text.without_spans(), meant.without_spans());
    }
}

#[test]
fn comparisons_do_not_associate() {
    for text in ["a < b < c", "a == b == c", "a in b in c", "a == b and c < d < e"] {
        assert!(expression(text).is_err(), "{text}");
    }
}

#[test]
fn an_element_can_be_refined_where_something_follows_the_list() {
    for text in [
        "type T = List<Int where self > 0> where len(self) > 1",
        "workflow w() { check x as List<Int where self > 0> else \"y\" }",
        "capability a.b: read { input { a: List<Int where self > 0>, b: List<List<Int where self > 0>>? } }",
        "workflow w() -> List<Int where self > 0> {}",
        "workflow w() { if x as List<Int where self > 0> {} }",
        "workflow w() { for x in y as List<Int where self > 0> up to 3 { fail \"z\" } }",
    ] {
        assert_eq!(gov_grammar::parse(text).errors, [], "{text}");
    }
}
