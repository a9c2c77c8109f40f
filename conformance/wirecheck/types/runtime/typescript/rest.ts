/**
 * What types do not say of a message, as a JSON Schema (draft 2020-12) of few keywords.
 *
 * Numbers are doubles; multiples are told by their shortest decimal text, so that 0.3 is a multiple of 0.1.
 */

import { DecodeError, isObject } from "./json.js";

export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly items?: Rest;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Rest>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Rest;
  readonly allOf?: readonly Rest[];
  readonly anyOf?: readonly Rest[];
  readonly oneOf?: readonly Rest[];
  readonly not?: Rest;
  readonly if?: Rest;
  readonly then?: Rest;
}

export type Rest = Schema | boolean;

/** Throws a `DecodeError` for what a rest does not accept. */
export type RestCheck = (value: unknown) => void;

/** The check of a rest, which is given as JSON text. */
export function rest(text: string): RestCheck {
  const schema = JSON.parse(text) as Rest;
  return (value) => {
    check(schema, value);
  };
}

function check(schema: Rest, value: unknown): void {
  if (typeof schema === "boolean") {
    if (!schema) {
      throw new DecodeError("nothing may be here");
    }
    return;
  }
  checkListed(schema, value);
  if (typeof value === "string") {
    checkText(schema, value);
  } else if (typeof value === "number") {
    checkNumber(schema, value);
  } else if (Array.isArray(value)) {
    checkArray(schema, value);
  } else if (isObject(value)) {
    checkObject(schema, value);
  }
  checkCombined(schema, value);
}

function accepts(schema: Rest, value: unknown): boolean {
  try {
    check(schema, value);
    return true;
  } catch (error) {
    if (error instanceof DecodeError) {
      return false;
    }
    throw error;
  }
}

function checkListed(schema: Schema, value: unknown): void {
  if (schema.type !== undefined) {
    const types = typeof schema.type === "string" ? [schema.type] : schema.type;
    if (!types.some((type) => isOfType(type, value))) {
      throw new DecodeError(`must be of type ${types.join(" or ")}`);
    }
  }
  if (Object.hasOwn(schema, "const") && !isSame(schema.const, value)) {
    throw new DecodeError(`must be ${JSON.stringify(schema.const)}`);
  }
  if (schema.enum?.some((one) => isSame(one, value)) === false) {
    throw new DecodeError(`must be one of ${JSON.stringify(schema.enum)}`);
  }
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    default:
      return typeof value === type;
  }
}

function checkText(schema: Schema, value: string): void {
  if (schema.minLength !== undefined || schema.maxLength !== undefined) {
    const length = Array.from(value).length;
    if (length < (schema.minLength ?? 0)) {
      throw new DecodeError(
        `must have at least ${String(schema.minLength)} characters`,
      );
    }
    if (length > (schema.maxLength ?? length)) {
      throw new DecodeError(
        `must have at most ${String(schema.maxLength)} characters`,
      );
    }
  }
  if (schema.pattern !== undefined && !compiled(schema.pattern).test(value)) {
    throw new DecodeError(`must match ${schema.pattern}`);
  }
}

const patterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  let found = patterns.get(pattern);
  if (found === undefined) {
    found = new RegExp(pattern, "u");
    patterns.set(pattern, found);
  }
  return found;
}

function checkNumber(schema: Schema, value: number): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (minimum !== undefined && value < minimum) {
    throw new DecodeError(`must be at least ${String(minimum)}`);
  }
  if (maximum !== undefined && value > maximum) {
    throw new DecodeError(`must be at most ${String(maximum)}`);
  }
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    throw new DecodeError(`must be greater than ${String(exclusiveMinimum)}`);
  }
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
    throw new DecodeError(`must be less than ${String(exclusiveMaximum)}`);
  }
  if (
    schema.multipleOf !== undefined &&
    !isMultiple(value, schema.multipleOf)
  ) {
    throw new DecodeError(`must be a multiple of ${String(schema.multipleOf)}`);
  }
}

function isMultiple(value: number, step: number): boolean {
  const [digits, exponent] = decimal(value);
  const [stepDigits, stepExponent] = decimal(step);
  const least = Math.min(exponent, stepExponent);
  const scaled = digits * 10n ** BigInt(exponent - least);
  return scaled % (stepDigits * 10n ** BigInt(stepExponent - least)) === 0n;
}

/** A number as digits times a power of ten. */
function decimal(value: number): [bigint, number] {
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  return [BigInt(whole + fraction), Number(exponent) - fraction.length];
}

function checkArray(schema: Schema, value: readonly unknown[]): void {
  if (value.length < (schema.minItems ?? 0)) {
    throw new DecodeError(
      `must have at least ${String(schema.minItems)} items`,
    );
  }
  if (value.length > (schema.maxItems ?? value.length)) {
    throw new DecodeError(`must have at most ${String(schema.maxItems)} items`);
  }
  if (
    schema.uniqueItems === true &&
    new Set(value.map(canonical)).size < value.length
  ) {
    throw new DecodeError("must have no item twice");
  }
  if (schema.items !== undefined) {
    for (const [index, item] of value.entries()) {
      checkWithin(schema.items, item, index);
    }
  }
}

function checkObject(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
): void {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) {
      throw new DecodeError(`must have the member ${JSON.stringify(name)}`);
    }
  }
  const { properties = {}, additionalProperties = true } = schema;
  for (const [name, inner] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) {
      checkWithin(inner, value[name], name);
    }
  }
  if (additionalProperties !== true) {
    for (const [name, member] of Object.entries(value)) {
      if (!Object.hasOwn(properties, name)) {
        checkWithin(additionalProperties, member, name);
      }
    }
  }
}

function checkWithin(
  schema: Rest,
  value: unknown,
  step: string | number,
): void {
  try {
    check(schema, value);
  } catch (error) {
    throw error instanceof DecodeError ? error.within(step) : error;
  }
}

function checkCombined(schema: Schema, value: unknown): void {
  for (const inner of schema.allOf ?? []) {
    check(inner, value);
  }
  if (schema.anyOf?.some((inner) => accepts(inner, value)) === false) {
    throw new DecodeError("must fit one of several alternatives");
  }
  if (schema.oneOf !== undefined) {
    const fitting = schema.oneOf.filter((inner) => accepts(inner, value));
    if (fitting.length !== 1) {
      throw new DecodeError(
        `must fit just one of several alternatives, not ${String(fitting.length)}`,
      );
    }
  }
  if (schema.not !== undefined && accepts(schema.not, value)) {
    throw new DecodeError("must not be what it is");
  }
  if (
    schema.if !== undefined &&
    schema.then !== undefined &&
    accepts(schema.if, value)
  ) {
    check(schema.then, value);
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || canonical(one) === canonical(other);
}

/** A text that is the same for values that are the same, whatever the order of their members. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join()}]`;
  }
  if (isObject(value)) {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
  }
  return JSON.stringify(value);
}
