//! `calendar` against Radicale, a CalDAV server.

use crate::program::{Program, free_port, wait_for};
use crate::shop::Shop;
use serde_json::json;
use std::path::{Path, PathBuf};

const PACKAGE: &str = r#"package shop

use std.calendar

policy desk {
    default deny
    escalate never because "it is a test"
    allow any to calendar.*
}

workflow book(title: String, start: Time, end: Time, fails: Bool) -> { event: String } {
    principal agent:support
    policy    desk
    step booked = calendar.create_event {
        calendar: "team", title: title, start: start, end: end, location: "Room 1; left, \"A\""
    }
    check not fails else "it is meant to fail"
    return { event: booked.event }
}

workflow drop(event: String) {
    principal agent:support
    policy    desk
    step dropped = calendar.delete_event { calendar: "team", event: event } retry 1 times
}
"#;

struct Dav {
    _server: Program,
    folder: tempfile::TempDir,
    shop: Shop,
}

fn dav() -> Dav {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let collection = folder.path().join("collection-root/desk/team");
    std::fs::create_dir_all(&collection).unwrap();
    std::fs::write(collection.join(".Radicale.props"), "{\"tag\": \"VCALENDAR\"}").unwrap();
    std::fs::write(folder.path().join("users"), "desk:dav-pass-word\n").unwrap();
    let (hosts, storage) = (format!("127.0.0.1:{port}"), folder.path().display().to_string());
    let users = folder.path().join("users").display().to_string();
    let server = Program::start(&[
        "-m",
        "radicale",
        "--config",
        "",
        "--server-hosts",
        &hosts,
        "--storage-filesystem-folder",
        &storage,
        "--auth-type",
        "htpasswd",
        "--auth-htpasswd-filename",
        &users,
        "--auth-htpasswd-encryption",
        "plain",
    ]);
    wait_for(port);
    let config = format!(
        "[hosts]\nallow = [\"127.0.0.1\"]\nprivate = [\"127.0.0.1\"]\n[handlers.calendar.team]\n\
         url = \"http://{hosts}/desk/team/\"\nuser = \"desk\"\nsecret = \"DAV\"\n[secrets]\nDAV = {{ env = \"DAV\" }}\n"
    );
    Dav { _server: server, folder, shop: Shop::new(PACKAGE, &config).with("DAV", "dav-pass-word") }
}

impl Dav {
    /// The files of the events.
    fn events(&self) -> Vec<PathBuf> {
        let collection = self.folder.path().join("collection-root/desk/team");
        let entries = std::fs::read_dir(collection).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "ics")).collect()
    }

    fn book(&self, end: &str, fails: bool) -> crate::shop::Run {
        let input = json!({ "title": "Tea", "start": "2026-01-31T09:00:00+01:00", "end": end, "fails": fails });
        self.shop.run("book", &input)
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn an_event_is_made_and_undone() {
    let dav = dav();
    let run = dav.book("2026-01-31T10:00:00+01:00", false);
    assert_eq!(run.state(), "completed", "{run:?}");
    let events = dav.events();
    assert_eq!(events.len(), 1);
    let text = read(&events[0]);
    for line in
        ["SUMMARY:Tea", "DTSTART:20260131T080000Z", "DTEND:20260131T090000Z", "LOCATION:Room 1\\; left\\, \"A\""]
    {
        assert!(text.contains(line), "{text}");
    }
    let undone = dav.book("2026-01-31T10:00:00+01:00", true);
    assert_eq!((undone.state(), dav.events().len()), ("compensated", 1), "{undone:?}");

    let event = run.output()["event"].as_str().unwrap();
    assert_eq!(dav.shop.run("drop", &json!({ "event": event })).state(), "completed");
    assert_eq!(dav.events().len(), 0);
    // It is not there any more, which is what was wanted.
    assert_eq!(dav.shop.run("drop", &json!({ "event": event })).state(), "completed");
}

#[test]
fn what_is_wrong_is_said() {
    let dav = dav();
    dav.book("2026-01-31T09:00:00+01:00", false).failed_saying("self > start");
    for event in ["../other", "a/b", "", ".x", "a b"] {
        dav.shop.run("drop", &json!({ "event": event })).failed_saying("is no event");
    }
    let config = dav.shop.folder.read("gov.toml").unwrap();
    dav.shop.folder.write("gov.toml", config.replace("user = \"desk\"", "user = \"eve\"")).unwrap();
    dav.book("2026-01-31T10:00:00+01:00", false).failed_saying("answered 40");
    dav.shop.folder.write("gov.toml", config.replace("calendar.team", "calendar.other")).unwrap();
    dav.book("2026-01-31T10:00:00+01:00", false).failed_saying("has no calendar `team`");
    assert_eq!(dav.events().len(), 0);
}
