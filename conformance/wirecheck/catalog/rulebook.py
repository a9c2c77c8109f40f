"""The words that all dialects share: roles, kinds of span, and rules, as `rules.yaml` states them.

Law: what a requirement asks is said once, in that file; here it only becomes values. No dialect is known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from wirecheck.catalog.model import Rule
from wirecheck.catalog.source import Faults, Node, parse
from wirecheck.catalog.structure import catalog_schema, check_structure, did_you_mean

CONNECTION = "connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """`span_roles` maps a kind of span to the roles that open and close it; the words explain them to readers."""

    span_words: Mapping[str, str]
    span_roles: Mapping[str, tuple[str, str]]
    role_words: Mapping[str, str]
    rules: Mapping[str, Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One word that a rule's options hold, and what it is meant as: `role`, `span`, `deadline`, `name`, `meaning`."""

    option: str
    word: str
    meant: str
    node: Node


def mentions(options: Node, shape: str) -> Iterator[Mention]:
    """Every role, span and name that a shape's options speak of; what is what, `catalog.schema.json` knows."""
    properties = catalog_schema()["$defs"]["shapes"][shape].get("properties", {})
    for option, node in options.map.items():
        meant = _meant(properties.get(option, {}))
        for item in node.items or [node]:
            if meant and isinstance(item.value, str):
                yield Mention(option=option, word=item.value, meant=meant, node=item)


def _meant(schema: Mapping[str, Any]) -> str | None:
    reference = schema.get("$ref") or schema.get("items", {}).get("$ref")
    if reference is None:
        return None
    word = str(reference).rpartition("/")[2]
    return {"roles": "role"}.get(word, word)


def frozen_options(node: Node) -> Mapping[str, Any]:
    """Options as plain values; a list becomes a tuple."""
    return {
        name: tuple(item.plain() for item in child.items) if isinstance(child.value, list) else child.plain()
        for name, child in node.map.items()
    }


def read_rulebook(data: bytes, file: str, *, loader: Any = None) -> Rulebook:
    """The rulebook in a file's bytes. `CatalogError` names every mistake."""
    tree = parse(data, file, loader=loader)
    faults = Faults()
    check_structure(tree, "rulebook", faults, whole="the rulebook")
    faults.raise_any()
    spans = tree.map["spans"].plain()
    span_roles = {kind: (form["open"], form["close"]) for kind, form in spans.items()}
    roles = _role_words(tree.map["roles"].plain(), spans)
    rules = tree.map["rules"]
    for rule in rules.map.values():
        _check_rule(rule, roles=roles, spans=span_roles, rules=rules, faults=faults)
    faults.raise_any()
    return Rulebook(
        span_words=MappingProxyType({kind: form["says"] for kind, form in spans.items()}),
        span_roles=MappingProxyType(span_roles),
        role_words=MappingProxyType(roles),
        rules=MappingProxyType({name: _rule(name, node) for name, node in rules.map.items()}),
    )


def _role_words(points: Mapping[str, str], spans: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    words: dict[str, list[str]] = {}
    for kind, form in spans.items():
        words.setdefault(form["open"], []).append(f"opens the span `{kind}`: {form['says']}")
        words.setdefault(form["close"], []).append(f"closes the span `{kind}`: {form['says']}")
    for role, says in points.items():
        words.setdefault(role, []).append(says)
    return {role: "; ".join(words[role]) for role in sorted(words)}


def _check_rule(
    rule: Node, *, roles: Mapping[str, str], spans: Mapping[str, tuple[str, str]], rules: Node, faults: Faults
) -> None:
    shape, options = str(rule.map["shape"].value), rule.map["with"]
    check_structure(options, f"shapes/{shape}", faults, whole="`with`")
    known = {"role": set(roles), "span": set(spans), "deadline": {*spans, CONNECTION}}
    for mention in mentions(options, shape):
        if mention.meant in known and mention.word not in known[mention.meant]:
            advice = did_you_mean(mention.word, known[mention.meant])
            faults.add(mention.node.where, f"no {mention.meant} is called `{mention.word}`; {advice}")
    for name in rule.map["implies"].map if "implies" in rule.map else ():
        if name not in rules.map:
            faults.add(rule.map["implies"].key(name), f"no rule is called `{name}`; {did_you_mean(name, rules.map)}")


def _rule(name: str, node: Node) -> Rule:
    plain = node.plain()
    return Rule(
        id=name,
        says=plain["says"],
        side=plain["side"],
        shape=plain["shape"],
        options=frozen_options(node.map["with"]),
        implies=plain.get("implies", {}),
        passive=plain.get("passive"),
        holds=plain["holds"],
        breaks=plain["breaks"],
    )


@cache
def rulebook() -> Rulebook:
    """The shipped rulebook."""
    data = files("wirecheck.catalogs").joinpath("rules.yaml").read_bytes()
    return read_rulebook(data, "catalogs/rules.yaml")


def rules() -> Mapping[str, Rule]:
    """Every rule by its id."""
    return rulebook().rules


def span_words() -> Mapping[str, str]:
    """What each kind of span is, in words."""
    return rulebook().span_words


def role_words() -> Mapping[str, str]:
    """What each role means, in words; those that open and close spans included."""
    return rulebook().role_words


def span_roles() -> Mapping[str, tuple[str, str]]:
    """The roles that open and close each kind of span."""
    return rulebook().span_roles
