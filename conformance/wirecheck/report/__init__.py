"""What was found, as a table for people, JSON for programs, JUnit for test servers, annotations for GitHub.

Law: pictures of a `Report`, and nothing that judges. Whatever came from the wire is redacted, then cut, then escaped,
in this order, before it is written anywhere.
"""

from __future__ import annotations

from wirecheck.report.view import Section, Shown

__all__ = ["Section", "Shown"]
