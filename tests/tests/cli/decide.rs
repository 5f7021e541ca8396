//! `gov decide`: one request, a line each, and why.

use gov_tests::Sandbox;
use serde_json::{Value, json};

const DESK: &str = r#"package desk

context { incident: Bool, hour: Int where hour >= 0 and hour < 24 }

role finance { user:alice }
role on_call

set money = { pay.* }

capability crm.read: read {
    input { order: String }
}

capability pay.refund: network {
    input  { amount: Money<USD> where amount > 0 USD }
    risk   critical when amount > 1_000 USD, high otherwise because "moves money"
    effect irreversible external "money leaves the account"
    compensate manually because "ask the bank"
}

capability pay.freeze: write {
    effect   reversible local "an account is frozen"
    approval required from role:finance
    compensate manually because "ask support"
}

capability pay.wire: network {
    effect irreversible external "money leaves the bank"
    risk   critical because "moves money"
    approval required from user:alice
    compensate none because "a wire is final"
}

policy desk {
    default deny
    escalate risk >= critical to role:on_call within 4h
    incident_lock:
        deny any to money when context.incident because "payments are frozen during an incident"
    allow agent:* to crm.*
    night:
        deny agent:* to pay.refund when context.hour < 6 or context.hour >= 22
    big:
        require approval from role:finance quorum 2 within 24h for agent:support to pay.refund when input.amount > 100 USD and input.amount <= 1_000 USD
    allow agent:support to pay.refund
    allow agent:support, role:on_call, system:rollback to pay.freeze
    allow system:rollback, agent:x to pay.wire
}
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with([("desk.gov", DESK)]).unwrap();
    let compiled = sandbox.gov(["compile", "desk.gov", "-o", "plan.yaml"]).unwrap();
    assert_eq!(compiled.code, Some(0), "{}", compiled.stderr);
    sandbox
}

fn request(principal: &str, capability: &str, input: Value, hour: u32) -> Value {
    let context = json!({ "incident": false, "hour": hour });
    json!({ "principal": principal, "capability": capability, "input": input, "context": context })
}

/// Requests, and what is decided of each: decision, rule, place, escalated, approvers.
fn decisions() -> Vec<(Value, Value)> {
    let refund = |amount: &str, hour| request("agent:support", "pay.refund", json!({ "amount": amount }), hour);
    let mut broken = request("agent:support", "crm.read", json!({ "order": "o" }), 9);
    broken["context"] = json!({ "incident": false });
    let mut on_call = request("user:bob", "pay.freeze", json!({}), 9);
    on_call["roles"] = json!(["on_call"]);
    let mut unknown = on_call.clone();
    unknown["roles"] = json!(["oncall"]);
    vec![
        (request("agent:a", "crm.read", json!({ "order": "o" }), 9), json!(["allow", null, 2, false, []])),
        (refund("50 USD", 9), json!(["allow", null, 5, false, []])),
        (refund("50 USD", 23), json!(["deny", "night", 3, false, []])),
        (refund("100.01 USD", 9), json!(["approval", "big", 4, false, ["role:finance"]])),
        (refund("1000.01 USD", 9), json!(["approval", null, 5, true, ["role:on_call"]])),
        (on_call, json!(["approval", null, 6, false, ["role:finance"]])),
        (unknown, json!(["deny", null, null, false, []])),
        (request("user:bob", "pay.freeze", json!({}), 9), json!(["deny", null, null, false, []])),
        // Escalation spares an undo; what the capability itself requires does not.
        (request("system:rollback", "pay.wire", json!({}), 9), json!(["approval", null, 7, false, ["user:alice"]])),
        (request("agent:x", "pay.wire", json!({}), 9), json!(["approval", null, 7, true, ["role:on_call"]])),
        (refund("0 USD", 9), json!(["deny", null, null, false, []])),
        (refund("5 EUR", 9), json!(["deny", null, null, false, []])),
        (broken, json!(["deny", null, null, false, []])),
    ]
}

/// Fails unless a decision is what the schema says.
fn validate(decided: &Value) {
    let schema = include_str!("../../../docs/schema/decide.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let errors: Vec<_> = validator.iter_errors(decided).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{decided:#}");
}

fn summary(decided: &Value) -> Value {
    json!([decided["decision"], decided["rule"], decided["index"], decided["escalated"], decided["approvers"]])
}

