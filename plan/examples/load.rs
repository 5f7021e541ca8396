//! How long it takes to load a plan of many rules: `cargo run --release -p gov-plan --example load -- 10000 200`.
//!
//! The rules are about a hundred capabilities, each with conditions of its own, and a workflow has as many steps as is said. A
//! plan in a file is measured with `load -- FILE`. `load -- certificate 10000 200` checks the certificate alone, for a profiler.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for those who work on the plan")]

use gov_plan::certificate::{self, End, Found};
use gov_plan::decide::{Engine, RequestBody};
use gov_plan::document::{self, Plan};
use gov_plan::model::Package;
use gov_plan::value::{Record, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().unwrap_or_else(|| "10000".to_owned());
    let mut number = |otherwise| arguments.next().and_then(|number| number.parse().ok()).unwrap_or(otherwise);
    if first == "certificate" {
        return certificate_alone(&made(number(10_000), number(200)));
    }
    let plan = match first.parse::<usize>() {
        Ok(rules) => made(rules, number(200)),
        Err(_) => document::parse(&std::fs::read_to_string(first).unwrap()).unwrap(),
    };
    let yaml = document::to_yaml(&plan).unwrap();
    let json = document::to_json(&plan).unwrap();
    println!("{} bytes of YAML, {} of JSON", yaml.len(), json.len());
    measure("load YAML", &|| drop(document::parse(&yaml).unwrap()));
    measure("load JSON", &|| drop(document::parse(&json).unwrap()));
    measure("  of which: digest", &|| drop(document::digest(&plan.document).unwrap()));
    measure("  of which: names and types", &|| drop(document::read(&plan.document).unwrap()));
    measure("  of which: the certificate", &|| certificate::check(&plan.package, &plan.document.certificate).unwrap());
    let package = Arc::new(plan.package.clone());
    measure("decision engines", &|| {
        for policy in &package.policies {
            drop(Engine::new(Arc::clone(&package), &policy.name).unwrap());
        }
    });
}

fn certificate_alone(plan: &Plan) {
    let package = document::read(&plan.document).unwrap();
    measure("the certificate", &|| certificate::check(&package, &plan.document.certificate).unwrap());
}

fn measure(what: &str, work: &dyn Fn()) {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
    }
    println!("{what:32} {best:>10.2?}");
}

/// The plan of a made-up package.
fn made(rules: usize, steps: usize) -> Plan {
    let package = package(rules, steps);
    let found: Vec<Found> = (0..rules)
        .flat_map(|rule| {
            let case = |code: &str, amount: usize| Found {
                code: code.to_owned(),
                on: format!("rule desk rule_{rule}"),
                end: End::Holds,
                request: Some(request(rule, amount)),
                questions: Vec::new(),
            };
            [case("G1201", 2 * (rule / 100) + 1), case("G1203", 2 * (rule / 100) + 5)]
        })
        .chain([undo()])
        .collect();
    document::compile(&package, &found).unwrap()
}

fn undo() -> Found {
    let request = RequestBody {
        principal: "system:rollback".to_owned(),
        capability: "svc.undo".to_owned(),
        input: Record::new([("order".into(), Value::string("o"))]),
        ..request(0, 0)
    };
    let on = "rule desk undo".to_owned();
    Found { code: "G1201".to_owned(), on, end: End::Holds, request: Some(request), questions: Vec::new() }
}

fn request(rule: usize, amount: usize) -> RequestBody {
    let amount = Value::Int(i64::try_from(amount).unwrap());
    RequestBody {
        principal: format!("agent:a{}", rule % 10),
        capability: format!("svc.c{:02}", rule % 100),
        input: Record::new([("amount".into(), amount), ("order".into(), Value::string("o"))]),
        context: Record::new([("hour".into(), Value::Int(0)), ("incident".into(), Value::Bool(false))]),
        roles: Vec::new(),
        workflow: None,
        principal_tenant: None,
        resource_tenant: None,
    }
}

fn package(rules: usize, steps: usize) -> Package {
    let capabilities: Vec<String> = (0..100)
        .map(|index| {
            format!(
                "{{\"id\":\"svc.c{index:02}\",\"kind\":\"write\",\"package\":\"made\",\"version\":\"0.0.0\",\"input\":[{{\"name\":\"amount\",\
                 \"type\":\"Int\"}},{{\"name\":\"order\",\"type\":\"String\"}}],\"effect\":[{{\"effect\":\"reversible local\",\"text\":\"x\"}}],\
                 \"risk\":[{{\"level\":\"medium\"}}],\"compensate\":[{{\"with\":\"svc.undo {{ order: order }}\"}}],\"retry\":{{\"attempts\":3}},\
                 \"timeout\":\"30s\",\"idempotent\":\"by input\"}}"
            )
        })
        .collect();
    let rules: Vec<String> = (0..rules)
        .map(|rule| {
            format!(
                "{{\"name\":\"rule_{rule}\",\"decision\":\"allow\",\"subjects\":[\"agent:a{}\"],\"targets\":[\"svc.c{:02}\"],\
                 \"when\":\"input.amount >= {} and input.amount < {} and not context.incident\"}}",
                rule % 10,
                rule % 100,
                2 * (rule / 100),
                2 * (rule / 100) + 2
            )
        })
        .collect();
    let body: Vec<String> = (0..steps)
        .map(|step| {
            format!(
                "{{\"step\":{{\"name\":\"s{step}\",\"principal\":\"agent:a{}\",\"call\":\"svc.c{:02} {{ amount: 1, order: \\\"o\\\" }}\"}}}}",
                step % 10,
                step % 100
            )
        })
        .collect();
    let undo: Vec<String> = (0..steps)
        .map(|step| {
            format!(
                "{{\"step\":\"s{step}\",\"capability\":\"svc.c{:02}\",\"by\":[{{\"with\":\"svc.undo {{ order: order }}\"}}]}}",
                step % 100
            )
        })
        .collect();
    let text = format!(
        "{{\"gov\":{},\"package\":\"made\",\"context\":[{{\"name\":\"incident\",\"type\":\"Bool\"}},{{\"name\":\"hour\",\"type\":\"Int\"}}],\
         \"capabilities\":[{},{{\"id\":\"svc.undo\",\"kind\":\"write\",\"package\":\"made\",\"version\":\"0.0.0\",\"input\":[{{\"name\":\"order\",\
         \"type\":\"String\"}}],\"effect\":[{{\"effect\":\"reversible local\",\"text\":\"x\"}}],\"risk\":[{{\"level\":\"medium\"}}],\"compensate\":\
         [{{\"none\":\"it is an undo\"}}],\"retry\":{{}},\"timeout\":\"30s\",\"idempotent\":\"by input\"}}],\
         \"policies\":[{{\"name\":\"desk\",\"default\":{{\"decision\":\"deny\"}},\"escalate\":{{\"risk\":\"high\",\"approval\":{{\"from\":\
         [\"user:*\"]}},\"by_default\":true}},\"rules\":[{{\"name\":\"undo\",\"decision\":\"allow\",\"subjects\":[\"system:rollback\"],\"targets\":[\"svc.undo\"]}},{}]}}],\
         \"workflows\":[{{\"name\":\"work\",\"principal\":\"agent:a0\",\"policy\":\"desk\",\"budget\":{{\"calls\":100000}},\"body\":[{}],\"undo\":[{}]}}]}}",
        document::FORMAT,
        capabilities.join(","),
        rules.join(","),
        body.join(","),
        undo.join(",")
    );
    let document: document::Document = serde_json::from_str(&text).unwrap();
    document::read(&document).unwrap()
}
