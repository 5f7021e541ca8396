//! The mutations of `make mutants` still apply to the sources.

use std::fs;
use std::path::Path;

#[test]
fn every_mutation_applies() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table: toml::Table = fs::read_to_string(here.join("mutations.toml")).unwrap().parse().unwrap();
    let rows = table["mutation"].as_array().unwrap();
    assert!(rows.len() >= 30, "there are only {} mutations", rows.len());
    let page = fs::read_to_string(here.join("../docs/reference/mutations.md")).unwrap();
    for row in rows {
        let text = |key: &str| row[key].as_str().unwrap();
        let file = fs::read_to_string(here.join("..").join(text("file"))).unwrap();
        let found = file.matches(text("find")).count();
        assert_eq!(found, 1, "`{}` is to apply once to {}: mend tests/mutations.toml", text("name"), text("file"));
        assert!(
            page.contains(&format!("| {} |", text("name"))),
            "`{}` is not in the table: run make mutants",
            text("name")
        );
        let is_broken = match row.get("switch") {
            Some(switch) => row.get("replace").is_none() && switch.as_str().unwrap().contains("BROKEN"),
            None => text("find") != text("replace"),
        };
        assert!(is_broken, "`{}` changes nothing", text("name"));
    }
}
