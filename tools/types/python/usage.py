"""What users write, so that mypy says whether types lead them."""

from typing import assert_never

from vonz_flat import (
    ErrorFrame,
    ServerFrame,
    SessionReadyFrame,
    SessionReplayEndFrame,
    SessionReplayStartFrame,
    TaskAskUserFrame,
    TaskDoneFrame,
    TaskFailedFrame,
    TaskSubmitFrame,
    TaskTokenFrame,
    TaskToolResultFrame,
    TaskToolUseFrame,
    TurnContinuingFrame,
    TurnDoneFrame,
    UnknownFrame,
    decode_server_frame,
    encode_frame,
    validate_client_frame,
)


def described(frame: ServerFrame) -> str:
    """Every kind of frame is a case of its own; one that is forgotten is an error."""
    match frame:
        case TaskTokenFrame() | TurnDoneFrame():
            return frame.session_id
        case TaskToolUseFrame():
            return ",".join(frame.input)
        case TaskAskUserFrame():
            return ",".join(question.question for question in frame.questions)
        case SessionReadyFrame() | SessionReplayStartFrame():
            return frame.session_id
        case TaskDoneFrame() | TaskFailedFrame():
            return frame.task_id
        case ErrorFrame() | SessionReplayEndFrame() | TaskToolResultFrame():
            return ""
        case TurnContinuingFrame():
            return str(frame.continuation + 1)
        case UnknownFrame():
            return frame.tag
    assert_never(frame)


def is_done(text: str) -> bool:
    """Decoding says which type it gives."""
    return isinstance(decode_server_frame(text, strict=True), TurnDoneFrame)


def wrong() -> list[TaskTokenFrame]:
    """What is no frame is an error."""
    return [
        TaskTokenFrame(session_id="s1"),  # type: ignore[call-arg]
        TaskTokenFrame(session_id="s1", text=1),  # type: ignore[arg-type]
    ]


def submission(prompt: str) -> str:
    """A frame that a program makes."""
    frame = TaskSubmitFrame(mode="session", profile_id="prof_12", prompt=prompt)
    validate_client_frame(frame)
    return encode_frame(frame)
