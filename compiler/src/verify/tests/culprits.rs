//! Who is named where a rule is never reached, against every set of rules that could be.
//!
//! The policies are small and crowded: most of them have rules that take two or three earlier ones to cover, rules that are
//! dead themselves, and conditions that cannot be evaluated everywhere.

use super::random::Random;
use super::spread::{numbered, spread, tell};
use super::{brute, packages, ways};
use crate::verify::exact::{self, Alphabet};
use gov_plan::decide::RequestBody;
use gov_plan::model::Package;
use gov_plan::value::{Record, Value};

const CONTEXT: &str = "context { n: Int where n >= 0 and n < 6, m: Int where m >= 0 and m < 3 }";

/// How many rules were looked at.
#[derive(Default)]
struct Seen {
    dead: usize,
    /// Whose culprits are two or more.
    by_several: usize,
    /// Of which an earlier rule decides some otherwise.
    shadowed: usize,
}

#[test]
fn culprits_are_as_few_as_can_be_and_all_of_them_win_something() {
    let seen = spread("culprits", numbered(500), compare);
    let all = |what: fn(&Seen) -> usize| seen.iter().map(what).sum::<usize>();
    let (dead, by_several, shadowed) = (all(|one| one.dead), all(|one| one.by_several), all(|one| one.shadowed));
    tell(&format!(
        "culprits: {} policies with {dead} rules that are never reached, {by_several} of which take several to cover, and \
         {shadowed} are decided otherwise",
        seen.len()
    ));
    assert!(by_several * 10 > dead && shadowed * 5 > dead && shadowed < dead);
}

fn compare(case: u64) -> Seen {
    let mut random = Random::new(case + 60_000_000);
    let source = source(&mut random);
    let package = packages::package(&source).unwrap_or_else(|| panic!("case {case}:\n{source}"));
    let policy = &package.policies[0];
    let truth = brute::truth(&package, policy, &requests(&package));
    let alphabet = Alphabet::of(&package);
    let exact = ways::ends(&ways::settled(&package, || exact::Requests::new(&package, policy, &alphabet)));
    let mut all = vec![("exactly", exact)];
    if case.is_multiple_of(4) {
        all.push(("by the solver", ways::ends(&ways::with_solver(&package, None))));
    }
    let mut seen = Seen::default();
    for (way, (ends, named)) in &all {
        ways::against_truth(&format!("case {case}, {way}"), &source, &package, ends, &truth);
        ways::culprits(&format!("case {case}, {way}"), &source, named, &truth);
    }
    for rule in truth.rules.iter().filter(|rule| rule.fits_some && !rule.wins_some) {
        seen.dead += 1;
        seen.by_several += usize::from(rule.culprits.fewest > 1);
        seen.shadowed += usize::from(!rule.culprits.otherwise.is_empty());
    }
    seen
}

fn source(random: &mut Random) -> String {
    let mut out = format!(
        "package crowd\n{CONTEXT}\nrole r {{ user:b }}\ncapability c.a: read {{}}\ncapability c.b: read {{}}\n"
    );
    out.push_str("policy p {\n default deny\n escalate never because \"x\"\n");
    for _ in 0..4 + random.below(6) {
        let action = *random.pick(&["allow", "allow", "deny", "require approval from user:boss for"]);
        let subjects =
            *random.pick(&["any", "any", "any", "user:*", "user:a", "user:b", "user:a, user:b", "role:r", "agent:*"]);
        let targets = *random.pick(&["any", "any", "c.*", "c.a", "c.b"]);
        let when = if random.once_in(5) { String::new() } else { format!(" when {}", condition(random)) };
        out.push_str(&format!(" {action} {subjects} to {targets}{when}\n"));
    }
    out.push_str("}\n");
    out
}

fn condition(random: &mut Random) -> String {
    let one = |random: &mut Random| {
        let (n, m) = (random.below(6), random.below(3));
        match random.below(8) {
            0 | 1 => format!("context.n < {}", n + 1),
            2 | 3 => format!("context.n >= {n}"),
            4 => format!("context.n == {n}"),
            5 => format!("context.m <= {m}"),
            6 => format!("context.m != {m}"),
            // Nobody can tell above n: it is more than a number can be.
            _ => format!("context.n + {} > {}", i64::MAX - n as i64, random.pick(&["0", "9223372036854775800"])),
        }
    };
    let first = one(random);
    match random.below(5) {
        0 => format!("{first} and {}", one(random)),
        1 => format!("{first} or {}", one(random)),
        _ => first,
    }
}

/// All requests that can be told apart.
fn requests(package: &Package) -> Vec<RequestBody> {
    let mut all = Vec::new();
    for capability in &package.capabilities {
        for principal in ["user:a", "user:b", "user:c", "agent:a", "service:a"] {
            for roles in [vec![], vec!["r".to_owned()]] {
                for (n, m) in (0..6).flat_map(|n| (0..3).map(move |m| (n, m))) {
                    all.push(RequestBody {
                        principal: principal.to_owned(),
                        capability: capability.id.clone(),
                        input: Record::new([]),
                        context: Record::new([("n".into(), Value::Int(n)), ("m".into(), Value::Int(m))]),
                        roles: roles.clone(),
                        workflow: None,
                        principal_tenant: None,
                        resource_tenant: None,
                    });
                }
            }
        }
    }
    all
}
