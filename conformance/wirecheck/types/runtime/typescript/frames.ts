/** The frames of one sender, found by their tag. */

import {
  DecodeError,
  expected,
  isObject,
  type JsonObject,
  parse,
  print,
} from "./json.js";

/** One kind of frame. */
export interface Kind {
  /** The name of its type. */
  readonly name: string;
  /** The value of the tag member; undefined for the frame without a tag. */
  readonly tag: string | undefined;
  /** Throws a `DecodeError` for a message of other types. */
  readonly check: (message: unknown) => void;
  /** The same for what types do not say. */
  readonly rest?: (message: unknown) => void;
}

/** A class of frames that are unknown. */
export type Unknown<Frame> = new (
  tag: string,
  message: JsonObject,
) => Frame & object;

/** The kinds of frames of one sender. */
export class Kinds<Frame extends object> {
  readonly #tag: string;
  readonly #unknown: Unknown<Frame> | undefined;
  readonly #tagged = new Map<string, Kind>();
  readonly #untagged: Kind | undefined;

  /** `unknown` may be left out only where no kind has a tag. */
  constructor(
    tag: string,
    unknown: Unknown<Frame> | undefined,
    kinds: readonly Kind[],
  ) {
    this.#tag = tag;
    this.#unknown = unknown;
    this.#untagged = kinds.find((kind) => kind.tag === undefined);
    for (const kind of kinds) {
      if (kind.tag !== undefined) {
        this.#tagged.set(kind.tag, kind);
      }
    }
  }

  decode(text: string, strict: boolean): Frame {
    const message = parse(text);
    const kind = this.#find(message);
    if (typeof kind !== "string") {
      kind.check(message);
      if (strict) {
        kind.rest?.(message);
      }
      return message as unknown as Frame;
    }
    if (strict || this.#unknown === undefined) {
      const reason = `no frame is called ${JSON.stringify(kind)}`;
      throw new DecodeError(reason).within(this.#tag);
    }
    return new this.#unknown(kind, message);
  }

  validate(frame: Frame): void {
    if (!this.#isUnknown(frame)) {
      this.decode(print(frame), true);
    }
  }

  name(frame: Frame): string {
    const kind =
      isObject(frame) && !this.#isUnknown(frame) ? this.#find(frame) : "";
    return typeof kind === "string" ? "UnknownFrame" : kind.name;
  }

  /** Which kind of frame a message is; its tag if no kind has it. */
  #find(message: JsonObject): Kind | string {
    if (this.#tagged.size > 0 && Object.hasOwn(message, this.#tag)) {
      const tag = message[this.#tag];
      if (typeof tag !== "string") {
        throw expected("a string", tag).within(this.#tag);
      }
      return this.#tagged.get(tag) ?? tag;
    }
    if (this.#untagged === undefined) {
      const name = JSON.stringify(this.#tag);
      throw new DecodeError(`the member ${name} is missing`);
    }
    return this.#untagged;
  }

  #isUnknown(frame: Frame): boolean {
    return this.#unknown !== undefined && frame instanceof this.#unknown;
  }
}
