//! Does a small piece of work so many times, for its instructions to be counted: `gov-counted CASE TIMES`.
//!
//! What comes before the work is the same whatever TIMES is: the difference between two runs is that of the work alone. Without
//! arguments the cases are listed.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use gov_compiler::package::{File, Input};
use gov_plan::decide::{Engine, RequestBody};
use gov_plan::document;
use gov_tests::package;
use gov_tests::random::Random;
use gov_tests::simulated::{Faults, Scenario, live, values};
use serde_json::json;

/// The plan that is loaded, decides and runs.
const PLAN: &str = include_str!("../../../examples/support-refunds/plan.yaml");

/// What is counted, each with what it does.
const CASES: [(&str, &str); 6] = [
    ("parse", "parses a generated file of 300 lines"),
    ("format", "formats it"),
    ("check", "checks its names and types"),
    ("load", "loads the plan of an example, certificate included"),
    ("decide", "decides 200 requests under it"),
    ("run", "runs its workflow in a world in which nothing goes wrong"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(case) = arguments.next() else {
        list();
        return Ok(());
    };
    let times: usize = arguments.next().ok_or("say how many times")?.parse()?;
    let mut work = work(&case)?;
    (0..times).for_each(|_| work());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what was asked for")]
fn list() {
    for (case, what) in CASES {
        println!("{case} {what}");
    }
}

fn work(case: &str) -> Result<Box<dyn FnMut()>, Box<dyn Error>> {
    let plan = || document::parse(PLAN).map_err(|why| why.to_string());
    Ok(match case {
        "parse" => {
            let text = text()?;
            Box::new(move || drop(black_box(gov_grammar::parse(text.as_str()))))
        }
        "format" => {
            let text = text()?;
            Box::new(move || drop(black_box(gov_compiler::format::format(&text))))
        }
        "check" => {
            let file = File { path: "generated.gov".to_owned(), text: text()?.into() };
            let input = Input { files: vec![file], ..Input::default() };
            Box::new(move || drop(black_box(gov_compiler::check(&input))))
        }
        "load" => Box::new(move || drop(black_box(plan()))),
        "decide" => {
            let engine = Engine::new(Arc::new(plan()?.package), "support_desk").ok_or("there is no policy")?;
            let bodies = requests(&engine)?;
            Box::new(move || {
                for body in &bodies {
                    black_box(engine.decide(&body.request()));
                }
            })
        }
        "run" => {
            let plan = gov_runtime::Plan::new(plan()?).map_err(|why| why.to_string())?;
            let package = plan.package();
            let workflow = package.workflow("refund_order").ok_or("there is no workflow")?;
            let mut random = Random::new(1);
            let input = values::record(&workflow.params, &mut random).ok_or("there is no input")?;
            let context = values::record(&package.context, &mut random).ok_or("there is no context")?;
            let (workflow, faults) = ("refund_order", Faults::NONE);
            Box::new(move || {
                let (input, context, random) = (input.clone(), context.clone(), Random::new(1));
                drop(black_box(live(Scenario { plan: &plan, workflow, input, context, random, faults })));
            })
        }
        other => return Err(format!("there is no case `{other}`").into()),
    })
}

fn text() -> Result<String, String> {
    Ok(package::files(1, 300)?.into_iter().map(|(_, text)| text).collect())
}

/// Refunds of 1 to 200 dollars.
fn requests(engine: &Engine) -> Result<Vec<RequestBody>, String> {
    let body = |dollars: u32| {
        let body = json!({
            "principal": "agent:support",
            "capability": "stripe.refund",
            "input": { "charge": "ch_1", "amount": format!("{dollars}.00 USD"), "key": "k" },
            "context": { "incident": false, "hour": 3 },
        });
        RequestBody::from_json(engine.package(), &body).map_err(|why| why.to_string())
    };
    (1..=200).map(body).collect()
}
