//! Every production of the grammar, as tokens.

use super::Choices;

/// The tokens of a file.
pub(super) fn file(choices: &mut Choices<'_>) -> Vec<String> {
    let mut writer = Writer { choices, tokens: Vec::new(), depth: 0 };
    writer.all(&["package", "a.b"]);
    for _ in 0..writer.choices.below(12) {
        writer.item();
    }
    writer.tokens
}

/// How deep things nest at most.
const DEEPEST: usize = 5;

struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    tokens: Vec<String>,
    depth: usize,
}

impl Writer<'_, '_> {
    fn token(&mut self, text: &str) {
        self.tokens.push(text.to_owned());
    }

    fn all(&mut self, texts: &[&str]) {
        for text in texts {
            self.token(text);
        }
    }

    fn one_of(&mut self, texts: &[&str]) {
        let text = self.choices.pick(texts);
        self.token(text);
    }

    fn maybe(&mut self, write: impl FnOnce(&mut Self)) {
        if self.choices.one_in(2) {
            write(self);
        }
    }

    /// Some things with commas between them, and sometimes one behind them.
    fn list(&mut self, least: usize, trailing: bool, write: impl Fn(&mut Self)) {
        let count = least + self.choices.below(3);
        for index in 0..count {
            if index > 0 {
                self.token(",");
            }
            write(self);
        }
        if trailing && count > 0 && self.choices.one_in(3) {
            self.token(",");
        }
    }

    fn within(&mut self, open: &str, close: &str, write: impl FnOnce(&mut Self)) {
        self.token(open);
        self.depth += 1;
        write(self);
        self.depth -= 1;
        self.token(close);
    }

    fn is_deep(&self) -> bool {
        self.depth >= DEEPEST
    }

    fn name(&mut self) {
        self.one_of(&[
            "order",
            "a",
            "input",
            "total_2",
            "amount",
            "notes",
            "undo",
            "risk",
            "long_enough_to_break_lines_early",
        ]);
    }

    fn capability_id(&mut self) {
        self.one_of(&["crm.read_order", "a.b", "stripe.refund", "a.rather.long.path.to.a_capability_of_some_module"]);
    }

    fn principal(&mut self) {
        self.one_of(&["agent:support", "user:alice", "service:mail.out", "system:rollback"]);
    }

    fn pattern(&mut self) {
        self.one_of(&[
            "any",
            "money",
            "io.fs.*",
            "crm.read_*",
            "agent:*",
            "role:finance",
            "stripe.refund",
            "agent:test_*",
        ]);
    }

    fn string(&mut self) {
        self.one_of(&[
            "\"\"",
            "\"text\"",
            "\"with // no comment, and { order } braces\"",
            "\"{a}{ b  +  1 }\"",
            "\"\\n\\t\\\"\\\\\\{\\u{1f600}\"",
            "\"nested {\"{a}\"} strings\"",
            "\"a text that is so long that whatever it stands in has to go on the next line\"",
        ]);
    }

    fn plain_string(&mut self) {
        self.one_of(&["\"open\"", "\"\"", "\"captured\"", "\"é\""]);
    }

    fn int(&mut self) {
        self.one_of(&["0", "3", "10_000"]);
    }

    fn duration(&mut self) {
        self.one_of(&["10s", "200ms", "7d"]);
    }

    fn money(&mut self) {
        self.one_of(&["1 USD", "12.50  EUR", "10_000\tUSD"]);
    }

    fn item(&mut self) {
        match self.choices.below(12) {
            0 => self.all(&["use", "std.io.fs"]),
            1 => {
                self.all(&["type", "Amount", "="]);
                self.ty();
                self.maybe(Self::refinement);
            }
            2 => {
                self.token("context");
                self.fields();
            }
            3 => {
                self.token("role");
                self.name();
                self.maybe(|it| it.within("{", "}", |it| it.list(0, true, Self::pattern)));
            }
            4 => {
                self.token("set");
                self.name();
                self.token("=");
                self.within("{", "}", |it| it.list(0, true, Self::pattern));
            }
            5 | 6 => self.capability(),
            7 => self.policy(),
            8 => self.workflow(),
            9 => self.prove(),
            10 => self.test(),
            _ => self.accept(),
        }
    }

    fn accept(&mut self) {
        self.all(&["@", "accept", "(", "G1101", ","]);
        self.string();
        self.maybe(|it| it.token(","));
        self.token(")");
    }

    fn fields(&mut self) {
        self.within("{", "}", |it| it.list(0, true, Self::field));
    }

    fn field(&mut self) {
        self.name();
        self.token(":");
        self.ty();
        self.maybe(Self::refinement);
    }

    fn refinement(&mut self) {
        self.token("where");
        self.expr();
    }

