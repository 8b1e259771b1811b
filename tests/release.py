"""Whether this checkout can be tagged and given away as the version that it says it is."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mock_server import __version__


def problems(root: Path, version: str = __version__) -> Iterator[str]:
    """What stands in the way of a release, each in one line; nothing does where there is none."""
    package = root / "mock_server/client/javascript/package.json"
    packed = json.loads(package.read_text("utf-8"))["version"]
    if packed != version:
        yield f"package.json of the JavaScript client says {packed}, mock_server says {version}"
    yield from _unready(_sections((root / "CHANGELOG.md").read_text("utf-8")), version)
    if changed := _git(root, "status", "--porcelain"):
        yield f"{len(changed)} files are not committed, {changed[0][3:]} among them"
    tagged = _git(root, "rev-list", "-n", "1", f"refs/tags/v{version}")
    if tagged and tagged != _git(root, "rev-parse", "HEAD"):
        yield f"v{version} is the tag of another commit; give the version another number"


def unmade(root: Path, version: str = __version__) -> Iterator[str]:
    """What `make dist` does not make of the last commit: on a copy, and the checkout stays."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", "--shared", root, folder], check=True)
        # Our own environment stands in for the one that make would begin with.
        make = ["make", "--old-file=.venv/dev", f"BIN={Path(sys.executable).parent}", "DIST=dist"]
        ran = subprocess.run([*make, "dist"], cwd=folder, capture_output=True, text=True)
        if ran.returncode:
            yield f"make dist fails: {(ran.stderr or ran.stdout).strip().splitlines()[-1]}"
        made = [each.name for each in Path(folder, "dist").glob(f"*-{version}[.-]*")]
        for kind in (".whl", ".tar.gz", ".tgz"):
            if not any(name.endswith(kind) for name in made):
                yield f"make dist makes no {kind} of {version}"


def _sections(changelog: str) -> dict[str, str]:
    parts = re.split(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _unready(sections: dict[str, str], version: str) -> Iterator[str]:
    if version not in sections:
        yield f"CHANGELOG.md has no section [{version}]; cut it from [Unreleased]"
    elif not re.match(r" - \d{4}-\d\d-\d\d\n", sections[version]):
        yield f"CHANGELOG.md: [{version}] has no day; write ## [{version}] - YYYY-MM-DD"
    if re.search(r"^- ", sections.get("Unreleased", ""), flags=re.MULTILINE):
        yield f"CHANGELOG.md: [Unreleased] has entries that are not in [{version}]"


def _git(root: Path, *arguments: str) -> list[str]:
    ran = subprocess.run(
        ["git", "--no-optional-locks", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout.splitlines() if ran.returncode == 0 else []


if __name__ == "__main__":
    root = Path(__file__).parents[1]
    if found := [*problems(root), *unmade(root)]:
        sys.exit("\n".join(found))
    sys.stdout.write(f"ready: git tag v{__version__}, then make dist\n")
