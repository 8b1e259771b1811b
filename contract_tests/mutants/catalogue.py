"""Every mutant and every harmless variant, by id: what the modules of this package declare."""

import pkgutil
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

from contract_tests import mutants
from contract_tests.mutants.mutant import Mutant
from contract_tests.target import TargetError


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(mutants.__path__, f"{mutants.__name__}."):
        if found.name != __name__:
            yield import_module(found.name)


def _declared() -> Iterator[Mutant]:
    for module in _modules():
        yield from (member for member in vars(module).values() if isinstance(member, Mutant))


def _by_id(declared: Iterable[Mutant]) -> dict[str, Mutant]:
    found: dict[str, Mutant] = {}
    for mutant in declared:
        if found.setdefault(mutant.id, mutant) is not mutant:
            raise AssertionError(f"two mutants are called {mutant.id}")
    return found


MUTANTS: dict[str, Mutant] = _by_id(_declared())


def select(names: Iterable[str]) -> list[Mutant]:
    """
    The mutants with these ids, of these groups or of these rules; all without names.

    Raises:
        TargetError: a name is of none; near ones are named.
    """
    chosen = set(names)
    known = {name for mutant in MUTANTS.values() for name in _names(mutant)}
    for name in sorted(chosen - known):
        raise TargetError(f"no mutant, group or rule is called '{name}'; {_near(name, known)}")
    return [mutant for mutant in MUTANTS.values() if not chosen or chosen & _names(mutant)]


def by_id(id: str) -> Mutant:
    """
    The mutant with this id.

    Raises:
        TargetError: there is none; near ones are named.
    """
    if id not in MUTANTS:
        raise TargetError(f"no mutant is called '{id}'; {_near(id, MUTANTS)}")
    return MUTANTS[id]


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, 3, 0.5)
    listing = "`contract-tests mutants` lists them"
    return f"did you mean {' or '.join(near)}?" if near else listing


def _names(mutant: Mutant) -> set[str]:
    return {mutant.id, mutant.group, *mutant.rules}
