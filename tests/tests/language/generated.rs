//! The package that is generated for measuring: what is measured has to be what users write.

use gov_compiler::package::{File, Input};
use gov_compiler::verify::Options;

#[test]
fn a_generated_package_has_no_finding_and_formats_to_itself() {
    let texts = gov_tests::package::files(20, 5000).unwrap();
    let lines: usize = texts.iter().map(|(_, text)| text.lines().count()).sum();
    assert_eq!((texts.len(), lines / 500), (20, 10), "{lines} lines");
    for (path, text) in &texts {
        assert_eq!(&gov_compiler::format::format(text).unwrap(), text, "{path}");
    }
    let files = texts.into_iter().map(|(path, text)| File { path, text: text.into() }).collect();
    let mut checked =
        gov_compiler::check(&Input { name: Some("generated".to_owned()), files, dependencies: Vec::new() });
    gov_compiler::prove(&mut checked, &Options { jobs: 2, ..Options::default() }).unwrap();
    let found: Vec<_> = checked.diagnostics.iter().map(|found| format!("{} {}", found.code, found.message)).collect();
    assert_eq!(found, [""; 0]);
}
