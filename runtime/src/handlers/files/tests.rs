//! What is undone is as it was, whatever was done and wherever it broke off.

use super::kept::Kept;
use super::roots::Roots;
use super::{Files, OPERATIONS};
use crate::gate::{Call, Error};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A root with files in it, and what the handlers keep.
struct Desk {
    folder: tempfile::TempDir,
    files: Files,
}

/// What stands at each path: kind, mode, time of change, content.
type Snapshot = BTreeMap<PathBuf, (String, u32, (i64, i64), Vec<u8>)>;

impl Desk {
    /// `a` and `d/f` are files, `d` and `d/e` folders, `l` a link to a file, `d/x` one that leads out of the root.
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("d/e")).unwrap();
        fs::write(root.join("a"), "first").unwrap();
        fs::write(root.join("d/f"), "second").unwrap();
        fs::write(folder.path().join("outside"), "secret").unwrap();
        symlink("a", root.join("l")).unwrap();
        symlink("../../outside", root.join("d/x")).unwrap();
        fs::set_permissions(root.join("a"), PermissionsExt::from_mode(0o640)).unwrap();
        fs::set_permissions(root.join("d/e"), PermissionsExt::from_mode(0o750)).unwrap();
        for (path, seconds) in [("a", 1), ("d/f", 1_000_000), ("d/e", 77), ("d", 78), (".", 79)] {
            let time = std::time::UNIX_EPOCH + std::time::Duration::new(seconds, 123_456_789);
            fs::File::open(root.join(path)).unwrap().set_modified(time).unwrap();
        }
        let keep = folder.path().join("keep");
        let files = Files { roots: Roots::open(&[root], std::slice::from_ref(&keep)).unwrap(), kept: Kept::at(&keep) };
        Desk { folder, files }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn call(&self, key: &str, capability: &str, input: Json) -> Result<Json, Error> {
        let (_, operation) = OPERATIONS.iter().find(|(id, _)| *id == capability).unwrap();
        operation(&self.files, &Call::sample(capability, key, input))
    }

    fn undo(&self, saved: &Json) {
        self.call("undo", "io.fs.restore", json!({ "saved": saved })).unwrap();
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::new();
        look(&self.root(), Path::new(""), &mut snapshot);
        snapshot
    }
}

fn look(root: &Path, path: &Path, snapshot: &mut Snapshot) {
    let full = root.join(path);
    let found = fs::symlink_metadata(&full).unwrap();
    let time = (found.mtime(), found.mtime_nsec());
    let (kind, content) = match found.file_type() {
        kind if kind.is_symlink() => ("link", fs::read_link(&full).unwrap().into_os_string().into_encoded_bytes()),
        kind if kind.is_dir() => ("folder", Vec::new()),
        _ => ("file", fs::read(&full).unwrap()),
    };
    snapshot.insert(path.to_owned(), (kind.to_owned(), found.mode() & 0o7777, time, content));
    if found.is_dir() {
        for entry in fs::read_dir(&full).unwrap() {
            look(root, &path.join(entry.unwrap().file_name()), snapshot);
        }
    }
}

/// A snapshot without times, which a call that is made again changes.
fn without_times(snapshot: Snapshot) -> BTreeMap<PathBuf, (String, u32, Vec<u8>)> {
    snapshot.into_iter().map(|(path, (kind, mode, _, content))| (path, (kind, mode, content))).collect()
}

/// Calls, by capability and input.
fn calls() -> impl Strategy<Value = (&'static str, Json)> {
    let path = || prop::sample::select(vec!["a", "b", "d", "d/e", "d/f", "d/g", "d/e/h", "n/o/p", "l", "d/x", "b/c"]);
    prop_oneof![
        (path(), "[a-z]{0,9}").prop_map(|(path, text)| ("io.fs.write_file", json!({ "path": path, "content": text }))),
        path().prop_map(|path| ("io.fs.write_bytes", json!({ "path": path, "base64": "/wAB" }))),
        path().prop_map(|path| ("io.fs.make_dir", json!({ "path": path }))),
        path().prop_map(|path| ("io.fs.delete", json!({ "path": path }))),
        (path(), path()).prop_map(|(from, to)| ("io.fs.move", json!({ "from": from, "to": to }))),
        (path(), path()).prop_map(|(from, to)| ("io.fs.copy", json!({ "from": from, "to": to }))),
        (path(), path()).prop_map(|(path, to)| ("sys.archive.zip", json!({ "paths": [path], "to": to }))),
    ]
}