#[test]
fn a_plan_decides_a_request_as_its_source_does() {
    let sandbox = sandbox();
    for (request, expected) in decisions() {
        for plan in ["plan.yaml", "desk.gov"] {
            let mut arguments = vec!["decide".to_owned(), plan.to_owned(), "--exit-code".to_owned()];
            for option in ["principal", "capability"] {
                arguments.extend([format!("--{option}"), request[option].as_str().unwrap().to_owned()]);
            }
            for option in ["input", "context"] {
                arguments.extend([format!("--{option}"), request[option].to_string()]);
            }
            for role in request["roles"].as_array().into_iter().flatten() {
                arguments.extend(["--role".to_owned(), role.as_str().unwrap().to_owned()]);
            }
            let ran = sandbox.gov(&arguments).unwrap();
            let decided: Value = serde_json::from_str(&ran.stdout).unwrap();
            assert_eq!(summary(&decided), expected, "{request}: {decided}");
            assert_eq!(decided["policy"], "desk");
            assert_eq!(ran.code, Some(i32::from(decided["decision"] == "deny")));
        }
    }
}

#[test]
fn a_batch_gives_a_decision_a_line_in_order() {
    let sandbox = sandbox();
    let mut lines: Vec<(String, Value)> = decisions().into_iter().map(|(one, all)| (one.to_string(), all)).collect();
    let denied = json!(["deny", null, null, false, []]);
    for broken in ["", "x", "[]", "{}", r#"{"principal":"agent:a","principal":"agent:b","capability":"crm.read"}"#] {
        lines.push((broken.to_owned(), denied.clone()));
    }
    let requests: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    sandbox.write("requests.jsonl", &requests).unwrap();
    let ran = sandbox.gov(["decide", "plan.yaml", "--batch", "requests.jsonl"]).unwrap();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let decided: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    decided.iter().for_each(validate);
    let found: Vec<Value> = decided.iter().map(summary).collect();
    assert_eq!(found, lines.into_iter().map(|(_, expected)| expected).collect::<Vec<_>>());
    let explained = sandbox.gov(["decide", "plan.yaml", "--batch", "requests.jsonl", "--explain"]).unwrap();
    explained.stdout.lines().for_each(|line| validate(&serde_json::from_str(line).unwrap()));
    assert!(explained.stdout.contains(r#""failed":"condition""#));
    let all_of_them = sandbox.gov(["decide", "plan.yaml", "--batch", "requests.jsonl", "--exit-code"]).unwrap();
    assert_eq!((all_of_them.code, all_of_them.stdout), (Some(1), ran.stdout));
}

#[test]
fn a_decision_is_explained_rule_by_rule() {
    let sandbox = sandbox();
    let decide = |options: &[&str]| {
        let context = r#"{"incident":false,"hour":9}"#;
        let common = ["decide", "plan.yaml", "--explain", "--format", "text", "--context", context];
        sandbox.gov(common.iter().chain(options)).unwrap().stdout
    };
    let refund =
        |input: &str| decide(&["--principal", "agent:support", "--capability", "pay.refund", "--input", input]);
    let texts = [
        refund(r#"{"amount":"2000 USD"}"#),
        refund(r#"{"amount":"200 USD"}"#),
        refund(r#"{"amount":200}"#),
        decide(&["--principal", "user:bob", "--capability", "pay.freeze", "--role", "on_call"]),
        decide(&["--principal", "agent:x", "--capability", "pay.wire"]),
        decide(&["--principal", "user:bob", "--capability", "pay.freze"]),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn what_is_no_question_is_wrong_usage() {
    let sandbox = sandbox();
    let two = format!("{DESK}\npolicy other {{ default deny }}\n");
    sandbox.write("two/two.gov", two).unwrap();
    let request = ["--principal", "agent:a", "--capability", "crm.read"];
    for (arguments, reason) in [
        (vec!["decide", "plan.yaml"], "--principal"),
        (vec!["decide", "none.yaml", request[0], request[1], request[2], request[3]], "no such file"),
        (vec!["decide", "two", request[0], request[1], request[2], request[3]], "`desk`, `other`"),
        (vec!["decide", "two", "--policy", "othr", request[0], request[1], request[2], request[3]], "`other`"),
        (vec!["decide", "plan.yaml", "--input", "{", request[0], request[1], request[2], request[3]], "is not JSON"),
        (vec!["decide", "plan.yaml", "--batch", "none.jsonl"], "no such file"),
        (vec!["decide", "plan.yaml", "--batch", "plan.yaml", request[0], request[1]], "cannot be used with"),
    ] {
        let ran = sandbox.gov(&arguments).unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains(reason), "{arguments:?}: {}", ran.stderr);
    }
}
