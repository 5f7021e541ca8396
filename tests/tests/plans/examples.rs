//! The committed plans of the examples.

use std::path::{Path, PathBuf};
use std::process::Command;

use gov_plan::document;
use gov_tests::gov;
use serde_json::Value;

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    assert!(!found.is_empty());
    found
}

/// `gov compile examples/NAME -o examples/NAME/plan.yaml` makes one anew.
#[test]
fn the_committed_plan_of_every_example_is_that_of_its_source() {
    let mut compared = 0;
    for example in examples() {
        let file = example.join("plan.yaml");
        let compiled = Command::new(gov().unwrap()).arg("compile").arg(&example).output().unwrap();
        // What is there to show how a check fails has no plan.
        if compiled.status.code() == Some(1) {
            assert!(!file.exists(), "{} has findings and a plan", example.display());
            continue;
        }
        let checked =
            Command::new(gov().unwrap()).arg("compile").arg(&example).arg("--check").arg(&file).output().unwrap();
        let shown = String::from_utf8_lossy(&checked.stdout);
        let why = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(checked.status.code(), Some(0), "{}\n{why}{shown}", example.display());
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn the_plan_of_every_example_fits_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/schema/plan.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for example in examples() {
        let Ok(text) = std::fs::read_to_string(example.join("plan.yaml")) else { continue };
        let plan = document::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", example.display()));
        let json: Value = serde_json::from_str(&document::to_json(&plan).unwrap()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", example.display());
    }
}