/// As many cases as `PROPTEST_CASES` says; fewer than usual by themselves, since each waits for a disk.
fn cases() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(48),
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn undone_in_reverse_everything_is_as_it_was(calls in prop::collection::vec(calls(), 1..9)) {
        let desk = Desk::new();
        let before = desk.snapshot();
        let mut saved = Vec::new();
        for (at, (capability, input)) in calls.iter().enumerate() {
            let unchanged = desk.snapshot();
            match desk.call(&at.to_string(), capability, input.clone()) {
                Ok(output) => saved.push(output["saved"].clone()),
                Err(error) => {
                    prop_assert!(matches!(error, Error::Permanent(_)), "{error:?}");
                    prop_assert_eq!(desk.snapshot(), unchanged, "{} failed, and did something", capability);
                }
            }
        }
        for saved in saved.iter().rev() {
            desk.undo(saved);
        }
        prop_assert_eq!(desk.snapshot(), before);
        prop_assert_eq!(fs::read_to_string(desk.folder.path().join("outside")).unwrap(), "secret");
    }

    /// A crash between what is kept and what is done, after what is done, or in the middle of an undo: a call that is made
    /// again comes to the same, and an undo leads back.
    #[test]
    fn it_may_break_off_anywhere((capability, input) in calls(), first in calls()) {
        let desk = Desk::new();
        let _ = desk.call("first", first.0, first.1);
        let before = desk.snapshot();
        let again = || desk.call("key", capability, input.clone());
        let Ok(output) = again() else { return Ok(()) };
        let after = desk.snapshot();
        // After what is done: the answer is lost.
        prop_assert_eq!(again().unwrap(), output.clone());
        prop_assert_eq!(without_times(desk.snapshot()), without_times(after.clone()));
        desk.undo(&output["saved"]);
        prop_assert_eq!(desk.snapshot(), before.clone());
        // Before what is done: something is kept, and everything is as it was. An undo is made again, or the call.
        desk.undo(&output["saved"]);
        prop_assert_eq!(desk.snapshot(), before.clone());
        prop_assert_eq!(again().unwrap(), output.clone());
        prop_assert_eq!(without_times(desk.snapshot()), without_times(after.clone()));
        // In the middle of it: a file that is not whole lies about, and half a folder is gone.
        let token = output["saved"].as_str().unwrap();
        let makes_files = !matches!(capability, "io.fs.make_dir" | "io.fs.move");
        for key in ["path", "to"].into_iter().filter(|_| makes_files) {
            let Some(path) = input.get(key).and_then(Json::as_str) else { continue };
            let path = desk.root().join(path);
            if path.parent().is_some_and(Path::is_dir) {
                fs::write(path.with_file_name(format!(".gov-{token}-rest")), "half").unwrap();
            }
        }
        if capability == "io.fs.delete" {
            desk.undo(&output["saved"]);
            let path = desk.root().join(input["path"].as_str().unwrap());
            let _ = fs::remove_file(path.join("f"));
            if path.is_dir() {
                fs::write(path.join(format!(".gov-{token}-rest")), "half").unwrap();
            }
        }
        desk.undo(&output["saved"]);
        prop_assert_eq!(desk.snapshot(), before);
    }

    /// No path leads out of the root, whatever it is made of.
    #[test]
    fn no_path_leads_out(parts in prop::collection::vec(prop::sample::select(
        vec!["..", ".", "d", "a", "x", "l", "/", "outside", "root", "e", "keep", "\u{0}"]), 1..7)) {
        let desk = Desk::new();
        let path = parts.join("/");
        for (capability, input) in [
            ("io.fs.read_file", json!({ "path": path })),
            ("io.fs.write_file", json!({ "path": path, "content": "changed" })),
            ("io.fs.copy", json!({ "from": path, "to": "stolen" })),
            ("io.fs.move", json!({ "from": path, "to": "moved" })),
            ("io.fs.delete", json!({ "path": path })),
        ] {
            if let Ok(output) = desk.call(capability, capability, input) {
                prop_assert_ne!(&output["content"], "secret", "{}", path);
            }
        }
        prop_assert_eq!(fs::read_to_string(desk.folder.path().join("outside")).unwrap(), "secret");
        prop_assert_ne!(fs::read_to_string(desk.root().join("stolen")).unwrap_or_default(), "secret");
    }
}

