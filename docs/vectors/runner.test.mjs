// Fires each line of `ringspec cases` at a server on this machine, as a test of its own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
const { RINGSPEC_URL: server, RINGSPEC_TOKEN: token = "" } = process.env;
const { RINGSPEC_CASES: file = "cases.jsonl", RINGSPEC_LEVEL: level = "must" } = process.env;
const local = /^(localhost|127(\.\d+){3}|\[::1\])$/; // what is accepted elsewhere rings phones
assert.match(new URL(server).hostname, local, "RINGSPEC_URL: this fires at loopback only");
const cases = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const rank = { must: 0, should: 1, may: 2 };
const weak = new Set(cases.filter((it) => rank[it.level] > rank[level]).map((it) => it.id));
const accepted = new Set();
const swap = (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase());
const tokens = { token, "token-cut": token.slice(0, -1), "token-swapped": token.replace(/./g, swap) };
const fill = (text, values) => text.replace(/\{([\w-]+)\}/g, (place, name) => values[name] ?? place);
const fits = (status, due) => due.includes(status) || due.includes(`${Math.floor(status / 100)}xx`);
const at = (data, pointer) => pointer.split("/").slice(1).reduce((inner, name) => inner?.[name], data);
const isMet = ({ what, value }, got) => value.includes(got) || (what === "if-shown" && got === undefined);

async function fire({ request: { method, path, headers, body, body_base64 }, status: due }, known) {
  const content = body_base64 === undefined ? JSON.stringify(body) : Buffer.from(body_base64, "base64");
  const filled = Object.entries(headers).map(([name, value]) => [name, fill(value, tokens)]);
  const options = { method, headers: filled, body: content && Buffer.from(content), redirect: "manual" };
  const answer = await fetch(server + fill(path, known), { ...options, signal: AbortSignal.timeout(5000) });
  assert.ok(answer.status < 500 || fits(answer.status, due), `robustness: HTTP ${answer.status}`);
  return { status: answer.status, text: await answer.text() };
}

// Returns what leaves the rule undecided; nothing where all is well.
async function judge({ id, expect, twin, fault, broken, or_default, steps, ...only }) {
  const known = {};
  for (const step of (steps ?? []).slice(0, -1)) {
    const { status, text } = await fire(step, known);
    if (!fits(status, step.status)) return `HTTP ${status} on the way`;
    for (const [name, pointer] of Object.entries(step.capture)) known[name] = at(JSON.parse(text), pointer);
  }
  const { status: due, wants = [], ...last } = steps?.at(-1) ?? only;
  const { status, text } = await fire({ status: due, ...last }, known);
  if (status < 300 && !steps) accepted.add(id);
  if (expect === "survive") return "";
  if (or_default && status < 300) {
    const shown = Object.keys(or_default).map((place) => [place, at(JSON.parse(text), place)]);
    return assert.deepEqual(Object.fromEntries(shown), or_default, `accepted without the default: ${text}`);
  }
  assert.ok(status >= 300 || fits(status, due), `accepted with HTTP ${status}: ${JSON.stringify(fault)}`);
  if (twin && !accepted.has(twin)) return "its twin was not accepted";
  const isMute = status < 400 || [401, 407, 408, 429].includes(status);
  if (isMute && !fits(status, due)) return `HTTP ${status} says nothing of it`;
  assert.ok(fits(status, due) || broken.length, `HTTP ${status} where ${due} is due`);
  const meant = JSON.parse(fill(JSON.stringify(wants), known));
  assert.deepEqual(meant.filter((it) => !isMet(it, at(JSON.parse(text), it.at))), [], text);
}

const isBeyond = ({ paging, wants }) => paging || wants.some(({ what }) => !/^(one-of|if-shown)$/.test(what));
for (const it of cases) {
  const isHard = it.request.path === "{token_url}" || it.steps?.some(isBeyond);
  const skip = isHard && "takes the client's secret, a list's pages or the contract";
  test(`${it.rule} ${it.id}`, { skip, todo: weak.has(it.id) && "below the level" }, async (t) => {
    const open = await judge(it);
    if (open && weak.has(it.twin)) return t.skip(`inconclusive: ${open}`);
    assert.ok(!open, `inconclusive: ${open}`);
  });
}
