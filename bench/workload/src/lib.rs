//! The workload of the benchmarks of decisions and proofs: rules and requests that follow from a seed, so that Gov and each peer
//! do the same work. No dependencies, since the peers are built elsewhere.

mod workflow;

use std::fmt::Write as _;

pub use workflow::{Size, gov_workflow};

/// How many roles, actions, groups of actions, users and resources there are.
pub const ROLES: u64 = 20;
/// See [`ROLES`].
pub const ACTIONS: u64 = 50;
/// See [`ROLES`].
pub const GROUPS: u64 = 10;
/// See [`ROLES`].
pub const USERS: u64 = 200;
/// See [`ROLES`].
pub const RESOURCES: u64 = 200;

/// The risks that a request may state.
pub const RISKS: [&str; 3] = ["LOW", "MEDIUM", "HIGH"];

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// A generator from a seed that is not zero.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `n`, which is not zero.
    pub fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 33).checked_rem(n).unwrap_or(0)
    }
}

/// What a rule is about: one action, or a group of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The action of this number.
    Action(u64),
    /// The group of this number: the actions whose number ends in its digit.
    Group(u64),
}

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whether it forbids, and does not permit.
    pub forbids: bool,
    /// Whose role it is about.
    pub role: u64,
    /// What it is about.
    pub target: Target,
    /// The risk, of [`RISKS`], for which it holds.
    pub risk: &'static str,
    /// The amount below which it holds; nothing where any amount will do.
    pub below: Option<u64>,
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The risk that it states.
    pub risk: &'static str,
    /// The amount.
    pub amount: u64,
    /// Who asks.
    pub user: u64,
    /// For what.
    pub action: u64,
    /// About what.
    pub resource: u64,
}

/// The rules of the shared workload, in the order in which they are drawn.
pub fn rules(count: usize) -> Vec<Rule> {
    let mut random = Random::new(0xC0_FFEE + count as u64);
    (0..count).map(|_| rule(&mut random)).collect()
}

/// The rules in the order in which Gov's policy has them: those that forbid come first.
pub fn ordered(count: usize, amounts: bool) -> Vec<Rule> {
    let drawn = rules(count).into_iter().map(|rule| Rule { below: rule.below.filter(|_| amounts), ..rule });
    let (mut ordered, permits): (Vec<Rule>, Vec<Rule>) = drawn.partition(|rule| rule.forbids);
    ordered.extend(permits);
    ordered
}

/// Rules that all permit, and are about one group: each may match what another matches.
pub fn pairs(count: usize) -> Vec<Rule> {
    rules(count).into_iter().map(|rule| Rule { forbids: false, target: Target::Group(0), ..rule }).collect()
}

fn rule(random: &mut Random) -> Rule {
    let forbids = random.below(4) == 0;
    let role = random.below(ROLES);
    let target =
        if random.below(2) == 0 { Target::Group(random.below(GROUPS)) } else { Target::Action(random.below(ACTIONS)) };
    let risk = risk(random);
    let below = Some(1 + random.below(100_000));
    Rule { forbids, role, target, risk, below }
}

fn risk(random: &mut Random) -> &'static str {
    RISKS.get(random.below(3) as usize).copied().unwrap_or("HIGH")
}

/// The two roles of each user.
pub fn users() -> Vec<[u64; 2]> {
    let mut random = Random::new(7);
    let mut two = || {
        let first = random.below(ROLES);
        let mut second = random.below(ROLES);
        while second == first {
            second = random.below(ROLES);
        }
        [first, second]
    };
    (0..USERS).map(|_| two()).collect()
}

/// The requests of the shared workload.
pub fn requests(count: usize) -> Vec<Request> {
    let mut random = Random::new(99);
    let mut one = || Request {
        risk: risk(&mut random),
        amount: random.below(100_000),
        user: random.below(USERS),
        action: random.below(ACTIONS),
        resource: random.below(RESOURCES),
    };
    (0..count).map(|_| one()).collect()
}

/// What these rules decide about a request, read one by one: the meaning that every engine is held to.
pub fn allows(rules: &[Rule], roles: [u64; 2], request: &Request) -> bool {
    let fits = |rule: &&Rule| {
        let target = match rule.target {
            Target::Action(action) => action == request.action,
            Target::Group(group) => group == request.action.checked_rem(GROUPS).unwrap_or(0),
        };
        target
            && roles.contains(&rule.role)
            && rule.risk == request.risk
            && rule.below.is_none_or(|below| request.amount < below)
    };
    let mut permitted = false;
    for rule in rules.iter().filter(fits) {
        if rule.forbids {
            return false;
        }
        permitted = true;
    }
    permitted
}

/// How much rules overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// As in the shared workload: a hundred rules about any one request of ten thousand.
    Dense,
    /// Each rule is about actions of its own: no two of them meet.
    Sparse,
}

