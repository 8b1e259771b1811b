"""What changed between two documents: what breaks a client, what is new, and which rules differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contract_tests.document import METHODS, Contract

Kind = Literal["breaking", "additive", "rule"]
Node = Mapping[str, Any]
_BOUNDS = {"minimum": 1, "minLength": 1, "minItems": 1, "maximum": -1, "maxLength": -1}
"""Keywords that bound a value, with the direction in which they become stricter."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One change, and where."""

    kind: Kind
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.place}: {self.text}"


def differences(old: Contract, new: Contract) -> list[Difference]:
    """Every change from one document to another, in the order of the new one."""
    return [*_servers(old, new), *_operations(old, new), *_rules(old, new)]


def _servers(old: Contract, new: Contract) -> Iterator[Difference]:
    before, after = (
        {
            str(each["url"])
            for each in contract.tree.get("servers", [{"url": "/"}])
            if isinstance(each, dict) and "url" in each
        }
        for contract in (old, new)
    )
    for url in sorted(before - after):
        yield Difference("breaking", "servers", f"{url} is gone")
    for url in sorted(after - before):
        yield Difference("additive", "servers", f"{url} is new")


def _operations(old: Contract, new: Contract) -> Iterator[Difference]:
    before, after = dict(_by_place(old)), dict(_by_place(new))
    for place in before.keys() - after.keys():
        yield Difference("breaking", place, "the operation is gone")
    for place in after:
        if place not in before:
            yield Difference("additive", place, "a new operation")
        else:
            yield from _operation(place, old, before[place], new, after[place])


def _by_place(contract: Contract) -> Iterator[tuple[str, Node]]:
    """Every operation by method and path, the parameters of its path among its own."""
    for path, item in contract.tree["paths"].items():
        for method in METHODS:
            if method in item:
                shared = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                yield f"{method.upper()} {path}", item[method] | {"parameters": shared}


def _operation(
    place: str, old: Contract, before: Node, new: Contract, after: Node
) -> Iterator[Difference]:
    if before["operationId"] != after["operationId"]:
        text = f"operationId {before['operationId']} is now {after['operationId']}"
        yield Difference("breaking", place, text)
    if _needs_token(new, after) and not _needs_token(old, before):
        yield Difference("breaking", place, "it wants a token now")
    if _needs_token(old, before) and not _needs_token(new, after):
        yield Difference("additive", place, "it wants no token any more")
    yield from _parameters(place, old, before, new, after)
    yield from _responses(place, old, before, new, after)


def _needs_token(contract: Contract, operation: Node) -> bool:
    schemes = operation.get("security", contract.tree.get("security", []))
    return bool(schemes) and {} not in schemes


def _parameters(
    place: str, old: Contract, before: Node, new: Contract, after: Node
) -> Iterator[Difference]:
    earlier = {(each["name"], each["in"]): each for each in _resolve_parameters(old, before)}
    later = {(each["name"], each["in"]): each for each in _resolve_parameters(new, after)}
    for name, where in earlier.keys() - later.keys():
        yield Difference("breaking", place, f"the {where} parameter '{name}' is gone")
    for key, parameter in later.items():
        here = f"{place} {key[1]} parameter '{key[0]}'"
        if key not in earlier:
            kind: Kind = "breaking" if parameter.get("required") else "additive"
            yield Difference(kind, here, f"new, {'required' if kind == 'breaking' else 'optional'}")
            continue
        if parameter.get("required") and not earlier[key].get("required"):
            yield Difference("breaking", here, "required now")
        schemas = old.resolve(earlier[key]["schema"]), new.resolve(parameter["schema"])
        if schemas[0].get("default") != schemas[1].get("default"):
            yield Difference("breaking", here, _from_to("default", *schemas))
        yield from _compare_sent_values(here, *schemas)


def _resolve_parameters(contract: Contract, operation: Node) -> list[Node]:
    return [contract.resolve(each) for each in operation["parameters"]]


def _compare_sent_values(place: str, before: Node, after: Node) -> Iterator[Difference]:
    """Compare what a client sends: fewer allowed values are breaking, more are not."""
    if before.get("type") != after.get("type"):
        yield Difference("breaking", place, _from_to("type", before, after))
    for keyword, direction in _BOUNDS.items():
        if before.get(keyword) != after.get(keyword):
            stricter = keyword in after and (
                keyword not in before or (after[keyword] - before[keyword]) * direction > 0
            )
            kind: Kind = "breaking" if stricter else "additive"
            yield Difference(kind, place, _from_to(keyword, before, after))
    if gone := set(before.get("enum", ())) - set(after.get("enum", before.get("enum", ()))):
        yield Difference("breaking", place, f"no longer allowed: {_join(gone)}")


