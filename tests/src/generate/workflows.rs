//! Packages whose workflow is made up, as source: branches, parallel blocks, loops, nested workflows, fallbacks, approvals,
//! retries, waits and budgets.

use crate::random::Random;
use std::fmt::Write;

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
    nested: bool,
}

/// The capabilities that a workflow calls and that are undone.
const UNDONE: [&str; 3] = ["svc.a", "svc.b", "svc.c"];

/// A package with a workflow `main` that can be run: its capabilities are served by `http` handlers.
pub fn package(seed: u64) -> String {
    let mut generator = Generator { random: Random::new(seed), steps: 0, left: 0, nested: false };
    generator.package()
}

impl Generator {
    fn package(&mut self) -> String {
        let mut out =
            String::from("package made_up\ncontext { calm: Bool }\nrole boss { user:ann, user:bob, user:cid }\n");
        out.push_str(&self.reads());
        for id in UNDONE {
            out.push_str(&self.write(id));
        }
        out.push_str(&self.last());
        for id in ["undo.x", "undo.y"] {
            out.push_str(&self.undo(id));
        }
        out.push_str(&self.policy());
        let scope = Scope { booleans: vec!["flag".into(), "context.calm".into()], numbers: vec!["size".into()] };
        let nested = self.random.chance(35);
        if nested {
            self.left = 3;
            let body = self.block(&scope, 1, false);
            let budget = if self.random.chance(15) { " budget 12 calls\n" } else { "" };
            let _ = writeln!(
                out,
                "workflow inner(flag: Bool, size: Int where size >= 0 and size <= 4) {{\n principal agent:w\n policy p\n\
                 {budget}{body}}}"
            );
        }
        self.nested = nested;
        self.left = 3 + self.small(5);
        let mut body = self.block(&scope, 2, false);
        match self.random.below(10) {
            0 | 1 => body.push_str("fail \"as it was meant to\"\n"),
            2 | 3 => body.push_str("step last = svc.last { n: size }\n"),
            4 => {
                body.push_str("step last = svc.last { n: size }\nstep after = svc.read { n: 1 } on failure continue\n")
            }
            _ => {}
        }
        let budget = match self.random.below(12) {
            0 => format!(" budget {} calls\n", 10 + self.random.below(90)),
            1 => format!(" budget {} USD\n", 2 + self.random.below(20)),
            2 => format!(" budget {}s\n", 20 + self.random.below(200)),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "workflow main(flag: Bool, size: Int where size >= 0 and size <= 4, list: List<Int where self >= 0 and self <= \
             4> where len(self) <= 3) {{\n principal agent:w\n policy p\n{budget}{body}}}"
        );
        out
    }

    fn small(&mut self, bound: u64) -> usize {
        usize::try_from(self.random.below(bound)).unwrap_or_default()
    }

