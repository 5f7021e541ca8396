//! Claims, from the words of the language.

use super::read::{Reader, capability_pattern, cost, principals};
use super::shape as doc;
use super::{Invalid, invalid};
use crate::model::{ClaimKind, Decision, Package, Quantifier};

pub(super) fn read(reader: &Reader, package: &Package, place: &str, one: &doc::Claim) -> Result<ClaimKind, Invalid> {
    let about = one.about.clone();
    let words: Vec<&str> = one.claim.split(' ').collect();
    let kind = match words.as_slice() {
        ["always", "undoes"] => ClaimKind::AlwaysUndoes { workflow: about },
        ["spends", "at", "most", number, currency] => {
            ClaimKind::SpendsAtMost { workflow: about, amount: cost(place, &format!("{number} {currency}"))? }
        }
        ["calls", capability, "at", "most", times, "times"] => {
            let times = times.parse().map_err(|_| invalid(place, format!("`{times}` is no number")))?;
            ClaimKind::CallsAtMost { workflow: about, capability: (*capability).to_owned(), times }
        }
        ["calls", first, "before", second] => {
            ClaimKind::CallsBefore { workflow: about, first: (*first).to_owned(), second: (*second).to_owned() }
        }
        ["never", "calls", capability, "without", "approval"] => {
            ClaimKind::NeverWithoutApproval { workflow: about, capability: (*capability).to_owned() }
        }
        [quantifier, decision] => {
            let quantifier = match *quantifier {
                "never" => Quantifier::Never,
                "always" => Quantifier::Always,
                "sometimes" => Quantifier::Sometimes,
                other => return Err(invalid(place, format!("`{other}` is no quantifier"))),
            };
            let decision = match *decision {
                "allow" => Decision::Allow,
                "deny" => Decision::Deny,
                "approval" => Decision::Approval,
                other => return Err(invalid(place, format!("`{other}` is no decision"))),
            };
            let targets: Vec<_> = one.targets.iter().map(|text| capability_pattern(text)).collect();
            let condition =
                one.when.as_ref().map(|when| reader.rule_condition(package, place, &targets, when)).transpose()?;
            let subjects = principals(&one.subjects);
            ClaimKind::Policy { policy: about, quantifier, decision, subjects, targets, condition }
        }
        _ => return Err(invalid(place, format!("`{}` is no claim", one.claim))),
    };
    Ok(kind)
}
