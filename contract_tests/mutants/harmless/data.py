"""Other data, as good as any."""

from contract_tests.mutants.message import Request
from contract_tests.mutants.mutant import (
    ACCOUNT,
    HARMLESS,
    Tree,
    edit,
)


@edit(HARMLESS, ACCOUNT)
def names_of_the_world(tree: Tree, _request: Request) -> None:
    """Customers have names in other scripts."""
    names = {"first_name": "عائشة", "last_name": "بنت محمد 🐉"}
    account = tree["data"]
    account.update(names, full_name=f"{names['first_name']} {names['last_name']}")
