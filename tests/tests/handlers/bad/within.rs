//! Handlers of what is on this machine.

use super::Bad::{Refused, Secret, Shape, Size, Text, Time};
use super::Kind::{Permanent, Transient};
use super::{Case, Family, cases, hold, variable};
use gov_tests::Sandbox;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

const KEY_FILE: &str = "[secrets]\nKEY = { file = \"key\" }\n";

pub fn families() -> Vec<Family> {
    vec![files(), archive(), info(), json(), regex(), template(), kv(), sqlite()]
}

fn files() -> Family {
    let cases = cases([
        (Shape, Permanent, "io.fs.write_bytes { path: \"b\", base64: \"?\" }", "is not Base64"),
        (Shape, Permanent, "io.fs.read_file { path: \"pipe\" }", "it is no file"),
        (Secret, Permanent, "io.fs.read_file { path: \"key\" }", "holds a secret"),
        (Refused, Permanent, "io.fs.read_file { path: \"../else\" }", "not below a folder that this deployment allows"),
        (Refused, Permanent, "io.fs.read_file { path: \"out\" }", "cannot read `out`"),
        (Size, Permanent, "io.fs.read_file { path: \"huge\" }", "larger than 67108864 bytes"),
        (Time, Transient, "io.fs.hash_file { path: \"huge\" } timeout 1s", "not done in time"),
        (Time, Transient, "io.fs.delete { path: \"huge\" } timeout 1s", "not done in time"),
        (Text, Permanent, "io.fs.read_file { path: \"binary\" }", "is not UTF-8 text"),
        (Text, Permanent, "io.fs.list_dir { path: \"odd\" }", "not UTF-8"),
        (Text, Permanent, "io.fs.delete { path: \"odd\" }", "not UTF-8"),
    ]);
    Family { name: "io.fs", package: "", config: KEY_FILE, cases }
}

fn archive() -> Family {
    let cases = cases([
        (Shape, Permanent, "sys.archive.zip { paths: [\"out\"], to: \"z\" }", "neither a file nor a folder"),
        (Secret, Permanent, "sys.archive.zip { paths: [\"key\"], to: \"z\" }", "holds a secret"),
        (Refused, Permanent, "sys.archive.zip { paths: [\"binary\"], to: \"../z\" }", "not below a folder"),
        (Time, Transient, "sys.archive.zip { paths: [\"huge\"], to: \"z\" } timeout 1s", "not done in time"),
        (Text, Permanent, "sys.archive.zip { paths: [\"odd\"], to: \"z\" }", "not UTF-8"),
    ]);
    Family { name: "sys.archive", package: "use std.sys.archive", config: KEY_FILE, cases }
}

fn info() -> Family {
    let config = "[handlers.environment]\nallow = [\"GOV_TEST_*\"]\n[secrets]\nKEY = { env = \"GOV_TEST_KEY\" }\n";
    let cases = cases([
        (Shape, Permanent, "sys.info.get_env_var { name: \"GOV_TEST_A=B\" }", "does not let runs read"),
        (Secret, Permanent, "sys.info.get_env_var { name: \"GOV_TEST_KEY\" }", "holds the secret `KEY`"),
        (Refused, Permanent, "sys.info.get_env_var { name: \"HOME\" }", "does not let runs read"),
        (Text, Permanent, "sys.info.get_env_var { name: \"GOV_TEST_RAW\" }", "is not UTF-8"),
    ]);
    Family { name: "sys.info", package: "use std.sys.info", config, cases }
}

fn json() -> Family {
    let huge = "data.json.transform { value: 1, filter: \"range(10000000) | 1000000000\" }";
    let cases = cases([
        (Shape, Permanent, "data.json.parse { text: \"[1\" }", "is no JSON"),
        (Shape, Permanent, "data.json.transform { value: 1, filter: \"nothing\" }", "there is no filter `nothing`"),
        (Shape, Permanent, "data.json.transform { value: 1, filter: \"nan\" }", "what is no JSON"),
        (Time, Permanent, "data.json.transform { value: 1, filter: \"def f: f; f\" } timeout 2s", "the filter "),
        (Size, Permanent, huge, "the filter "),
        (Text, Permanent, "data.json.transform { value: \"a\", filter: \"tobytes\" }", "no JSON"),
    ]);
    Family { name: "data.json", package: "use std.data.json", config: "", cases }
}

fn regex() -> Family {
    let mut cases = cases([
        (Shape, Permanent, "text.regex.match { pattern: \"(a\", text: \"a\" }", "is no pattern"),
        (Size, Permanent, "text.regex.match { pattern: \"(a\\{1000})\\{1000}\", text: \"a\" }", "takes more than"),
    ]);
    // Its size times that of the text, without a look at the clock.
    let slow = "text.regex.match { pattern: \"[ab]*b[ab]\\{9000}c\", text: ab.content } timeout 2s";
    let slow = Case::new(Time, Permanent, slow, "the pattern is not done within 2s");
    cases.push(slow.after("    step ab = io.fs.read_file { path: \"ab\" }\n"));
    Family { name: "text.regex", package: "use std.text.regex", config: "", cases }
}

