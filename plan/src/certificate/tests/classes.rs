//! For every request and every class that it is in: what happens to it is one of the things that the class says may happen.

use super::{cases, generate, random};
use crate::certificate::cell::{Cell, Domain, Values};
use crate::certificate::classes::{ByClasses, Tell};
use crate::certificate::dead::{Dead, dead_class};
use crate::certificate::outcome::Reader;
use crate::certificate::policy::{Rules, start};
use crate::certificate::subsumes::{Condition, subsumes};
use crate::certificate::things::Things;
use crate::certificate::{case, workflow};
use crate::decide::{By, RequestBody, Scope, decide, facts};
use crate::document::{Class, rule_keys};
use crate::model::{Package, Policy, Rule};
use crate::pattern::CapabilityPattern;
use crate::value::Value;

#[test]
fn a_class_allows_for_everything_that_happens_to_its_requests() {
    let (mut requests, mut splits, mut settled) = (0, 0, 0);
    for seed in 1..=cases() {
        let random = &mut random(seed);
        let package = generate::package(random, 12);
        let policy = &package.policies[0];
        let rules = Rules::of(&package, policy, &std::sync::Arc::default());
        for _ in 0..10 {
            let body = generate::request(random);
            let request = body.request();
            let Ok(known) = facts(&package, &request) else { continue };
            requests += 1;
            let mut cell = start(&package, known.capability);
            assert!(contains(&cell, &body), "seed {seed}: {body:?}\n{cell:#?}");
            for _ in 0..12 {
                let mut atoms = Vec::new();
                let reader = Reader::new(&cell, known.capability);
                settled += usize::from(holds_of(&package, policy, &rules, &reader, &body, &mut atoms));
                if atoms.is_empty() {
                    break;
                }
                let atom = &atoms[random.below(atoms.len())];
                let sides = [true, false].map(|holds| atom.split(&cell, holds));
                let inside: Vec<Cell> = sides.into_iter().flatten().filter(|side| contains(side, &body)).collect();
                assert!(!inside.is_empty(), "seed {seed}: {atom:?} loses {body:?}\n{cell:#?}");
                // How a part turns out that is not taken apart is not known here.
                if inside.len() == 2 {
                    continue;
                }
                splits += 1;
                cell = inside[0].clone();
            }
        }
    }
    assert!(requests > 500 && splits > 1500 && settled > 400, "{requests} {splits} {settled}");
}

/// Looks at every rule and at what decides; whether one thing alone may decide.
fn holds_of(
    package: &Package,
    policy: &Policy,
    rules: &Rules<'_>,
    reader: &Reader<'_>,
    body: &RequestBody,
    atoms: &mut Vec<crate::certificate::atom::Atom>,
) -> bool {
    let request = body.request();
    let known = facts(package, &request).unwrap();
    let scope = Scope { package, request: &request, facts: &known };
    for index in rules.about(&body.capability).iter().copied() {
        let rule = &policy.rules[index];
        let outcome = reader.rule(package, rule, atoms);
        let possible = match scope.fits(rule) {
            Ok(true) => outcome.yes,
            Ok(false) => outcome.no,
            Err(_) => outcome.fails,
        };
        assert!(possible, "{outcome:?} of rule {} for {body:?}", index + 1);
    }
    let (risks, _) = reader.possible(&known.capability.risk, &mut Vec::new());
    assert!(risks.contains(&&known.risk), "{risks:?} for {body:?}");
    let (effects, _) = reader.possible(&known.capability.effect, &mut Vec::new());
    assert!(effects.contains(&known.effect), "{effects:?} for {body:?}");
    let deciding = reader.deciding(package, policy, rules.about(&body.capability).iter().copied(), &mut Vec::new());
    let by = match decide(package, policy, &request).by {
        By::Rule(place) => Some(place as usize - 1),
        By::Default => None,
        By::Unevaluable(_) => return false,
    };
    assert!(deciding.iter().any(|(index, _)| *index == by), "{deciding:?} for {body:?}");
    deciding.len() == 1
}

