//! Every request that makes a difference, asked of both plans one by one.

use super::mutate;
use crate::diff::side::By;
use crate::diff::witness::{Asked, Decided, object};
use crate::diff::{Direction, PolicyDiff, policy};
use crate::verify::Options;
use crate::verify::tests::random::Random;
use crate::verify::tests::{cases, packages};
use gov_plan::decide::{self, RequestBody, decide};
use gov_plan::model::{Approval, Decision, Package, Policy};
use gov_plan::pattern::PrincipalPattern;
use gov_plan::value::{Record, Value};
use std::collections::{BTreeMap, BTreeSet};

/// One principal of each class that the sources can tell apart.
const PRINCIPALS: [&str; 11] = [
    "agent:x",
    "agent:xx",
    "agent:y",
    "agent:z",
    "user:ann",
    "user:bob",
    "user:z",
    "service:s",
    "service:z",
    "system:rollback",
    "system:z",
];

/// A difference, as it is compared: capability, and the decision with what makes it, before and after.
type Difference = (String, String, String);

/// Requests with what both plans decide of them.
type All<'r, 'p> = Vec<(&'r RequestBody, Told<'p>, Told<'p>)>;

/// What both plans decide of every request: the differences, each with its direction.
fn truth(old: &Package, new: &Package, all: &All<'_, '_>) -> BTreeMap<Difference, Direction> {
    let mut seen: BTreeSet<(&str, &Told<'_>, &Told<'_>)> = BTreeSet::new();
    seen.extend(all.iter().map(|(body, before, after)| (body.capability.as_str(), before, after)));
    let mut found = BTreeMap::new();
    for (capability, before, after) in seen {
        let direction = direction((old, before), (new, after));
        if direction != Direction::Same {
            found.insert((capability.to_owned(), before.words(), after.words()), direction);
        }
    }
    found
}

/// What makes a decision, which it is, and what has to be approved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told<'p> {
    by: String,
    decision: &'static str,
    approvals: Vec<(Vec<&'p PrincipalPattern>, u32, Option<i64>)>,
}

impl<'p> Told<'p> {
    fn new(by: impl Into<String>, decision: &'static str, approvals: impl Iterator<Item = &'p Approval>) -> Told<'p> {
        let approvals = approvals.map(|one| (one.from.iter().collect(), one.quorum, one.within)).collect();
        Told { by: by.into(), decision, approvals }
    }

    fn words(&self) -> String {
        format!("{self:?}")
    }
}

fn decided<'p>(package: &'p Package, body: &RequestBody) -> Told<'p> {
    if package.capability(&body.capability).is_none() {
        return Told::new("Missing", "deny", std::iter::empty());
    }
    let decided = decide(package, &package.policies[0], &body.request());
    let by = match &decided.by {
        decide::By::Rule(index) => format!("Rule({index})"),
        decide::By::Default => "Default".to_owned(),
        decide::By::Unevaluable(why) => match why.as_ref() {
            decide::Unevaluable::Rule { index, .. } => format!("Unevaluable({index})"),
            decide::Unevaluable::Table { .. } | decide::Unevaluable::NoRow { .. } => "Tables".to_owned(),
            _ => "Misfit".to_owned(),
        },
    };
    Told::new(by, word(decided.decision), decided.approvals())
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
        Decision::Approval => "approval",
    }
}

