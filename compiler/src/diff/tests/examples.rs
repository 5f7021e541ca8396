//! Changes whose meaning is plain to see.

use crate::diff::{Direction, PolicyDiff, policy};
use crate::verify::Options;
use crate::verify::tests::packages;

const HEAD: &str = "package shop
role finance { user:alice }
role ops
context { frozen: Bool }
capability pay.refund: network {
    input { amount: Money<USD> where self > 0 USD and self <= 500 USD, note: String? }
    risk high because \"x\"
    compensate none because \"x\"
}
capability crm.read: read { input { order: String } }
";

fn diff(old: &str, new: &str) -> PolicyDiff {
    sources(&format!("{HEAD}policy p {{ {old} }}"), &format!("{HEAD}policy p {{ {new} }}"))
}

fn sources(old: &str, new: &str) -> PolicyDiff {
    let (old, new) = (packages::package(old).expect(old), packages::package(new).expect(new));
    let [diff] = policy::policies(&old, &new, &Options::default()).try_into().unwrap();
    assert_eq!(diff.open, Vec::<String>::new());
    diff
}

#[test]
fn names_and_orders_that_change_nothing_mean_the_same() {
    let rules = [
        "freeze: deny any to pay.* when context.frozen",
        "read: allow agent:* to crm.*",
        "large: require approval from role:finance for any to pay.refund when input.amount > 100 USD",
        "small: require approval from any for any to pay.refund",
    ];
    let old = format!("default deny {}", rules.join(" "));
    let same = |new: &str| assert_eq!(diff(&old, new).direction, Direction::Same, "{new}");
    same(&old.replace("freeze:", "stop:"));
    same(&format!("default deny {} {} {} {}", rules[1], rules[0], rules[2], rules[3]));
    same(&format!("default deny {} {} {} {}", rules[0], rules[2], rules[1], rules[3]));
    same(&old.replace("> 100 USD", ">= 100.0000000001 USD"));
    same(&old.replace("any to pay.refund when", "agent:*, user:*, service:*, system:* to pay.refund when"));
    // These overlap.
    let other = format!("default deny {} {} {} {}", rules[0], rules[1], rules[3], rules[2]);
    assert_eq!(diff(&old, &other).direction, Direction::Wider);
}

#[test]
fn approvers_quorum_and_deadline_move() {
    let direction = |old: &str, new: &str| {
        let rule = |by: &str| format!("default deny require approval {by} for agent:a to pay.refund");
        diff(&rule(old), &rule(new)).direction
    };
    for (old, new, expected) in [
        ("from role:finance", "from any", Direction::Wider),
        ("from any", "from role:finance", Direction::Narrower),
        ("from role:finance", "from role:ops", Direction::Both),
        ("from user:alice", "from role:finance", Direction::Wider),
        ("from user:alice", "from user:*", Direction::Wider),
        ("from any", "from user:*, agent:*, service:*, system:*", Direction::Same),
        ("from user:* quorum 2", "from user:*", Direction::Wider),
        ("from user:* within 2h", "from user:* within 4h", Direction::Wider),
        ("from user:*", "from user:* within 4h", Direction::Narrower),
        ("from user:* quorum 2 within 4h", "from user:* within 2h", Direction::Both),
    ] {
        assert_eq!(direction(old, new), expected, "{old} to {new}");
    }
}

#[test]
fn who_and_what_are_named() {
    let diff = diff(
        "default deny allow agent:a to crm.read",
        "default deny escalate never because \"x\" allow agent:a, role:ops to any when not context.frozen",
    );
    assert_eq!(diff.direction, Direction::Both);
    let told: Vec<_> = diff
        .changes
        .iter()
        .map(|change| {
            let decisions = format!("{} to {}", change.before.decision, change.after.decision);
            (decisions, change.who.join(", "), change.capabilities.join(", "))
        })
        .collect();
    let told: Vec<(&str, &str, &str)> = told.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(
        told,
        [("deny to allow", "agent:a, role:ops", "crm.read, pay.refund"), ("allow to deny", "agent:a", "crm.read"),]
    );
}

#[test]
fn capabilities_and_policies_of_one_side_count() {
    let policy = "policy p { default deny allow agent:a to crm.* }\n";
    let more = "capability crm.list: read { input {} }\n";
    let (old, new) = (format!("{HEAD}{policy}"), format!("{HEAD}{more}{policy}"));
    let diff = sources(&old, &new);
    assert_eq!((diff.direction, diff.changes.len()), (Direction::Wider, 1));
    assert_eq!(diff.changes[0].capabilities, ["crm.list"]);
    assert_eq!(diff.changes[0].before.by, "there is no such capability");
    assert_eq!(sources(&new, &old).direction, Direction::Narrower);
    assert_eq!(sources(HEAD_WITHOUT, &old).direction, Direction::Wider);
}

const HEAD_WITHOUT: &str = "package shop
context { frozen: Bool }
capability crm.read: read { input { order: String } }
";

#[test]
fn a_wider_type_lets_more_through() {
    let policy = "policy p { default deny escalate never because \"x\" allow agent:a to any }\n";
    let old = format!("{HEAD}{policy}");
    assert_eq!(sources(&old, &old.replace("<= 500 USD", "<= 5_000 USD")).direction, Direction::Wider);
    assert_eq!(sources(&old, &old.replace("<= 500 USD", "<= 50 USD")).direction, Direction::Narrower);
    assert_eq!(sources(&old, &old.replace("note: String?", "note: String")).direction, Direction::Narrower);
    assert_eq!(sources(&old, &old.replace("note: String?", "note: String?, more: Int?")).direction, Direction::Same);
    let euros = sources(&old, &old.replace("Money<USD> where self > 0 USD and self <= 500 USD", "Money<EUR>"));
    assert_eq!(euros.direction, Direction::Both);
}
