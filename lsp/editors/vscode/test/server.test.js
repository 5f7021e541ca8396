"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, test } = require("node:test");
const { findServer, ServerNotFound } = require("../src/server");

const root = fs.mkdtempSync(path.join(os.tmpdir(), "gov-vscode-"));
after(() => fs.rmSync(root, { recursive: true }));

function program(...parts) {
  const file = path.join(root, ...parts);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, "#!/bin/sh\n", { mode: 0o755 });
  return file;
}

const first = program("first", "gov");
const second = program("second", "gov");
const cargo = program("home", ".cargo", "bin", "gov");
const folder = path.join(root, "workspace");
const inFolder = program("workspace", "tools", "gov");
const home = path.join(root, "home");
const machine = (PATH) => ({ env: { PATH }, home, workspaceFolder: folder, platform: "linux" });
const onPath = [path.dirname(first), path.dirname(second)].join(path.delimiter);

test("the first gov on the PATH is taken, and Cargo's where there is none", () => {
  assert.equal(findServer("", machine(onPath)), first);
  assert.equal(findServer("", machine(path.dirname(second))), second);
  assert.equal(findServer("", machine("")), cargo);
  assert.equal(findServer("", { ...machine(""), env: {} }), cargo);
});

test("what the settings name is taken, wherever it is", () => {
  assert.equal(findServer(second, machine(onPath)), second);
  assert.equal(findServer("~/.cargo/bin/gov", machine(onPath)), cargo);
  assert.equal(findServer("${workspaceFolder}/tools/gov", machine(onPath)), inFolder);
  assert.equal(findServer("tools/gov", machine(onPath)), inFolder);
});

test("on Windows the program has its suffix", () => {
  const windows = program("windows", "gov.exe");
  assert.equal(findServer("", { ...machine(path.dirname(windows)), platform: "win32" }), windows);
});

test("what is no program is refused, with the setting that names it", () => {
  const plain = path.join(root, "plain");
  fs.writeFileSync(plain, "", { mode: 0o644 });
  for (const named of [plain, folder, path.join(root, "nothing")]) {
    assert.throws(() => findServer(named, machine(onPath)), (error) => {
      return error instanceof ServerNotFound && error.message.includes(named) && error.message.includes("gov.server.path");
    });
  }
  // A folder of that name on the PATH is no program, either.
  fs.mkdirSync(path.join(root, "third", "gov"), { recursive: true });
  assert.equal(findServer("", machine(path.join(root, "third"))), cargo);
});

test("where there is none, the message says where it was looked for", () => {
  const nobody = { ...machine(""), home: path.join(root, "nobody") };
  assert.throws(() => findServer("", nobody), /neither on the PATH nor in .*nobody.*\.cargo.*gov\.server\.path/);
  const alone = { ...machine(""), workspaceFolder: undefined };
  assert.throws(() => findServer("${workspaceFolder}/gov", alone), /no folder is open/);
});
