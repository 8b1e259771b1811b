"""More than one process: the balancer that reads the shard from the token, and its shards."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from mock_server.cli.common import Parsed
from mock_server.client.client import MockError
from mock_server.http.origin import address, host_and_port

STARTED_S = 30
_OWN = ("--workers", "-p", "--port", "-H", "--host", "--port-file", "--persist")
"""Options that the balancer takes for itself, or gives each shard anew."""


def nginx(addresses: Sequence[str], listen: str) -> str:
    """
    The configuration of a balancer before shards at these addresses, the first being shard 1.

    A request goes to the shard that its path or its token names, opening a sandbox to each shard
    in turn, and all else to shard 1. Streams are passed on as they come.
    """
    numbers = f"(?:{'|'.join(map(str, range(1, len(addresses) + 1)))})"
    upstreams = "\n".join(
        f"    upstream shard_{number} {{ server {address} max_fails=0; keepalive 32; }}"
        for number, address in enumerate(addresses, 1)
    )
    every = " ".join(f"server {address};" for address in addresses)
    return f"""\
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_max_body_size 2m;
    map $http_authorization $token_shard {{
        default "";
        "~*^bearer +s(?<of_token>{numbers})-" $of_token;
    }}
    map $request_uri $path_shard {{
        default "";
        "~^/@s(?<of_path>{numbers})-" $of_path;
        "~^/__mock__/sandboxes/s(?<of_sandbox>{numbers})-" $of_sandbox;
    }}
    map "$request_method $uri" $opens {{
        default "";
        "POST /__mock__/sandboxes" shards;
    }}
    # The path before the token, as in the mock itself.
    map "$opens:$path_shard:$token_shard" $backend {{
        default shard_1;
        "~^shards:" shards;
        "~^:(?<by_path>\\d+):" shard_$by_path;
        "~^::(?<by_token>\\d+)$" shard_$by_token;
    }}
{upstreams}
    upstream shards {{ {every} keepalive 32; }}
    server {{
        listen {listen};
        location / {{
            proxy_pass http://$backend;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 1h;
        }}
    }}
}}
"""


def _checked(text: str) -> str:
    address(text)
    return text


def _address_of_a_shard(text: str) -> str:
    if not address(text)[0]:
        raise ValueError(f"'{text}' has no host; it is HOST:PORT")
    return text


@click.command()
@click.option("--count", default=2, type=click.IntRange(1, 1000), show_default=True)
@click.option(
    "--address",
    "addresses",
    multiple=True,
    type=Parsed("address", _address_of_a_shard),
    metavar="HOST:PORT",
    help="Of a shard. Repeatable.",
)
@click.option(
    "--listen",
    default="4010",
    type=Parsed("address", _checked),
    show_default=True,
    help="Port of the balancer.",
)
@click.option("--print", "kind", type=click.Choice(["nginx"]), default="nginx", show_default=True)
def shards(count: int, addresses: tuple[str, ...], listen: str, kind: str) -> None:
    """Write the configuration of the balancer before several shards.

    Shard K of N is started by `mock-server serve --shard K/N`. Without an address for each, they
    are taken to listen on this machine, on the ports above that of the balancer.
    """
    _, first = address(listen)
    local = tuple(f"127.0.0.1:{first + number}" for number in range(1, count + 1))
    if addresses and len(addresses) != count:
        raise click.UsageError(f"{count} shards want as many addresses; got {len(addresses)}")
    click.echo(nginx(addresses or local, listen), nl=False)


def serve_workers(count: int, host: str, port: int, persist: Path | None) -> None:
    """
    Start so many shards and nginx before them; end them all together.

    A shard that dies is started again at once; with `persist` its sandboxes are there again.

    Raises:
        MockError: nginx is not installed, or a shard does not start.
    """
    program = shutil.which("nginx")
    if program is None:
        raise MockError(
            "--workers needs nginx, which is not installed: 'apt-get install nginx-light', or"
            " 'brew install nginx'; one process alone needs none"
        )
    with TemporaryDirectory(prefix="mock-shards-") as folder, _ended_by_signals():
        shards = [_Worker(number, count, Path(folder), persist) for number in range(1, count + 1)]
        balancer = None
        try:
            addresses = [f"127.0.0.1:{shard.start()}" for shard in shards]
            config = Path(folder, "nginx.conf")
            config.write_text(_within(nginx(addresses, host_and_port(host, port)), folder), "utf-8")
            command = [program, "-p", folder, "-e", "stderr", "-c", str(config)]
            balancer = subprocess.Popen([*command, "-g", "daemon off;"])
            url = f"http://{host_and_port(host, port)}"
            click.echo(f"My Account mock: {count} shards behind {url}\n  console  {url}/__mock__/")
            while balancer.poll() is None:
                time.sleep(0.2)
                for shard in shards:
                    shard.keep_alive()
            raise MockError(f"nginx ended with {balancer.returncode}; its words are above")
        finally:
            for process in [*(shard.process for shard in shards), balancer]:
                if process is not None and process.poll() is None:
                    process.terminate()
            for process in [*(shard.process for shard in shards), balancer]:
                if process is not None:
                    process.wait()


def _within(config: str, folder: str) -> str:
    """The configuration for an nginx that leaves nothing outside a folder of ours."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    head = f"pid {folder}/nginx.pid;\nerror_log stderr warn;\n"
    return head + config.replace("http {\n", f"http {{\n{paths}", 1)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does, quietly."""

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


class _Worker:
    """One shard as a process."""

    def __init__(self, number: int, count: int, folder: Path, persist: Path | None) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._port_file, self._port = folder / f"port-{number}", 0
        self._command = [
            *(sys.executable, "-m", "mock_server", "serve", *_without_own(sys.argv[2:])),
            *("--shard", f"{number}/{count}", "--port-file", str(self._port_file)),
        ]
        if persist is not None:
            self._command += ["--persist", f"{persist}.s{number}"]

    def start(self) -> int:
        """The port it answers at."""
        self._port_file.unlink(missing_ok=True)
        env = {key: value for key, value in os.environ.items() if key not in _variables()}
        # Where a shard is, nobody need know: all go to the balancer.
        self.process = subprocess.Popen(
            [*self._command, "--port", str(self._port)], env=env, stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + STARTED_S
        while not self._port_file.exists() or not (text := self._port_file.read_text()):
            if self.process.poll() is not None or time.monotonic() > until:
                raise MockError("a shard did not start; its words are above")
            time.sleep(0.05)
        self._port = int(text)
        return self._port

    def keep_alive(self) -> None:
        """Start it again, at the same port, if it died."""
        if self.process is not None and self.process.poll() is not None:
            self.start()


def _variables() -> set[str]:
    long = (name[2:].replace("-", "_").upper() for name in _OWN if name.startswith("--"))
    return {f"MOCK_SERVER_{name}" for name in long}


def _without_own(arguments: Sequence[str]) -> list[str]:
    """The arguments of `serve` that every shard gets."""
    shared: list[str] = []
    skipped = False
    for each in arguments:
        name, equals, _ = each.partition("=")
        if skipped:
            skipped = False
        elif name in _OWN:
            skipped = not equals
        else:
            shared.append(each)
    return shared
