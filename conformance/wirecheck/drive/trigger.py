"""The user's own command, which makes happen what no frame asks for.

Law: its own words and no shell's; nothing that it says is shown. It ends within its deadline or is ended, and what it
began with it, where the system knows whose children they are. What it leaves behind when it ends by itself goes on.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

_PREFIX: Final = "WIRECHECK_"
_GROUPS: Final = os.name == "posix"


async def run(command: str, variables: Mapping[str, Any], within: float) -> str:
    """Run `command` with `WIRECHECK_<NAME>` for each variable in its environment; what went wrong, or nothing."""
    named = {f"{_PREFIX}{name.upper()}": str(value) for name, value in variables.items() if value is not None}
    environment = {**os.environ, **{name: value for name, value in named.items() if "\0" not in value}}
    nobody = asyncio.subprocess.DEVNULL
    try:
        words = shlex.split(command)
        process = await asyncio.create_subprocess_exec(
            *words, stdin=nobody, stdout=nobody, stderr=nobody, env=environment, start_new_session=_GROUPS
        )
    except (OSError, ValueError, TypeError) as error:
        return f"cannot be run ({getattr(error, 'strerror', None) or 'it is no command'}); look at it"
    try:
        code = await asyncio.wait_for(process.wait(), within)
    except TimeoutError:
        return f"did not end within {within:g} s"
    finally:
        if process.returncode is None:
            _kill(process)
            await process.wait()
    return f"ended with code {code}" if code != 0 else ""


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a command and all that it began."""
    with suppress(ProcessLookupError):  # it has just ended
        if _GROUPS:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