#[test]
fn what_cannot_be_done_is_permanent_and_says_why() {
    let desk = Desk::new();
    fs::write(desk.root().join("binary"), [0xff, 0xfe]).unwrap();
    use std::os::unix::ffi::OsStringExt;
    fs::create_dir(desk.root().join("odd")).unwrap();
    fs::write(desk.root().join("odd").join(std::ffi::OsString::from_vec(vec![0xff])), "").unwrap();
    fs::File::create(desk.root().join("large")).unwrap().set_len((64 << 20) + 1).unwrap();
    let made = std::process::Command::new("mkfifo").arg(desk.root().join("pipe")).status().unwrap();
    assert!(made.success());
    for (capability, input, why) in [
        ("io.fs.read_file", json!({ "path": "binary" }), "is not UTF-8 text"),
        ("io.fs.read_file", json!({ "path": "none" }), "no such file"),
        ("io.fs.read_file", json!({ "path": "d" }), "is a directory"),
        ("io.fs.read_file", json!({ "path": "d/x" }), "cannot read `d/x`"),
        ("io.fs.read_file", json!({ "path": "" }), "has to name a file"),
        ("io.fs.read_file", json!({ "path": "a\0" }), "has to name a file"),
        ("io.fs.read_file", json!({ "path": "../outside" }), "not below a folder that this deployment allows"),
        ("io.fs.read_file", json!({ "path": 1 }), "has no text `path`"),
        ("io.fs.list_dir", json!({ "path": "odd" }), "not UTF-8"),
        ("io.fs.delete", json!({ "path": "odd" }), "not UTF-8"),
        ("io.fs.delete", json!({ "path": "." }), "stays"),
        ("io.fs.delete", json!({ "path": "none" }), "is not there"),
        ("io.fs.write_file", json!({ "path": "d", "content": "" }), "and no file"),
        ("io.fs.write_bytes", json!({ "path": "b", "base64": "?" }), "is not Base64"),
        ("io.fs.move", json!({ "from": "a", "to": "d/f" }), "is there already"),
        ("io.fs.copy", json!({ "from": "d", "to": "b" }), "is no file"),
        ("io.fs.restore", json!({ "saved": "../../etc" }), "is no token"),
        ("io.fs.restore", json!({ "saved": "00" }), "nothing is kept"),
        ("sys.archive.zip", json!({ "paths": ["odd"], "to": "z" }), "not UTF-8"),
        ("sys.archive.zip", json!({ "paths": ["l"], "to": "z" }), "neither a file nor a folder"),
        ("sys.archive.zip", json!({ "paths": ["a"], "to": "d/f" }), "is there already"),
        ("sys.archive.zip", json!({ "paths": ["pipe"], "to": "z" }), "neither a file nor a folder"),
        // Nobody writes to it: it is not waited for.
        ("io.fs.read_file", json!({ "path": "pipe" }), "it is no file"),
        ("io.fs.hash_file", json!({ "path": "pipe" }), "it is no file"),
        ("io.fs.copy", json!({ "from": "pipe", "to": "b" }), "it is no file"),
        ("io.fs.write_file", json!({ "path": "pipe", "content": "" }), "neither a file nor a folder"),
        ("io.fs.delete", json!({ "path": "pipe" }), "neither a file nor a folder"),
        ("io.fs.read_file", json!({ "path": "large" }), "larger than 67108864 bytes"),
    ] {
        let error = desk.call("key", capability, input.clone()).unwrap_err();
        assert!(
            matches!(&error, Error::Permanent(message) if message.contains(why)),
            "{capability} {input}: {error:?}"
        );
    }
}

#[test]
fn what_is_late_is_given_up_before_anything_is_changed() {
    let desk = Desk::new();
    let before = desk.snapshot();
    for (key, capability, input) in [
        ("1", "io.fs.read_file", json!({ "path": "a" })),
        ("2", "io.fs.hash_file", json!({ "path": "a" })),
        ("3", "io.fs.list_dir", json!({ "path": "d" })),
        ("4", "io.fs.write_file", json!({ "path": "a", "content": "new" })),
        ("5", "io.fs.write_file", json!({ "path": "new", "content": "new" })),
        ("6", "io.fs.write_bytes", json!({ "path": "a", "base64": "/wAB" })),
        ("9", "io.fs.delete", json!({ "path": "d" })),
        ("7", "io.fs.copy", json!({ "from": "a", "to": "b" })),
        ("8", "sys.archive.zip", json!({ "paths": ["d/f"], "to": "z" })),
    ] {
        let (_, operation) = OPERATIONS.iter().find(|(id, _)| *id == capability).unwrap();
        let late = operation(&desk.files, &Call::sample(capability, key, input.clone()).within(0));
        let is_told = matches!(&late, Err(Error::Transient(why)) if why.contains("not done in time"));
        assert!(is_told, "{capability} {input}: {late:?}");
        assert_eq!(without_times(desk.snapshot()), without_times(before.clone()), "{capability} {input}");
        // With more time, the same call is made.
        let done = desk.call(key, capability, input).unwrap();
        if let Some(saved) = done.get("saved") {
            desk.undo(saved);
        }
    }
    assert_eq!(desk.snapshot(), before);
}

