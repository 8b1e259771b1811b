"""Programs that a test needs beside Python."""

import os
import shutil

import pytest


def needs(program: str) -> str:
    """
    Where a program is.

    On a desk without it the test is skipped. In CI it fails, for there a skip would hide a gap.
    """
    found = shutil.which(program)
    if found is None:
        end = pytest.fail if os.environ.get("CI") else pytest.skip
        end(f"{program} is not installed here")
    return found