/// Whether all that a cell knows is so of a request, but for parts of conditions that are not taken apart.
fn contains(cell: &Cell, body: &RequestBody) -> bool {
    let tenant = |tenant: &Option<String>| tenant.as_ref().map_or(Value::Absent, |tenant| Value::string(tenant));
    let value = |path: &str| match path {
        "principal.id" => Some(Value::string(&body.principal)),
        "principal.tenant" => Some(tenant(&body.principal_tenant)),
        "resource.tenant" => Some(tenant(&body.resource_tenant)),
        "workflow" => Some(tenant(&body.workflow)),
        "capability" | "kind" => None,
        path => {
            let (around, path) = path.split_once('.').unwrap();
            let record = if around == "input" { &body.input } else { &body.context };
            let parts = path.split('.');
            Some(parts.fold(Value::Record(record.clone()), |value, part| value.field(part).unwrap_or(Value::Absent)))
        }
    };
    let asserted = |role: &str| body.roles.iter().any(|own| own == role);
    let mut roles = cell.turned_out.iter().filter_map(|(text, holds)| Some((text.strip_prefix("role:")?, *holds)));
    cell.known().all(|(path, domain)| value(path).is_none_or(|value| has(domain, &value)))
        && roles.all(|(role, holds)| asserted(role) == holds)
}

fn has(domain: &Domain, value: &Value) -> bool {
    let number = match value {
        Value::Int(number) | Value::Duration(number) | Value::Time(number) => Some(i128::from(*number)),
        Value::Decimal(amount) | Value::Money(amount, _) => Some(amount.units()),
        _ => None,
    };
    if value.is_absent() {
        return domain.absent;
    }
    let inside = match (&domain.values, value) {
        (Values::Truth(yes, no), Value::Bool(value)) => {
            if *value {
                *yes
            } else {
                *no
            }
        }
        (Values::Number(least, most), _) => number.is_some_and(|number| *least <= number && number <= *most),
        (Values::OneOf(texts), Value::String(text)) => texts.iter().any(|own| **own == **text),
        (Values::Text { prefix, not }, Value::String(text)) => {
            text.starts_with(prefix.as_str()) && !not.iter().any(|pattern| pattern.matches(text, |_| false))
        }
        (Values::Other, _) => true,
        _ => false,
    };
    domain.present && inside
}

#[test]
fn a_request_on_a_line_is_read_as_it_was() {
    let mut read = 0;
    for seed in 1..=cases() {
        let random = &mut random(seed);
        let package = generate::package(random, 1);
        let shapes = case::Shapes::of(&package);
        for _ in 0..10 {
            let body = generate::request(random);
            if facts(&package, &body.request()).is_err() {
                continue;
            }
            let text = case::write(&body);
            let mut reader = case::Reader::new(&shapes);
            let again = reader.read(&text).unwrap();
            assert_eq!(again.request(), body.request(), "{text}");
            read += 1;
        }
    }
    assert!(read > 500, "{read}");
}