/// Which of two decisions lets more through, by trying every approver.
fn direction((old, before): (&Package, &Told<'_>), (new, after): (&Package, &Told<'_>)) -> Direction {
    let rank = |told: &Told<'_>| ["deny", "approval", "allow"].iter().position(|word| *word == told.decision);
    if (before.decision, after.decision) != ("approval", "approval") {
        return match rank(before).cmp(&rank(after)) {
            std::cmp::Ordering::Less => Direction::Wider,
            std::cmp::Ordering::Equal => Direction::Same,
            std::cmp::Ordering::Greater => Direction::Narrower,
        };
    }
    let may = |package: &Package, from: &[&PrincipalPattern], who: &str, roles: u32| {
        let has = |role: &str| {
            let place = role.trim_start_matches('r').parse::<u32>().unwrap();
            roles >> place & 1 == 1 || package.has_member(role, who)
        };
        from.iter().any(|pattern| pattern.matches(who, has))
    };
    let easier = |(hard, harder): (&Package, &Told<'_>), (easy, easier): (&Package, &Told<'_>)| {
        easier.approvals.iter().all(|(easy_from, easy_quorum, easy_within)| {
            harder.approvals.iter().any(|(hard_from, hard_quorum, hard_within)| {
                hard_quorum >= easy_quorum
                    && hard_within.unwrap_or(i64::MAX) <= easy_within.unwrap_or(i64::MAX)
                    && PRINCIPALS.iter().all(|who| {
                        (0..8).all(|roles| !may(hard, hard_from, who, roles) || may(easy, easy_from, who, roles))
                    })
            })
        })
    };
    match (easier((old, before), (new, after)), easier((new, after), (old, before))) {
        (true, true) => Direction::Same,
        (true, false) => Direction::Wider,
        (false, true) => Direction::Narrower,
        (false, false) => Direction::Both,
    }
}

/// All requests to both packages, unless there are more than so many: one of each class of principals, every set of roles and
/// every value in and around its range. What neither source asks for has one value.
fn requests(most: usize, sources: (&str, &str), old: &Package, new: &Package) -> Option<Vec<RequestBody>> {
    let both = format!("{}\n{}", sources.0, sources.1);
    let head = |source: &str| source.split("policy p").next().unwrap_or_default().to_owned();
    // Fields whose types differ make a difference, whether or not a condition asks for them.
    let typed = head(sources.0) != head(sources.1);
    let policies: String = [sources.0, sources.1].iter().filter_map(|source| source.split("policy p").nth(1)).collect();
    let asks = |what: &str| typed || policies.contains(what);
    let tables = both.lines().any(|line| line.starts_with("capability") && line.contains("when"));
    let one_of = |asked: bool, all: Vec<Value>| if asked { all } else { all.into_iter().take(1).collect() };
    let text = |texts: &[&str]| texts.iter().map(|text| Value::string(text)).collect::<Vec<_>>();
    let compared = policies.contains("input.s == context.mode");
    let fields: [Vec<Value>; 6] = [
        one_of(asks("flag"), vec![Value::Bool(false), Value::Bool(true)]),
        one_of(asks("context.n"), (0..5).map(Value::Int).collect()),
        one_of(asks("mode"), text(&["a", "b", "c", "other"][..if both.contains("mode: String") { 4 } else { 3 }])),
        one_of(asks("context.t"), vec![Value::Absent, Value::string("q"), Value::string("w")]),
        one_of(asks("input.k") || tables, (0..4).map(Value::Int).collect()),
        one_of(asks("input.s") || tables, text(&["z", "ab", "abx", "a", "b", "c"][..if compared { 6 } else { 3 }])),
    ];
    let workflows = if policies.contains("workflow") { vec![None, Some("w".to_owned())] } else { vec![None] };
    let in_team = policies.contains("in team");
    let named = |name: &&&str| match **name {
        "agent:x" | "agent:xx" => in_team || both.replace("set team = { agent:x*", "").contains("agent:x"),
        "agent:y" | "service:s" | "user:bob" => both.contains(**name),
        _ => true,
    };
    let principals: Vec<&str> = PRINCIPALS.iter().filter(named).copied().collect();
    let is_asked = |role: &String| policies.contains(&format!("role:{role}")) || (in_team && role == "r1");
    let roles: Vec<String> = ["r0", "r1", "r2"].map(str::to_owned).into_iter().filter(is_asked).collect();
    let mut ids: Vec<&str> = old.capabilities.iter().chain(&new.capabilities).map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let inputs = fields.iter().map(Vec::len).product::<usize>() * workflows.len();
    if ids.len() * principals.len() * (1 << roles.len()) * inputs > most {
        return None;
    }
    let mut all = Vec::new();
    for id in ids {
        for principal in &principals {
            for set in 0..1_usize << roles.len() {
                let roles: Vec<String> = roles
                    .iter()
                    .enumerate()
                    .filter(|(bit, _)| set >> bit & 1 == 1)
                    .map(|(_, role)| role.clone())
                    .collect();
                for number in 0..inputs {
                    let mut rest = number;
                    let mut digit = |count: usize| {
                        let digit = rest % count;
                        rest /= count;
                        digit
                    };
                    let workflow = workflows[digit(workflows.len())].clone();
                    let [flag, n, mode, t, k, s] = [0, 1, 2, 3, 4, 5].map(|place| {
                        let values: &Vec<Value> = &fields[place];
                        values[digit(values.len())].clone()
                    });
                    let record = |fields: &[(&str, &Value)]| {
                        Record::new(fields.iter().map(|(name, value)| ((*name).into(), (*value).clone())))
                    };
                    all.push(RequestBody {
                        principal: (*principal).to_owned(),
                        capability: id.to_owned(),
                        input: record(&[("k", &k), ("s", &s)]),
                        context: record(&[("flag", &flag), ("n", &n), ("mode", &mode), ("t", &t)]),
                        roles: roles.clone(),
                        workflow,
                        principal_tenant: None,
                        resource_tenant: None,
                    });
                }
            }
        }
    }
    Some(all)
}

