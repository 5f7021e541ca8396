//! Runs in worlds where everything goes wrong, each decided by its seed.

use gov_tests::generate::workflows;
use gov_tests::random::{Random, cases, only_seed};
use gov_tests::simulated::{Compiled, Faults, Lived, Scenario, check, compile, live, values};
use std::collections::BTreeMap;

/// So many seeds share a package: making one takes longer than living through it.
const SHARE: u64 = 8;

/// The package of a seed: the first one after it that is proved.
fn package(seed: u64) -> (String, Compiled) {
    let texts = (0..).map(|again: u64| workflows::package((seed / SHARE).wrapping_mul(1_000_003).wrapping_add(again)));
    texts.into_iter().find_map(|text| compile(&text).map(|compiled| (text, compiled))).unwrap()
}

fn faults(random: &mut Random) -> Faults {
    Faults {
        calls: *random.pick(&[0, 10, 30, 60]),
        writes: *random.pick(&[0, 0, 5, 20]),
        cuts: random.below(5),
        cut_at: None,
        beside: random.chance(25),
        people: random.chance(70),
    }
}

fn lived(compiled: &Compiled, seed: u64) -> Lived {
    let mut random = Random::new(seed);
    let package = compiled.plan.package();
    let workflow = package.workflow("main").unwrap();
    let input = values::record(&workflow.params, &mut random).unwrap();
    let context = values::record(&package.context, &mut random).unwrap();
    let faults = faults(&mut random);
    live(Scenario { plan: &compiled.plan, workflow: "main", input, context, random, faults })
}

#[test]
fn whatever_happens_a_run_ends_where_it_may() {
    if let Some(seed) = only_seed() {
        let (text, compiled) = package(seed);
        let lived = lived(&compiled, seed);
        println!("{text}");
        lived.links.iter().for_each(|link| println!("{}", link.body));
        let problems = check::check(&compiled, &lived);
        assert!(problems.is_empty(), "{problems:#?}");
        return;
    }
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut failed, mut entries, mut cuts) = (Vec::new(), 0, 0);
    let mut shared: Option<Compiled> = None;
    for seed in 0..cases(200) {
        if seed % SHARE == 0 {
            shared = None;
        }
        let compiled = shared.get_or_insert_with(|| package(seed).1);
        let lived = lived(compiled, seed);
        let problems = check::check(compiled, &lived);
        if !problems.is_empty() {
            failed.push(format!("seed {seed}: {}", problems.join("; ")));
        }
        *ends.entry(lived.state.status.as_str()).or_default() += 1;
        entries += lived.links.len();
        cuts += lived.cuts;
    }
    println!("runs: {ends:?}, {entries} entries, {cuts} power cuts");
    let alone = "to see one alone: GOV_SEED=… cargo test -p gov-tests --test runs whatever_happens -- --nocapture";
    assert!(failed.is_empty(), "{} seeds failed; {alone}\n{}", failed.len(), failed[..failed.len().min(20)].join("\n"));
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    for seed in [3, 11, 42] {
        let (_, compiled) = package(seed);
        let bodies = || lived(&compiled, seed).links.into_iter().map(|link| link.body).collect::<Vec<_>>();
        assert_eq!(bodies(), bodies(), "seed {seed}");
    }
}
