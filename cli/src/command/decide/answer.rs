//! A decision as it is written. `docs/schema/decide.schema.json` is made from these types.

use anstyle::{AnsiColor, Style};
use gov_plan::decide::{Clause, Decided, Engine, Missed, RequestBody, Unevaluable, explain};
use gov_plan::model::{Approval, Decision};
use gov_plan::text;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt::Write as _;

use crate::output::Failure;
use crate::render::steers;

/// A decision, in the order in which its parts are written.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "gov decide", deny_unknown_fields)]
pub struct Answer {
    #[schemars(with = "DecisionName")]
    decision: &'static str,
    /// The policy that decides.
    policy: String,
    /// The rule's name, if a rule decided and it has one.
    rule: Option<String>,
    /// The rule's place in the policy, from 1; `null` where the default decided, or the request could not be evaluated.
    #[schemars(range(min = 1))]
    index: Option<u32>,
    /// The risk of the call, where it could be found.
    #[schemars(with = "Option<RiskName>")]
    risk: Option<&'static str>,
    /// Whether an allow became an approval because of the risk.
    escalated: bool,
    /// Who may give the first of the approvals.
    approvers: Vec<String>,
    /// How long they have for it.
    within: Option<String>,
    /// All approvals that have to be given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<Needed>,
    /// Why, in words.
    reason: String,
    /// With `--explain`: the rules that were read before the one that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Vec<Step>>,
}

/// An approval that has to be given.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Needed {
    #[schemars(with = "By")]
    by: &'static str,
    /// Who may give it; any of these.
    approvers: Vec<String>,
    /// How many different ones have to.
    quorum: u32,
    /// How long they have; for ever, if nothing is said.
    within: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `decision` in the schema")]
enum DecisionName {
    Allow,
    Deny,
    Approval,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `risk` in the schema")]
enum RiskName {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `by` in the schema")]
enum By {
    /// The rule, the default, or the escalation.
    Policy,
    /// The capability's own `approval required`.
    Capability,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `failed` in the schema")]
enum ClauseName {
    /// None of the rule's subjects is the principal.
    Subject,
    /// None of the rule's targets is the capability.
    Target,
    /// The rule's condition does not hold.
    Condition,
}

/// A rule that was read before, and what kept it from fitting.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Step {
    rule: Option<String>,
    #[schemars(range(min = 1))]
    index: u32,
    #[schemars(with = "ClauseName")]
    failed: &'static str,
    /// The rule's subjects, or targets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    patterns: Vec<String>,
    /// The parts of the condition that made it false.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
}

/// A part of a condition that made it false.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Part {
    condition: String,
    /// Whether this part was true or false.
    was: bool,
    /// What it reads, and the values that were found.
    values: Map<String, Value>,
}

impl Answer {
    /// The decision on a request.
    pub fn of(engine: &Engine, body: &RequestBody, explained: bool) -> Answer {
        let (package, policy, request) = (engine.package(), engine.policy(), body.request());
        let decided = engine.decide(&request);
        let index = decided.rule();
        let rule = index.and_then(|index| policy.rules.get((index as usize).checked_sub(1)?));
        let approvals = approvals(&decided);
        Answer {
            decision: word(decided.decision),
            policy: policy.name.clone(),
            rule: rule.and_then(|rule| rule.name.clone()),
            index,
            risk: decided.risk.map(gov_plan::types::Risk::as_str),
            escalated: decided.escalated,
            approvers: approvals.first().map(|first| first.approvers.clone()).unwrap_or_default(),
            within: approvals.first().and_then(|first| first.within.clone()),
            approvals,
            reason: decided.reason(package, policy, request.capability),
            explanation: explained
                .then(|| explain(package, policy, &request, &decided).into_iter().map(Step::of).collect()),
        }
    }

    /// The decision on what is no request that can be evaluated.
    pub fn unevaluable(engine: &Engine, why: &Unevaluable) -> Answer {
        Answer {
            decision: word(Decision::Deny),
            policy: engine.policy().name.clone(),
            rule: None,
            index: None,
            risk: None,
            escalated: false,
            approvers: Vec::new(),
            within: None,
            approvals: Vec::new(),
            reason: format!("the request cannot be evaluated: {why}"),
            explanation: None,
        }
    }

    /// Whether the request is denied.
    pub fn is_denied(&self) -> bool {
        self.decision == word(Decision::Deny)
    }

