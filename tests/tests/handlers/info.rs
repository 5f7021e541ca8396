//! `sys.info`: which variables of the environment the deployment lets runs read.

use crate::shop::{Run, Shop};
use serde_json::json;

const PACKAGE: &str = r#"package shop

use std.sys.info

policy desk {
    default deny
    allow any to sys.info.*
}

workflow read(name: String) -> { value: String? } {
    principal agent:support
    policy    desk
    step found = sys.info.get_env_var { name: name } retry 3 times on transient
    return { value: found.value }
}
"#;

fn shop() -> Shop {
    Shop::new(PACKAGE, "").with("GOV_TEST_ONE", "1").with("GOV_TEST_TWO", "zwei").with("GOV_OTHER", "3")
}

fn read(shop: &Shop, config: &str, name: &str) -> Run {
    shop.folder.write("gov.toml", config).unwrap();
    shop.run("read", &json!({ "name": name }))
}

#[test]
fn the_variables_that_the_place_names_can_be_read() {
    let shop = shop();
    let config = "[handlers.environment]\nallow = [\"GOV_OTHER\", \"GOV_TEST_*\"]\n";
    for (name, value) in [("GOV_TEST_ONE", "1"), ("GOV_TEST_TWO", "zwei"), ("GOV_OTHER", "3")] {
        assert_eq!(*read(&shop, config, name).output(), json!({ "value": value }));
    }
    assert_eq!(*read(&shop, config, "GOV_TEST_NONE").output(), json!({}));
    assert_eq!(
        *read(&shop, "[handlers.environment]\nallow = [\"*\"]\n", "GOV_OTHER").output(),
        json!({ "value": "3" })
    );
}

#[test]
fn no_other_variable_can_be_read() {
    let shop = shop();
    for config in ["", "[handlers.environment]\n", "[handlers.environment]\nallow = [\"GOV_OTHER\", \"GOV_TESTS_*\"]\n"]
    {
        for name in ["GOV_TEST_ONE", "HOME", "", "GOV_OTHER=3", "GOV_OTHER "] {
            let run = read(&shop, config, name);
            run.failed_saying("does not let runs read the variable");
            assert_eq!(run.attempts(), 1, "{run:?}");
        }
    }
}

#[test]
fn a_variable_that_is_no_text_is_a_failure() {
    use std::os::unix::ffi::OsStrExt;
    let shop = Shop::new(PACKAGE, "[handlers.environment]\nallow = [\"GOV_TEST_*\"]\n");
    let mut command = shop.folder.command(".").unwrap();
    command.args(["run", "plan.yaml", "read", "--input", "{\"name\":\"GOV_TEST_RAW\"}"]);
    command.env("GOV_TEST_RAW", std::ffi::OsStr::from_bytes(b"\xff"));
    let ran = gov_tests::Ran::from(command.output().unwrap());
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stdout.contains("is not UTF-8") || ran.stderr.contains("is not UTF-8"), "{ran:?}");
}

#[test]
fn what_the_sections_cannot_say_is_an_error() {
    let shop = Shop::new(PACKAGE, "");
    let said = |config: &str| {
        shop.folder.write("gov.toml", config).unwrap();
        let ran = shop.gov(["run", "plan.yaml", "read", "--input", "{\"name\":\"HOME\"}"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        ran.stderr
    };
    let wrong = "[handlers.environment]\nallow = [\"A*B\", \"C\"]\nalow = []\n\
                 [handlers.postgres.one]\nurl = \"postgres://localhost\"\n\
                 [handlers.postgres.two]\nsecret = 5\n\
                 [handlers.postgres]\nthree = \"SECRET\"\n";
    insta::assert_snapshot!(said(wrong));
    insta::assert_snapshot!(said("[handlers]\npostgres = \"SECRET\"\nenvironment = [\"HOME\"]\n"));
    for allow in ["\"HOME\"", "[1]", "[\"\"]", "[\"A=B\"]", "true", "[\"A**\"]"] {
        assert!(
            said(&format!("[handlers.environment]\nallow = {allow}\n")).contains("must be a list of names"),
            "{allow}"
        );
    }
}
