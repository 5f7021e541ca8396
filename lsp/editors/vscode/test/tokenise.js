// Reads texts, a JSON array of strings, and writes what the TextMate grammar makes of each as a line of JSON:
// `{ "tokens": [[start, end, scope, …], …], "open": … }`, with offsets in UTF-16 units and what is still open at the end.

"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { createOnigScanner, createOnigString, loadWASM } = require("vscode-oniguruma");
const { INITIAL, Registry, parseRawGrammar } = require("vscode-textmate");

const file = path.join(__dirname, "..", "syntaxes", "gov.tmLanguage.json");

async function load() {
  const wasm = path.join(path.dirname(require.resolve("vscode-oniguruma")), "onig.wasm");
  await loadWASM(fs.readFileSync(wasm).buffer);
  const registry = new Registry({
    onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
    loadGrammar: async () => parseRawGrammar(fs.readFileSync(file, "utf8"), file),
  });
  return registry.loadGrammar("source.gov");
}

function tokenise(grammar, text) {
  const tokens = [];
  let state = INITIAL;
  let offset = 0;
  for (const line of text.split("\n")) {
    const result = grammar.tokenizeLine(line, state);
    for (const { startIndex, endIndex, scopes } of result.tokens) {
      const end = Math.min(endIndex, line.length);
      if (startIndex < end) {
        tokens.push([offset + startIndex, offset + end, ...scopes.slice(1)]);
      }
    }
    state = result.ruleStack;
    offset += line.length + 1;
  }
  return { tokens, open: state.depth - 1 };
}

async function main() {
  const grammar = await load();
  const texts = JSON.parse(fs.readFileSync(0, "utf8"));
  for (const text of texts) {
    fs.writeSync(1, JSON.stringify(tokenise(grammar, text)) + "\n");
  }
}

main();
