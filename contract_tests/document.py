"""The contract: its operations, its rules and where they stand, and whether an answer fits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import yaml
from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

Source = Literal["documented", "client", "ruled"]
METHODS = ("get", "post", "delete", "put", "patch", "head", "options", "trace")
FILE = "spec/openapi.yaml"


def shipped_file(*parts: str) -> Traversable:
    """A file of spec/: at a checkout's root, or under my_account_kit/ once installed."""
    root = files(__package__).joinpath("..")
    installed = root.joinpath("my_account_kit")
    return (installed if installed.is_dir() else root).joinpath(*parts)


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence of the contract, and what binds an implementation to it."""

    id: str
    source: Source
    text: str
    why: str
    operations: tuple[str, ...]
    line: int
    """Where it stands in the document."""


class Misfit(NamedTuple):
    """What of a body does not fit its schema."""

    drift: bool
    """Whether it is only an unknown enum member, which may appear any day, or a key twice."""
    text: str
    field: tuple[str | int, ...] = ()
    """Where in `data` the field stands without which the rest can be read; empty if none does."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    place: str
    """`path` or `query`."""
    type: str
    maximum: int | None

    def takes(self, text: str) -> bool:
        """Whether it is given in its usual form, and within what the document allows."""
        if self.type != "integer":
            return self.type == "boolean" and text in ("true", "false")
        number = int(text) if re.fullmatch("[1-9][0-9]{0,15}", text) else 0
        return 0 < number <= (self.maximum or number)


@dataclass(frozen=True)
class Operation:
    """One operation of the document, and what it is."""

    id: str
    method: str
    path: str
    statuses: tuple[int, ...]
    validators: Mapping[int, Draft202012Validator]
    parameters: tuple[Parameter, ...]
    lists: bool
    """Whether its success is an array, not an object."""
    pages: bool
    """Whether its success is one page of several."""
    fields: frozenset[str]
    """Every property of its success, at any depth, and every format."""

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def fixed_path(self) -> str:
        """Its path before its parameter; all of it without one."""
        return self.path.partition("/{")[0]

    @property
    def unknown_path(self) -> str:
        """A path below it that is none."""
        return f"{self.fixed_path}/no-such/thing"

    def parameter_in(self, url: str) -> str:
        """What stands in a URL in place of its parameter."""
        behind = self.path.removeprefix(self.fixed_path).count("/")
        return url.partition("?")[0].split("/")[-behind]

    @property
    def decides(self) -> bool:
        """Whether it opts in or out: it changes what it answers with `opted_in`."""
        return not self.reads and "opted_in" in self.fields

    @property
    def opts_in(self) -> bool:
        return self.decides and self.method == "POST"

    @property
    def subject(self) -> str:
        """What it shows, as a profile's facts count it: `payment_methods`."""
        noun = re.sub(r"^[a-z]+(?:MyAccount)?", "", self.id)
        return re.sub(r"(?<!^)(?=[A-Z])", "_", noun).lower()

    @property
    def traits(self) -> frozenset[str]:
        """The words that `applies_to` chooses it by."""
        holding = {
            "read": self.reads,
            "write": not self.reads,
            "list": self.lists,
            "unpaged": self.lists and not self.pages,
            "parameters": bool(self.parameters),
            "email": "email" in self.fields,
        }
        return frozenset(name for name, holds in holding.items() if holds)

    @property
    def largest(self) -> Mapping[str, int]:
        """The maximum of each parameter that declares one."""
        return {each.name: each.maximum for each in self.parameters if each.maximum is not None}

    def queries(self, type: str) -> tuple[str, ...]:
        """The names of its query parameters of a type."""
        queries = (each for each in self.parameters if each.place == "query")
        return tuple(each.name for each in queries if each.type == type)

    def understands(self, query: Sequence[tuple[str, str]]) -> bool:
        """Whether all of a query are parameters of it, each once, with a value it takes."""
        known = {each.name: each for each in self.parameters if each.place == "query"}
        once = len(dict(query)) == len(query)
        return once and all(name in known and known[name].takes(text) for name, text in query)

    def misfits(self, status: int, body: Any) -> Iterator[Misfit]:
        """What does not fit the schema of a status."""
        validator = self.validators.get(status)
        for error in validator.iter_errors(body) if validator else ():
            where = "".join(
                f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.instance_path
            )
            drift = error.kind.name == "enum" and isinstance(error.instance, str)
            yield Misfit(drift, f"${where}: {error.message[:300]}", _field(error))


