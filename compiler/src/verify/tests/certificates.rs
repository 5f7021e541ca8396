//! Certificates against the proofs: what the check of certificates sees to hold, the proofs have found to hold, and every
//! package without errors has a plan whose certificate holds.

use super::packages::{Shape, source};
use super::random::Random;
use super::spread::tell;
use crate::compile::all_found;
use crate::package::{File, Input};
use crate::verify::Options;
use gov_plan::certificate::{self, End};
use gov_plan::document::Settled;

/// How much was compared.
#[derive(Debug, Default)]
pub(in crate::verify) struct Seen {
    /// Packages without errors, whose plan was made and read.
    pub plans: u32,
    /// Obligations that the check settles by itself.
    pub settled: u32,
    /// Obligations that are left to the solver's or the compiler's word.
    pub left: u32,
    /// Lies of a compiler that says of everything that it holds, which the check saw through.
    pub lies: u32,
}

#[test]
fn certificates_of_generated_policies_agree_with_their_proofs() {
    let mut random = Random::new(4711);
    let shape = |mixed| Shape { rules: 6, mixed };
    let sources: Vec<String> = (0..super::cases()).map(|case| source(&mut random, &shape(case % 4 == 0))).collect();
    let seen = agree(&sources);
    tell(&format!("certificates of {} policies: {seen:?}", sources.len()));
    assert!(seen.plans > 0 && seen.settled > 0 && seen.lies > 0);
}

/// Proves packages, and compares what was found with what the check sees.
pub(in crate::verify) fn agree(sources: &[String]) -> Seen {
    let mut seen = Seen::default();
    for text in sources {
        let input =
            Input { files: vec![File { path: "t.gov".into(), text: text.as_str().into() }], ..Input::default() };
        let mut checked = crate::check(&input);
        crate::prove(&mut checked, &Options::default()).unwrap();
        let Some(package) = &checked.package else { continue };
        let found = all_found(package, &checked.proofs);
        if let Some(plan) = crate::compile(&checked) {
            let plan = plan.unwrap_or_else(|error| panic!("{error}\n{text}"));
            seen.plans += 1;
            for entry in &plan.document.certificate {
                seen.settled += settled(entry).count() as u32;
                seen.left += (entry.solver.len() + codes(&entry.compiler).count()) as u32;
            }
        }
        let mut lies = found.clone();
        lies.iter_mut().for_each(|one| one.end = End::Holds);
        let false_ones: Vec<_> = found.iter().filter(|one| one.end != End::Holds).collect();
        match certificate::make(package, &lies) {
            Err(error) => {
                // Of a dead rule the lie does not tell which code it was noted under.
                let code = error.reason.split(':').next().unwrap();
                let is = |own: &str| own == code || code == "G1202" && own.starts_with("G12");
                let known = false_ones.iter().any(|one| is(&one.code) && error.place.ends_with(one.on.as_str()));
                assert!(known, "the check sees what the proofs do not: {error}\n{text}");
                seen.lies += 1;
            }
            Ok(entries) => {
                // Of tables the check sees that some row applies; that each is reached is the compiler's to say.
                for one in false_ones.iter().filter(|one| one.code != "G1005") {
                    let entry = entries.iter().find(|entry| entry.on == one.on);
                    let believed = entry.is_some_and(|entry| settled(entry).any(|code| code == one.code));
                    assert!(!believed, "the check takes {} on `{}` to hold\n{entry:#?}\n{text}", one.code, one.on);
                    seen.lies += 1;
                }
            }
        }
    }
    seen
}

/// The codes that an entry settles by what it shows.
fn settled(entry: &Settled) -> impl Iterator<Item = &str> {
    let cases = entry.cases.iter().flat_map(|case| codes(&case.shows));
    codes(&entry.follows).chain(codes(&entry.by_class)).chain(cases)
}

fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|code| !code.is_empty())
}