/// What a change says of one side, in the same words.
fn said<'p>(package: &Package, said: &'p super::super::Decision) -> Told<'p> {
    let by = match (said.by.as_str(), said.rule) {
        (by, Some(rule)) if by.ends_with("cannot be evaluated") => format!("Unevaluable({rule})"),
        (_, Some(rule)) => {
            assert!(package.policies[0].rules.len() >= rule as usize);
            format!("Rule({rule})")
        }
        ("the default", None) => "Default".to_owned(),
        ("the capability's tables do not say", None) => "Tables".to_owned(),
        ("there is no such capability", None) => "Missing".to_owned(),
        _ => "Misfit".to_owned(),
    };
    Told::new(by, said.decision, said.approvals.iter())
}

/// What the comparison says.
fn told(old: &Package, new: &Package, diff: &PolicyDiff) -> BTreeMap<Difference, Direction> {
    let mut found = BTreeMap::new();
    for change in &diff.changes {
        for capability in &change.capabilities {
            let words = (said(old, &change.before).words(), said(new, &change.after).words());
            found.insert((capability.clone(), words.0, words.1), change.direction);
        }
    }
    found
}

#[test]
fn what_is_said_is_what_every_request_shows() {
    const MOST: usize = 5_000;
    let (mut compared, mut differences, mut same, mut tried, mut open) = (0, 0, 0, 0, 0);
    for case in 0.. {
        if compared == cases() {
            break;
        }
        let mut random = Random::new(case + 40_000_000);
        let (one, other) = mutate::pair(&mut random, 3, case % 4 == 3);
        let (Some(old), Some(new)) = (packages::package(&one), packages::package(&other)) else { continue };
        let options = Options::default();
        let diffs = policy::policies(&old, &new, &options);
        let [diff] = diffs.as_slice() else { panic!("one policy in both") };
        let context = || format!("case {case}\n--- old\n{one}\n--- new\n{other}\n{diff:#?}");
        assert!(diff.open.is_empty(), "{}", context());
        open += diff.changes.iter().filter(|change| change.perhaps_others).count();
        witnesses(&old, &new, diff, &context);
        let Some(requests) = requests(MOST, (&one, &other), &old, &new) else { continue };
        let all: All<'_, '_> = requests.iter().map(|body| (body, decided(&old, body), decided(&new, body))).collect();
        let (truth, told) = (truth(&old, &new, &all), told(&old, &new, diff));
        assert_eq!(told, truth, "{}", context());
        let direction = truth.values().fold(Direction::Same, |all, one| all.and(*one));
        assert_eq!(diff.direction, direction, "{}", context());
        who(&old, &new, diff, &all, &context);
        compared += 1;
        differences += truth.len();
        same += u64::from(truth.is_empty());
        tried += requests.len();
    }
    println!(
        "diff: {compared} pairs compared with {tried} requests, {differences} differences, {same} pairs mean the same, \
         {open} changes whose extent is open"
    );
    assert!(same * 8 > compared && differences > compared as usize, "the pairs show little");
    assert_eq!(open, 0, "of some changes it is not said who is concerned");
}

