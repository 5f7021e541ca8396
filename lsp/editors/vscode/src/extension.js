// The thin client: it starts `gov lsp` and connects it to the editor. Everything the editor shows comes from there.

"use strict";

const vscode = require("vscode");
const { LanguageClient, RevealOutputChannelOn } = require("vscode-languageclient/node");
const { findServer, ServerNotFound } = require("./server");

/** @type {import("vscode-languageclient/node").LanguageClient | undefined} */
let client;
/** @type {vscode.LogOutputChannel | vscode.OutputChannel | undefined} */
let log;
// Starts and stops wait for each other, so that there is never a second server.
let turn = Promise.resolve();

async function activate(context) {
  log = vscode.window.createOutputChannel("Gov Language Server", "log");
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("gov.restartServer", () => inTurn(restart)),
    vscode.commands.registerCommand("gov.showLog", () => log.show()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("gov.server")) {
        return inTurn(restart);
      }
    }),
  );
  await vscode.commands.executeCommand("setContext", "gov.active", true);
  await inTurn(start);
}

async function deactivate() {
  await inTurn(stop);
}

function inTurn(action) {
  turn = turn.then(action, action);
  return turn;
}

async function restart() {
  await stop();
  await start();
}

async function start() {
  const settings = vscode.workspace.getConfiguration("gov");
  const workspaceFolder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  let command;
  try {
    command = findServer(settings.get("server.path", "").trim(), { workspaceFolder });
  } catch (error) {
    if (!(error instanceof ServerNotFound)) {
      throw error;
    }
    // Waiting for the answer would keep the extension from being active.
    void explain(error);
    return;
  }
  const run = { command, args: ["lsp", ...settings.get("server.arguments", [])] };
  log.appendLine(`${run.command} ${run.args.join(" ")}`);
  const next = new LanguageClient("gov", "Gov", run, {
    documentSelector: [
      { language: "gov", scheme: "file" },
      { language: "gov", scheme: "untitled" },
    ],
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.gov,gov.toml}") },
  });
  client = next;
  try {
    await next.start();
  } catch (error) {
    log.appendLine(String(error));
    client = undefined;
    void explain(new ServerNotFound(`${run.command} could not be started as a language server: ${error.message ?? error}`));
  }
}

async function stop() {
  const last = client;
  client = undefined;
  if (last?.needsStop()) {
    await last.stop();
  }
}

async function explain(error) {
  log.appendLine(error.message);
  const settings = "Open Settings";
  const show = "Show Log";
  const answer = await vscode.window.showErrorMessage(`Gov: ${error.message}`, settings, show);
  if (answer === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "gov.server");
  } else if (answer === show) {
    log.show();
  }
}

module.exports = { activate, deactivate };
