/** Zod schemas that Zod has no word for, and messages checked by schemas. */

import { z } from "zod";

import { DecodeError, isObject } from "./json.js";

/** A string of which some values are known so far; others are as good. */
export function known<const Value extends string>(
  ...values: readonly Value[]
): z.ZodType<Value | (string & {})> {
  return z.string().meta({ examples: [...values] });
}

/** An integer of 64 bits; beyond 2^53 the next number that JavaScript has. */
export const whole = z
  .number()
  .refine(
    (value) =>
      Number.isInteger(value) && value >= -(2 ** 63) && value <= 2 ** 63,
    "Invalid input: expected an integer of 64 bits",
  );

/** A function that throws a `DecodeError` for a message which a schema does not accept. */
export function checkOf(schema: z.ZodType): (message: unknown) => void {
  return (message) => {
    const [issue] = schema.safeParse(bare(message)).error?.issues ?? [];
    if (issue !== undefined) {
      throw issue.path.reduceRight(
        (error: DecodeError, step) =>
          error.within(typeof step === "symbol" ? String(step) : step),
        new DecodeError(issue.message),
      );
    }
  };
}

/** What adds to a schema what it does not say. */
export function refinement(
  check: (value: unknown) => void,
): (value: unknown, context: z.RefinementCtx) => void {
  return (value, context) => {
    try {
      check(value);
    } catch (error) {
      if (!(error instanceof DecodeError)) {
        throw error;
      }
      context.addIssue(error.message);
    }
  };
}

/**
 * A copy in which no object inherits anything, so that members such as `constructor` are there only
 * where the message has them. Zod passes over `__proto__`, which here has another name.
 */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(bare);
  }
  if (!isObject(value)) {
    return value;
  }
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) {
    copy[name === "__proto__" ? "\0__proto__" : name] = bare(member);
  }
  return copy;
}
