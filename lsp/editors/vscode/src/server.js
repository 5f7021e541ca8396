// Which program serves the editor.

"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

/** Nothing that could serve the editor was found; `message` says where it was looked for, for the person at the editor. */
class ServerNotFound extends Error {
  constructor(message) {
    super(message);
    this.name = "ServerNotFound";
  }
}

/**
 * The `gov` program: the one the settings name, else the first on the `PATH`, else the one that Cargo installs.
 *
 * @param {string} setting what `gov.server.path` says; nothing where it is empty
 * @param {{ env?: NodeJS.ProcessEnv, home?: string, workspaceFolder?: string, platform?: string }} machine where to look
 * @returns {string} an absolute path
 * @throws {ServerNotFound} if there is none
 */
function findServer(setting, machine = {}) {
  const { env = process.env, home = os.homedir(), workspaceFolder, platform = process.platform } = machine;
  const name = platform === "win32" ? "gov.exe" : "gov";
  if (setting) {
    const named = expand(setting, home, workspaceFolder);
    if (isProgram(named)) {
      return named;
    }
    throw new ServerNotFound(`There is no program at ${named}, which the setting "gov.server.path" names.`);
  }
  const onPath = (env.PATH ?? "").split(path.delimiter).filter(Boolean);
  const folders = [...onPath, path.join(home, ".cargo", "bin")];
  const found = folders.map((folder) => path.resolve(folder, name)).find(isProgram);
  if (!found) {
    throw new ServerNotFound(
      `The program "gov" is neither on the PATH nor in ${folders[folders.length - 1]}. Install it, or name it in the ` +
        `setting "gov.server.path".`,
    );
  }
  return found;
}

/** A path of the settings as an absolute one: `~` and `${workspaceFolder}` at its start are understood. */
function expand(setting, home, workspaceFolder) {
  let named = setting;
  if (named === "~" || named.startsWith("~/") || named.startsWith("~\\")) {
    named = path.join(home, named.slice(1));
  } else if (named.startsWith("${workspaceFolder}")) {
    if (!workspaceFolder) {
      throw new ServerNotFound(`"gov.server.path" begins with \${workspaceFolder}, and no folder is open.`);
    }
    named = path.join(workspaceFolder, named.slice("${workspaceFolder}".length));
  }
  return path.resolve(workspaceFolder ?? home, named);
}

function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

module.exports = { findServer, ServerNotFound };