/// The package that says the same in Gov, as text: actions are capabilities, a group is a prefix, what forbids comes first, and
/// roles are asserted on each request.
pub fn gov_package(rules: &[Rule], overlap: Overlap) -> String {
    let mut text = gov_head(rules.len(), overlap);
    text.push_str("\npolicy main {\n    default deny\n");
    for forbids in [true, false] {
        for (number, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.forbids == forbids) {
            gov_rule(&mut text, &format!("p{number}"), number, rule, overlap);
        }
    }
    text + "}\n"
}

/// A package with a policy for each ordered pair of rules, in the order of the first, then of the second: `p7` is the second rule
/// of the policy with the number 7.
pub fn gov_pairs(rules: &[Rule]) -> String {
    let mut text = gov_head(rules.len(), Overlap::Dense);
    let mut pair = 0_usize;
    for (number, second) in rules.iter().enumerate() {
        for (_, first) in rules.iter().enumerate().filter(|(other, _)| *other != number) {
            let _ = write!(text, "\npolicy of{pair} {{\n    default deny\n");
            gov_rule(&mut text, "first", 0, first, Overlap::Dense);
            gov_rule(&mut text, &format!("p{pair}"), 0, second, Overlap::Dense);
            text.push_str("}\n");
            pair = pair.saturating_add(1);
        }
    }
    text
}

fn gov_head(rules: usize, overlap: Overlap) -> String {
    let mut text =
        String::from("package workload\n\ncontext { risk: \"LOW\" | \"MEDIUM\" | \"HIGH\", amount: Int }\n\n");
    for role in 0..ROLES {
        let _ = writeln!(text, "role r{role}");
    }
    let actions = match overlap {
        Overlap::Dense => (0..ACTIONS).map(gov_action).collect::<Vec<_>>(),
        Overlap::Sparse => (0..rules).map(|rule| format!("act.own.a{rule}")).collect(),
    };
    for action in actions {
        let _ = writeln!(text, "capability {action}: read {{ }}");
    }
    text
}

fn gov_rule(text: &mut String, label: &str, number: usize, rule: &Rule, overlap: Overlap) {
    let action = if rule.forbids { "deny" } else { "allow" };
    let target = match (overlap, rule.target) {
        (Overlap::Sparse, _) => format!("act.own.a{number}"),
        (Overlap::Dense, Target::Action(action)) => gov_action(action),
        (Overlap::Dense, Target::Group(group)) => format!("act.g{group}.*"),
    };
    let _ =
        write!(text, "    {label}: {action} role:r{} to {target} when context.risk == \"{}\"", rule.role, rule.risk);
    if let Some(below) = rule.below {
        let _ = write!(text, " and context.amount < {below}");
    }
    text.push('\n');
}

/// The capability that stands for an action.
pub fn gov_action(action: u64) -> String {
    format!("act.g{}.a{action}", action.checked_rem(GROUPS).unwrap_or(0))
}

/// The rules as Cedar policies, one a line.
pub fn cedar_policies(rules: &[Rule], overlap: Overlap) -> String {
    let mut text = String::new();
    for (number, rule) in rules.iter().enumerate() {
        let effect = if rule.forbids { "forbid" } else { "permit" };
        let action = match (overlap, rule.target) {
            (Overlap::Sparse, _) => format!("action == Action::\"a{number}\""),
            (Overlap::Dense, Target::Action(action)) => format!("action == Action::\"a{action}\""),
            (Overlap::Dense, Target::Group(group)) => format!("action in Action::\"g{group}\""),
        };
        let below = rule.below.map(|below| format!(" && context.amount < {below}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "@id(\"p{number}\") {effect}(principal in Role::\"r{}\", {action}, resource) when {{ context.risk == \"{}\"{below} }};",
            rule.role, rule.risk
        );
    }
    text
}

/// The schema of [`cedar_policies`] for so many rules.
pub fn cedar_schema(overlap: Overlap, rules: usize) -> String {
    let mut text = String::from("entity Role;\nentity User in [Role];\nentity Resource;\n");
    for group in 0..GROUPS {
        let _ = writeln!(text, "action g{group};");
    }
    let actions = match overlap {
        Overlap::Dense => ACTIONS,
        Overlap::Sparse => rules as u64,
    };
    for action in 0..actions {
        let _ = writeln!(
            text,
            "action a{action} in [g{}] appliesTo {{ principal: User, resource: Resource, context: {{ risk: String, amount: Long }} }};",
            action.checked_rem(GROUPS).unwrap_or(0)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shares of requests that were allowed when the workload was first measured, to one decimal.
    #[test]
    fn the_workload_is_the_one_that_was_measured_before() {
        let users = users();
        let share = |count| {
            let rules = rules(count);
            let roles = |request: &Request| users[request.user as usize];
            let allowed = requests(2_000).iter().filter(|request| allows(&rules, roles(request), request)).count();
            allowed as f64 / 20.0
        };
        assert_eq!([10, 100, 1_000, 10_000].map(share), [0.45, 7.05, 35.05, 14.25]);
    }
}
