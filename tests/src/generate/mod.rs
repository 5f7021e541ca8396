//! Made-up source texts: random ones that cover the whole grammar.
//!
//! What is made follows from the bytes it is made of, so that a property test can shrink them, a fuzzer can steer them, and a
//! seed gives the same text everywhere.

mod layout;
mod syntax;
pub mod workflows;

/// Decisions, taken from bytes. Where there are no more bytes every decision is the first one, which ends things.
#[derive(Debug)]
pub struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl<'b> Choices<'b> {
    /// Takes decisions from bytes.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    /// A number below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let byte = self.bytes.next().copied().unwrap_or(0);
        usize::from(byte).checked_rem(n).unwrap_or(0)
    }

    /// Whether something happens that happens one time in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// One of these.
    pub fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

/// Bytes that look random and follow from a seed (SplitMix64; Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    });
    words.flat_map(u64::to_le_bytes).take(length).collect()
}

/// A file that reads without an error, in a layout that no author would choose, with comments between any two tokens.
///
/// It covers every production of the grammar; names refer to nothing.
pub fn file(choices: &mut Choices<'_>) -> String {
    let tokens = syntax::file(choices);
    layout::scattered(choices, &tokens)
}

/// A text that is nearly a file: some of its tokens are gone, doubled, swapped or something else.
pub fn broken_file(choices: &mut Choices<'_>) -> String {
    const WRONG: &[&str] = &[
        "{", "}", "(", ")", "[", "]", "\"", "<", ">", ",", ":", "%", "\\", "step", "allow", "zzz", "é", "\0", "//",
        "=", "@",
    ];
    let mut tokens = syntax::file(choices);
    for _ in 0..1 + choices.below(6) {
        let length = tokens.len().max(1);
        let at = (choices.below(256) * 256 + choices.below(256)) % length;
        match choices.below(4) {
            0 => drop(tokens.remove(at)),
            1 => tokens.insert(at, tokens[at].clone()),
            2 => tokens.swap(at, (at + 1) % length),
            _ => tokens[at] = choices.pick(WRONG).to_owned(),
        }
        if tokens.is_empty() {
            break;
        }
    }
    layout::scattered(choices, &tokens)
}
