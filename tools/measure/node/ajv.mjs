// One round of schema checks with Ajv for each line that standard input brings; see ../worker.py for what is said.
//
// As Ajv's documentation asks for speed: each schema compiled once, its function kept, no `allErrors`. The file is read
// a mebibyte at a time and cut at line ends, which takes less time than `readline`.

import fs from "node:fs";
import { createInterface } from "node:readline";
import Ajv from "ajv/dist/2020.js";

const { path, tag, schemas } = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const ajv = new Ajv({ strict: false, validateFormats: false });
const validators = { client: new Map(), server: new Map() };
for (const [sender, name, schema] of schemas) validators[sender].set(name ?? undefined, ajv.compile(schema));

function* lines(file) {
  const handle = fs.openSync(file, "r");
  const chunk = Buffer.allocUnsafe(1 << 20);
  let rest = Buffer.alloc(0);
  for (let size; (size = fs.readSync(handle, chunk, 0, chunk.length, null)) > 0; ) {
    const block = rest.length ? Buffer.concat([rest, chunk.subarray(0, size)]) : chunk.subarray(0, size);
    const end = block.lastIndexOf(10);
    if (end >= 0) yield block.toString("utf8", 0, end).split("\n");
    rest = Buffer.from(block.subarray(end + 1));
  }
  fs.closeSync(handle);
  if (rest.length) yield [rest.toString("utf8")];
}

function judge(file, refusals) {
  let frames = 0;
  let refused = 0;
  let line = 0;
  for (const block of lines(file)) {
    for (const text of block) {
      line += 1;
      const record = JSON.parse(text);
      let message = record.json;
      if (record.text !== undefined) {
        try {
          message = JSON.parse(record.text);
        } catch {
          message = null;
        }
      }
      if (message === undefined) continue;
      frames += 1;
      const validate = message === null ? undefined : validators[record.from].get(message[tag]);
      if (validate === undefined || !validate(message)) {
        refused += 1;
        refusals?.push(line);
      }
    }
  }
  return { frames, refused };
}

const say = (value) => fs.writeSync(1, JSON.stringify(value) + "\n");
say({ ready: true });
for await (const order of createInterface({ input: process.stdin })) {
  if (order.startsWith("check ")) {
    const refusals = [];
    say({ ...judge(order.slice(6), refusals), lines: refusals });
  } else {
    global.gc?.();
    const start = process.hrtime.bigint();
    const told = judge(path, null);
    say({ ...told, seconds: Number(process.hrtime.bigint() - start) / 1e9 });
  }
}