def _field(error: ValidationError) -> tuple[str | int, ...]:
    path = [*error.instance_path]
    if isinstance(error.kind, ValidationErrorKind.Required):
        path.append(error.kind.property)
    while path and isinstance(path[-1], int):
        path.pop()
    return tuple(path) if path[:1] == ["data"] and len(path) > 1 else ()


class DocumentError(Exception):
    """A document that is no contract; the message says where and why."""


class Contract:
    """An OpenAPI 3.0 document with `x-rules`."""

    def __init__(self, text: str, origin: str = FILE) -> None:
        """
        Raises:
            DocumentError: it is not YAML, or has no operations; a reference in it leads nowhere,
                or round in a circle; a rule of it is none.
        """
        self.text, self._origin = text, origin
        self.tree: dict[str, Any] = _tree(text, origin)
        for reference in sorted(set(_references(self.tree))):
            self._check_reference(reference)
        self._lines = {
            declared[1]: number
            for number, line in enumerate(text.splitlines(), 1)
            if (declared := re.search(r"- \{?id: ([A-Z]+-\d+)\b", line))
        }

    @classmethod
    def load(cls, path: Path | None = None) -> "Contract":
        """The contract of a file; the one that comes with the kit by default."""
        file = path or shipped_file("spec", "openapi.yaml")
        try:
            return cls(file.read_text("utf-8"), str(path or FILE))
        except UnicodeDecodeError:
            raise DocumentError(f"{path}: it is not UTF-8 text") from None

    def _check_reference(self, reference: str) -> None:
        if not reference.startswith("#/"):
            what = f"$ref '{reference}' leads out of the document; everything must be in one file"
            raise DocumentError(f"{self._origin}: {what}")
        try:
            self._unfold({"$ref": reference}, ())
        except (KeyError, TypeError, IndexError):
            raise DocumentError(f"{self._origin}: $ref '{reference}' leads nowhere") from None

    def _unfold(self, node: Mapping[str, Any], above: tuple[str, ...]) -> None:
        """See that what a node stands for, and what is added to it, is not made of itself."""
        reference = node.get("$ref")
        if reference is not None:
            if reference in above:
                raise DocumentError(f"{self._origin}: $ref '{reference}' is made of itself")
            self._unfold(self._at(reference), (*above, reference))
        for part in node.get("allOf", ()):
            self._unfold(part, above)

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Every operation by its id."""
        return {
            node["operationId"]: Operation(
                node["operationId"],
                method.upper(),
                path,
                tuple(map(int, node["responses"])),
                self._validators(node["responses"]),
                tuple(map(self._parameter, self._parameters(path, node))),
                *self._success(node["responses"]),
            )
            for path, method, node in self._operation_nodes()
        }

    @cached_property
    def reads(self) -> tuple[Operation, ...]:
        """The operations that read, in the document's order."""
        return tuple(each for each in self.operations.values() if each.reads)

    @cached_property
    def account(self) -> Operation:
        """The operation that reads the customer's own details."""
        return next(each for each in self.reads if not each.lists)

    @cached_property
    def decisions(self) -> dict[bool, Operation]:
        """The operations that opt in (True) and out."""
        return {each.opts_in: each for each in self.operations.values() if each.decides}

    @cached_property
    def preferences(self) -> Operation:
        """The operation that lists what a customer can opt in to."""
        return next(each for each in self.reads if "opted_in" in each.fields)

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Every rule by its id."""
        everywhere = tuple(self.operations)
        rules = [self._rule(each, everywhere) for each in self._declared(self.tree)]
        for _, _, node in self._operation_nodes():
            own = (node["operationId"],)
            rules += [self._rule(each, own) for each in self._declared(node)]
        return {rule.id: rule for rule in rules}

    def _declared(self, node: Mapping[str, Any]) -> list[Any]:
        rules = node.get("x-rules", [])
        if not isinstance(rules, list):
            raise DocumentError(f"{self._origin}: x-rules is a list of rules")
        return rules

    def _operation_nodes(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, item in self.tree["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def _rule(self, node: Any, operations: tuple[str, ...]) -> Rule:
        if not isinstance(node, dict) or not isinstance(node.get("id"), str):
            raise DocumentError(f"{self._origin}: a rule under x-rules is a mapping with an `id`")
        line = self._lines.get(node["id"], 1)
        for name in ("source", "text"):
            if not isinstance(node.get(name), str):
                raise DocumentError(f"{self._origin}:{line}: {node['id']} has no `{name}`")
        traits = set(node.get("applies_to", ()))
        candidates = node.get("operations", operations)
        if unknown := [
            id for id in (*candidates, *node.get("except", ())) if id not in self.operations
        ]:
            what = f"{node['id']} names {unknown[0]}, which is no operation"
            raise DocumentError(f"{self._origin}:{line}: {what}")
        bound = [
            id
            for id in candidates
            if traits <= self.operations[id].traits and id not in node.get("except", ())
        ]
        return Rule(
            node["id"],
            node["source"],
            node["text"],
            node.get("why", ""),
            tuple(bound),
            line,
        )

    def _parameters(self, path: str, node: dict[str, Any]) -> list[Mapping[str, Any]]:
        shared = self.tree["paths"][path].get("parameters", ())
        return [self.resolve(each) for each in (*shared, *node.get("parameters", ()))]

    def _parameter(self, node: Mapping[str, Any]) -> Parameter:
        schema = self.resolve(node["schema"])
        return Parameter(node["name"], node["in"], schema.get("type", ""), schema.get("maximum"))

    def _success(self, responses: dict[str, Any]) -> tuple[bool, bool, frozenset[str]]:
        """Whether a success is a list, whether it is a page, and the names within it."""
        content = self.resolve(responses.get("200", {})).get("content", {})
        schema = self.resolve(content.get("application/json", {}).get("schema", {}))
        properties = schema.get("properties", {})
        lists = self.resolve(properties.get("data", {})).get("type") == "array"
        return lists, "meta" in properties, frozenset(self._names(schema, ()))

    def _names(self, node: Any, above: tuple[str, ...]) -> Iterator[str]:
        if isinstance(node, list):
            for item in node:
                yield from self._names(item, above)
        if not isinstance(node, dict) or node.get("$ref") in above:
            return
        if "$ref" in node:
            yield from self._names(self.resolve(node), (*above, node["$ref"]))
            return
        yield from node.get("properties", ())
        yield from (node["format"],) if isinstance(node.get("format"), str) else ()
        for value in node.values():
            yield from self._names(value, above)

    def _validators(self, responses: dict[str, Any]) -> dict[int, Draft202012Validator]:
        validators = {}
        for status, answer in responses.items():
            content = self.resolve(answer).get("content", {}).get("application/json")
            if content:
                root = as_json_schema(content["schema"]) | {"components": self._components}
                validators[int(status)] = Draft202012Validator(root, validate_formats=True)
        return validators

    @cached_property
    def _components(self) -> dict[str, Any]:
        return {"schemas": as_json_schema(self.tree["components"]["schemas"])}

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """A node, or what its `$ref` leads to."""
        if "$ref" not in node:
            return node
        return self.resolve(self._at(node["$ref"]))

    def _at(self, reference: str) -> Any:
        target: Any = self.tree
        for part in reference.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        return target


def _references(node: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _references(item)


def _tree(text: str, origin: str) -> dict[str, Any]:
    try:
        tree = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "this is not YAML"
        raise DocumentError(f"{origin}:{mark.line + 1 if mark else 1}: {what}") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("paths"), dict):
        raise DocumentError(f"{origin}: an OpenAPI document is a mapping with `paths`")
    return tree


def filled(path: str, value: str) -> str:
    """A path with `value` in place of its parameter."""
    return re.sub(r"\{\w+\}", quote(value, safe=""), path)


def as_json_schema(node: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema, in which null is a type of its own."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: as_json_schema(value) for key, value in node.items()}
    if schema.pop("nullable", False) is not True:
        return schema
    if "type" in schema:
        # Not `anyOf`, under which an error no longer tells where and of what kind it is.
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [{"type": "null"}, schema]}
