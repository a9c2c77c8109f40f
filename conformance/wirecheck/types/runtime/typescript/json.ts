/** JSON as text and as values, and what is said of a message that is none of ours. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** A message could not be decoded, or a frame is not valid. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";

  /** What is wrong, without the place. */
  readonly reason: string;

  /** Where in the message: a JSON Pointer, empty for the whole. */
  readonly pointer: string;

  constructor(reason: string, pointer = "") {
    super(pointer === "" ? reason : `${pointer}: ${reason}`);
    this.reason = reason;
    this.pointer = pointer;
  }

  /** The same error, seen from the value that has the wrong one as a member or item. */
  within(step: string | number): DecodeError {
    const escaped = String(step).replaceAll("~", "~0").replaceAll("/", "~1");
    return new DecodeError(this.reason, `/${escaped}${this.pointer}`);
  }
}

/** How deep arrays and objects may lie in each other. */
const DEEPEST = 512;

/** The object that a text is. Integers beyond 2^53 are rounded, as JavaScript does. */
export function parse(text: string): JsonObject {
  refuseDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DecodeError(`the text is no JSON: ${String(error)}`);
  }
  if (!isObject(value)) {
    throw expected("an object", value);
  }
  return value;
}

/** The text of a value; throws a `DecodeError` for what JSON has no text for. */
export function print(value: unknown): string {
  try {
    return JSON.stringify(value, refuseNonFinite);
  } catch (error) {
    throw error instanceof DecodeError
      ? error
      : new DecodeError(`the frame has no JSON text: ${String(error)}`);
  }
}

/** Whether a value is a JSON object: no array and no null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error for a value that is of another type. */
export function expected(what: string, value: unknown): DecodeError {
  return new DecodeError(`expected ${what}, not ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null) {
    return "null";
  }
  if (typeof value === "string") {
    return "a string";
  }
  if (typeof value === "object") {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "nothing";
}

function refuseNonFinite(_: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new DecodeError(`JSON has no text for ${String(value)}`);
  }
  return value;
}

/** What is nested deeper could not be written again: the stack would overflow. */
function refuseDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) {
        at += 1;
      } else if (code === 0x22) {
        inString = false;
      }
    } else if (code === 0x22) {
      inString = true;
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > DEEPEST) {
        throw new DecodeError(
          `arrays and objects are nested deeper than ${String(DEEPEST)} levels`,
        );
      }
    } else if (code === 0x5d || code === 0x7d) {
      depth -= 1;
    }
  }
}
