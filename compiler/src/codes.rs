//! The table of diagnostic codes. A code is for ever: its number is never reused, and each has a page in `docs/errors/`.
//!
//! A new code is one line here, a constructor function in [`crate::errors`] and a page. Ranges: G00xx text and syntax,
//! G01xx names, G02xx types, G03xx structure, G04xx packages and their manifests, G10xx risk, G11xx compensation,
//! G12xx policies, G13xx workflows, G14xx `prove` statements.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Stops a compile; `gov check` ends with exit code 1.
    Error,
    /// Worth a look; stops nothing.
    Warning,
}

impl Severity {
    /// The word for it in every format: `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($id:literal $variant:ident $name:literal $severity:ident $summary:literal;)*) => {
        /// What is wrong, as a number for ever (`G1201`) and a name (`shadowed-rule`). Ordered by number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[serde(rename = $id)] #[doc = $summary] $variant,)*
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The code as it is printed: `G1201`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$variant => $id,)* }
            }

            /// The name, in kebab case.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The severity that a diagnostic of this code has unless it is built with another.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// What the code means, on one line.
            pub fn summary(self) -> &'static str {
                match self { $(Code::$variant => $summary,)* }
            }
        }
    };
}

codes! {
    "G0001" SyntaxError "syntax-error" Error "the text does not follow the grammar";
    "G0002" ForbiddenCharacter "forbidden-character" Error "a control character that hides or reorders what is read";
    "G0003" TooDeep "too-deep" Error "the nesting is deeper than the compiler reads";
    "G0004" TooLarge "too-large" Error "the file is larger than the compiler reads";
    "G0005" NotUtf8 "not-utf8" Error "the file is not UTF-8 text";
    "G0006" UnreadableFile "unreadable-file" Error "the file cannot be read";
    "G0007" HiddenCharacter "hidden-character" Warning "a control character in a string that hides or reorders what is read";

    "G0101" UnknownName "unknown-name" Error "a name that refers to nothing";
    "G0102" Duplicate "duplicate" Error "two things of one name";
    "G0103" UnknownClause "unknown-clause" Error "a clause that this item does not have";
    "G0104" MissingClause "missing-clause" Error "a clause that this item must have";
    "G0105" UnknownPackage "unknown-package" Error "a package that is neither a dependency nor a standard module";
    "G0106" UnknownField "unknown-field" Error "a field that is not there";
    "G0107" MissingField "missing-field" Error "a field that has to be given and is not";
    "G0108" ReservedName "reserved-name" Error "a name that is a word of the language";

    "G0201" TypeMismatch "type-mismatch" Error "a value of another type than is wanted";
    "G0202" MayBeAbsent "may-be-absent" Error "a value that may be absent where one is needed";
    "G0203" AlwaysPresent "always-present" Error "a question whether something is there that always is";
    "G0204" CurrencyMismatch "currency-mismatch" Error "amounts of different currencies together";
    "G0205" NotAMember "not-a-member" Error "a string that is not one of the values of its type";
    "G0206" BadLiteral "bad-literal" Error "a literal that gives no value";
    "G0207" NonLinear "non-linear" Error "a product of two values that are not known";
    "G0208" BadPattern "bad-pattern" Error "a pattern that cannot stand where it stands";
    "G0209" JsonNeedsAs "json-needs-as" Error "JSON that is used without saying what it is";
    "G0210" AsOnTyped "as-on-typed" Error "`as` on something that is not JSON";
    "G0211" NotShowable "not-showable" Error "a list, a record or JSON inside a string";
    "G0212" SetAsValue "set-as-value" Error "a set used as a value";
    "G0213" RuleField "rule-field" Error "an input field that not every matched capability has, with one type";

    "G0301" Cycle "cycle" Error "things that lead back to themselves";
    "G0302" BadTable "bad-table" Error "a table whose rows do not fit together";
    "G0303" OutOfOrder "out-of-order" Error "a clause of a workflow's head after its first statement";
    "G0304" BadValue "bad-value" Error "a value that its clause cannot take";
    "G0305" MissingReturn "missing-return" Error "a workflow that promises a result and may end without one";
    "G0306" ReturnNotHere "return-not-here" Error "a `return` where none may be";
    "G0307" BadAfter "bad-after" Error "`after` that orders nothing";
    "G0308" BadAccept "bad-accept" Error "an `@accept` that accepts nothing, or what cannot be accepted";

    "G0401" ManifestSyntax "manifest-syntax" Error "`gov.toml` is not TOML";
    "G0402" ManifestKey "manifest-key" Error "a key that `gov.toml` does not have";
    "G0403" ManifestValue "manifest-value" Error "a value in `gov.toml` of the wrong kind, or a missing one";
    "G0404" MissingDependency "missing-dependency" Error "a dependency or workspace member that is no package";
    "G0405" DependencyCycle "dependency-cycle" Error "packages that depend on one another in a circle";
    "G0406" PackageName "package-name" Error "files of one package that name it differently";

    "G1001" IrreversibleRisk "irreversible-risk" Error "an irreversible capability of less than high risk";
    "G1002" DeleteRisk "delete-risk" Error "a capability that deletes, of less than high risk";
    "G1003" UncompensatedRisk "uncompensated-risk" Error "an irreversible capability without compensation, of less than critical risk";
    "G1004" ReadWithEffect "read-with-effect" Error "a capability of kind `read` that has an effect";
    "G1005" RiskTable "risk-table" Error "a table with a row that nothing reaches, or an input that no row covers";

    "G1101" NotUndone "not-undone" Error "a step that a later failure leaves done";
    "G1102" CompensationArguments "compensation-arguments" Error "a compensation whose arguments may be missing or out of range";
    "G1103" CompensationRefused "compensation-refused" Error "a compensation that the policy does not allow to `system:rollback`";
    "G1104" CompensationMayFail "compensation-may-fail" Error "a compensation that may end without having undone anything";
    "G1105" CompensationNeedsUndo "compensation-needs-undo" Error "a compensation that would itself have to be undone";
    "G1106" InDoubt "in-doubt" Warning "a call of which nobody can tell after a crash whether it happened";
    "G1107" ParallelUndo "parallel-undo" Warning "a parallel branch that needs what another branch undoes";

    "G1201" ShadowedRule "shadowed-rule" Error "a rule that no request reaches, because earlier ones decide otherwise";
    "G1202" RedundantRule "redundant-rule" Warning "a rule that changes no decision";
    "G1203" VacuousCondition "vacuous-condition" Error "a condition that never or always holds";
    "G1204" MatchesNothing "matches-nothing" Error "a pattern that matches nothing";
    "G1205" AlwaysEscalated "always-escalated" Warning "an `allow` that is escalated on every request";
    "G1206" NobodyCanApprove "nobody-can-approve" Error "an approval that nobody can give";
    "G1207" PartlyShadowed "partly-shadowed" Warning "a rule that earlier ones cut into and decide otherwise";
    "G1208" UnreachableDefault "unreachable-default" Warning "a default that no request reaches";

    "G1301" RefusedStep "refused-step" Error "a step that the policy refuses";
    "G1302" BrokenRefinement "broken-refinement" Error "an argument that breaks the refinement of what it is passed to";
    "G1303" UnreachableStatement "unreachable-statement" Warning "a statement that is never reached, or a check that never or always fails";
    "G1304" OverBudget "over-budget" Error "a path that costs more than the budget";
    "G1305" NoApproval "no-approval" Error "a call of high risk that no approval precedes";
    "G1306" ParallelWrites "parallel-writes" Warning "parallel branches that write one resource";

    "G1401" ProveFalse "prove-false" Error "a `prove` statement that does not hold";
    "G1402" Unproved "unproved" Error "an obligation that could not be settled";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl FromStr for Code {
    type Err = Unknown;

    /// Reads a code as it is printed, with `g` as good as `G`, or a name.
    fn from_str(text: &str) -> Result<Self, Unknown> {
        let folded = text.to_ascii_lowercase();
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.name() == folded || code.id().eq_ignore_ascii_case(text))
            .ok_or(Unknown)
    }
}

/// A text that is no diagnostic code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such diagnostic code")
    }
}

impl std::error::Error for Unknown {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_names_are_distinct() {
        assert!(Code::ALL.is_sorted_by(|a, b| a.id() < b.id()));
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn a_code_is_read_as_it_is_printed() {
        for code in Code::ALL {
            assert_eq!(code.to_string().parse(), Ok(*code));
            assert_eq!(code.to_string().to_lowercase().parse(), Ok(*code));
            assert_eq!(code.name().parse(), Ok(*code));
        }
        assert_eq!("G9999".parse::<Code>(), Err(Unknown));
    }
}
