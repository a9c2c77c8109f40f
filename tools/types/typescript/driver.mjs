// Reads requests, a JSON object a line, and answers each: what the generated code says of a message.

import { createInterface } from "node:readline";

import { modules } from "./dist/registry.js";

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
}

function answer({ module, sender, strict, text }) {
  const side = sender === "server" ? "ServerFrame" : "ClientFrame";
  const types = modules.get(module);
  try {
    const frame = types[`decode${side}`](text, strict);
    return {
      ok: true,
      variant: types[`name${side}`](frame),
      text: types.encodeFrame(frame),
      valid: isValid(() => types[`validate${side}`](frame), types.DecodeError),
    };
  } catch (error) {
    if (error instanceof types.DecodeError) {
      return { ok: false, error: error.message };
    }
    throw error;
  }
}

function isValid(validate, DecodeError) {
  try {
    validate();
    return true;
  } catch (error) {
    if (error instanceof DecodeError) {
      return false;
    }
    throw error;
  }
}
