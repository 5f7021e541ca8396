//! Random packages that are right: they check without a finding, and the formatter leaves their meaning alone.

use std::fmt::Write as _;

use proptest::prelude::*;

use gov_tests::laws::{check, findings};

/// A capability: its kind, and the types of its input fields.
#[derive(Clone, Debug)]
struct Capability {
    kind: &'static str,
    fields: Vec<&'static str>,
}

/// A rule: what it decides, about which capability, and whether it asks about a field.
#[derive(Clone, Debug)]
struct Rule {
    action: &'static str,
    subject: &'static str,
    target: prop::sample::Index,
    asks: bool,
}

/// A package of these parts, with a workflow that calls every capability.
#[derive(Clone, Debug)]
struct Package {
    capabilities: Vec<Capability>,
    rules: Vec<Rule>,
    nesting: Vec<u8>,
}

/// Types with a value of each, and a condition over a field of it.
const TYPES: [(&str, &str, &str); 9] = [
    ("Int", "3", "IT > 2"),
    ("Int where self > 0", "3", "IT + 1 < 5"),
    ("Bool", "true", "not IT"),
    ("String", "\"a {1 + 2}\"", "IT matches \"a*\""),
    ("Decimal", "0.5", "IT * 2 >= 1"),
    ("Duration", "10s", "IT < 1m"),
    ("Money<EUR>", "2.50 EUR", "IT <= 3 EUR"),
    ("\"on\" | \"off\"", "\"on\"", "IT in [\"on\"]"),
    ("List<Int>", "[1, 2]", "len(IT) == 2"),
];

fn package() -> impl Strategy<Value = Package> {
    let field = prop::sample::select(TYPES.map(|(ty, ..)| ty).to_vec());
    let kind = prop::sample::select(vec!["read", "write", "delete", "execute", "network"]);
    let capability = (kind, prop::collection::vec(field, 0..4)).prop_map(|(kind, fields)| Capability { kind, fields });
    let action = prop::sample::select(vec!["allow", "deny", "require approval from role:boss quorum 2 within 4h for"]);
    let subject = prop::sample::select(vec!["any", "agent:x", "agent:*", "role:boss", "people, service:y"]);
    let rule = (action, subject, any::<prop::sample::Index>(), any::<bool>())
        .prop_map(|(action, subject, target, asks)| Rule { action, subject, target, asks });
    let parts =
        (prop::collection::vec(capability, 1..6), prop::collection::vec(rule, 0..6), prop::collection::vec(0..4u8, 6));
    parts.prop_map(|(capabilities, rules, nesting)| Package { capabilities, rules, nesting })
}

impl Package {
    fn text(&self) -> String {
        let mut text = "package demo\nrole boss { user:alice }\nset people = { user:a, agent:b_* }\n".to_owned();
        for (index, Capability { kind, fields }) in self.capabilities.iter().enumerate() {
            let fields: Vec<String> = fields.iter().enumerate().map(|(f, ty)| format!("f{f}: {ty}")).collect();
            let undo = if *kind == "read" { "" } else { "compensate none because \"an example\"" };
            let risk = if *kind == "read" { "" } else { "risk critical" };
            let _ = writeln!(
                text,
                "capability c{index}.call: {kind} {{ input {{ {} }} output {{ n: Int?, s: String }} {risk} {undo} }}",
                fields.join(", ")
            );
        }
        text += "policy p {\n    default deny\n";
        for (index, rule) in self.rules.iter().enumerate() {
            let target = rule.target.index(self.capabilities.len());
            let asked = self.capabilities[target].fields.first().filter(|_| rule.asks);
            let condition = asked.and_then(|ty| TYPES.iter().find(|(known, ..)| known == ty));
            let condition = condition.map(|(.., over)| format!(" when {}", over.replace("IT", "input.f0")));
            let (action, subject) = (rule.action, rule.subject);
            let _ =
                writeln!(text, "    r{index}: {action} {subject} to c{target}.call{}", condition.unwrap_or_default());
        }
        text += "}\nworkflow w(list: List<String>) -> { n: Int } {\n    principal agent:x\n    policy p\n";
        for (index, capability) in self.capabilities.iter().enumerate() {
            let value = |ty: &str| TYPES.iter().find(|(known, ..)| *known == ty).map_or("", |(_, value, _)| value);
            let arguments: Vec<String> =
                capability.fields.iter().enumerate().map(|(f, ty)| format!("f{f}: {}", value(ty))).collect();
            let step = format!("step s{index} = c{index}.call {{ {} }}", arguments.join(", "));
            let _ = match self.nesting.get(index) {
                Some(1) => writeln!(text, "    if len(list) > {index} {{ {step} }} else {{ wait 1s }}"),
                Some(2) => {
                    writeln!(text, "    parallel {{ {step} wait 1s }}\n    check s{index}.s != \"\" else \"no\"")
                }
                Some(3) => writeln!(text, "    for x{index} in list up to 3 {{ {step} }}"),
                _ => writeln!(text, "    {step}\n    let n{index} = (s{index}.n ?? 0) + 1"),
            };
        }
        text += "    return { n: 1 }\n}\n";
        text
    }
}

proptest! {
    #[test]
    fn a_package_that_is_right_has_no_finding(package in package()) {
        let text = package.text();
        let checked = check(&text);
        prop_assert_eq!(findings(&checked), "", "in\n{}", text);
        let formatted = gov_compiler::format::format(&text);
        let formatted = formatted.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        prop_assert!(check(&formatted).package == checked.package, "{text}\nis not\n{formatted}");
    }
}