/// Every witness is decided as the change says.
fn witnesses(old: &Package, new: &Package, diff: &PolicyDiff, context: &dyn Fn() -> String) {
    for change in &diff.changes {
        for (package, expected) in [(old, &change.before), (new, &change.after)] {
            let told = match change.witness.request.body(package) {
                Ok(body) => decided(package, &body),
                Err(decide::Unevaluable::Capability { .. }) => Told::new("Missing", "deny", std::iter::empty()),
                Err(_) => Told::new("Misfit", "deny", std::iter::empty()),
            };
            assert_eq!(told, said(package, expected), "{change:#?}\n{}", context());
        }
        assert!(change.capabilities.contains(&change.witness.request.capability), "{}", context());
    }
}

/// Whoever is said to be concerned is, and nobody else.
fn who(old: &Package, new: &Package, diff: &PolicyDiff, requests: &All<'_, '_>, context: &dyn Fn() -> String) {
    let settled = diff.changes.iter().filter(|change| !change.perhaps_others);
    let mut left: Vec<(Told<'_>, Told<'_>, BTreeSet<&str>)> = settled
        .map(|change| {
            let who = change.who.iter().map(String::as_str).collect();
            (said(old, &change.before), said(new, &change.after), who)
        })
        .collect();
    let all = left.clone();
    for (body, before, after) in requests {
        let Some(at) = all.iter().position(|(own, other, _)| (own, other) == (before, after)) else { continue };
        let meant: Vec<&str> = all[at].2.iter().copied().filter(|words| means(words, body)).collect();
        assert!(!meant.is_empty(), "{body:?} is concerned too\n{}", context());
        left[at].2.retain(|words| !meant.contains(words));
    }
    assert!(left.iter().all(|(.., who)| who.is_empty()), "nobody of {left:?}\n{}", context());
}

/// Whether words such as `agent:* with role:r1` mean who asks.
fn means(words: &str, body: &RequestBody) -> bool {
    let (who, roles) = match words.split_once(" with ") {
        Some((who, roles)) => (who, roles),
        None if words.starts_with("role:") => ("any", words),
        None => (words, ""),
    };
    let principal = match who.strip_suffix('*') {
        _ if who == "any" => true,
        Some(prefix) => body.principal.starts_with(prefix),
        None => body.principal == who,
    };
    let mut roles = roles.split(" and ").filter_map(|role| role.strip_prefix("role:"));
    principal && roles.all(|role| body.roles.iter().any(|own| own == role))
}

#[test]
fn what_a_request_says_is_the_same_as_json() {
    let mut random = Random::new(5);
    let (source, _) = mutate::pair(&mut random, 4, false);
    let package = packages::package(&source).unwrap();
    let policy: &Policy = &package.policies[0];
    let requests = requests(usize::MAX, (&source, &source), &package, &package).unwrap();
    for body in requests.iter().step_by(requests.len() / 200 + 1) {
        let asked = Asked {
            principal: body.principal.clone(),
            capability: body.capability.clone(),
            input: object(&body.input),
            context: object(&body.context),
            roles: body.roles.clone(),
            workflow: body.workflow.clone(),
            principal_tenant: None,
            resource_tenant: None,
        };
        let Decided { by, .. } = asked.decided(&package, Some(policy));
        let told = decided(&package, body).by;
        let place = |rule: usize| rule + 1;
        let said = match by {
            By::Rule(rule) => format!("Rule({})", place(rule)),
            By::Unevaluable(rule) => format!("Unevaluable({})", place(rule)),
            other => format!("{other:?}"),
        };
        assert_eq!(said, told);
    }
}