    fn ty(&mut self) {
        match if self.is_deep() { 0 } else { self.choices.below(6) } {
            0 => self.one_of(&["Int", "String", "Json"]),
            1 => self.all(&["Money", "<", "USD", ">"]),
            2 => {
                self.plain_string();
                for _ in 0..self.choices.below(4) {
                    self.token("|");
                    self.plain_string();
                }
            }
            3 => self.fields(),
            _ => {
                self.token("List");
                self.within("<", ">", |it| {
                    it.ty();
                    // Whatever `> …` could be read as stands behind the list, not in it.
                    it.maybe(|it| {
                        it.all(&["where", "("]);
                        it.expr();
                        it.token(")");
                    });
                });
            }
        }
        self.maybe(|it| it.token("?"));
    }

    fn capability(&mut self) {
        self.token("capability");
        self.capability_id();
        self.token(":");
        self.one_of(&["read", "write", "network"]);
        self.within("{", "}", |it| {
            for _ in 0..it.choices.below(10) {
                it.clause();
            }
        });
    }

    fn clause(&mut self) {
        match self.choices.below(14) {
            0 => self.all(&["version", "\"1.2.0\""]),
            1 => {
                self.token("tags");
                self.within("[", "]", |it| it.list(0, true, Self::name));
            }
            2 => {
                self.token("deprecated");
                self.string();
            }
            3 => {
                self.token("input");
                self.fields();
            }
            4 => {
                self.token("output");
                self.fields();
            }
            5 => self.table("effect", |it| match it.choices.below(2) {
                0 => it.token("none"),
                _ => {
                    it.one_of(&["reversible", "irreversible"]);
                    it.one_of(&["local", "network", "external"]);
                    it.maybe(Self::string);
                }
            }),
            6 => self.table("risk", |it| it.one_of(&["low", "medium", "high", "critical"])),
            7 => self.table("approval", |it| match it.choices.below(2) {
                0 => it.token("none"),
                _ => {
                    it.token("required");
                    it.maybe(|it| {
                        it.token("from");
                        it.list(1, false, Self::pattern);
                    });
                }
            }),
            8 => self.compensate(),
            9 => self.retry(),
            10 => {
                self.token("timeout");
                self.duration();
            }
            11 => {
                self.token("idempotent");
                self.maybe(|it| {
                    it.token("by");
                    it.expr();
                });
            }
            12 => self.table("cost", Self::money),
            _ => {
                self.token("handler");
                match self.choices.below(3) {
                    0 => self.one_of(&["builtin", "none"]),
                    _ => {
                        self.one_of(&["http", "mcp", "exec"]);
                        self.record();
                    }
                }
            }
        }
    }

    fn table(&mut self, keyword: &str, value: impl Fn(&mut Self)) {
        self.token(keyword);
        self.list(1, true, |it| {
            value(it);
            match it.choices.below(3) {
                0 => {}
                1 => it.token("otherwise"),
                _ => {
                    it.token("when");
                    it.expr();
                }
            }
            it.maybe(Self::because);
        });
    }

    fn because(&mut self) {
        self.token("because");
        self.string();
    }

    fn compensate(&mut self) {
        self.table("compensate", Self::compensation);
    }

    fn compensation(&mut self) {
        match self.choices.below(2) {
            0 => self.one_of(&["manually", "none"]),
            _ => {
                self.token("with");
                self.call();
            }
        }
    }

    fn retry(&mut self) {
        self.token("retry");
        match self.choices.below(2) {
            0 => self.all(&["3", "times"]),
            _ => self.all(&["until", "success"]),
        }
        self.maybe(|it| it.all(&["backoff", "200ms", "..", "5s"]));
        self.maybe(|it| it.all(&["on", "transient"]));
    }

    fn call(&mut self) {
        self.capability_id();
        self.record();
    }

    fn policy(&mut self) {
        self.token("policy");
        self.name();
        self.within("{", "}", |it| {
            for _ in 0..it.choices.below(7) {
                match it.choices.below(8) {
                    0 => {
                        it.token("default");
                        match it.choices.below(3) {
                            0 => it.one_of(&["allow", "deny"]),
                            _ => it.require_approval(),
                        }
                    }
                    1 => {
                        it.all(&["escalate", "risk", ">=", "high"]);
                        it.maybe(|it| {
                            it.token("to");
                            it.list(1, false, Self::pattern);
                        });
                        it.maybe(|it| it.all(&["within", "4h"]));
                    }
                    2 => {
                        it.all(&["escalate", "never"]);
                        it.because();
                    }
                    3 => it.accept(),
                    _ => it.rule(),
                }
            }
        });
    }

