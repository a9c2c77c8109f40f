"""`wirecheck explain`: what a word means, where a document says so, a clean and a violating example.

Law: finds what goes by a name and hands it to a page; says nothing itself. One name may be several things (a role and
a frame), and then all of them are explained.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from wirecheck.errors import UsageError

if TYPE_CHECKING:
    from wirecheck.catalog.model import Dialect, FrameForm
    from wirecheck.catalog.script import Scenario


@click.command("explain", short_help="Explain a word.")
@click.argument("name", metavar="X")
@click.option("--catalog", metavar="FILE", help="Explain the words of this catalog file too.")
def command(name: str, catalog: str | None) -> None:
    """Explain X: a dialect, a frame (DIALECT/FRAME, or FRAME alone), a scenario, a role, a span, a shape, a rule or a
    finding's code."""
    from wirecheck.catalog import dialects, load, load_file
    from wirecheck.cli.output import emit

    shelf = {each: load(each) for each in dialects()}
    if catalog is not None:
        own = load_file(catalog)
        shelf[own.name] = own
    pages = list(_pages(name, shelf))
    if not pages:
        raise UsageError(_unknown(name, shelf))
    emit("\n".join(pages))


def _pages(name: str, shelf: Mapping[str, Dialect]) -> Iterator[str]:
    from wirecheck.catalog import role_words, rules, span_words
    from wirecheck.cli import pages, scenes, words

    if name in shelf:
        yield pages.dialect(shelf[name])
    if name in rules():
        yield pages.rule(rules()[name], shelf)
    if name in words.CODES or name in words.FUZZED:
        yield pages.code(name)
    if name in words.SHAPES:
        yield pages.shape(name)
    if name in span_words():
        yield pages.span(name, shelf)
    if name in role_words():
        yield pages.role(name, shelf)
    for dialect, scenario in _scenarios(name, shelf):
        yield scenes.scenario(dialect, scenario)
    found = list(_frames(name, shelf))
    if len(found) == 1:
        yield pages.frame(*found[0])
    elif found:
        yield pages.frames(name, found)


def _frames(name: str, shelf: Mapping[str, Dialect]) -> Iterator[tuple[Dialect, FrameForm]]:
    """The frames with this key or tag, of one dialect if the name says which (`DIALECT/FRAME`)."""
    whose, slash, frame = name.partition("/")
    if slash and whose in shelf:
        shelf, name = {whose: shelf[whose]}, frame
    for dialect in shelf.values():
        exact = dialect.frames.get(name)
        for form in dialect.frames.values():
            if form is exact or (exact is None and form.tag == name):
                yield dialect, form


def _scenarios(name: str, shelf: Mapping[str, Dialect]) -> Iterator[tuple[Dialect, Scenario]]:
    """The scenarios of this name, of one dialect if the name says which (`DIALECT/SCENARIO`)."""
    whose, slash, scenario = name.partition("/")
    for dialect in [shelf[whose]] if slash and whose in shelf else shelf.values():
        found = dialect.scenarios.get(scenario if slash else name)
        if found is not None:
            yield dialect, found


def _unknown(name: str, shelf: Mapping[str, Dialect]) -> str:
    from wirecheck.catalog import role_words, rules, span_words
    from wirecheck.cli import words

    known = {*shelf, *rules(), *role_words(), *span_words(), *words.SHAPES, *words.CODES, *words.FUZZED}
    for dialect in shelf.values():
        known |= {f"{dialect.name}/{each}" for each in dialect.scenarios} | set(dialect.scenarios)
        known |= {key for form in dialect.frames.values() for key in (form.key, f"{dialect.name}/{form.key}")}
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    advice = f"did you mean {' or '.join(near)}?" if near else "`wirecheck dialects` lists where to begin"
    return f"{name}: no dialect, frame, scenario, role, span, shape, rule or code is called so; {advice}"