fn template() -> Family {
    let long = "text.template.render { template: \"\\{% for a in range(9999) %}\\{% for b in range(9999) %}x\\{% endfor %}\\{% endfor %}\" }";
    let cases = cases([
        (Shape, Permanent, "text.template.render { template: \"\\{\\{ \" }", "cannot be filled in"),
        (Shape, Permanent, "text.template.render { template: \"\", data: [] }", "is no object"),
        (Size, Permanent, "text.template.render { template: \"\\{\\{ 'x' * 1000000000 }}\" }", "more time or memory"),
        (Time, Permanent, long, "more time or memory"),
    ]);
    Family { name: "text.template", package: "use std.text.template", config: "", cases }
}

fn kv() -> Family {
    let cases = cases([
        (Shape, Permanent, "kv.put { key: \"\", value: \"\" }", "cannot be empty"),
        (Shape, Permanent, "kv.put { key: \"k\", value: \"\", if_version: 7 }", "not of version 7"),
        (Size, Permanent, "kv.get { key: \"<long>\" }", "longer than 1024 bytes"),
    ]);
    Family { name: "kv", package: "use std.kv", config: "", cases }
}

/// What is there of `kv` while its database is held.
pub fn held_values() -> Family {
    let cases = cases([(Time, Transient, "kv.get { key: \"k\" } timeout 20s", "locked")]);
    Family { name: "kv", package: "use std.kv", config: "", cases }
}

fn sqlite() -> Family {
    let endless = "db.sqlite.query { database: \"shop.db\", sql: \"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) AS a FROM c\" } timeout 300ms";
    let cases = cases([
        (Shape, Permanent, "db.sqlite.query { database: \"shop.db\", sql: \"SELEC 1\" }", "syntax error"),
        (Shape, Permanent, "db.sqlite.query { database: \"shop.db\", sql: \"SELECT ?\" }", "has 1 parameters"),
        (Shape, Permanent, "db.sqlite.query { database: \"pipe\", sql: \"SELECT 1\" }", "no database"),
        (Secret, Permanent, "db.sqlite.query { database: \"key\", sql: \"SELECT 1\" }", "holds a secret"),
        (Refused, Permanent, "db.sqlite.query { database: \"../shop.db\", sql: \"SELECT 1\" }", "not below a folder"),
        (Refused, Permanent, "db.sqlite.query { database: \"shop.db\", sql: \"ATTACH 'x' AS x\" }", "not authorized"),
        (
            Size,
            Permanent,
            "db.sqlite.query { database: \"shop.db\", sql: \"SELECT zeroblob(900000000) AS a\" }",
            "ask for less",
        ),
        (Time, Transient, endless, "not done in time"),
        (
            Text,
            Permanent,
            "db.sqlite.query { database: \"shop.db\", sql: \"SELECT CAST(x'ff' AS TEXT) AS a\" }",
            "is not UTF-8",
        ),
    ]);
    Family { name: "db.sqlite", package: "use std.db.sqlite", config: KEY_FILE, cases }
}

/// A folder with all kinds of files.
fn folder() -> Sandbox {
    let folder = Sandbox::new().unwrap();
    folder.write("key", "k_0123456789").unwrap();
    folder.write("ab", "ab".repeat(500_000)).unwrap();
    folder.write("shop.db", "").unwrap();
    std::fs::write(folder.path("binary"), [0xff, 0xfe]).unwrap();
    File::create(folder.path("huge")).unwrap().set_len(16 << 30).unwrap();
    std::fs::create_dir(folder.path("odd")).unwrap();
    std::fs::write(folder.path("odd").join(std::ffi::OsString::from_vec(vec![0xff])), "").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path("out")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap().success());
    folder
}

#[test]
fn what_is_bad_on_this_machine_is_told_and_undone() {
    let folder = folder();
    let variables = [variable("GOV_TEST_KEY", "k_0123456789"), variable("GOV_TEST_RAW", OsStr::from_bytes(b"\xff"))];
    for family in families() {
        hold(&family, &folder, &[("<long>", "k".repeat(1_025))], &variables);
    }
    assert!(folder.path("huge").exists() && !folder.path("z").exists());
}

/// While another process holds the values, they are waited for, and no longer than the call may take.
#[test]
fn values_that_another_process_holds_are_a_matter_of_time() {
    let folder = Sandbox::new().unwrap();
    let held = rusqlite::Connection::open(folder.path("gov.db-kv")).unwrap();
    held.execute_batch("BEGIN EXCLUSIVE").unwrap();
    hold(&held_values(), &folder, &[], &[]);
}
