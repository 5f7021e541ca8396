//! Where curves bend, and why.

/// The beginning of what a curve is of, of whose it is, and a sentence or two.
const SENTENCES: [(&str, &str, &str); 13] = [
    (
        "proofs, dense, with amounts",
        "gov",
        "There are 50 actions whatever the number of rules, so that the rules about each grow with it. A rule is asked about \
         beside those that meet it, and each witness is decided again by the rules of its action, in order.",
    ),
    (
        "proofs, workflow",
        "gov",
        "What can fail after each step is looked at for each step, so that a part of the work grows with the square of the steps.",
    ),
    (
        "proofs,",
        "Z3",
        "Each question is asked beside all rules before it, so that the work grows with their square where rules differ. Where \
         most are caught by earlier ones, many questions are answered early. Sets that it was cut off in are not fitted.",
    ),
    (
        "proofs,",
        "cedar-policy-symcc",
        "For each question all policies before the one are compiled and sent to the solver anew, in each environment that it is \
         about, so that the work grows at least with their square.",
    ),
    (
        "decision",
        "gov",
        "The rules that can apply are found by action, role and risk; only amounts are left to compare.",
    ),
    ("decision", "cedar", "Every policy is evaluated for every request."),
    ("decision", "regorus", "Every rule is interpreted for every request."),
    ("decision", "casbin", "The matcher is evaluated for every line of policy, with each request."),
    (
        "runs, latency",
        "gov",
        "What gathers while the disk syncs is one commit, so that the time of a run hardly grows until the processor is busy; \
         from there on it grows with the number of runs at once.",
    ),
    (
        "runs, latency",
        "PostgreSQL",
        "A client is a process of the server; from some number on they wait for the processor.",
    ),
    (
        "runs, latency",
        "Restate",
        "Each step is a round trip between service and server; from some number on they wait for the processor.",
    ),
    ("runs, memory", "gov", "Most of it is the program itself: a run under way needs some tens of kilobytes."),
    ("runs", "gov", "One writer commits what has gathered: the more runs at once, the less each pays of a sync."),
];

/// Why a curve is as it is, if there is something to say.
pub fn why(name: &str, who: &str) -> Option<&'static str> {
    SENTENCES.iter().find(|(of, whose, _)| name.starts_with(of) && who.starts_with(whose)).map(|(.., why)| *why)
}