#[test]
fn more_than_is_kept_is_neither_listed_nor_deleted_nor_packed() {
    let desk = Desk::new();
    for name in 0..=super::MOST_ENTRIES {
        fs::create_dir(desk.root().join("d/e").join(name.to_string())).unwrap();
    }
    for (capability, input) in [
        ("io.fs.list_dir", json!({ "path": "d/e" })),
        ("io.fs.delete", json!({ "path": "d" })),
        ("sys.archive.zip", json!({ "paths": ["d/e"], "to": "z" })),
    ] {
        let (_, operation) = OPERATIONS.iter().find(|(id, _)| *id == capability).unwrap();
        let refused = operation(&desk.files, &Call::sample(capability, "key", input).within(600_000));
        let is_told = matches!(&refused, Err(Error::Permanent(why)) if why.contains("more than 1000 "));
        assert!(is_told, "{capability}: {refused:?}");
    }
    assert_eq!(fs::read_dir(desk.root().join("d/e")).unwrap().count(), super::MOST_ENTRIES + 1);
}

#[test]
fn the_journal_cannot_be_touched_where_it_lies_below_a_root() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for name in ["gov.db", "gov.db-wal", "gov.dbx", "own/gov.db"] {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), "journal").unwrap();
    }
    symlink("gov.db", root.join("link")).unwrap();
    symlink(".", root.join("here")).unwrap();
    let private = [root.join("gov.db"), root.join("own/gov.db"), root.join("keep")];
    let files = Files {
        roots: Roots::open(std::slice::from_ref(&root), &private).unwrap(),
        kept: Kept::at(&root.join("keep")),
    };
    let desk = Desk { folder, files };
    for path in ["gov.db", "gov.db-wal", "./own/../gov.db", "link", "here/gov.db", "here/here/gov.db-wal", "keep/x"] {
        let refused = desk.call("key", "io.fs.write_file", json!({ "path": path, "content": "" })).unwrap_err();
        assert!(matches!(&refused, Error::Permanent(why) if why.contains("is not for runs")), "{path}: {refused:?}");
    }
    for (capability, input) in
        [("io.fs.delete", json!({ "path": "own" })), ("io.fs.move", json!({ "from": "own", "to": "o" }))]
    {
        assert!(matches!(desk.call("key", capability, input), Err(Error::Permanent(why)) if why.contains("stays")));
    }
    assert!(desk.call("key", "io.fs.write_file", json!({ "path": "gov.dbx", "content": "" })).is_ok());
    fs::remove_file(root.join("link")).unwrap();
    fs::remove_file(root.join("here")).unwrap();
    let zipped = desk.call("zip", "sys.archive.zip", json!({ "paths": ["."], "to": "all.zip" })).unwrap();
    assert_eq!(zipped["files"], 1, "only `gov.dbx`");
}

#[test]
fn an_archive_has_what_was_put_in_and_comes_out_the_same() {
    let desk = Desk::new();
    fs::remove_file(desk.root().join("d/x")).unwrap();
    let input = |to: &str| json!({ "paths": ["d", "a"], "to": to });
    assert_eq!(desk.call("one", "sys.archive.zip", input("one.zip")).unwrap()["files"], 2);
    desk.call("two", "sys.archive.zip", input("two.zip")).unwrap();
    let bytes = fs::read(desk.root().join("one.zip")).unwrap();
    assert_eq!(bytes, fs::read(desk.root().join("two.zip")).unwrap());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["a", "d/", "d/e/", "d/f"]);
    assert_eq!(std::io::read_to_string(archive.by_name("d/f").unwrap()).unwrap(), "second");
    assert_eq!(archive.by_name("a").unwrap().unix_mode().unwrap() & 0o777, 0o640);
}
