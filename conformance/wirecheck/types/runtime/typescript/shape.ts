/** The types of values, checked while a program runs. Nothing is coerced or copied. */

import { DecodeError, expected, isObject } from "./json.js";

/** Throws a `DecodeError` for a value of another type. */
export type Check = (value: unknown) => void;

interface Member {
  readonly name: string;
  readonly check: Check;
  readonly isRequired: boolean;
}

export const anything: Check = () => undefined;

export const text: Check = (value) => {
  if (typeof value !== "string") {
    throw expected("a string", value);
  }
};

/** Integers of 64 bits; beyond 2^53 the next number that JavaScript has. */
export const whole: Check = (value) => {
  if (
    !Number.isInteger(value) ||
    Number(value) < -(2 ** 63) ||
    Number(value) > 2 ** 63
  ) {
    throw expected("an integer of 64 bits", value);
  }
};

export const number: Check = (value) => {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw expected("a number", value);
  }
};

export const flag: Check = (value) => {
  if (typeof value !== "boolean") {
    throw expected("true or false", value);
  }
};

/** One of these strings and no other. */
export function choice(...values: readonly string[]): Check {
  return (value) => {
    if (typeof value !== "string" || !values.includes(value)) {
      throw expected(`one of ${JSON.stringify(values)}`, value);
    }
  };
}

export function nullable(of: Check): Check {
  return (value) => {
    if (value !== null) {
      of(value);
    }
  };
}

export function items(of: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) {
      throw expected("an array", value);
    }
    for (const [index, item] of value.entries()) {
      checkWithin(of, item, index);
    }
  };
}

/** An object whose members are all of one type. */
export function table(of: Check): Check {
  return (value) => {
    if (!isObject(value)) {
      throw expected("an object", value);
    }
    for (const [name, member] of Object.entries(value)) {
      checkWithin(of, member, name);
    }
  };
}

/** An object with these members; it may have others. */
export function record(...members: readonly Member[]): Check {
  return (value) => {
    if (!isObject(value)) {
      throw expected("an object", value);
    }
    for (const { name, check, isRequired } of members) {
      if (Object.hasOwn(value, name)) {
        checkWithin(check, value[name], name);
      } else if (isRequired) {
        throw new DecodeError(`the member ${JSON.stringify(name)} is missing`);
      }
    }
  };
}

export function required(name: string, check: Check): Member {
  return { name, check, isRequired: true };
}

export function optional(name: string, check: Check): Member {
  return { name, check, isRequired: false };
}

function checkWithin(
  check: Check,
  value: unknown,
  step: string | number,
): void {
  try {
    check(value);
  } catch (error) {
    throw error instanceof DecodeError ? error.within(step) : error;
  }
}
