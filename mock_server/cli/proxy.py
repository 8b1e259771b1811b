"""The command that stands before a real implementation and judges it."""

import webbrowser
from pathlib import Path
from threading import Thread
from typing import Any, Literal
from urllib.parse import urlsplit

import click

from mock_server.app import Mock, Settings
from mock_server.cli import announce
from mock_server.cli.common import (
    URL,
    Number,
    console_options,
    listen_options,
    one_line_errors,
    option,
)
from mock_server.cli.serve import check_access, url_of
from mock_server.http import server
from mock_server.http.upstream import Upstream
from mock_server.middleware.admission import is_local


@click.command()
@click.argument("upstream", type=URL, metavar="URL")
@listen_options
@option("--errors", is_flag=True, help="Answer 502 where the contract is broken.")
@option(
    "--record",
    type=Path,
    metavar="FILE",
    help="Write the traffic as a scenario without real people.",
)
@option("--trust-pages", is_flag=True, help="Let pages of URL act on the console's origin.")
@option("--timeout", default=30.0, type=Number(0.1), help="Longest pause of URL, in seconds.")
@option("--ca", type=Path, metavar="FILE", help="Also trust the certificates in this PEM file.")
@option("--insecure", is_flag=True, help="Do not verify the certificate of URL.")
@console_options
def proxy(
    upstream: str,
    port: int,
    host: str,
    port_file: Path | None,
    errors: bool,
    trust_pages: bool,
    record: Path | None,
    timeout: float,
    ca: Path | None,
    insecure: bool,
    opens: bool,
    log_format: Literal["text", "json"],
    **access: Any,
) -> None:
    """Forward to a real implementation at URL, and judge what passes.

    Each request and each answer of the API is judged by the contract and shown in the console and
    in the journal, which 'contract-tests judge' reads. Nothing is changed on the way, but pages
    are shown in a browser's sandbox, as they stand on the console's origin. A request
    with 'Prefer: contract-violations' is told in the header X-Contract-Violations what was wrong.
    HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are heeded.

    \b
    Examples:
      mock-server proxy https://staging.example
      mock-server proxy https://staging.example/api --errors --ca company.pem
      mock-server proxy https://staging.example --record staging.yaml
    """
    check_access(host, access | {"public_url": None})
    with one_line_errors():
        where = Upstream(upstream, insecure=insecure, ca=ca, timeout_s=timeout)
        settings = Settings(
            "empty",
            upstream=where,
            proxy_errors=errors,
            trust_pages=trust_pages,
            record=record,
            **access,
        )
        mock = Mock(settings)
        bound = server.listen(host, port)
        if _is_itself(upstream, bound[0].getsockname()[1]):
            for each in bound:
                each.close()
            raise click.UsageError(f"{upstream} is the proxy itself; choose another --port for it")
        announce.log_to_stderr(log_format)
        url = url_of(host, bound, secure=False)

        def ready() -> None:
            if port_file:
                port_file.write_text(str(bound[0].getsockname()[1]), "utf-8")
            click.echo(announce.proxy_greeting(upstream, url, log_format))
            if opens:
                Thread(target=webbrowser.open, args=(f"{url}/__mock__/",), daemon=True).start()

        # The date of an answer is upstream's own.
        server.run(mock.app, bound, ready, mock.sandboxes.end_streams, dated=False)
        if mock.recorder:
            click.echo(mock.recorder.end(), err=True)


def _is_itself(upstream: str, port: int) -> bool:
    """Whether it would forward to itself, and on from there."""
    parts = urlsplit(upstream)
    return parts.port == port and is_local(parts.hostname or "")
