use gov_compiler::diff::diff;
use gov_compiler::package::{File, Input};
use gov_compiler::verify::Options;
use gov_plan::document::Plan;
use serde_json::Value;

use super::{Compared, html, json, markdown, terminal};

const OLD: &str = r#"package shop

context { frozen: Bool }
role finance { user:alice }

capability crm.read: read {
    input { order: String }
    output { total: Money<USD> }
}
capability pay.refund: network {
    input { order: String, amount: Money<USD> where amount > 0 USD and amount <= 500 USD }
    effect irreversible external "money leaves the account"
    risk critical when amount > 100 USD, high otherwise because "moves money"
    compensate with pay.charge { order: order, amount: amount }
    idempotent by order
    cost 0.01 USD
}
capability pay.charge: network {
    input { order: String, amount: Money<USD> }
    effect irreversible external "charges the card again"
    risk critical because "moves money"
    compensate none because "it is itself an undo"
    retry until success
    idempotent by order
}

policy desk {
    default deny
    undo: allow system:rollback to pay.charge
    stop: deny any to pay.* when context.frozen because "payments are frozen"
    look: allow agent:support to crm.*
    refund: require approval from role:finance within 24h for agent:support to pay.refund
}

workflow refund(order: String) {
    principal agent:support
    policy desk
    budget 1 USD, 20 calls
    step found = crm.read { order: order }
    step paid = pay.refund { order: order, amount: 10 USD }
}

prove always_undone in refund: always undoes
"#;

fn new() -> String {
    let edits = [
        ("look: allow agent:support to crm.*", "see: allow agent:* to crm.*"),
        ("from role:finance within 24h", "from any within 48h"),
        ("amount <= 500 USD", "amount <= 900 USD"),
        ("budget 1 USD, 20 calls", "budget 2 USD, 20 calls"),
        ("amount: 10 USD }", "amount: 20 USD } retry 5 times"),
        ("prove always_undone in refund: always undoes\n", ""),
    ];
    let edit = |text: String, (from, to): (&str, &str)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    edits.into_iter().fold(OLD.to_owned(), edit)
}

fn plan(source: &str) -> Plan {
    let input = Input { files: vec![File { path: "shop.gov".into(), text: source.into() }], ..Input::default() };
    let mut checked = gov_compiler::check(&input);
    gov_compiler::prove(&mut checked, &Options::default()).unwrap();
    gov_compiler::compile(&checked).unwrap_or_else(|| panic!("{:#?}", checked.diagnostics)).unwrap()
}

fn compared(old: &str, new: &str) -> Compared {
    let mut diff = diff(&plan(old), &plan(new), &Options::default());
    // Whatever else is proved of a plan one day changes its digest, and nothing that is shown here.
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let same = diff.old == diff.new;
    (diff.old, diff.new) = (digest("1"), digest(if same { "1" } else { "2" }));
    Compared { old: "old.yaml".to_owned(), new: "new.yaml".to_owned(), diff }
}

fn validated(compared: &Compared) -> String {
    let text = json::render(compared).unwrap();
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let instance: Value = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    text
}

fn schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<json::Report>();
    format!("{:#}\n", schema.to_value())
}

#[test]
fn every_form() {
    let compared = compared(OLD, &new());
    insta::assert_snapshot!("text", terminal::render(&compared, false));
    insta::assert_snapshot!("markdown", markdown::render(&compared));
    insta::assert_snapshot!("json", validated(&compared));
    insta::assert_snapshot!("html", html::render(&compared));
    let colored = terminal::render(&compared, true);
    assert!(colored.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), terminal::render(&compared, false));
}

#[test]
fn the_same_plan_says_so_in_every_form() {
    let compared = compared(OLD, OLD);
    insta::assert_snapshot!("same", terminal::render(&compared, false));
    assert!(markdown::render(&compared).contains("both plans are the same"));
    assert!(html::render(&compared).contains("Both plans are the same"));
    assert_eq!(serde_json::from_str::<Value>(&validated(&compared)).unwrap()["direction"], "same");
}

#[test]
fn nothing_that_a_plan_says_is_read_as_markup() {
    let hostile = "</del></details><script>alert(1)</script> ` `` @team | [x](javascript:y) \\u{202e}";
    let new = OLD.replace("payments are frozen", hostile).replace("money leaves the account", hostile);
    let compared = compared(OLD, &new);
    let page = html::render(&compared);
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    let text = markdown::render(&compared) + &terminal::render(&compared, false);
    assert!(!text.contains('\u{202e}'), "{text}");
    // Outside of code, nothing of it is left.
    let mut outside = String::new();
    for line in markdown::render(&compared).lines() {
        let mut rest = line;
        while let Some(at) = rest.find('`') {
            outside.push_str(&rest[..at]);
            let fence: String = rest[at..].chars().take_while(|c| *c == '`').collect();
            let body = &rest[at + fence.len()..];
            let mut end = 0;
            loop {
                let next = body[end..].find('`').expect("every code ends") + end;
                let run = body[next..].chars().take_while(|c| *c == '`').count();
                end = next + run;
                if run == fence.len() {
                    break;
                }
            }
            rest = &body[end..];
        }
        outside.push_str(rest);
        outside.push('\n');
    }
    assert!(!outside.contains("script") && !outside.contains('@'), "{outside}");
}

/// `UPDATE_SCHEMA=1 cargo test -p gov` writes the schema anew.
#[test]
fn the_schema_of_differences_is_the_committed_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/diff.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, schema()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), schema());
}
