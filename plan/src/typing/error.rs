//! What can be wrong with an expression or a type.

use crate::decimal;
use gov_grammar::Span;
use gov_grammar::ast::BinaryOp;

/// One mistake and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeError {
    /// Where it is, in the text that was checked.
    pub at: Span,
    /// What it is.
    pub kind: TypeErrorKind,
}

/// The mistakes. Types are given as they are written in source.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeErrorKind {
    /// A name that stands for nothing here.
    UnknownName {
        /// The name.
        name: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// A type that does not exist.
    UnknownType {
        /// The name.
        name: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// A field that what is read, or what it is passed to, does not have.
    UnknownField {
        /// The field.
        field: String,
        /// What does not have it: a type, or the receiver of arguments.
        of: String,
        /// What was probably meant.
        meant: Option<String>,
        /// The fields that there are.
        known: Vec<String>,
    },
    /// A field that has to be given and is not; the place is the record's.
    MissingField {
        /// The field.
        field: String,
        /// Its type.
        ty: String,
        /// What wants it.
        of: String,
    },
    /// A field given twice.
    DuplicateField {
        /// The field.
        field: String,
        /// Where it was given first.
        first: Span,
    },
    /// A field of something that has none.
    NotARecord {
        /// The type of what has none.
        ty: String,
    },
    /// A value that may be absent stands where it must not be.
    MayBeAbsent {
        /// The value, if it has a name.
        path: Option<String>,
    },
    /// `has` or `??` about something that is never absent.
    AlwaysPresent,
    /// A value of the wrong type.
    Mismatch {
        /// The type that is wanted.
        expected: String,
        /// The type that is given.
        found: String,
    },
    /// A string that is not a member of the union it is compared with or passed as.
    NotAMember {
        /// The string.
        value: String,
        /// The members.
        members: Vec<String>,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// Two types that an operator cannot take together.
    Operands {
        /// The operator.
        op: BinaryOp,
        /// The type on its left.
        left: String,
        /// The type on its right.
        right: String,
    },
    /// Two amounts of different currencies.
    Currencies {
        /// The one.
        left: String,
        /// The other.
        right: String,
    },
    /// A type that an operator cannot take.
    Operand {
        /// The operator, as written.
        op: &'static str,
        /// The type.
        ty: String,
    },
    /// A product of which neither side is a literal.
    NonLinear,
    /// A whole number that does not fit 64 bits.
    IntTooLarge,
    /// A number that is no [`crate::Decimal`].
    BadDecimal(decimal::ParseError),
    /// A duration that does not fit.
    DurationTooLong,
    /// A currency that ISO 4217 does not know.
    UnknownCurrency {
        /// The code.
        code: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// Something that cannot be shown in a string.
    NotShowable {
        /// Its type.
        ty: String,
    },
    /// JSON that is used without saying what it is.
    JsonNeedsAs,
    /// `as` on something that is not JSON.
    AsOnTyped {
        /// Its type.
        ty: String,
    },
    /// The right side of `matches` is not a plain string with at most one `*`, at its end.
    BadPattern,
    /// A set is used as a value.
    SetAsValue {
        /// Its name.
        name: String,
    },
    /// A union with a computed or repeated member.
    BadUnion,
    /// A field whose name an expression could not read.
    ReservedName {
        /// The name.
        name: String,
    },
}
