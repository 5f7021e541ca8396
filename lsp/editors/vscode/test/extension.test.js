"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const manifest = require("../package.json");
const { editor, load } = require("./editor");

async function activated(settings) {
  const it = editor(settings);
  const extension = load("../src/extension", it);
  await extension.activate({ subscriptions: [] });
  return { ...it, extension };
}

const program = process.execPath;

test("it starts the server that the settings name, on every Gov file", async () => {
  const { clients, executed } = await activated({ "gov.server.path": program, "gov.server.arguments": ["--log"] });
  assert.equal(clients.length, 1);
  const [client] = clients;
  assert.deepEqual(client.server, { command: program, args: ["lsp", "--log"] });
  assert.equal(client.state, "running");
  assert.deepEqual(client.options.documentSelector.map((it) => it.language), ["gov", "gov"]);
  assert.equal(client.options.synchronize.fileEvents.pattern, "**/{*.gov,gov.toml}");
  assert.deepEqual(executed, [["setContext", "gov.active", true]]);
});

test("the settings' names are those that the client reads the trace from", async () => {
  const { clients } = await activated({ "gov.server.path": program });
  const named = Object.keys(manifest.contributes.configuration.properties);
  assert.ok(named.includes(`${clients[0].id}.trace.server`));
  assert.deepEqual(manifest.contributes.configuration.properties["gov.trace.server"].enum, ["off", "messages", "verbose"]);
});

test("it registers every command that the manifest names, and no other", async () => {
  const { commands } = await activated({ "gov.server.path": program });
  const named = manifest.contributes.commands.map((it) => it.command);
  assert.deepEqual([...commands.keys()].sort(), named.sort());
});

test("restarting stops the old server before it starts a new one, however often it is asked for", async () => {
  const { clients, commands } = await activated({ "gov.server.path": program });
  const restart = commands.get("gov.restartServer");
  await Promise.all([restart(), restart(), restart()]);
  assert.equal(clients.length, 4);
  assert.deepEqual(clients.map((it) => it.state), ["stopped", "stopped", "stopped", "running"]);
});

test("a change of the settings restarts the server, and only one that concerns it", async () => {
  const { clients, listeners, settings } = await activated({ "gov.server.path": program });
  const change = (name) => Promise.all(listeners.map((it) => it({ affectsConfiguration: (asked) => name.startsWith(asked) })));
  await change("editor.fontSize");
  await change("gov.trace.server");
  assert.equal(clients.length, 1);
  settings["gov.server.arguments"] = ["--quiet"];
  await change("gov.server.arguments");
  assert.deepEqual(clients.map((it) => it.state), ["stopped", "running"]);
  assert.deepEqual(clients[1].server.args, ["lsp", "--quiet"]);
});

test("where there is no server it says so, and starts once the settings name one", async () => {
  const { clients, errors, listeners, settings } = await activated({ "gov.server.path": "/nothing/gov" });
  assert.equal(clients.length, 0);
  assert.equal(errors.length, 1);
  assert.match(errors[0].message, /\/nothing\/gov/);
  assert.deepEqual(errors[0].answers, ["Open Settings", "Show Log"]);
  settings["gov.server.path"] = program;
  await Promise.all(listeners.map((it) => it({ affectsConfiguration: () => true })));
  assert.equal(clients[0].state, "running");
});

test("a server that does not speak is said, and leaves a restart possible", async () => {
  const { clients, commands, errors, settings } = await activated({ "gov.server.path": program, fails: true });
  assert.match(errors[0].message, /could not be started/);
  settings.fails = false;
  await commands.get("gov.restartServer")();
  assert.deepEqual(clients.map((it) => it.state), ["failed", "running"]);
});

test("it stops the server when it ends", async () => {
  const { clients, extension } = await activated({ "gov.server.path": program });
  await extension.deactivate();
  assert.equal(clients[0].state, "stopped");
});
