//! Packages of any size that check without a finding, for measuring: services of the same shape, each with three capabilities, four
//! rules, a workflow, a claim and a test.

use std::fmt::Write as _;

/// The lines that one service takes, roughly.
const LINES: usize = 57;

/// The texts of a package named `generated`, in the formatter's layout: `files` of them, with about `lines` lines in all. The same
/// numbers give the same package everywhere.
///
/// # Errors
///
/// If the formatter refuses one: a fault of Gov.
pub fn files(files: usize, lines: usize) -> Result<Vec<(String, String)>, String> {
    let services = lines.checked_div(LINES * files.max(1)).unwrap_or(0).max(1);
    let one = |file| {
        let text = gov_compiler::format::format(&source(file, services)).map_err(|refused| refused.to_string())?;
        Ok((format!("part_{file}.gov"), text))
    };
    (0..files.max(1)).map(one).collect()
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
