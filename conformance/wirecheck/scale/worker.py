"""What happens on a worker of a cluster: one function of ours is called, and what it gives is sent back.

Law: whatever goes wrong with a part is said, with the worker that it went wrong on, and never raised: what is raised
there would have to be understood by an engine in between. Versions are compared before anything of ours is unpickled.
"""

from __future__ import annotations

import os
import pickle
import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Literal

import wirecheck
from wirecheck.capture.places import is_remote, without_secrets
from wirecheck.errors import CaptureError
from wirecheck.scale.ranges import Range
from wirecheck.scale.summary import Summary

_ONE = Lock()
"""One part at a time in a process, whatever the number of its threads: they would take turns, and hold all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """What a worker says instead of a result: why there is none, and which worker it is."""

    why: Literal["version", "source", "fault"]
    worker: str
    says: str


class _Call:
    """Unpickled, it is what `work` returns.

    So the function that an engine is given is `pickle.loads`, which is everywhere. A worker without wirecheck then says
    so, in the error of a task; given a function of ours, it could not read the message that holds it, and would stop.
    """

    def __init__(self, *arguments: object) -> None:
        self._arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return work, self._arguments


def packed(function: Callable[..., Any], part: Range, *arguments: object) -> bytes:
    """A call as bytes: who unpickles them calls `function` with the part and the rest, and has a pickle of the answer.

    A path is made absolute, for a worker has a folder of its own.
    """
    if not is_remote(part.source):
        part = replace(part, source=os.path.abspath(part.source))
    return pickle.dumps(_Call(this_version(), pickle.dumps((function, part, *arguments))))


def work(version: str, call: bytes) -> bytes:
    """The pickle of what the call gives, or of a `Failed`."""
    from distributed import get_worker

    return pickle.dumps(_done(version, call, str(get_worker().address)))


def _done(version: str, call: bytes, worker: str) -> Any:
    if version != this_version():
        return Failed(why="version", worker=worker, says=this_version())
    try:
        function, part, *arguments = pickle.loads(call)
        with _ONE:
            answer = function(part, *arguments)
        broke_off = _broke_off(part, answer)
        return answer if broke_off is None else Failed(why="source", worker=worker, says=broke_off)
    except CaptureError as error:
        return Failed(why="source", worker=worker, says=str(error))
    except Exception as error:
        return Failed(why="fault", worker=worker, says=f"{type(error).__name__}: {without_secrets(str(error))}")


def _broke_off(part: Range, answer: object) -> str | None:
    """Why reading ended before the part did; None if it did not.

    Here this is a finding, and the report says that it is not about the whole capture. Elsewhere it is a reason to try
    again: another worker may read on. Of packed data nobody can tell whether they can be read any better.
    """
    if part.whole or not isinstance(answer, Summary):
        return None
    if answer.ran is not None:
        return "reading stopped in the middle" if answer.ran.stopped else None
    return next((each.stopped for each in answer.parts if each.stopped is not None), None)


def this_version() -> str:
    """What has to be the same on both sides, because what travels are pickles."""
    return f"wirecheck {wirecheck.__version__}, Python {'.'.join(platform.python_version_tuple()[:2])}"
