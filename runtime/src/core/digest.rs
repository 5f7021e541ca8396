//! Digests, and the pseudo-random spread of pauses: both are functions of what the run is.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of bytes that follow each other, in hexadecimal.
pub fn sha256_of<'b>(parts: impl IntoIterator<Item = &'b [u8]>) -> String {
    let mut hasher = Sha256::new();
    parts.into_iter().for_each(|part| hasher.update(part));
    hex(&hasher.finalize())
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |four: u8| char::from(if four < 10 { b'0' + four } else { b'a' - 10 + four });
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// SHA-256 of JSON, whatever the order of its keys.
pub fn of_json(json: &Json) -> String {
    let mut text = String::new();
    write_sorted(json, &mut text);
    sha256(text.as_bytes())
}

fn write_sorted(json: &Json, out: &mut String) {
    match json {
        Json::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_sorted(element, out);
            }
            out.push(']');
        }
        Json::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Json::from(key.as_str()).to_string());
                out.push(':');
                write_sorted(value, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// The pause after the `tried`th attempt, in milliseconds: it doubles from the shortest to the longest, and up to half of it
/// is taken off at random, so that runs that failed together do not come back together ("equal jitter", M. Brooker,
/// "Exponential Backoff And Jitter", 2015). Never longer than the contract says: the proofs count on that.
pub fn pause(shortest: i64, longest: i64, tried: u32, seed: u64, salt: &str) -> i64 {
    let doublings = tried.saturating_sub(1).min(62);
    let full = i128::from(shortest.max(0)) << doublings;
    let full = i64::try_from(full.min(i128::from(longest.max(shortest)))).unwrap_or(longest).max(0);
    let least = (full / 2).max(shortest.max(0)).min(full);
    let spread = u64::try_from(full - least).unwrap_or(0);
    let drawn = random(seed, salt, tried) % (spread + 1);
    least + i64::try_from(drawn).unwrap_or(0)
}

/// A number that depends on these alone: FNV-1a of the salt, mixed with the rest by SplitMix64.
fn random(seed: u64, salt: &str, tried: u32) -> u64 {
    let hashed = salt
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut z = (seed ^ hashed).wrapping_add(u64::from(tried).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let a: Json = serde_json::from_str(r#"{"a":1,"b":{"c":[1,2],"d":null}}"#).unwrap();
        let b: Json = serde_json::from_str(r#"{"b":{"d":null,"c":[1,2]},"a":1}"#).unwrap();
        let c: Json = serde_json::from_str(r#"{"b":{"d":null,"c":[2,1]},"a":1}"#).unwrap();
        assert_eq!(of_json(&a), of_json(&b));
        assert_ne!(of_json(&a), of_json(&c));
    }

    #[test]
    fn pauses_grow_and_stay_within_the_contract() {
        for seed in 0..200 {
            for tried in 1..100 {
                let pause = pause(200, 5_000, tried, seed, "3");
                assert!((200..=5_000).contains(&pause), "{pause}");
            }
            assert_eq!(pause(200, 5_000, 1, seed, "3"), 200);
            assert!(pause(200, 5_000, 4, seed, "3") >= 800);
        }
        assert_eq!(pause(0, 0, 3, 1, "x"), 0);
        assert_eq!(pause(i64::MAX, i64::MAX, u32::MAX, 1, "x"), i64::MAX);
    }

    #[test]
    fn pauses_are_spread() {
        let drawn: std::collections::BTreeSet<i64> = (0..100).map(|seed| pause(100, 10_000, 6, seed, "3")).collect();
        assert!(drawn.len() > 50);
    }
}
