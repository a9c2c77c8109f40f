"""What a campaign found, as files.

Law: for each finding the capture and the conversation, side by side, named after its code; without secrets.
"""

from __future__ import annotations

from pathlib import Path

from wirecheck.campaign.result import Found, Result
from wirecheck.campaign.saved import Saved, written
from wirecheck.campaign.shown import Files
from wirecheck.errors import UsageError
from wirecheck.redact import redact


def keep(result: Result, folder: Path, *, part: str = "") -> Files:
    """Save the capture and the conversation of each finding; where they are, by cause. `part` begins their names.

    Raises `UsageError` where they cannot be written.
    """
    files: dict[tuple[str, ...], tuple[Path, Path]] = {}
    names: dict[str, int] = {}
    for found in result.found:
        number = names[found.flaw.code] = names.get(found.flaw.code, 0) + 1
        name = f"fuzz-{part}{found.flaw.code}{f'-{number}' if number > 1 else ''}"
        capture, conversation = folder / f"{name}.jsonl", folder / f"{name}.yaml"
        text = written(saved(result, found), result.plan.target.secrets())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            found.capture.save(capture)
            conversation.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"{capture}: cannot be written ({error.strerror}); name another folder") from None
        files[found.flaw.cause] = capture, conversation
    return files


def saved(result: Result, found: Found) -> Saved:
    """What the file of a finding holds."""
    return Saved(
        dialect=result.plan.target.dialect.name,
        code=found.flaw.code,
        level=found.flaw.level,
        says=redact(found.flaw.says, result.plan.target.secrets()),
        failed=found.failed,
        played=found.played,
        steps=found.steps,
    )
