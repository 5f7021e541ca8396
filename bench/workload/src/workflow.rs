//! The workload of the proofs about workflows: one long workflow, as source.

use std::fmt::Write as _;

/// What a workflow is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Steps in all.
    pub steps: usize,
    /// Statements with two arms.
    pub branches: usize,
    /// Statements whose branches run at once.
    pub parallels: usize,
}

/// The steps in a statement with arms, and in one whose branches run at once.
const INSIDE: usize = 4;

const PRELUDE: &str = r#"package workload

context { frozen: Bool, hour: Int where hour >= 0 and hour < 24 }
role clerk { user:ann }

capability db.read: read {
    input { id: String }
    output { open: Bool, size: Int where size >= 0 }
    retry 3 times backoff 1s..8s
    timeout 10s
}
capability db.put: write {
    input { id: String, n: Int where n >= 0 and n <= 1000 }
    output { key: String, left: Int where left >= 0 }
    effect reversible local "puts"
    risk high when n > 900, low otherwise because "large ones count"
    compensate with db.drop { key: output.key }
    cost 0.02 USD when n > 100, 0.01 USD otherwise
    retry 3 times backoff 1s..8s
    timeout 10s
    idempotent
}
capability db.drop: write {
    input { key: String }
    effect reversible local "drops"
    compensate none because "it undoes"
    retry until success
    idempotent
}

policy main {
    default deny
    escalate risk >= high to role:clerk within 1h
    allow system:rollback to db.drop
    deny agent:* to db.put when context.frozen
    allow agent:worker to db.read
    allow agent:worker to db.put when input.n <= 1000 and context.hour < 22
    require approval from role:clerk within 1h for agent:worker to db.put
}

"#;

/// A package with one workflow of that size, and claims about it that hold. Every step that does something is undone, takes what
/// an earlier one gave, and may fail.
pub fn gov_workflow(size: Size) -> String {
    let mut text = String::from(PRELUDE);
    text.push_str(
        "workflow main(id: String, n: Int where n >= 0 and n <= 500) {\n    principal agent:worker\n    policy main\n    \
         budget 100 USD\n    step s0 = db.read { id: id }\n    check s0.open else \"closed\"\n    step s1 = db.put { id: id, n: n }\n",
    );
    let compound = size.branches.saturating_add(size.parallels);
    let plain = size.steps.saturating_sub(2).saturating_sub(compound.saturating_mul(INSIDE));
    // Where a step takes its arguments from: a read, and a write.
    let (mut number, mut read, mut put) = (2_usize, 0, 1);
    let mut left = plain;
    for place in 0..compound {
        for _ in 0..left.div_ceil(compound.saturating_sub(place).max(1)) {
            left = left.saturating_sub(1);
            if number % 5 == 0 {
                let _ = writeln!(text, "    step s{number} = db.read {{ id: s{put}.key }}");
                read = number;
            } else {
                let _ = writeln!(text, "    step s{number} = db.put {{ id: s{put}.key, n: n + {} }}", number % 400);
                put = number;
            }
            number = number.saturating_add(1);
        }
        let inside: Vec<usize> = (number..number.saturating_add(INSIDE)).collect();
        number = number.saturating_add(INSIDE);
        let step = |own: &usize| format!("step s{own} = db.put {{ id: s{put}.key, n: n + {} }}", own % 300);
        let steps: Vec<String> = inside.iter().map(step).collect();
        if let ([a, b, c, d], [first, .., third, _]) = (steps.as_slice(), inside.as_slice()) {
            // The blocks whose branches run at once lie between the others.
            let at_once = place.saturating_mul(size.parallels) / compound.max(1)
                != place.saturating_add(1).saturating_mul(size.parallels) / compound.max(1);
            let _ = match at_once {
                true => writeln!(
                    text,
                    "    parallel {{\n        {a}\n        {b} after s{first}\n        {c}\n        {d} after s{first}, s{third}\n    }}"
                ),
                false => writeln!(
                    text,
                    "    if s{read}.size > {place} and n < {} {{\n        {a}\n        {b}\n    }} else {{\n        {c}\n        {d}\n    }}",
                    place.saturating_mul(20).saturating_add(10)
                ),
            };
        }
    }
    text.push_str(
        "}\n\nprove undone in main: always undoes\nprove spent in main: spends at most 100 USD\n\
         prove read in main: calls db.read before db.put\n",
    );
    text
}
