/** What users write, so that the compiler says whether types lead them. */

import {
  DecodeError,
  decodeServerFrame,
  encodeFrame,
  type ServerFrame,
  type TaskTokenFrame,
  UnknownFrame,
  validateClientFrame,
} from "./vonz_flat/index.js";

/** Every kind of frame is a case of its own, and one that is forgotten does not compile. */
export function described(frame: ServerFrame): string {
  switch (frame.type) {
    case "task:token":
    case "turn.done":
      return frame.session_id;
    case "task:tool_use":
      return Object.keys(frame.input).join();
    case "task:ask_user":
      return frame.questions.map((question) => question.question).join();
    case "session.ready":
    case "session.replay_start":
    case "session.replay_end":
    case "task:tool_result":
    case "turn.continuing":
    case "task:done":
    case "task:failed":
    case "error":
      return frame.type;
    case undefined:
      return frame instanceof UnknownFrame ? frame.tag : frame;
  }
}

export function isDone(text: string): boolean {
  try {
    return decodeServerFrame(text, true).type === "turn.done";
  } catch (error) {
    if (error instanceof DecodeError) {
      return false;
    }
    throw error;
  }
}

/** What is no frame does not compile. */
export const wrong: readonly TaskTokenFrame[] = [
  // @ts-expect-error A member is missing.
  { type: "task:token", session_id: "s1" },
  // @ts-expect-error A number is no text.
  { type: "task:token", session_id: "s1", text: 1 },
  // @ts-expect-error The tag is that of another frame.
  { type: "error", session_id: "s1", text: "" },
];

export function submission(prompt: string): string {
  const frame = {
    type: "task.submit",
    mode: "session",
    profile_id: "prof_12",
    prompt,
  } as const;
  validateClientFrame(frame);
  return encodeFrame(frame);
}
