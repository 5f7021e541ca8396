//! The places in syntax: forgotten, they leave what two texts that mean the same have in common; moved, what is the same
//! text elsewhere.

use std::sync::Arc;

use super::*;
use crate::Span;

/// Syntax with the places of its parts.
pub trait Spans: Sized {
    /// Changes every span below, in place.
    fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F);

    /// The same without spans: `==` compares what is said and not where.
    #[must_use]
    fn without_spans(mut self) -> Self {
        self.for_each_span(&mut |span| *span = Span::default());
        self
    }
}

impl Spans for Span {
    fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
        change(self);
    }
}

impl<T: Spans> Spans for Option<T> {
    fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
        self.iter_mut().for_each(|part| part.for_each_span(change));
    }
}

impl<T: Spans> Spans for Vec<T> {
    fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
        self.iter_mut().for_each(|part| part.for_each_span(change));
    }
}

impl<T: Spans> Spans for Box<T> {
    fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
        T::for_each_span(self, change);
    }
}

impl<T: Spans + Clone> Spans for Arc<T> {
    fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
        Arc::make_mut(self).for_each_span(change);
    }
}

impl<A: Spans, B: Spans> Spans for (A, B) {
    fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
        self.0.for_each_span(change);
        self.1.for_each_span(change);
    }
}

impl<A: Spans, B: Spans, C: Spans> Spans for (A, B, C) {
    fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
        self.0.for_each_span(change);
        self.1.for_each_span(change);
        self.2.for_each_span(change);
    }
}

/// What holds no span.
macro_rules! nothing_below {
    ($($ty:ty)*) => {
        $(impl Spans for $ty {
            fn for_each_span<F: FnMut(&mut Span)>(&mut self, _: &mut F) {}
        })*
    };
}

nothing_below! { bool usize String BinaryOp Quantifier Decision }

/// Every field is named, so that a new one cannot be forgotten here.
macro_rules! in_struct {
    ($($ty:ident $(<$param:ident>)? { $($field:ident),* $(,)? })*) => {
        $(impl $(<$param: Spans>)? Spans for $ty $(<$param>)? {
            fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
                let $ty { $($field),* } = self;
                $($field.for_each_span(change);)*
            }
        })*
    };
}

in_struct! {
    Name { text, span }
    File { items, unread, start }
    Item { docs, accepts, kind, span }
    Accept { code, reason, span }
    TypeDef { name, ty, refinement }
    Role { name, members }
    Set { name, patterns }
    Type { kind, optional, span }
    Field { docs, name, ty, refinement, span }
    Capability { id, kind, clauses, broken }
    Clause { kind, keyword, span }
    Row<V> { value, guard, because, span }
    Call { capability, arguments, span }
    Retry { times, backoff, on_transient, span }
    MoneyLiteral { number, currency, span }
    Policy { name, defaults, escalations, rules, stray_accepts, broken }
    Escalate { level, approvers, within, because, span }
    Rule { docs, accepts, name, action, subjects, targets, condition, because, span }
    Workflow { name, params, returns, header, body, broken }
    Block { statements, stray_accepts, broken, span }
    Statement { docs, accepts, kind, span }
    Step { name, principal, target, options }
    Prove { name, subject, claim }
    Test { title, statements, broken }
    TestStatement { kind, span }
    Expr { kind, span }
    StringLiteral { parts, span }
    Record { entries, span }
}

/// Every variant is named with the number of its fields, in any order.
macro_rules! in_enum {
    ($($ty:ident { $($variant:ident $(($($at:ident)*))? $({$($field:ident)*})?),* $(,)? })*) => {
        $(impl Spans for $ty {
            fn for_each_span<F: FnMut(&mut Span)>(&mut self, change: &mut F) {
                match self {
                    $($ty::$variant $(($($at),*))? $({$($field),*})? => {
                        $($($at.for_each_span(change);)*)?
                        $($($field.for_each_span(change);)*)?
                    })*
                }
            }
        })*
    };
}

in_enum! {
    ItemKind {
        Package(a), Use(a), Type(a), Context(a), Role(a), Set(a), Capability(a), Policy(a), Workflow(a), Prove(a), Test(a),
        Nothing,
    }
    TypeKind { Named(a), Money(a), List(a b), Union(a), Record(a) }
    ClauseKind {
        Version(a), Tags(a), Deprecated(a), Input(a), Output(a), Effect(a), Risk(a), Approval(a), Compensate(a), Retry(a),
        Timeout(a), Idempotent(a), Cost(a), Handler(a),
    }
    Guard { Always, When(a), Otherwise(a) }
    Effect { None, Some { reversible scope text } }
    Compensation { With(a), Manually, None }
    Handler { Builtin, None, External(a b) }
    Action { Allow, Deny, RequireApproval(a) }
    ApprovalOption { From(a b), Quorum(a b), Within(a b) }
    HeaderClause { Principal(a), Policy(a), Budget(a), Tenant(a) }
    BudgetPart { Money(a), Calls(a), Time(a) }
    StatementKind {
        Step(a), Check(a b), Fail(a), Let(a b), If { arms otherwise }, Parallel(a), For { parallel name list limit body },
        Approval { name options question }, Wait(a), Return(a),
    }
    StepTarget { Call(a), Run(a b) }
    StepOption { Retry(a), Timeout(a), Compensate(a), Or(a), OnFailureContinue, After(a) }
    Claim {
        Policy { quantifier decision subjects targets condition }, AlwaysUndoes, SpendsAtMost(a), CallsAtMost(a b),
        CallsBefore(a b), NeverWithoutApproval(a),
    }
    TestStatementKind {
        ExpectDecision { decision by principal asserting call with }, ExpectEnd(a), ExpectCalls(a b), Given(a b),
        Decide { approve step by }, Run { workflow arguments with },
    }
    ByRule { Name(a), Index(a), Default(a) }
    ExpectedEnd { Completed(a), Compensated, Failed(a), Stuck }
    Given { Returns(a), Fails { transient message times }, TimesOut }
    ExprKind {
        Bool(a), Int(a), Decimal(a), Duration(a), Money(a b), String(a), List(a), Record(a), Name(a), Field(a b), As(a b),
        Has(a), Len(a), Not(a), Negate(a), Binary(a b c d), Broken,
    }
    StringPart { Text(a), Interpolation(a) }
}
