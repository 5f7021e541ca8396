//! The format: its schema, its versions, and what both forms have in common.

use super::{Document, FORMAT, parse};
use serde_json::{Value, json};

/// The schema of plan files: that of the types, with the digest, and with nothing allowed beside.
fn schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Document>().to_value();
    schema["title"] = json!("Gov plan");
    schema["properties"]["digest"] = json!({
        "description": "The SHA-256 of the canonical JSON (RFC 8785) of everything else: the plan's name.",
        "type": "string",
        "pattern": "^sha256:[0-9a-f]{64}$"
    });
    schema["properties"]["gov"] = json!({ "description": "The version of this format.", "const": FORMAT });
    if let Some(required) = schema["required"].as_array_mut() {
        required.push(json!("digest"));
    }
    // The rows of tables are flattened, which leaves them open.
    for (name, one) in schema["$defs"].as_object_mut().unwrap() {
        if name.starts_with("Row") {
            one["unevaluatedProperties"] = json!(false);
        }
    }
    schema
}

/// `UPDATE_SCHEMA=1 cargo test -p gov-plan schema` writes the schema anew.
#[test]
fn the_schema_of_plans_is_the_committed_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/plan.schema.json");
    let schema = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), schema, "run with UPDATE_SCHEMA=1");
}

/// A plan of everything that a plan can say of a package of one capability and one rule.
fn small() -> Value {
    json!({
        "gov": FORMAT,
        "package": "small",
        "capabilities": [{
            "id": "a.b", "kind": "write", "package": "small", "version": "0.0.0",
            "input": [{ "name": "n", "type": "Int" }],
            "effect": [{ "effect": "reversible local", "text": "x" }],
            "risk": [{ "level": "high", "when": "n > 3" }, { "level": "medium", "because": "little" }],
            "compensate": [{ "manually": "by hand" }],
            "retry": { "attempts": 3 }, "timeout": "30s", "idempotent": "no"
        }],
        "policies": [{
            "name": "p",
            "default": { "decision": "deny" },
            "escalate": { "risk": "high", "approval": { "from": ["user:*"] } },
            "rules": [{ "decision": "allow", "subjects": ["agent:a"], "targets": ["a.b"], "when": "input.n < 9" }]
        }],
        "certificate": [
            {
                "on": "capability a.b",
                "follows": "G1001 G1003 G1005"
            },
            {
                "on": "rule p allow agent:a to a.b #7f2ecb",
                "cases": [
                    { "shows": "G1201 G1205 G1202", "request": "agent:a to a.b {\"n\":0}" },
                    { "shows": "G1203", "request": "agent:a to a.b {\"n\":9}" }
                ]
            },
            { "on": "policy p", "follows": "G1206" }
        ]
    })
}

/// A plan with the digest that its contents have.
fn signed(mut plan: Value) -> String {
    let document: Document = serde_json::from_value(plan.clone()).unwrap();
    plan["digest"] = json!(super::digest(&document).unwrap());
    plan.to_string()
}

#[test]
fn a_plan_is_read_and_fits_the_schema() {
    let text = signed(small());
    let plan = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let said: Value = serde_json::from_str(&text).unwrap();
    assert!(
        validator.is_valid(&said),
        "{:?}",
        validator.iter_errors(&said).map(|error| error.to_string()).collect::<Vec<_>>()
    );
    // Both forms give the same plan, and so does JSON with other spaces.
    for form in [super::to_yaml(&plan).unwrap(), super::to_json(&plan).unwrap(), format!("{said:#}")] {
        assert_eq!(parse(&form).unwrap(), plan);
    }
}

#[test]
fn the_schema_refuses_what_is_no_plan() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let said: Value = serde_json::from_str(&signed(small())).unwrap();
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut plan = said.clone();
        change(&mut plan);
        assert!(!validator.is_valid(&plan), "{plan:#}");
    };
    wrong(&|plan| plan["gov"] = json!(1));
    wrong(&|plan| plan["digest"] = json!("sha256:0"));
    wrong(&|plan| plan["more"] = json!(true));
    wrong(&|plan| drop(plan.as_object_mut().unwrap().remove("capabilities")));
    wrong(&|plan| plan["capabilities"][0]["kid"] = json!("write"));
    wrong(&|plan| plan["capabilities"][0]["risk"][0]["wen"] = json!("n > 3"));
    wrong(&|plan| plan["capabilities"][0]["retry"]["attempts"] = json!("3"));
    wrong(&|plan| plan["policies"][0]["rules"][0]["subjects"] = json!("agent:a"));
    wrong(&|plan| plan["certificate"][0]["holds"] = json!("G1001"));
}

#[test]
fn plans_of_other_formats_are_named_as_such() {
    let of = |format: Value| {
        let mut plan = small();
        plan["gov"] = format;
        plan["digest"] = json!("sha256:0");
        // What else they say is theirs: nothing of it is looked at.
        plan["of_another_time"] = json!({});
        parse(&plan.to_string()).unwrap_err().to_string()
    };
    let older = |format: u32| {
        format!(
            "gov: this plan has format {format}, which is older than {FORMAT}, the one that is read: compile its package again"
        )
    };
    assert_eq!(of(json!(1)), older(1));
    assert_eq!(of(json!(0)), older(0));
    assert_eq!(
        of(json!(FORMAT + 1)),
        format!(
            "gov: this plan has format {}, and this version of Gov reads {FORMAT}: take a newer version of Gov",
            FORMAT + 1
        )
    );
    assert_eq!(of(json!("two")), "gov: `\"two\"` is no format");
    let mut plan = small();
    plan.as_object_mut().unwrap().remove("gov");
    assert_eq!(
        parse(&plan.to_string()).unwrap_err().to_string(),
        "gov: this is no plan: it does not say which format it has"
    );
    for empty in ["", "\n", "# nothing\n", "~", "---\n"] {
        assert_eq!(parse(empty).unwrap_err().to_string(), "this is no plan: it is empty; `gov compile` makes one");
    }
}

#[test]
fn what_is_not_read_is_refused_under_every_digest() {
    let mut plan: Value = serde_json::from_str(&signed(small())).unwrap();
    plan["capabilities"][0]["risk"][0]["wen"] = json!("n > 3");
    assert_eq!(
        parse(&plan.to_string()).unwrap_err().to_string(),
        "capabilities.1.risk.1.wen: this says something that is not read, or says what is left out by rule"
    );
    // Twice the same entry: which one counts would depend on who reads.
    let text = signed(small()).replacen("\"gov\":", "\"gov\":2,\"gov\":", 1);
    assert!(parse(&text).is_err());
    let yaml = super::to_yaml(&parse(&signed(small())).unwrap()).unwrap();
    assert!(parse(&yaml.replacen("package: small\n", "package: small\npackage: small\n", 1)).is_err());
}