    fn word<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let index = self.small(from.len() as u64);
        from[index]
    }

    fn reads(&mut self) -> String {
        format!(
            "capability svc.read: read {{
    input {{ n: Int where n >= 0 and n <= 9 }}
    output {{ ok: Bool, n: Int where n >= 0 and n <= 4 }}
    retry {} timeout {}s
    handler http {{ method: \"GET\", url: \"https://made-up.example/read\" }}
}}\n",
            self.word(&["1 times", "2 times", "3 times backoff 100ms..2s on transient", "until success"]),
            1 + self.random.below(3),
        )
    }

    fn write(&mut self, id: &str) -> String {
        let undo = self.word(&["undo.x", "undo.y"]);
        let with = format!("with {undo} {{ id: output.id, n: n }}");
        let compensate = match self.random.below(16) {
            0 => "manually because \"by hand\"".to_owned(),
            1 => format!("{with} when n > 1, manually otherwise because \"by hand\""),
            _ => with,
        };
        let effect = match self.random.below(8) {
            0 => "reversible external \"x\" when n > 0, none otherwise",
            1 => "reversible network \"x\"",
            _ => "reversible local \"x\"",
        };
        let retry = self.word(&[
            "1 times",
            "2 times backoff 50ms..1s",
            "3 times backoff 100ms..5s on transient",
            "until success backoff 100ms..10s",
            "until success",
        ]);
        let idempotent = if self.random.chance(60) { "idempotent" } else { "" };
        let cost = self.word(&["", "cost 1 USD", "cost 0.25 USD when n > 2, 0.10 USD otherwise"]);
        format!(
            "capability {id}: write {{
    input {{ n: Int where n >= 0 and n <= 9 }}
    output {{ id: String, ok: Bool, n: Int where n >= 0 and n <= 4 }}
    effect {effect}
    compensate {compensate}
    retry {retry} {idempotent} {cost} timeout {}s
    handler http {{ method: \"POST\", url: \"https://made-up.example/{id}\" }}
}}\n",
            1 + self.random.below(4),
        )
    }

    /// What cannot be undone, and is repeated until it has happened.
    fn last(&mut self) -> String {
        format!(
            "capability svc.last: write {{
    input {{ n: Int where n >= 0 and n <= 9 }}
    output {{ id: String }}
    effect irreversible external \"it is out\"
    risk critical because \"it is out\"
    compensate none because \"it is out\"
    retry until success backoff 100ms..5s idempotent timeout {}s
    handler http {{ method: \"POST\", url: \"https://made-up.example/last\" }}
}}\n",
            1 + self.random.below(4),
        )
    }

    fn undo(&mut self, id: &str) -> String {
        format!(
            "capability {id}: write {{
    input {{ id: String, n: Int }}
    effect reversible local \"as it was\"
    compensate none because \"it is itself an undo\"
    retry until success {} idempotent {} timeout {}s
    handler http {{ method: \"POST\", url: \"https://made-up.example/{id}\" }}
}}\n",
            self.word(&["", "backoff 100ms..5s"]),
            self.word(&["", "", "cost 0.50 USD"]),
            1 + self.random.below(3),
        )
    }

    fn policy(&mut self) -> String {
        let mut out = String::from("policy p {\n default deny\n escalate never because \"people are asked below\"\n");
        out.push_str(" undo: allow system:rollback to undo.*\n");
        if self.random.chance(40) {
            let quorum = self.word(&["", " quorum 2"]);
            let within = self.word(&[" within 20s", " within 5s", ""]);
            let target = self.word(&["svc.a", "svc.b, svc.c", "svc.*"]);
            let when = self.word(&["input.n > 2", "input.n == 0", "not context.calm"]);
            let _ = writeln!(
                out,
                " asks: require approval from role:boss{quorum}{within} for agent:w to {target} when {when}"
            );
        }
        if self.random.chance(10) {
            let _ = writeln!(out, " no: deny agent:w to {} when input.n == 9", self.word(&UNDONE));
        }
        out.push_str(" work: allow agent:w to svc.*\n}\n");
        out
    }

    fn block(&mut self, scope: &Scope, depth: usize, parallel: bool) -> String {
        let mut scope = scope.clone();
        let mut out = String::new();
        for _ in 0..1 + self.random.below(3) {
            if self.left == 0 && !out.is_empty() {
                break;
            }
            out.push_str(&self.statement(&mut scope, depth, parallel));
        }
        out
    }

    fn statement(&mut self, scope: &mut Scope, depth: usize, parallel: bool) -> String {
        let compound = depth > 0 && self.left > 1;
        match self.random.below(24) {
            0 | 1 => format!("check {} else \"no\"\n", self.boolean(scope)),
            2 | 3 if compound => {
                let condition = self.boolean(scope);
                let (then, otherwise) =
                    (self.block(scope, depth - 1, parallel), self.block(scope, depth - 1, parallel));
                format!("if {condition} {{\n{then}}} else {{\n{otherwise}}}\n")
            }
            4..=8 if compound => self.parallel(scope, depth),
            9..=11 if compound => {
                let mut inner = scope.clone();
                inner.numbers.push("each".into());
                let keyword = self.word(&["for", "parallel for"]);
                let body = self.block(&inner, depth - 1, keyword != "for");
                let (list, limit) = *self.random.pick(&[("list", 3), ("list", 3), ("[1, 2]", 2), ("list", 2)]);
                format!("{keyword} each in {list} up to {limit} {{\n{body}}}\n")
            }
            12 => {
                self.steps += 1;
                let quorum = self.word(&["", "", " quorum 2"]);
                let within = self.word(&[" within 10s", " within 40s", ""]);
                format!("approval said{} from role:boss{quorum}{within} \"may it go on?\"\n", self.steps)
            }
            13 => format!("wait {}\n", self.word(&["1s", "3s", "300ms", "20s"])),
            14 | 15 if self.nested => {
                self.steps += 1;
                let go_on = if self.random.chance(30) { " on failure continue" } else { "" };
                let (name, flag, size) = (self.steps, self.boolean(scope), self.number(scope));
                format!("step s{name} = run inner {{ flag: {flag}, size: {size} }}{go_on}\n")
            }
            _ => {
                let (name, text, optional) = self.step(scope, true);
                if optional {
                    scope.booleans.push(format!("(has {name})"));
                } else {
                    scope.booleans.push(format!("{name}.ok"));
                    scope.numbers.push(format!("{name}.n"));
                }
                format!("{text}\n")
            }
        }
    }

    fn parallel(&mut self, scope: &mut Scope, depth: usize) -> String {
        let mut branches = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut inner = scope.clone();
        for _ in 0..2 + self.random.below(3) {
            if self.random.chance(75) {
                let waits: Vec<String> = names.iter().filter(|_| self.random.chance(30)).cloned().collect();
                let mut own = scope.clone();
                own.booleans.extend(waits.iter().map(|name| format!("{name}.ok")));
                own.numbers.extend(waits.iter().map(|name| format!("{name}.n")));
                let (name, text, _) = self.step(&own, false);
                let after = if waits.is_empty() { String::new() } else { format!(" after {}", waits.join(", ")) };
                branches.push(format!("{text}{after}\n"));
                inner.booleans.push(format!("{name}.ok"));
                names.push(name);
            } else {
                branches.push(self.statement(&mut scope.clone(), depth - 1, true));
            }
        }
        *scope = inner;
        format!("parallel {{\n{}}}\n", branches.concat())
    }

    /// A step: its name, its text, and whether its result may be absent.
    fn step(&mut self, scope: &Scope, may_go_on: bool) -> (String, String, bool) {
        self.left = self.left.saturating_sub(1);
        self.steps += 1;
        let name = format!("s{}", self.steps);
        let mut text = format!("step {name} = {}", self.call(scope));
        if self.random.chance(12) {
            let _ = write!(text, " retry {}", self.word(&["1 times", "until success", "4 times backoff 1s..2s"]));
        }
        if self.random.chance(8) {
            text.push_str(" timeout 800ms");
        }
        if self.random.chance(15) {
            let _ = write!(text, " or {}", self.call(scope));
        }
        let optional = may_go_on && self.random.chance(15);
        if optional {
            text.push_str(" on failure continue");
        }
        (name, text, optional)
    }

    fn call(&mut self, scope: &Scope) -> String {
        let id = if self.random.chance(20) { "svc.read" } else { self.word(&UNDONE) };
        format!("{id} {{ n: {} }}", self.number(scope))
    }

    fn boolean(&mut self, scope: &Scope) -> String {
        let atom = |own: &mut Self| match own.random.below(6) {
            0 => {
                let (number, op) = (own.number(scope), own.word(&["<", "==", ">="]));
                format!("{number} {op} {}", own.random.below(4))
            }
            _ => own.random.pick(&scope.booleans).clone(),
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
        match self.random.below(10) {
            0..=6 => self.random.pick(&scope.numbers).clone(),
            7 => "9".to_owned(),
            other => (other - 7).to_string(),
        }
    }
}
