"""A dialect's claims to rules, from their nodes to values.

Law: a claim is judged against the rulebook and the dialect's own words (frames, spans, names, close codes). A claim
that nothing in the dialect could ever exercise is a mistake, for its verdict would stay `not_exercised` for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirecheck.catalog.model import Connect, FrameForm, Guarantee, Locator, Rule, SpanForm, Where
from wirecheck.catalog.rulebook import CONNECTION, Mention, Rulebook, frozen_options, mentions
from wirecheck.catalog.sound import Unsure
from wirecheck.catalog.source import Faults, Node
from wirecheck.catalog.structure import check_known, check_structure, did_you_mean

_SURE = Unsure()
# Roles that only qualify a rule; a dialect without such frames may still claim it.
_QUALIFIERS = frozenset({"except", "excused", "patient", "reset", "opaque"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a dialect can speak of in its claims. `roles` are those that some frame carries."""

    roles: frozenset[str]
    spans: Mapping[str, SpanForm]
    names: Mapping[str, tuple[Locator, ...]]
    connect: Connect
    frames: Mapping[str, FrameForm]
    unsure: Unsure = _SURE


def carried_roles(frames: Mapping[str, FrameForm]) -> frozenset[str]:
    """Every role that a frame has, may have, or has in one of its cases."""
    found: set[str] = set()
    for form in frames.values():
        found.update(form.roles, form.may)
        for case in form.cases:
            found.update(case.roles, case.may)
    return frozenset(found)


def build_claims(
    node: Node | None, *, words: Vocabulary, source: str, book: Rulebook, faults: Faults
) -> dict[str, Guarantee]:
    """The dialect's guarantees by the id of their rule, in file order."""
    claims: dict[str, Guarantee] = {}
    if node is None:
        return claims
    check_known(node, book.rules, "rule", faults)
    for name, child in node.map.items():
        rule = book.rules.get(name)
        if rule is None:
            continue
        options = _options(rule, child, node.key(name))
        if not check_structure(options, f"shapes/{rule.shape}", faults, whole=f"`with` of `{name}`"):
            for mention in mentions(options, rule.shape):
                _check_mention(mention, rule, words, book, faults)
            _check_shape(rule, options, words, faults)
        plain = {member: grandchild.value for member, grandchild in child.map.items()}
        claims[name] = Guarantee(
            rule=rule,
            level=child.map["level"].plain(),
            says=str(plain.get("says", rule.says)),
            source=str(plain.get("source", source)),
            options=frozen_options(options),
        )
    return claims


def _options(rule: Rule, claim: Node, where: Where) -> Node:
    """The rule's options, which stand where the claim does, under the claim's own."""
    own = claim.map.get("with")
    if own is not None:
        where = own.where
    merged = {name: _node(value, where) for name, value in rule.options.items()}
    merged.update(own.map if own is not None else {})
    return Node(where=where, value=merged, keys=own.keys if own is not None else {})


def _node(value: Any, where: Where) -> Node:
    if isinstance(value, (list, tuple)):
        return Node(where=where, value=[_node(item, where) for item in value])
    return Node(where=where, value=value)


def _check_mention(mention: Mention, rule: Rule, words: Vocabulary, book: Rulebook, faults: Faults) -> None:
    word, said = mention.word, None
    if mention.meant == "role":
        if word not in book.role_words:
            said = f"no role is called `{word}`; {did_you_mean(word, book.role_words)}"
        elif word not in words.roles and not words.unsure.roles and mention.option not in _QUALIFIERS:
            said = f"`{rule.id}` is about frames with the role `{word}`, and no frame here has it; "
            said += "give it to one, or drop the claim"
    elif mention.meant in ("span", "deadline"):
        if word not in book.span_roles and not (mention.meant == "deadline" and word == CONNECTION):
            said = f"no kind of span is called `{word}`; {did_you_mean(word, book.span_roles)}"
        elif word != CONNECTION and word not in words.spans and not words.unsure.roles:
            opening, closing = book.span_roles[word]
            said = f"`{rule.id}` needs spans of the kind `{word}`, and no frame here has `{opening}` or `{closing}`"
            said += f"; give a frame that role, or set `{mention.option}` in the claim's `with`"
    elif mention.meant == "name" and word not in words.names and not words.unsure.names:
        said = f"`{rule.id}` compares the name `{word}`; add it to `names` ({did_you_mean(word, words.names)})"
    elif mention.meant == "meaning" and word not in words.connect.closes.values() and not words.unsure.connect:
        said = f"`{rule.id}` needs a close code that means `{word}`; add it to `connect: closes`"
    if said is not None:
        faults.add(mention.node.where, said)


def _check_shape(rule: Rule, options: Node, words: Vocabulary, faults: Faults) -> None:
    plain, gated = options.plain(), any(form.needs for form in words.frames.values()) or words.unsure.needs
    if rule.shape == "opted" and plain["by"] == "parameter" and not gated:
        faults.add(options.where, f"`{rule.id}` is about frames that a parameter allows; give `needs` to one frame")
    named = plain.get("name") in words.names and not words.unsure.names
    if rule.shape == "agrees" and plain.get("with") == CONNECTION and named:
        places = {where.place for where in words.names[plain["name"]]}
        if not (places & {"query", "path"} and places & {"payload", "header"}):
            faults.add(
                options.where,
                f"`{rule.id}` compares frames with the connection's URL; let the name `{plain['name']}` list a place "
                'in frames and one in the URL, such as [/thread_id, "{thread}"]',
            )