def _responses(
    place: str, old: Contract, before: Node, new: Contract, after: Node
) -> Iterator[Difference]:
    for status in before["responses"].keys() - after["responses"].keys():
        kind: Kind = "breaking" if status.startswith("2") else "additive"
        yield Difference(kind, place, f"the document lists no {status} any more")
    for status, answer in after["responses"].items():
        if status not in before["responses"]:
            yield Difference("additive", place, f"a new answer, {status}")
            continue
        bodies = _body(old, before["responses"][status]), _body(new, answer)
        yield from _compare_read_values(f"{place} {status}", old, bodies[0], new, bodies[1], ())


def _body(contract: Contract, answer: Node) -> Node:
    content = contract.resolve(answer).get("content", {})
    schema: Node = content.get("application/json", {}).get("schema", {})
    return schema


def _compare_read_values(
    place: str, old: Contract, first: Node, new: Contract, second: Node, above: tuple[str, ...]
) -> Iterator[Difference]:
    """Compare what a client reads: anything it may rely on and no longer gets is breaking."""
    if second.get("$ref", "") in above:
        return
    within = (*above, second["$ref"]) if "$ref" in second else above
    before, after = _flat(old, first), _flat(new, second)
    if before.get("type") != after.get("type"):
        yield Difference("breaking", place, _from_to("type", before, after))
        return
    for keyword in ("format", "pattern"):
        if keyword in before and before.get(keyword) != after.get(keyword):
            yield Difference("breaking", place, _from_to(keyword, before, after))
    if after.get("nullable") and not before.get("nullable"):
        yield Difference("breaking", place, "it may be null now")
    if more := set(after.get("enum", ())) - set(before.get("enum", after.get("enum", ()))):
        yield Difference("additive", place, f"new members: {_join(more)}")
    if "items" in before and "items" in after:
        yield from _compare_read_values(
            f"{place}[]", old, before["items"], new, after["items"], within
        )
    yield from _fields(place, old, before, new, after, within)


def _fields(
    place: str, old: Contract, before: Node, new: Contract, after: Node, above: tuple[str, ...]
) -> Iterator[Difference]:
    earlier, later = before.get("properties", {}), after.get("properties", {})
    for name in earlier.keys() - later.keys():
        yield Difference("breaking", f"{place}.{name}", "the field is gone")
    for name, field in later.items():
        if name not in earlier:
            yield Difference("additive", f"{place}.{name}", "a new field")
            continue
        if name in before.get("required", ()) and name not in after.get("required", ()):
            yield Difference("breaking", f"{place}.{name}", "it may be missing now")
        yield from _compare_read_values(f"{place}.{name}", old, earlier[name], new, field, above)


def _flat(contract: Contract, schema: Node) -> Node:
    """A schema with what its `allOf` adds to it."""
    flat = dict(contract.resolve(schema))
    for part in flat.pop("allOf", ()):
        more = _flat(contract, part)
        flat = {
            **more,
            **flat,
            "properties": more.get("properties", {}) | flat.get("properties", {}),
            "required": [*more.get("required", ()), *flat.get("required", ())],
        }
    return flat


def _rules(old: Contract, new: Contract) -> Iterator[Difference]:
    for id in old.rules.keys() - new.rules.keys():
        yield Difference("rule", id, f"gone: {old.rules[id].text}")
    for id, rule in new.rules.items():
        before = old.rules.get(id)
        if before is None:
            yield Difference("rule", id, f"new ({rule.source}): {rule.text}")
            continue
        if before.source != rule.source:
            yield Difference("rule", id, f"{before.source} is now {rule.source}")
        if before.text != rule.text:
            yield Difference("rule", id, f"'{before.text}' is now '{rule.text}'")
        if more := set(rule.operations) - set(before.operations):
            yield Difference("rule", id, f"it binds {_join(more)} too")
        if fewer := set(before.operations) - set(rule.operations):
            yield Difference("rule", id, f"it no longer binds {_join(fewer)}")


def _from_to(keyword: str, before: Node, after: Node) -> str:
    return f"{keyword} {before.get(keyword, 'none')} is now {after.get(keyword, 'none')}"


def _join(values: set[Any]) -> str:
    return ", ".join(sorted(map(str, values)))
