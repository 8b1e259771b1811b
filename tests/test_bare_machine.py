"""In a bare Debian, made by debootstrap: each step of the Containerfile, and the make targets."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.needs import needs

CHECKOUT = Path(__file__).parents[1]
CONFIGURED = ("apt", "pip.conf", "xdg/pip", "resolv.conf", "hosts")
"""What under /etc says where packages come from here."""
TRUSTED = "etc/ssl/trusted-here.pem"
pytestmark = pytest.mark.slow


class Machine:
    """A folder with a Debian of its own in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {"HOME": "/root", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.environment |= {k: v for k, v in os.environ.items() if k.startswith("PIP_")}
        if (root / TRUSTED).exists():
            self.environment |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE"), f"/{TRUSTED}")
        self.folder, self.user = "/", "root"

    def _command(self, command: str) -> list[str]:
        entered = f"cd {shlex.quote(self.folder)} && {command}"
        return [
            str(shutil.which("chroot")),
            f"--userspec={self.user}",
            str(self.root),
            "/bin/sh",
            "-c",
            entered,
        ]

    def run(self, command: str) -> str:
        """What a shell command in it writes; it must succeed."""
        ran = subprocess.run(
            self._command(command),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout[-3000:]}{ran.stderr[-3000:]}"
        return ran.stdout

    def start(self, command: str) -> "subprocess.Popen[bytes]":
        """A shell command that goes on running in it, in a group of its own."""
        with (self.root / "tmp/output").open("wb") as output:
            return subprocess.Popen(
                self._command(f"exec {command}"),
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def port(self, process: "subprocess.Popen[bytes]") -> int:
        """Where a server listens that was started with `--port-file /tmp/port`, once it does."""
        file = self.root / "tmp/port"
        while not file.exists():
            assert process.poll() is None, (self.root / "tmp/output").read_text()[-3000:]
            time.sleep(0.2)
        return int(file.read_text())

    def copy(self, names: list[str], to: str) -> None:
        """Files and folders of the checkout, as git has them."""
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *names]
        found = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, text=True, check=True)
        for name in filter(None, found.stdout.split("\0")):
            path = self.root / to.lstrip("/") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, path)

    def files(self) -> set[str]:
        """Every file outside the checkout that is there to stay."""
        passing = ("src", "proc", "tmp", "var/log", "var/cache")
        return {
            str(path)
            for path in self.root.rglob("*")
            if not str(path.relative_to(self.root)).startswith(passing)
        }


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root that has nothing but what every Debian has, and knows where packages come from."""
    debootstrap = needs("debootstrap")
    assert os.geteuid() == 0, "it takes root to make a bare machine; be root, or leave this out"
    root = tmp_path_factory.mktemp("bare")
    subprocess.run([debootstrap, "--variant=minbase", "bookworm", str(root)], check=True)
    for name in CONFIGURED:
        source, target = Path("/etc", name), root / "etc" / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, symlinks=False)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    if authorities := os.environ.get("SSL_CERT_FILE"):
        # By a name of its own: installing a package may write Debian's file anew.
        (root / TRUSTED).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(authorities, root / TRUSTED)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def machine(bare: Path, tmp_path: Path) -> Iterator[Machine]:
    """A copy of it for one test."""
    root = tmp_path / "machine"
    subprocess.run(["cp", "-a", str(bare), str(root)], check=True)
    root.chmod(0o755)  # For users other than root, as the root of any machine.
    yield Machine(root)
    shutil.rmtree(root)


def instructions() -> Iterator[tuple[str, str]]:
    """The instructions of the Containerfile, with what they say."""
    text = (CHECKOUT / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield tuple(line.split(maxsplit=1))  # type: ignore[misc]


@pytest.mark.long
def test_each_step_of_the_containerfile_works_and_what_it_makes_serves(machine: Machine) -> None:
    said = dict[str, str]()
    for instruction, rest in instructions():
        said[instruction] = rest
        match instruction:
            case "RUN":
                machine.run(rest)
            case "COPY":
                *names, to = rest.split()
                inside = "" if to == "./" else "."
                machine.copy(names, f"{machine.folder}/{inside}")
            case "WORKDIR":
                machine.folder = rest
                machine.root.joinpath(rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                machine.user = rest
            case "ENV":
                name, _, value = rest.partition("=")
                machine.environment[name] = value
    command = [*json.loads(said["CMD"]), "--port", "0", "--port-file", "/tmp/port"]
    process = machine.start(shlex.join(command))
    try:
        url = f"http://127.0.0.1:{machine.port(process)}"
        health = httpx.get(f"{url}/__mock__/health").json()
        check = json.loads(said["HEALTHCHECK"].partition("CMD ")[2])
        machine.run(shlex.join(check).replace("127.0.0.1:4010", url.removeprefix("http://")))
        kit = machine.run(f"contract-tests run -u {url} --depth quick")
    finally:
        process.terminate()
        process.wait(timeout=30)

    assert said["FROM"] == "debian:12-slim"
    assert health["status"] == "ok"
    assert "KEPT" in kit
    assert machine.run("id -un").strip() == "kit"


@pytest.mark.long
def test_make_serves_and_tests_with_python_and_make_alone(machine: Machine) -> None:
    machine.run("apt-get update && apt-get install -y --no-install-recommends python3-venv make")
    machine.copy(["."], "/src")
    machine.folder = "/src"
    before = machine.files()
    process = machine.start('make serve ARGS="--port 0 --port-file /tmp/port"')
    try:
        health = httpx.get(f"http://127.0.0.1:{machine.port(process)}/__mock__/health").json()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
    tested = machine.run(
        "make test ARGS='tests/spec/test_document.py tests/mock_server/test_time.py'"
    )

    assert health["status"] == "ok"
    assert " passed" in tested
    assert machine.files() - before == set()
