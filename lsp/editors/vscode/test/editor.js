// What VS Code provides, as far as the extension asks for it: the editor itself cannot be had without a download.

"use strict";

const Module = require("node:module");

/** An editor with these settings; what the extension does to it is written down in its fields. */
function editor(settings = {}) {
  const lines = [];
  const commands = new Map();
  const listeners = [];
  const clients = [];
  const errors = [];
  const executed = [];
  const vscode = {
    window: {
      createOutputChannel: () => ({ appendLine: (line) => lines.push(line), show() {}, dispose() {} }),
      showErrorMessage: async (message, ...answers) => {
        errors.push({ message, answers });
        return undefined;
      },
    },
    commands: {
      registerCommand: (name, run) => {
        commands.set(name, run);
        return { dispose: () => commands.delete(name) };
      },
      executeCommand: async (...command) => void executed.push(command),
    },
    workspace: {
      workspaceFolders: undefined,
      getConfiguration: (section) => ({ get: (name, otherwise) => settings[`${section}.${name}`] ?? otherwise }),
      onDidChangeConfiguration: (listener) => {
        listeners.push(listener);
        return { dispose() {} };
      },
      createFileSystemWatcher: (pattern) => ({ pattern, dispose() {} }),
    },
  };
  class LanguageClient {
    constructor(id, name, server, options) {
      Object.assign(this, { id, name, server, options, state: "new" });
      clients.push(this);
    }
    async start() {
      if (clients.some((client) => client !== this && client.state === "running")) {
        throw new Error("a second server was started");
      }
      this.state = "running";
      if (settings.fails) {
        this.state = "failed";
        throw new Error("it does not speak");
      }
    }
    needsStop() {
      return this.state === "running";
    }
    async stop() {
      await new Promise(setImmediate);
      this.state = "stopped";
    }
  }
  const languageClient = { LanguageClient, RevealOutputChannelOn: { Never: 4 } };
  return { vscode, languageClient, settings, lines, commands, listeners, clients, errors, executed };
}

/** Loads a file that asks for `vscode`, and gives it that of an editor. */
function load(file, { vscode, languageClient }) {
  const original = Module._load;
  Module._load = (request, ...rest) => {
    if (request === "vscode") {
      return vscode;
    }
    return languageClient && request === "vscode-languageclient/node" ? languageClient : original(request, ...rest);
  };
  try {
    const resolved = require.resolve(file);
    delete require.cache[resolved];
    return require(resolved);
  } finally {
    Module._load = original;
  }
}

module.exports = { editor, load };
