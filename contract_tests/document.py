"""The contract: its operations, its rules and where they stand, and whether an answer fits."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

import yaml
from jsonschema_rs import Draft202012Validator

Source = Literal["documented", "client", "ruled"]
METHODS = ("get", "post", "delete", "put", "patch")
FILE = "spec/openapi.yaml"


def shipped(*parts: str) -> Traversable:
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


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    path: str
    statuses: tuple[int, ...]
    validators: Mapping[int, Draft202012Validator]
    largest: Mapping[str, int]
    """The maximum of each parameter that declares one."""

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def opts_in(self) -> bool:
        return self.id.endswith("OptIn")

    @property
    def lists(self) -> bool:
        """Whether its success is an array; only the account itself is an object."""
        return self.id != "getMyAccountDetails"

    def misfits(self, status: int, body: Any) -> Iterator[tuple[bool, str]]:
        """
        What does not fit the schema of a status, each with whether it is only an unknown enum
        member, which may appear any day.
        """
        validator = self.validators.get(status)
        for error in validator.iter_errors(body) if validator else ():
            where = "".join(
                f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.instance_path
            )
            drift = error.kind.name == "enum" and isinstance(error.instance, str)
            yield drift, f"${where}: {error.message[:300]}"


class Contract:
    """An OpenAPI 3.0 document with `x-rules`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
        self._lines = {
            found[1]: number
            for number, line in enumerate(text.splitlines(), 1)
            if (found := re.search(r"- \{?id: ([A-Z]+-\d+)\b", line))
        }

    @classmethod
    def load(cls, path: Path | None = None) -> "Contract":
        """The contract of a file; the one that comes with the kit by default."""
        file = path or shipped("spec", "openapi.yaml")
        return cls(file.read_text("utf-8"))

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Every operation by its id."""
        return {
            said["operationId"]: Operation(
                said["operationId"],
                method.upper(),
                path,
                tuple(map(int, said["responses"])),
                self._validators(said["responses"]),
                dict(self._maxima(said.get("parameters", ()))),
            )
            for path, method, said in self._said()
        }

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Every rule by its id."""
        everywhere = tuple(self.operations)
        found = [self._rule(said, everywhere) for said in self.tree.get("x-rules", ())]
        for _, _, operation in self._said():
            own = (operation["operationId"],)
            found += [self._rule(said, own) for said in operation.get("x-rules", ())]
        return {rule.id: rule for rule in found}

    def _said(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, item in self.tree["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def _rule(self, said: dict[str, Any], operations: tuple[str, ...]) -> Rule:
        return Rule(
            said["id"],
            said["source"],
            said["text"],
            said.get("why", ""),
            tuple(said.get("operations", operations)),
            self._lines.get(said["id"], 1),
        )

    def _maxima(self, parameters: Iterable[dict[str, Any]]) -> Iterator[tuple[str, int]]:
        for said in map(self._resolve, parameters):
            if "maximum" in said["schema"]:
                yield said["name"], said["schema"]["maximum"]

    def _validators(self, responses: dict[str, Any]) -> dict[int, Draft202012Validator]:
        found = {}
        for status, answer in responses.items():
            content = self._resolve(answer).get("content", {}).get("application/json")
            if content:
                root = as_json_schema(content["schema"]) | {"components": self._components}
                found[int(status)] = Draft202012Validator(root, validate_formats=True)
        return found

    @cached_property
    def _components(self) -> dict[str, Any]:
        return {"schemas": as_json_schema(self.tree["components"]["schemas"])}

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in node:
            return node
        found: Any = self.tree
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self._resolve(found)


def as_json_schema(node: Any) -> Any:
    """What an OpenAPI 3.0 schema says, as JSON Schema says it: null is a type of its own."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    said = {key: as_json_schema(value) for key, value in node.items()}
    if said.pop("nullable", False) is True:
        return {"anyOf": [{"type": "null"}, said]}
    return said