    /// As one line of JSON.
    ///
    /// # Errors
    ///
    /// None in practice: everything in it can be written.
    pub fn to_json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::new(format!("the decision could not be written: {error}")))
    }

    /// For people.
    pub fn to_text(&self, color: bool) -> String {
        let styled = |style: Style, text: &str| match color {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        };
        let shade = match self.decision {
            "allow" => AnsiColor::Green,
            "deny" => AnsiColor::Red,
            _ => AnsiColor::Yellow,
        };
        let mut text = styled(shade.on_default().bold(), self.decision);
        // Writing to a string does not fail.
        let _ = writeln!(text, ": {}", shown(&self.reason));
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:10} {value}");
        };
        let rule = match (&self.rule, self.index) {
            (Some(name), Some(index)) => Some(format!("{name}, the policy's rule {index}")),
            (None, Some(index)) => Some(format!("the policy's rule {index}")),
            _ => None,
        };
        line("policy", &self.policy);
        rule.iter().for_each(|rule| line("rule", rule));
        self.risk.iter().for_each(|risk| line("risk", risk));
        for approval in &self.approvals {
            let mut who = approval.approvers.join(" or ");
            if approval.quorum > 1 {
                who = format!("{} of {who}", approval.quorum);
            }
            if let Some(within) = &approval.within {
                who.push_str(&format!(", within {within}"));
            }
            line("approval", &format!("{who} (asked for by the {})", approval.by));
        }
        if let Some(steps) = self.explanation.as_ref().filter(|steps| !steps.is_empty()) {
            let _ = writeln!(text, "\n{}", styled(Style::new().bold(), "the rules before"));
            for step in steps {
                let name = step.rule.as_deref().unwrap_or_default();
                let _ = writeln!(text, "  {:>3} {name:16} {}", step.index, shown(&step.in_words()));
            }
        }
        text
    }
}

/// What comes from a request, without what could steer a terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A decision as it is written.
fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
        Decision::Approval => "approval",
    }
}

fn approvals(decided: &Decided<'_>) -> Vec<Needed> {
    let needed = |by: &'static str, approval: &Approval| Needed {
        by,
        approvers: approval.from.iter().map(ToString::to_string).collect(),
        quorum: approval.quorum,
        within: approval.within.map(text::duration),
    };
    let by_policy = decided.by_policy.map(|approval| needed("policy", approval));
    by_policy.into_iter().chain(decided.by_capability.map(|approval| needed("capability", approval))).collect()
}

impl Step {
    fn of(missed: Missed<'_>) -> Step {
        let rule = missed.rule;
        let (failed, patterns, parts) = match missed.clause {
            Clause::Subject => ("subject", rule.subjects.iter().map(ToString::to_string).collect(), Vec::new()),
            Clause::Target => ("target", rule.targets.iter().map(ToString::to_string).collect(), Vec::new()),
            Clause::Condition(parts) => ("condition", Vec::new(), parts),
        };
        let parts = parts.into_iter().map(|part| Part {
            condition: part.text,
            was: part.was,
            values: part.values.into_iter().map(|(path, value)| (path, value.to_json())).collect(),
        });
        Step { rule: rule.name.clone(), index: missed.index, failed, patterns, parts: parts.collect() }
    }

    fn in_words(&self) -> String {
        if self.parts.is_empty() {
            let none = if self.failed == "subject" { "the principal is not" } else { "the capability is not" };
            let patterns: Vec<_> = self.patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
            return format!("{}: {none} {}", self.failed, patterns.join(" or "));
        }
        let parts = self.parts.iter().map(|part| {
            let found = part.values.iter().map(|(path, value)| format!("{path} = {value}"));
            let found = found.filter(|found| !found.starts_with(&format!("{} = ", part.condition)));
            let found = found.collect::<Vec<_>>().join(", ");
            let found = if found.is_empty() { found } else { format!(" ({found})") };
            format!("`{}` is {}{found}", part.condition, part.was)
        });
        format!("condition: {}", parts.collect::<Vec<_>>().join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn the_schema_is_that_of_the_types() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = format!("{:#}\n", settings.into_generator().into_root_schema_for::<Answer>().to_value());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/decide.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &schema).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), schema, "run with UPDATE_SCHEMA=1");
    }
}
