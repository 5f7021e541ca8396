//! Where curves bend, and why.

/// What a curve is of, whose it is, and a sentence or two. An empty name stands for all curves of the peer.
const SENTENCES: [(&str, &str, &str); 2] = [
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
];

/// Why a curve is as it is, if there is something to say.
pub fn why(name: &str, who: &str) -> Option<&'static str> {
    SENTENCES.iter().find(|(of, whose, _)| name.starts_with(of) && who.starts_with(whose)).map(|(.., why)| *why)
}
