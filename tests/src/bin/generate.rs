//! Writes a package of any size that checks without a finding: `gov-generate --files 20 --lines 5000 DIR`.
//!
//! For measuring: the same numbers give the same package everywhere. The files are in the formatter's layout.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

/// The lines that one service takes, roughly.
const LINES: usize = 57;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut files, mut lines, mut folder) = (20, 5000, None);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--files" => files = arguments.next().ok_or("`--files` takes a number")?.parse::<usize>()?.max(1),
            "--lines" => lines = arguments.next().ok_or("`--lines` takes a number")?.parse()?,
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder.ok_or("say which folder: `gov-generate --files 20 --lines 5000 DIR`")?;
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("gov.toml"), "[package]\nname = \"generated\"\n")?;
    let services = (lines / LINES / files).max(1);
    for file in 0..files {
        let text = gov_compiler::format::format(&source(file, services)).map_err(|refused| format!("{refused:?}"))?;
        fs::write(folder.join(format!("part_{file}.gov")), text)?;
    }
    Ok(())
}

fn source(file: usize, services: usize) -> String {
    let mut text = String::from("package generated\n");
    if file == 0 {
        text.push_str(
            "type Amount = Money<USD> where self > 0 USD and self <= 10_000 USD\n\
             context { incident: Bool, hour: Int where hour >= 0 and hour < 24 }\n\
             role finance { user:alice, user:bob }\n",
        );
    }
    for service in 0..services {
        text.push_str(&capabilities(&format!("part_{file}.service_{service}")));
    }
    text.push_str(&policy(file, services));
    for service in 0..services {
        text.push_str(&workflow(file, service));
    }
    text
}

fn capabilities(id: &str) -> String {
    format!(
        r#"
/// Look an order up.
capability {id}.look: read {{
    input {{ order: String, page: Int where page >= 1 }}
    output {{ charge: String, total: Amount, status: "open" | "paid", note: String? }}
}}
/// Return money.
capability {id}.pay: network {{
    version "1.2.0"
    tags [payments]
    input {{ charge: String, amount: Amount, key: String }}
    output {{ refund: String }}
    risk critical when amount > 1_000 USD, high otherwise because "moves money"
    compensate with {id}.undo {{ charge: charge, amount: amount, key: key }}
    retry 3 times backoff 200ms..5s on transient
    idempotent by key
    cost 0.01 USD
}}
/// Take it back.
capability {id}.undo: network {{
    input {{ charge: String, amount: Amount, key: String }}
    risk critical because "moves money"
    compensate none because "it is itself an undo"
    retry until success backoff 1s..60s
    idempotent by key
}}
"#
    )
}

fn policy(file: usize, services: usize) -> String {
    let mut text =
        format!("policy desk_{file} {{\n    default deny\n    escalate risk >= high to role:finance within 24h\n");
    for service in 0..services {
        let id = format!("part_{file}.service_{service}");
        let _ = write!(
            text,
            "undo_{service}: allow system:rollback to {id}.undo\n\
             locked_{service}: deny agent:desk to {id}.look when context.incident and context.hour > {}\n\
             look_{service}: allow agent:desk to {id}.look\n\
             pay_{service}: require approval from role:finance within 24h for agent:desk to {id}.pay\n",
            service % 20
        );
    }
    text + "}\n"
}

fn workflow(file: usize, service: usize) -> String {
    let id = format!("part_{file}.service_{service}");
    let name = format!("refund_{file}_{service}");
    format!(
        r#"
workflow {name}(order: String, small: Bool) -> {{ refund: String }} {{
    principal agent:desk
    policy desk_{file}
    budget 1 USD, 40 calls, 7d
    step found = {id}.look {{ order: order, page: 1 }} on failure continue
    if has found {{
        check found.status == "paid" else "order {{order}} was never paid"
    }} else {{
        fail "order {{order}} is not to be found"
    }}
    step paid = {id}.pay {{ charge: found.charge, amount: found.total, key: "refund-{{order}}" }}
    return {{ refund: paid.refund }}
}}
prove asked_{file}_{service} in {name}: never calls {id}.pay without approval
test "{name} waits" {{
    expect approval for agent:desk to {id}.pay {{ charge: "c", amount: 20 USD, key: "k" }} with {{ incident: false, hour: 9 }}
}}
"#
    )
}
