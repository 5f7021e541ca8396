//! Plans as those who review and run them meet them: they follow from the source and from nothing else, a small change to the
//! source is a small change to the plan, and a plan that somebody has touched is refused.

mod drift;
mod examples;
mod stable;
mod tampered;

use gov_compiler::verify::Options;
use gov_plan::document::Plan;
use gov_tests::laws::check;

/// The plan of a text without errors.
fn plan(text: &str) -> Plan {
    let mut checked = check(text);
    gov_compiler::prove(&mut checked, &Options::default()).unwrap();
    let made = gov_compiler::compile(&checked);
    made.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics)).unwrap_or_else(|error| panic!("{error}"))
}
