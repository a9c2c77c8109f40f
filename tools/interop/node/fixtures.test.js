// The vectors of fixtures/ put to Ajv, as any implementation of JSON Schema can be: `npm ci && npm test`.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";

const root = new URL("../../../", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, root), "utf8"));
const dialects = readdirSync(new URL("fixtures/", root), { withFileTypes: true }).filter((one) => one.isDirectory());

for (const { name: dialect } of dialects) {
  const vectors = read(`fixtures/${dialect}/frames.json`);

  test(`${dialect}: ${vectors.length} frames`, () => {
    const validators = new Map();
    assert.ok(vectors.length > 0);
    for (const { variant, envelope, message, valid, pointer, description } of vectors) {
      const path = `schemas/${dialect}/${envelope}/${variant.replaceAll(/[^A-Za-z0-9._-]/g, "-")}.schema.json`;
      if (!validators.has(path)) validators.set(path, new Ajv({ allErrors: true, strict: false }).compile(read(path)));
      const validate = validators.get(path);
      const about = `${envelope} ${variant}: ${description}`;
      assert.equal(validate(message), valid, about);
      if (!valid) assert.ok(validate.errors.some((error) => error.instancePath === pointer), `${about}, at ${pointer}`);
    }
  });
}
