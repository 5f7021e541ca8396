// The client's side of a session with the real `gov lsp`, over the pipes and in the library that the extension uses.

"use strict";

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { once } = require("node:events");
const { after, test } = require("node:test");
const { pathToFileURL } = require("node:url");
const lsp = require("vscode-languageserver-protocol/node");
const { findServer } = require("../src/server");

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gov-session-"));
after(() => fs.rmSync(folder, { recursive: true }));

const lines = [
  "package demo",
  "/// Read a note.",
  "capability notes.read: read { input { id: String } output { text: String } handler none }",
  "policy desk { default deny",
  "allow agent:assistant to notes.raed }",
  "workflow show(id: String) -> { text: String } { principal agent:assistant policy desk",
  "step note = notes.read { id: id }",
  "return { text: note.text } }",
];
const text = lines.join("\n") + "\n";
const uri = pathToFileURL(path.join(folder, "main.gov")).href;
const textDocument = { uri };

/** Where a word stands for the nth time. */
function position(word, nth = 1) {
  let found = -1;
  for (let time = 0; time < nth; time++) {
    found = text.indexOf(word, found + 1);
  }
  const before = text.slice(0, found).split("\n");
  return { line: before.length - 1, character: before.at(-1).length };
}

function applied(edits) {
  const offset = ({ line, character }) => text.split("\n").slice(0, line).join("\n").length + (line > 0 ? 1 : 0) + character;
  const sorted = [...edits].sort((one, other) => offset(other.range.start) - offset(one.range.start));
  return sorted.reduce((so, { range, newText }) => so.slice(0, offset(range.start)) + newText + so.slice(offset(range.end)), text);
}

test("the server tells, shows, renames, formats, and ends when it is asked to", { timeout: 120_000 }, async () => {
  assert.ok(process.env.GOV, "the tests are run by `cargo test -p gov-tests --test editors`, which names the program in GOV");
  fs.writeFileSync(path.join(folder, "gov.toml"), '[package]\nname = "demo"\n');
  fs.writeFileSync(path.join(folder, "main.gov"), text);
  const server = spawn(findServer(process.env.GOV), ["lsp"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(server, "exit");
  const connection = lsp.createProtocolConnection(
    new lsp.StreamMessageReader(server.stdout),
    new lsp.StreamMessageWriter(server.stdin),
  );
  const traced = [];
  const published = [];
  let heard = () => {};
  connection.onNotification(lsp.PublishDiagnosticsNotification.type, (it) => {
    published.push(it);
    heard();
  });
  connection.onRequest(lsp.RegistrationRequest.type, () => {});
  connection.onRequest(lsp.WorkDoneProgressCreateRequest.type, () => {});
  connection.listen();
  await connection.trace(lsp.Trace.Verbose, { log: (message) => traced.push(message) });

  const { capabilities, serverInfo } = await connection.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "demo" }],
    capabilities: { workspace: { workspaceEdit: { documentChanges: true } }, textDocument: { publishDiagnostics: {} } },
  });
  assert.equal(serverInfo.name, "gov");
  for (const provider of ["hoverProvider", "renameProvider", "documentFormattingProvider"]) {
    assert.ok(capabilities[provider], `${provider} is not announced`);
  }
  await connection.sendNotification(lsp.InitializedNotification.type, {});
  await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "gov", version: 1, text },
  });

  const found = () => published.find((it) => it.uri === uri && it.diagnostics.length > 0);
  while (!found()) {
    await new Promise((resolve) => (heard = resolve));
  }
  const [diagnostic] = found().diagnostics;
  assert.equal(found().diagnostics.length, 1);
  assert.deepEqual(diagnostic.range.start, position("notes.raed"));
  assert.match(diagnostic.message, /`notes\.raed`/);

  const hover = await connection.sendRequest(lsp.HoverRequest.type, { textDocument, position: position("notes.read", 2) });
  assert.match(hover.contents.value, /Read a note\./);

  const edit = await connection.sendRequest(lsp.RenameRequest.type, {
    textDocument,
    position: position("desk"),
    newName: "front_desk",
  });
  const edits = edit.documentChanges ? edit.documentChanges.flatMap((it) => it.edits) : edit.changes[uri];
  assert.equal(applied(edits), text.replaceAll("desk", "front_desk"));

  const options = { tabSize: 4, insertSpaces: true };
  const formatted = applied(await connection.sendRequest(lsp.DocumentFormattingRequest.type, { textDocument, options }));
  assert.match(formatted, /^ {4}default deny$/m);

  await connection.sendRequest(lsp.ShutdownRequest.type);
  await connection.sendNotification(lsp.ExitNotification.type);
  const [code] = await ended;
  assert.equal(code, 0);
  assert.ok(traced.some((it) => it.includes("textDocument/hover")), "the trace names no request");
  connection.dispose();
});
