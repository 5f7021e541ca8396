//! Small packages at random, as source.

use std::fmt::Write;

/// Numbers that look random: SplitMix64.
pub(super) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// So many times out of a hundred.
    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

/// What is in scope where an expression stands.
#[derive(Clone, Default)]
struct Scope {
    booleans: Vec<String>,
    numbers: Vec<String>,
}

struct Generator {
    random: Random,
    steps: usize,
    left: usize,
    has_list: bool,
    nested: bool,
}

/// A package with the capabilities `k.a` to `k.c`, their undos `u.a` and `u.b`, a policy, a workflow `w`, perhaps one that it
/// runs, and claims about `w`.
pub(in crate::verify) fn package(seed: u64) -> String {
    let mut generator = Generator { random: Random(seed), steps: 0, left: 0, has_list: false, nested: false };
    generator.package()
}

impl Generator {
    fn package(&mut self) -> String {
        let mut out = String::from("package t\ncontext { c: Bool }\nrole r\n");
        for id in ["k.a", "k.b", "k.c"] {
            out.push_str(&self.capability(id));
        }
        for id in ["u.a", "u.b"] {
            out.push_str(&self.undo(id));
        }
        out.push_str(&self.policy());
        let nested = self.random.chance(30);
        if nested {
            self.left = 2;
            let scope = Scope { booleans: vec!["b".into(), "context.c".into()], numbers: Vec::new() };
            let body = self.block(&scope, 1, false);
            let _ = writeln!(out, "workflow s(b: Bool) {{\n principal agent:a\n policy p\n{body}}}");
        }
        self.nested = nested;
        self.left = 2 + self.random.below(4) as usize;
        self.has_list = self.random.chance(30);
        let mut params = vec!["b: Bool"];
        let mut scope = Scope { booleans: vec!["b".into(), "context.c".into()], numbers: Vec::new() };
        if self.random.chance(60) {
            params.push("n: Int where n >= 0 and n <= 2");
            scope.numbers.push("n".into());
        }
        if self.has_list {
            params.push("l: List<Bool> where len(self) <= 3");
        }
        let body = self.block(&scope, 2, false);
        let budget = match self.random.below(5) {
            0 => format!(" budget {} calls\n", 2 + self.random.below(12)),
            1 => format!(" budget {} USD\n", 1 + self.random.below(9)),
            _ => String::new(),
        };
        let _ = writeln!(out, "workflow w({}) {{\n principal agent:a\n policy p\n{budget}{body}}}", params.join(", "));
        let (one, other) = (self.random.pick(&["k.a", "k.b", "u.a"]), self.random.pick(&["k.b", "k.c", "u.a"]));
        let times = 1 + self.random.below(5);
        let first = self.random.pick(&["k.a", "k.b"]);
        let money = 1 + self.random.below(12);
        let _ = writeln!(
            out,
            "prove undoes in w: always undoes\nprove calls in w: calls {one} at most {times} times\n\
             prove before in w: calls {first} before {other}\nprove approved in w: never calls {one} without approval\n\
             prove spends in w: spends at most {money} USD"
        );
        out
    }