    fn require_approval(&mut self) {
        self.all(&["require", "approval"]);
        for _ in 0..self.choices.below(3) {
            self.approval_option();
        }
    }

    fn approval_option(&mut self) {
        match self.choices.below(3) {
            0 => self.all(&["within", "24h"]),
            1 => self.all(&["quorum", "2"]),
            _ => {
                self.token("from");
                self.list(1, false, Self::pattern);
            }
        }
    }

    fn rule(&mut self) {
        self.maybe(|it| {
            it.name();
            it.token(":");
        });
        match self.choices.below(3) {
            0 => self.one_of(&["allow", "deny"]),
            _ => {
                self.require_approval();
                self.token("for");
            }
        }
        self.list(1, true, Self::pattern);
        self.token("to");
        self.list(1, false, Self::pattern);
        self.maybe(|it| {
            it.token("when");
            it.expr();
        });
        self.maybe(Self::because);
    }

    fn workflow(&mut self) {
        self.token("workflow");
        self.name();
        self.within("(", ")", |it| it.list(0, true, Self::field));
        self.maybe(|it| {
            it.token("->");
            it.ty();
        });
        self.within("{", "}", |it| {
            for _ in 0..it.choices.below(8) {
                match it.choices.below(6) {
                    0 => it.header(),
                    _ => it.statement(),
                }
            }
        });
    }

    fn header(&mut self) {
        match self.choices.below(4) {
            0 => {
                self.token("principal");
                self.principal();
            }
            1 => self.all(&["policy", "support_desk"]),
            2 => {
                self.token("budget");
                self.list(1, true, |it| match it.choices.below(3) {
                    0 => it.money(),
                    1 => it.duration(),
                    _ => it.all(&["20", "calls"]),
                });
            }
            _ => {
                self.token("tenant");
                self.expr();
            }
        }
    }

    fn block(&mut self) {
        self.within("{", "}", |it| {
            for _ in 0..it.choices.below(4) {
                it.statement();
            }
        });
    }

    fn statement(&mut self) {
        match if self.is_deep() { 0 } else { self.choices.below(12) } {
            0 => {
                self.token("fail");
                self.string();
            }
            1 => {
                self.token("check");
                self.expr();
                self.token("else");
                self.string();
            }
            2 => {
                self.token("let");
                self.name();
                self.token("=");
                self.expr();
            }
            3 => {
                self.token("if");
                self.expr();
                self.block();
                for _ in 0..self.choices.below(3) {
                    self.all(&["else", "if"]);
                    self.expr();
                    self.block();
                }
                self.maybe(|it| {
                    it.token("else");
                    it.block();
                });
            }
            4 => {
                self.token("parallel");
                self.block();
            }
            5 => {
                self.maybe(|it| it.token("parallel"));
                self.token("for");
                self.name();
                self.token("in");
                self.expr();
                self.all(&["up", "to"]);
                self.int();
                self.block();
            }
            6 => {
                self.token("approval");
                self.name();
                self.token("from");
                self.list(1, false, Self::pattern);
                self.maybe(Self::approval_option);
                self.string();
            }
            7 => {
                self.token("wait");
                self.expr();
            }
            8 => {
                self.token("return");
                self.expr();
            }
            9 => self.accept(),
            _ => self.step(),
        }
    }

    fn step(&mut self) {
        self.token("step");
        self.name();
        self.maybe(|it| {
            it.token("as");
            it.principal();
        });
        self.token("=");
        match self.choices.below(3) {
            0 => {
                self.token("run");
                self.name();
                self.record();
            }
            _ => self.call(),
        }
        for _ in 0..self.choices.below(4) {
            match self.choices.below(6) {
                0 => self.retry(),
                1 => self.all(&["timeout", "10s"]),
                2 => {
                    // With a condition, an `or` behind it would go on with the condition.
                    self.token("compensate");
                    self.compensation();
                    self.maybe(Self::because);
                }
                3 => {
                    self.token("or");
                    self.call();
                }
                4 => self.all(&["on", "failure", "continue"]),
                _ => {
                    self.token("after");
                    self.list(1, true, Self::name);
                }
            }
        }
    }

    fn prove(&mut self) {
        self.token("prove");
        self.name();
        self.token("in");
        self.name();
        self.token(":");
        match self.choices.below(7) {
            0 => self.all(&["always", "undoes"]),
            1 => {
                self.all(&["spends", "at", "most"]);
                self.money();
            }
            2 => {
                self.token("calls");
                self.capability_id();
                self.all(&["at", "most", "3", "times"]);
            }
            3 => {
                self.token("calls");
                self.capability_id();
                self.token("before");
                self.capability_id();
            }
            4 => {
                self.all(&["never", "calls"]);
                self.capability_id();
                self.all(&["without", "approval"]);
            }
            _ => {
                self.one_of(&["never", "always", "sometimes"]);
                self.one_of(&["allow", "deny", "approval"]);
                self.list(1, true, Self::pattern);
                self.token("to");
                self.list(1, false, Self::pattern);
                self.maybe(|it| {
                    it.token("when");
                    it.expr();
                });
            }
        }
    }

