"""A profile as text: YAML with keys that stand once, variables, and tokens of commands."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
import yaml

from contract_tests.target import NamedCustomer, Target, TargetError, Tokens, checked_url

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$\.(\w+))?")
_LOADER: Any = yaml.SafeLoader("")
_LONGEST_S = 60.0
"""What a command may take to give a token."""
Command = str | tuple[str, ...]


def load(path: Path) -> Target:
    """
    Read a profile: `${NAME}` is replaced by the variable of the environment, and a `token_command`
    is run for its token.

    Raises:
        TargetError: the file cannot be read, or something in it is wrong.
    """
    try:
        root = yaml.compose(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        tree = _LOADER.construct_document(_fill_variables(root, path)) if root else {}
        return _with_tokens(tree)
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise TargetError(f"{path}{line}: {getattr(error, 'problem', 'not YAML')}") from None
    except msgspec.ValidationError as error:
        raise TargetError(f"{path}: {_explained(error)}") from None
    except RecursionError:
        raise TargetError(f"{path}: an alias stands within its own anchor") from None


def _explained(error: msgspec.ValidationError) -> str:
    """What was wrong with a profile; of a field that does not exist, which there are."""
    unknown = _UNKNOWN_FIELD.match(str(error))
    if unknown is None:
        return str(error)
    name, place = unknown.groups()
    known = {"customers": NamedCustomer, "tokens": Tokens}.get(place, Target).__struct_fields__
    near = get_close_matches(name, known, 1)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    return f"{place or 'a profile'} has no field '{name}', but {', '.join(known)}{meant}"


def load_target(
    profile: Path | None,
    *,
    customer_token: Iterable[str] = (),
    header: Iterable[str] = (),
    **options: Any,
) -> Target:
    """
    The profile, overridden by the options of the command line.

    Raises:
        TargetError: the profile or a header cannot be understood.
    """
    target = load(profile) if profile else Target()
    over = {
        "customers": tuple(map(NamedCustomer, customer_token)),
        "headers": target.headers | dict(map(_header, header)),
        **options,
    }
    given = {k: v for k, v in over.items() if v is not None and v is not False and v != ()}
    target = msgspec.structs.replace(target, **given)
    if target.base_url:
        checked_url(target.base_url)
    return target


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise TargetError("--header: say 'NAME: VALUE'")
    return name.strip(), value.strip()


def token_of(command: Command, owner: str) -> str:
    """
    The token that a command writes: arguments run as they are, a text is run by the shell.

    Raises:
        TargetError: it failed; what it wrote is not shown.
    """
    try:
        ran = subprocess.run(
            command,
            shell=isinstance(command, str),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            check=False,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise TargetError(f"the token_command of {owner} cannot be run: {why}") from None
    except subprocess.TimeoutExpired:
        raise TargetError(
            f"the token_command of {owner} took longer than {_LONGEST_S:g} s"
        ) from None
    if ran.returncode:
        raise TargetError(f"the token_command of {owner} ended with {ran.returncode}, not 0")
    if not (token := ran.stdout.strip()):
        raise TargetError(f"the token_command of {owner} wrote no token")
    return token


def _fill_variables(node: yaml.Node, path: Path, *, typed: bool = False) -> yaml.Node:
    """The node with its variables; in facts a number may come of one, all else reads text."""
    if isinstance(node, yaml.ScalarNode):
        if _VARIABLE.search(node.value):
            text = _VARIABLE.sub(lambda match: _value(match[1], node, path), node.value)
            tag = "tag:yaml.org,2002:str"
            if typed and not node.style:
                tag = _LOADER.resolve(yaml.ScalarNode, text, (True, False))
            return yaml.ScalarNode(tag, text, node.start_mark, node.end_mark)
        return node
    if isinstance(node, yaml.SequenceNode):
        node.value = [_fill_variables(item, path, typed=typed) for item in node.value]
        return node
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        first = lines.setdefault(str(key.value), line)
        if first != line or _is_repeated_in_line(node, key):
            raise TargetError(
                f"{path}:{line}: the key '{key.value}' stands in line {first} already"
            )
    node.value = [
        # A shell fills in the variables of its text by itself.
        (key, value)
        if _of_shell(key, value)
        else (key, _fill_variables(value, path, typed=typed or _facts(key)))
        for key, value in node.value
    ]
    return node


def _is_repeated_in_line(node: yaml.Node, key: yaml.Node) -> bool:
    """Whether a key stands before in the same line."""
    return next(each for each, _ in node.value if each.value == key.value) is not key


def _facts(key: yaml.Node) -> bool:
    return bool(key.value == "facts")


def _of_shell(key: yaml.Node, value: yaml.Node) -> bool:
    return key.value == "token_command" and isinstance(value, yaml.ScalarNode)


def _value(name: str, node: yaml.Node, path: Path) -> str:
    if name not in os.environ:
        line = node.start_mark.line + 1
        raise TargetError(f"{path}:{line}: the environment has no variable {name}")
    return os.environ[name]


def _with_tokens(tree: Any) -> Target:
    """The target that a tree describes, once its commands have given their tokens."""
    if not isinstance(tree, dict):
        return msgspec.convert(tree, Target)
    commands = dict(_commands_of_roles(tree))
    target = msgspec.convert(tree, Target, strict=False)
    customers = [
        _with_token(each, number) if each.token_command else each
        for number, each in enumerate(target.customers, 1)
    ]
    tokens = {role: token_of(command, role) for role, command in commands.items()}
    return msgspec.structs.replace(
        target,
        customers=tuple(customers),
        tokens=msgspec.structs.replace(target.tokens, **tokens),
    )


def _with_token(customer: NamedCustomer, number: int) -> NamedCustomer:
    owner = customer.name or f"customer {number}"
    if customer.token:
        raise TargetError(f"{owner} has a token and a token_command: leave one of them out")
    assert customer.token_command is not None
    return msgspec.structs.replace(customer, token=token_of(customer.token_command, owner))


def _commands_of_roles(tree: dict[str, Any]) -> Iterator[tuple[str, Command]]:
    """Take `ROLE: {token_command: …}` out of the tokens, where such stand."""
    tokens = tree.get("tokens")
    if not isinstance(tokens, dict):
        return
    for role in Tokens.__struct_fields__:
        entry = tokens.get(role)
        if isinstance(entry, dict) and set(entry) == {"token_command"}:
            del tokens[role]
            yield role, msgspec.convert(entry["token_command"], Command)