    fn capability(&mut self, id: &str) -> String {
        let undo = self.random.pick(&["u.a", "u.b"]);
        let flag = self.random.pick(&["output.y", "x", "not x"]);
        let number = self.random.pick(&["n", "n + 1", "n + 9223372036854775806", "2"]);
        let with = format!("with {undo} {{ f: {flag}, n: {number} }}");
        let compensate = match self.random.below(6) {
            0 => format!("{with} when x, none otherwise because \"no\""),
            1 => format!("{with} when n > 0, manually otherwise because \"by hand\""),
            2 => "none because \"no\"".to_owned(),
            3 => "manually because \"by hand\"".to_owned(),
            _ => with,
        };
        let effect = match self.random.below(6) {
            0 => "irreversible external \"x\" when x, none otherwise",
            1 => "none",
            _ => "reversible local \"x\"",
        };
        let risk = self.random.pick(&["low", "high", "critical when x, medium otherwise"]);
        let retry =
            self.random.pick(&["1 times", "2 times", "until success", "until success", "until success on transient"]);
        let idempotent = if self.random.chance(70) { "idempotent" } else { "" };
        let cost = self.random.pick(&["", "cost 1 USD", "cost 2 USD when x, 1 USD otherwise"]);
        let approval = if self.random.chance(8) { "approval required when x" } else { "" };
        format!(
            "capability {id}: write {{
    input {{ x: Bool, n: Int where n >= 0 and n <= 1 }}
    output {{ y: Bool }}
    effect {effect}
    risk {risk} because \"r\"
    compensate {compensate}
    retry {retry}
    {idempotent} {cost} {approval} timeout {}s
}}
",
            1 + self.random.below(3)
        )
    }

    fn undo(&mut self, id: &str) -> String {
        let most = self.random.below(3);
        let retry = self.random.pick(&["until success", "until success", "2 times"]);
        let cost = self.random.pick(&["", "", "cost 1 USD"]);
        format!(
            "capability {id}: write {{
    input {{ f: Bool, n: Int where n <= {most} or f }}
    effect reversible local \"u\"
    risk {} because \"r\"
    compensate none because \"undo\"
    retry {retry} idempotent {cost} timeout 1s
}}
",
            self.random.pick(&["low", "high"])
        )
    }

    fn policy(&mut self) -> String {
        let mut out = format!("policy p {{\n default {}\n", self.random.pick(&["allow", "allow", "deny"]));
        out.push_str(match self.random.below(4) {
            0 => " escalate risk >= critical within 5s\n",
            1 => "",
            _ => " escalate never because \"x\"\n",
        });
        for _ in 0..self.random.below(4) {
            let action = self.random.pick(&["allow", "allow", "deny", "require approval from user:h within 4s for"]);
            let subject = self.random.pick(&["any", "agent:a", "role:r", "system:rollback", "agent:*"]);
            let (target, inputs) = match self.random.below(5) {
                0 => ("any", ["context.c", "risk >= high", "kind == \"write\""]),
                1 => ("u.*", ["input.f", "context.c", "input.n > 1"]),
                2 => ("k.a", ["input.x", "input.n > 0", "context.c and input.x"]),
                3 => ("k.*", ["input.x", "not input.x or context.c", "context.c"]),
                _ => ("k.b, k.c", ["input.n == 1", "input.x", "not context.c"]),
            };
            let when =
                if self.random.chance(60) { format!(" when {}", self.random.pick(&inputs)) } else { String::new() };
            let _ = writeln!(out, " {action} {subject} to {target}{when}");
        }
        if self.random.chance(60) {
            out.push_str(" allow system:rollback to u.*\n");
        }
        out.push_str("}\n");
        out
    }

    fn block(&mut self, scope: &Scope, depth: usize, parallel: bool) -> String {
        let mut scope = scope.clone();
        let mut out = String::new();
        let count = 1 + self.random.below(3);
        for _ in 0..count {
            if self.left == 0 && !out.is_empty() {
                break;
            }
            let statement = self.statement(&mut scope, depth, parallel);
            out.push_str(&statement);
        }
        out
    }

    fn statement(&mut self, scope: &mut Scope, depth: usize, parallel: bool) -> String {
        let compound = depth > 0 && self.left > 1;
        match self.random.below(20) {
            0 | 1 => format!("check {} else \"no\"\n", self.boolean(scope)),
            2 if compound => {
                let condition = self.boolean(scope);
                let (then, otherwise) =
                    (self.block(scope, depth - 1, parallel), self.block(scope, depth - 1, parallel));
                match self.random.chance(50) {
                    true => format!("if {condition} {{\n{then}}} else {{\n{otherwise}}}\n"),
                    false => format!("if {condition} {{\n{then}}}\n"),
                }
            }
            3..=5 if compound => {
                let mut branches = Vec::new();
                let mut names: Vec<String> = Vec::new();
                let mut inner = scope.clone();
                for _ in 0..2 + self.random.below(2) {
                    if self.random.chance(75) {
                        let waits: Vec<String> = names.iter().filter(|_| self.random.chance(30)).cloned().collect();
                        let mut own = scope.clone();
                        own.booleans.extend(waits.iter().map(|name| format!("{name}.y")));
                        let (name, text) = self.step(&own, false);
                        let after =
                            if waits.is_empty() { String::new() } else { format!(" after {}", waits.join(", ")) };
                        branches.push(format!("{text}{after}\n"));
                        inner.booleans.push(format!("{name}.y"));
                        names.push(name);
                    } else {
                        branches.push(self.statement(&mut scope.clone(), depth - 1, true));
                    }
                }
                *scope = inner;
                format!("parallel {{\n{}}}\n", branches.concat())
            }
            6 | 7 if compound && self.has_list => {
                self.has_list = false;
                let mut inner = scope.clone();
                inner.booleans.push("e".into());
                let parallel = self.random.chance(40);
                let body = self.block(&inner, depth - 1, parallel);
                let keyword = if parallel { "parallel for" } else { "for" };
                let list = self.random.pick(&["l", "l", "[true, false]", "[b, true]"]);
                format!("{keyword} e in {list} up to {} {{\n{body}}}\n", 1 + self.random.below(3))
            }
            8 => {
                self.steps += 1;
                format!("approval ok{} from user:h within 2s \"?\"\n", self.steps)
            }
            9 => "wait 3s\n".to_owned(),
            10 if self.random.chance(20) => "fail \"no\"\n".to_owned(),
            11 if self.nested => {
                self.steps += 1;
                let go_on = if self.random.chance(40) { " on failure continue" } else { "" };
                let name = self.steps;
                format!("step x{name} = run s {{ b: {} }}{go_on}\n", self.boolean(scope))
            }
            12 => {
                self.steps += 1;
                let name = format!("v{}", self.steps);
                let text = format!("let {name} = {}\n", self.boolean(scope));
                scope.booleans.push(name);
                text
            }
            _ => {
                let (name, text) = self.step(scope, true);
                if text.contains("on failure continue") {
                    scope.booleans.push(format!("(has {name} and {name}.y)"));
                    scope.booleans.push(format!("(has {name})"));
                } else {
                    scope.booleans.push(format!("{name}.y"));
                }
                format!("{text}\n")
            }
        }
    }

    fn step(&mut self, scope: &Scope, may_go_on: bool) -> (String, String) {
        self.left = self.left.saturating_sub(1);
        self.steps += 1;
        let name = format!("x{}", self.steps);
        let mut text = format!("step {name} = {}", self.call(scope));
        if self.random.chance(12) {
            let _ = write!(text, " retry {}", self.random.pick(&["1 times", "until success"]));
        }
        if self.random.chance(12) {
            let undo = self.random.pick(&["u.a", "u.b"]);
            let _ = write!(text, " compensate with {undo} {{ f: {name}.y, n: 1 }}");
        }
        if self.random.chance(15) {
            let _ = write!(text, " or {}", self.call(scope));
        }
        if may_go_on && self.random.chance(15) {
            text.push_str(" on failure continue");
        }
        (name, text)
    }

    fn call(&mut self, scope: &Scope) -> String {
        let id = self.random.pick(&["k.a", "k.b", "k.c"]);
        format!("{id} {{ x: {}, n: {} }}", self.boolean(scope), self.number(scope))
    }

    fn boolean(&mut self, scope: &Scope) -> String {
        let atom = |generator: &mut Self| match generator.random.below(8) {
            0 => generator.random.pick(&["true", "false"]).to_owned(),
            1 if !scope.numbers.is_empty() => {
                let (left, op) = (generator.number(scope), generator.random.pick(&["<", "==", ">="]));
                format!("{left} {op} {}", generator.random.below(3))
            }
            _ => scope.booleans[generator.random.below(scope.booleans.len() as u64) as usize].clone(),
        };
        let first = atom(self);
        match self.random.below(6) {
            0 => format!("not ({first})"),
            1 => format!("({first}) and ({})", atom(self)),
            2 => format!("({first}) or ({})", atom(self)),
            _ => first,
        }
    }

    fn number(&mut self, scope: &Scope) -> String {
        match (scope.numbers.first(), self.random.below(10)) {
            (Some(number), 0) => format!("{number} + 9223372036854775806"),
            (Some(number), 1..=6) => number.clone(),
            (_, 7) => "2".to_owned(),
            (_, 8) => "1".to_owned(),
            _ => "0".to_owned(),
        }
    }
}
