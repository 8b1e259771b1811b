"""`contract-tests`, also as `python -m contract_tests`."""

import sys

import click


def main() -> None:
    """Run the command line; without what the extra `kit` installs, name what is missing."""
    try:
        from contract_tests.cli import main as commands
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("contract_tests"):
            raise
        advice = f"{error.name} is not installed; run: pip install 'my-account-kit[kit]'"
        click.echo(f"contract-tests: {advice}", err=True)
        sys.exit(2)
    commands(prog_name="contract-tests")


if __name__ == "__main__":
    main()
