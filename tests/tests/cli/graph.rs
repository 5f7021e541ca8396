//! `gov graph`: what it draws, and what it says where there is nothing to draw.

use gov_tests::Sandbox;

const SHOP: &str = "package shop\n\
    capability crm.read: read { input { order: String } }\n\
    policy desk { default deny allow agent:a to crm.* }\n\
    workflow look(order: String) { principal agent:a policy desk step found = crm.read { order: order } }\n";

#[test]
fn every_picture_comes_in_every_form() {
    let sandbox = Sandbox::with([("shop.gov", SHOP)]).unwrap();
    let starts = [("svg", "<svg "), ("mermaid", "---\ntitle: "), ("dot", "digraph ")];
    for words in [&["look"][..], &["look", "shop.gov"], &["--policy", "shop.gov"], &["--policy=desk"], &["--map"], &[]]
    {
        for (form, start) in starts {
            let ran = sandbox.gov([&["graph"], words, &["--format", form]].concat()).unwrap();
            assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.stderr);
            assert!(ran.stdout.starts_with(start), "{words:?}: {}", ran.stdout);
        }
    }
}

#[test]
fn what_cannot_be_drawn_says_why() {
    let two = format!("{SHOP}policy other {{ default deny }}\n{}", SHOP.lines().last().unwrap().replace("look", "see"));
    let sandbox = Sandbox::with([("shop.gov", two.as_str())]).unwrap();
    for (words, says) in [
        (&["lok"][..], "did you mean `look`?"),
        (&[], "the plan has `look`, `see`"),
        (&["--policy"], "the plan has `desk`, `other`"),
        (&["--policy=dsk"], "did you mean `desk`?"),
        (&["--map", "a", "b"], "only a plan or a package is named"),
        (&["look", "missing.yaml"], "cannot read `missing.yaml`"),
    ] {
        let ran = sandbox.gov([&["graph"], words].concat()).unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(ran.stderr.contains(says), "{words:?}: {}", ran.stderr);
    }
}
