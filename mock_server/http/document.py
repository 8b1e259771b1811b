"""The OpenAPI documents: where they lie, what they say, and the validators they give."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
import yaml
from jsonschema_rs import Draft202012Validator

from mock_server.http.operation import DocumentMismatch
from mock_server.http.yaml_text import YamlError, line_of, tree_of

Place = tuple[str | int, ...]
"""The keys and indices that lead to a node."""
METHODS = ("get", "put", "post", "delete", "patch", "options", "head", "trace")


def shipped(*parts: str) -> Traversable:
    """A file of spec/ or fixtures/: at a checkout's root, under my_account_kit/ once installed."""
    root = files("mock_server").joinpath("..")
    installed = root.joinpath("my_account_kit")
    return (installed if installed.is_dir() else root).joinpath(*parts)


@dataclass(frozen=True)
class Document:
    """An OpenAPI 3.0 document, as text and as a tree."""

    text: str
    origin: str = "the document"
    """Its file, for whoever has to mend it."""

    @classmethod
    def of(cls, name: str) -> "Document":
        """A document of spec/, by its file's name; what has not changed is not read anew."""
        return _document(shipped("spec", name).read_text("utf-8"), f"spec/{name}")

    @cached_property
    def tree(self) -> dict[str, Any]:
        """
        Raises:
            DocumentMismatch: the text is no YAML, or not a document.
        """
        try:
            tree = tree_of(self.text)
        except YamlError as error:
            raise DocumentMismatch(f"{self.origin}:{error}") from None
        if not isinstance(tree, dict):
            raise DocumentMismatch(f"{self.origin}:1: a document is a mapping with openapi, paths")
        for place, node in _mappings(tree):
            reference = node.get("$ref")
            if isinstance(reference, str) and not _is_there(tree, reference):
                what = f"'{reference}' leads nowhere; write it, or refer to another"
                raise self.error(what, (*place, "$ref"))
        return tree

    def mappings(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Every mapping of the document, with its place."""
        return _mappings(self.tree)

    def error(self, what: str, place: Iterable[str | int]) -> DocumentMismatch:
        """What is wrong with the document, with its file and line."""
        return DocumentMismatch(f"{self.origin}:{line_of(self.text, place)}: {what}")

    def at(self, place: Iterable[str | int]) -> Any:
        """The node at a place."""
        node: Any = self.tree
        for part in place:
            node = node[part]
        return node

    def place_of(self, node: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Where a node leads, if it is a reference."""
        return tuple(node["$ref"].removeprefix("#/").split("/")) if "$ref" in node else None

    def rules(self) -> Iterator[str]:
        """The id of every rule."""
        operations = (operation for _, _, operation in self.operations())
        for holder in (self.tree, *operations):
            yield from (rule["id"] for rule in holder.get("x-rules", ()))

    @cached_property
    def json(self) -> bytes:
        return msgspec.json.encode(self.tree)

    @cached_property
    def without_examples(self) -> dict[str, Any]:
        """The tree without its examples: serving does not need them, and checking them is slow."""
        bare: dict[str, Any] = _without(self.tree, "examples")
        return bare

    @property
    def without_optional_security(self) -> "Document":
        """The same document, asking for a token wherever it may ask for one."""
        tree = self.tree | {"security": [each for each in self.tree["security"] if each]}
        return Document(yaml.dump(tree, Dumper=yaml.CSafeDumper), self.origin)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Path, method and operation object of every operation."""
        for path, item in self.tree["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """A node, or the one that it refers to."""
        while "$ref" in node:
            node = self.at(node["$ref"].removeprefix("#/").split("/"))
        return node

    def flat(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A schema with the properties and demands of its parts."""
        flat = dict(self.resolve(dict(schema)))
        for part in map(self.flat, flat.get("allOf", ())):
            flat["properties"] = {**part.get("properties", {}), **flat.get("properties", {})}
            flat["required"] = [*part.get("required", ()), *flat.get("required", ())]
            flat["nullable"] = flat.get("nullable", False)
        return flat

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        """A compiled validator of one schema of this document, formats included."""
        text = msgspec.json.encode(schema)
        if text not in self._validators:
            known = Draft202012Validator(self.json_schema(schema), validate_formats=True)
            self._validators[text] = known
        return self._validators[text]

    def json_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """One schema of this document with all that it may refer to, as JSON Schema."""
        whole: dict[str, Any] = _json_schema(schema) | {"components": self._components}
        return whole

    @cached_property
    def _validators(self) -> dict[bytes, Draft202012Validator]:
        """By their schemas: most answers have one of a few, and compiling takes its time."""
        return {}

    @cached_property
    def _components(self) -> dict[str, Any]:
        schemas = self.tree.get("components", {}).get("schemas", {})
        return {"schemas": {name: _json_schema(schema) for name, schema in schemas.items()}}


@lru_cache(maxsize=4)
def _document(text: str, origin: str) -> Document:
    return Document(text, origin)


def _mappings(node: Any, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    if isinstance(node, dict):
        yield place, node
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        if isinstance(child, (dict, list)):
            yield from _mappings(child, (*place, key))


def _is_there(tree: Any, reference: str) -> bool:
    try:
        for part in reference.removeprefix("#/").split("/"):
            tree = tree[part]
    except (KeyError, TypeError):
        return False
    return True


def _without(node: Any, key: str) -> Any:
    if isinstance(node, list):
        return [_without(item, key) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: _without(value, key) for name, value in node.items() if name != key}


def _json_schema(node: Any) -> Any:
    """The JSON Schema of an OpenAPI 3.0 schema: only `nullable` is written in another way."""
    if isinstance(node, list):
        return [_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    converted = {key: _json_schema(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is not True:
        return converted
    if "type" in converted:
        return converted | {"type": [converted["type"], "null"]}
    return {"anyOf": [converted, {"type": "null"}]}
