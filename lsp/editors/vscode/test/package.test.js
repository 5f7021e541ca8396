"use strict";

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { promisify } = require("node:util");
const yauzl = require("yauzl");
const manifest = require("../package.json");

const root = fs.mkdtempSync(path.join(os.tmpdir(), "gov-vsix-"));
after(() => fs.rmSync(root, { recursive: true }));

/** The files of the package, under `extension/`. */
const files = new Map();

before(async () => {
  const file = path.join(root, "gov.vsix");
  execFileSync(path.join(__dirname, "../../../../scripts/vsix"), [file], { stdio: ["ignore", "ignore", "inherit"] });
  const archive = await promisify(yauzl.open)(file, { lazyEntries: true });
  const openReadStream = promisify(archive.openReadStream.bind(archive));
  await new Promise((resolve, reject) => {
    archive.on("entry", async (entry) => {
      const chunks = [];
      for await (const chunk of await openReadStream(entry)) {
        chunks.push(chunk);
      }
      files.set(entry.fileName, Buffer.concat(chunks));
      archive.readEntry();
    });
    archive.on("end", resolve);
    archive.on("error", reject);
    archive.readEntry();
  });
});

test("the package holds what the manifest names, and nothing that it does not need", () => {
  assert.deepEqual([...files.keys()].sort(), [
    "[Content_Types].xml",
    "extension.vsixmanifest",
    "extension/LICENSE.txt",
    "extension/README.md",
    "extension/dist/extension.js",
    "extension/language-configuration.json",
    "extension/package.json",
    "extension/snippets/gov.json",
    "extension/syntaxes/gov.tmLanguage.json",
  ]);
  const { contributes, main } = manifest;
  const named = [
    main,
    ...contributes.languages.map((it) => it.configuration),
    ...contributes.grammars.map((it) => it.path),
    ...contributes.snippets.map((it) => it.path),
  ];
  for (const file of named) {
    assert.ok(files.has(path.posix.join("extension", file)), `${file} is missing`);
  }
  const packed = JSON.parse(files.get("extension/package.json"));
  assert.deepEqual(packed.contributes, contributes);
});

test("what is bundled asks for nothing but VS Code and Node.js, and is the extension", () => {
  const file = path.join(root, "extension.js");
  fs.writeFileSync(file, files.get("extension/dist/extension.js"));
  const asked = new Set();
  const original = Module._load;
  // Whatever is asked of VS Code while the bundle is loaded can be called, extended and looked into.
  const anything = new Proxy(class {}, { get: (target, name) => (name in target ? target[name] : anything) });
  Module._load = (request, ...rest) => {
    asked.add(request);
    return request === "vscode" ? anything : original(request, ...rest);
  };
  let extension;
  try {
    extension = require(file);
  } finally {
    Module._load = original;
  }
  assert.deepEqual(Object.keys(extension).sort(), ["activate", "deactivate"]);
  const foreign = [...asked].filter((it) => it !== "vscode" && it !== file && !Module.isBuiltin(it));
  assert.deepEqual(foreign, []);
});
