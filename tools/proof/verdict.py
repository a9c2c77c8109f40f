"""Whether an answer is right.

Law: pure. An answer is the line of a driver, as it came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proof.cases import UNKNOWN, Case, Excuse

_BLURRED: Final[frozenset[Excuse]] = frozenset({"beyond 2^53"})


@dataclass(slots=True, kw_only=True)
class Agreement:
    """One language's row: how many of how many, and what went wrong.

    `excuses` are those that the language has; answers that are `excused` count nowhere else. That something invalid is
    taken has but one: of a number that is read as the nearest double nobody can tell on which side of a bound it was.
    """

    excuses: frozenset[Excuse]
    valid: int = 0
    accepted: int = 0
    invalid: int = 0
    rejected: int = 0
    equal: int = 0
    excused: int = 0
    wrong: list[str] = field(default_factory=list)

    def judge(self, case: Case, answer: Mapping[str, Any]) -> None:
        why = fault(case, answer)
        excuses = case.excuses & self.excuses
        if why is not None and (excuses if case.variant is not None else excuses & _BLURRED):
            self.excused += 1
            return
        if case.variant is None:
            self.invalid += 1
            self.rejected += why is None
        else:
            self.valid += 1
            self.accepted += bool(answer.get("ok"))
            self.equal += why is None
        if why is not None:
            self.wrong.append(f"{case.module}, {case.sender}, {case.origin}: {why}\n    {case.text[:300]}")

    @property
    def row(self) -> tuple[str, ...]:
        return (
            _share(self.accepted, self.valid),
            _share(self.rejected, self.invalid),
            _share(self.equal, self.valid),
            f"{self.excused:,}",
        )


def judged(cases: Iterable[Case], answers: Iterable[str], excuses: frozenset[Excuse]) -> Agreement:
    """The agreement of a driver's answers, one a case and in order. A line that is missing is a fault of its case."""
    found = Agreement(excuses=excuses)
    left = iter(answers)
    for case in cases:
        line = next(left, None)
        found.judge(case, {"crashed": "no answer"} if line is None else _read(line))
    if next(left, None) is not None:
        found.wrong.append("more answers than questions")
    return found


def _read(line: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError:
        return {"crashed": line[:200]}
    return answer if isinstance(answer, dict) and isinstance(answer.get("ok"), bool) else {"crashed": line[:200]}


def fault(case: Case, answer: Mapping[str, Any]) -> str | None:
    """What is wrong with an answer; None where it is right."""
    if "crashed" in answer:
        return f"no answer: {answer['crashed']}"
    if case.variant is None:
        told = not case.strict and (answer.get("variant") == UNKNOWN or answer.get("valid") is False)
        return f"taken for {answer.get('variant')}" if answer["ok"] and not told else None
    if not answer["ok"]:
        return f"refused: {answer.get('error')}"
    # Some languages write the letters of an acronym in capitals.
    if str(answer.get("variant")).lower() != case.variant.lower():
        return f"taken for {answer.get('variant')} and not {case.variant}"
    if case.strict and answer.get("valid") is not True:
        return "taken, and not valid by its own validate"
    if not same(json.loads(case.text), json.loads(answer["text"])):
        return f"written again as {answer['text'][:300]}"
    return None


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON. A number that one of them writes with a fraction or an exponent is a
    double; so is the other then."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(value, other[name]) for name, value in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return False
    if isinstance(one, float) or isinstance(other, float):
        return float(one) == float(other)
    return bool(one == other)


def _share(some: int, of: int) -> str:
    return f"{some:,} of {of:,}"