    fn test(&mut self) {
        self.token("test");
        self.string();
        self.within("{", "}", |it| {
            for _ in 0..it.choices.below(6) {
                it.test_statement();
            }
        });
    }

    fn test_statement(&mut self) {
        match self.choices.below(10) {
            0 => self.all(&["expect", "compensated"]),
            1 => self.all(&["expect", "stuck"]),
            2 => {
                self.all(&["expect", "completed"]);
                self.maybe(Self::record);
            }
            3 => {
                self.all(&["expect", "failed"]);
                self.maybe(Self::string);
            }
            4 => {
                self.all(&["expect", "calls"]);
                self.within("[", "]", |it| it.list(0, true, Self::capability_id));
            }
            5 => {
                self.token("given");
                self.capability_id();
                match self.choices.below(3) {
                    0 => self.all(&["times", "out"]),
                    1 => {
                        self.token("returns");
                        self.record();
                    }
                    _ => {
                        self.token("fails");
                        self.maybe(|it| it.token("transient"));
                        self.string();
                        self.maybe(|it| it.all(&["2", "times"]));
                    }
                }
            }
            6 => {
                self.one_of(&["approve", "reject"]);
                self.name();
                self.maybe(|it| {
                    it.token("by");
                    it.principal();
                });
            }
            7 => {
                self.token("run");
                self.name();
                self.record();
                self.maybe(|it| {
                    it.token("with");
                    it.record();
                });
            }
            _ => {
                self.token("expect");
                self.one_of(&["allow", "deny", "approval"]);
                self.maybe(|it| {
                    it.token("by");
                    it.one_of(&["default", "undo", "2"]);
                });
                self.token("for");
                self.principal();
                self.maybe(|it| {
                    it.token("asserting");
                    it.list(1, false, Self::pattern);
                });
                self.token("to");
                self.call();
                self.maybe(|it| {
                    it.token("with");
                    it.record();
                });
            }
        }
    }

    fn record(&mut self) {
        self.within("{", "}", |it| {
            it.list(0, true, |it| {
                it.name();
                it.token(":");
                it.expr();
            });
        });
    }

    fn expr(&mut self) {
        self.depth += 1;
        match if self.is_deep() { 0 } else { self.choices.below(6) } {
            0 | 1 => self.comparison(),
            2 => {
                self.token("not");
                self.comparison();
            }
            _ => {
                self.comparison();
                for _ in 0..1 + self.choices.below(3) {
                    self.one_of(&["and", "or"]);
                    self.comparison();
                }
            }
        }
        self.depth -= 1;
    }

    fn comparison(&mut self) {
        self.sum();
        self.maybe(|it| {
            let operator = it.choices.pick(&["==", "!=", "<", "<=", ">", ">=", "in", "matches"]);
            it.token(operator);
            let right = it.tokens.len();
            it.sum();
            // `> {` ends a type: no record is greater than another.
            if operator == ">" && it.tokens.get(right).is_some_and(|token| token == "{") {
                it.tokens.insert(right, "(".to_owned());
                it.token(")");
            }
        });
    }

    fn sum(&mut self) {
        self.operand();
        for _ in 0..self.choices.below(6).saturating_sub(3) {
            self.one_of(&["+", "-", "*", "??"]);
            self.operand();
        }
    }

    fn operand(&mut self) {
        if self.choices.one_in(8) {
            self.token("-");
        }
        match self.choices.below(if self.is_deep() { 7 } else { 12 }) {
            0 => self.name(),
            1 => match self.choices.below(2) {
                0 => self.one_of(&["true", "false"]),
                _ => self.all(&["context", ".", "hour"]),
            },
            2 => self.int(),
            3 => self.one_of(&["0.25", "1_0.5"]),
            4 => self.duration(),
            5 => self.money(),
            6 => self.string(),
            7 => self.within("(", ")", Self::expr),
            8 => self.within("[", "]", |it| it.list(0, true, Self::expr)),
            9 => self.record(),
            10 => {
                self.token("has");
                self.name();
                self.all(&[".", "order"]);
            }
            _ => {
                self.token("len");
                self.within("(", ")", Self::expr);
            }
        }
        for _ in 0..self.choices.below(6).saturating_sub(3) {
            match self.choices.below(4) {
                0 => self.all(&["as", "Json", "?"]),
                _ => {
                    self.token(".");
                    self.name();
                }
            }
        }
    }
}