#[test]
fn what_may_be_decided_of_a_call_covers_what_is_decided() {
    let mut seen = 0;
    for seed in 1..=cases() {
        let random = &mut random(seed);
        let package = generate::package(random, 12);
        let things = Things::of(&package);
        let rules = things.rules(&package.policies[0].name).unwrap();
        for _ in 0..10 {
            let body = generate::request(random);
            let Ok(known) = facts(&package, &body.request()) else { continue };
            let ruling = workflow::ruling(&things, rules, &body.principal, known.capability);
            assert!(ruling.risks.contains(&known.risk), "{body:?}");
            if let By::Rule(place) = decide(&package, rules.policy, &body.request()).by {
                // Nobody asserts roles of the principal that undoes.
                let asserts = body.principal == crate::model::ROLLBACK && !body.roles.is_empty();
                let covered = ruling.acts.iter().any(|(index, _)| *index == Some(place as usize - 1));
                assert!(covered || asserts, "rule {place} for {body:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

/// A certificate may say of any rule that it catches a class: whoever is taken at that word comes earlier, and catches every
/// request of the class.
#[test]
fn who_is_said_to_catch_a_class_catches_all_of_it() {
    let (mut caught, mut refused) = (0, 0);
    for seed in 1..=cases() {
        let random = &mut random(seed);
        let package = generate::package(random, 12);
        let policy = &package.policies[0];
        let rules = Rules::of(&package, policy, &std::sync::Arc::default());
        let keys = rule_keys(policy);
        for _ in 0..10 {
            let body = generate::request(random);
            let request = body.request();
            let Ok(known) = facts(&package, &request) else { continue };
            let scope = Scope { package: &package, request: &request, facts: &known };
            let mut cell = start(&package, known.capability);
            for _ in 0..random.below(8) {
                let mut atoms = Vec::new();
                let reader = Reader::new(&cell, known.capability);
                for index in rules.about(&body.capability).iter() {
                    reader.rule(&package, &policy.rules[*index], &mut atoms);
                }
                let Some(atom) = atoms.get(random.below(atoms.len().max(1))) else { break };
                let sides = [true, false].map(|holds| atom.split(&cell, holds));
                let inside: Vec<Cell> = sides.into_iter().flatten().filter(|side| contains(side, &body)).collect();
                // How a part turns out that is not taken apart is not known here.
                if let [only] = &inside[..] {
                    cell = only.clone();
                }
            }
            for index in 0..policy.rules.len() {
                for (place, key) in keys.iter().enumerate() {
                    let said = format!("caught by {key}");
                    match dead_class(&rules, index, &cell, Tell::Said(&said)) {
                        Ok(is) if is == said => {
                            caught += 1;
                            let fits = scope.fits(&policy.rules[place]);
                            assert!(place < index && fits != Ok(false), "seed {seed}: {place} for {index}: {body:?}");
                        }
                        _ => refused += 1,
                    }
                }
            }
        }
    }
    assert!(caught > 1000 && refused > 1000, "{caught} {refused}");
}

/// A rule is said to take whatever another one would only if it does, and then it fails at nothing that the other one fits.
#[test]
fn a_rule_that_subsumes_another_one_fits_whatever_that_fits() {
    let (mut pairs, mut seen) = (0, 0);
    for seed in 1..=cases() {
        let random = &mut random(seed);
        let package = generate::package(random, 24);
        let rules = &package.policies[0].rules;
        let requests: Vec<RequestBody> = (0..30).map(|_| generate::request(random)).collect();
        for later in rules {
            let condition = Condition::of(later.condition.as_ref());
            let earlier = rules.iter().filter(|one| !std::ptr::eq(*one, later));
            let earlier: Vec<&Rule> =
                earlier.filter(|one| subsumes(&package, one, &later.subjects, &condition)).collect();
            pairs += earlier.len();
            for body in requests.iter().filter(|_| !earlier.is_empty()) {
                let request = body.request();
                let Ok(known) = facts(&package, &request) else { continue };
                let scope = Scope { package: &package, request: &request, facts: &known };
                if scope.fits(later) != Ok(true) {
                    continue;
                }
                for one in
                    earlier.iter().filter(|one| one.targets.iter().any(|target| target.matches(&body.capability)))
                {
                    seen += 1;
                    assert_eq!(scope.fits(one), Ok(true), "seed {seed}: {one:#?}\n{later:#?}\n{body:?}");
                }
            }
        }
    }
    assert!(pairs > 500 && seen > 500, "{pairs} {seen}");
}

/// Lines that say of a rule which earlier ones take its requests: where they are taken at their word, the rule decides nothing.
#[test]
fn a_rule_whose_requests_are_said_to_be_taken_decides_none() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 1..=cases() {
        let random = &mut random(seed);
        let package = generate::package(random, 24);
        let things = Things::of(&package);
        let rules = things.rules(&package.policies[0].name).unwrap();
        let requests: Vec<RequestBody> = (0..30).map(|_| generate::request(random)).collect();
        let deciding = |body: &RequestBody| decide(&package, rules.policy, &body.request()).by;
        let by: Vec<By> = requests.iter().map(deciding).collect();
        for (index, rule) in rules.policy.rules.iter().enumerate() {
            for place in [(); 4].map(|()| random.below(rules.policy.rules.len())) {
                let line =
                    |of: String| Class { class: format!("to {of}"), is: format!("caught by {}", rules.key(place)) };
                let matched = |target: &CapabilityPattern| {
                    let all = package.capabilities.iter().filter(|one| target.matches(&one.id));
                    all.map(|one| one.id.clone()).collect::<Vec<_>>()
                };
                // One line for a target, or one for each of its capabilities; of a rule of one target, so that none is said twice.
                let [target] = &rule.targets[..] else { continue };
                for said in [vec![line(target.to_string())], matched(target).into_iter().map(line).collect()] {
                    let mut left = said.iter().peekable();
                    let holds =
                        Dead { things: &things, rules, index }.check(&mut left).is_ok() && left.peek().is_none();
                    if !holds {
                        refused += 1;
                        continue;
                    }
                    taken += 1;
                    assert!(place < index, "seed {seed}: {index} by {place}");
                    let decides = |by: &By| matches!(by, By::Rule(own) if *own as usize == index + 1);
                    assert!(!by.iter().any(decides), "seed {seed}: {index} by {place}");
                }
            }
        }
    }
    assert!(taken > 100 && refused > 5_000, "{taken} {refused}");
}
