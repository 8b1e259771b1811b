"""Puts the server together: the documents, and the way of a request through the layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce
from http import HTTPStatus
from pathlib import Path
from typing import get_args

import msgspec
from starlette.types import ASGIApp

from mock_server import control
from mock_server.http import adapter, site
from mock_server.http.adapter import Layer
from mock_server.http.agreement import check_records, check_rules
from mock_server.http.delivery import Delivery
from mock_server.http.document import Document
from mock_server.http.entrance import Body, Entrance, Head
from mock_server.http.exchange import Context
from mock_server.http.operation import Handler, handlers_of
from mock_server.http.origin import PublicAddress
from mock_server.http.problems import RuleId
from mock_server.http.router import Api, Routes
from mock_server.http.site import Fallback
from mock_server.http.upstream import Upstream
from mock_server.http.web import Web
from mock_server.middleware.addressing import Addressing
from mock_server.middleware.admission import Admission, check_admin
from mock_server.middleware.authentication import Authentication
from mock_server.middleware.delay import Delay
from mock_server.middleware.faults import FaultInjection
from mock_server.middleware.prefer import Prefer, examples_of
from mock_server.middleware.proxy import NoWorlds, Proxy, ProxyBranch
from mock_server.middleware.quirks import Quirks
from mock_server.middleware.recording import Recording
from mock_server.middleware.request_log import RequestLog
from mock_server.middleware.response_cache import ResponseCache
from mock_server.middleware.signin import SignInMiddleware
from mock_server.resources import KINDS, RESOURCES, customer
from mock_server.resources.everything import describe
from mock_server.resources.recorder import Recorder
from mock_server.worlds import scenario_schema, snapshot
from mock_server.worlds.catalogue import load_catalogue
from mock_server.worlds.opening import Opening, Worlds
from mock_server.worlds.registry import Limits, Sandboxes
from mock_server.worlds.shard import Shard
from mock_server.worlds.storage import Storage
from mock_server.worlds.tokens import DEFAULT_SANDBOX


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set about a server."""

    scenario: str = "default"
    seed: int = 1
    now: datetime | None = None
    """Where the clock of the default sandbox stands still; None lets it run."""
    delay_ms: int = 0
    """What every answer of the My Account API waits before it is sent."""
    quirks: tuple[str, ...] = ()
    snapshot: Path | None = None
    """A file to make the default sandbox from, in place of the scenario."""
    persist: Path | None = None
    """A file that sandboxes are kept in across restarts."""
    limits: Limits = Limits()
    """How many sandboxes may be open, and for how long unused."""
    shard: Shard = Shard()
    """Which of several servers behind one balancer it is."""
    redirects: tuple[str, ...] = ()
    """Prefixes of addresses that a sign-in may lead back to, beside those of this machine."""
    address: PublicAddress = PublicAddress()
    """Where clients find it, if that is not where it listens."""
    control_origins: tuple[str, ...] = ()
    """Origins whose pages may use the control API, beside its own."""
    upstream: Upstream | None = None
    """A real implementation to forward to and to judge, in place of answering."""
    proxy_errors: bool = False
    """Whether what breaks the contract is answered 502 there."""
    trust_pages: bool = False
    """Whether its pages may do in a browser what the console may."""
    record: Path | None = None
    """A file to write a scenario to of what that answers."""
    admin_token: str | None = None
    """What the control API asks for; None leaves it open to this machine."""
    insecure_admin: bool = False
    """Whether the control API is open to all who can reach it."""
    staff_read_status: int = HTTPStatus.UNAUTHORIZED
    """How a staff token is refused on a GET; AUTH-05 of the document."""
    staff_write_status: int = HTTPStatus.FORBIDDEN
    """How a staff token is refused on opt-in and opt-out."""
    response_cache: bool = True
    """Whether an answer to an unchanged sandbox is given again, and not worked out anew."""


class Mock:
    """The server without its socket: the sandboxes and the layers of a request."""

    def __init__(
        self,
        settings: Settings,
        *,
        document: Document | None = None,
        handlers: Mapping[str, Handler] | None = None,
    ) -> None:
        """
        `document` and `handlers` stand in for those of the My Account API: what differs in the
        document is served so.

        Raises:
            ScenarioError: the scenario cannot be used.
            ClockError: no clock shows the time it is to open at.
            SnapshotError: the snapshot cannot be read.
            StorageError: sandboxes cannot be kept there.
            CatalogueError: the catalogue cannot be used.
            DocumentMismatch: a document is broken, or does not agree with handlers or records.
            RecordingError: nothing can be recorded there.
        """
        self.settings = settings
        self.recorder = Recorder(settings.record) if settings.record else None
        document = document or Document.of("openapi.yaml")
        control_document = Document.of("control.yaml")
        api = _my_account_api(settings, document, handlers or {})
        routes = adapter.routes_of(api)
        check_records(document, routes.all)
        check_rules(document, get_args(RuleId))
        self.sandboxes = _sandboxes(settings, routes)
        control_api = _control_api(settings, control_document, self.sandboxes)
        control_routes = adapter.routes_of(control_api)
        schemas = {scenario_schema.PATH: msgspec.json.encode(scenario_schema.schema(KINDS))}
        pages = site.pages(document, control_document, schemas)

        my_account_layers: Sequence[Layer] = [
            # First the operation: all layers below want to know it.
            *adapter.routing(routes),
            # Outside all that alters an answer: it notes what the client gets.
            Recording,
            *([partial(Delay, delay_ms=settings.delay_ms)] if settings.delay_ms else []),
            # A wish of the request itself goes before what a tester arranged for all.
            partial(Prefer, examples=examples_of(document)),
            FaultInjection,
            *([partial(Quirks, names=settings.quirks)] if settings.quirks else []),
            # Next to the checks, so that it only ever keeps what they let pass.
            *([ResponseCache] if settings.response_cache else []),
            *adapter.answering(api, adapter.ACCEPTED_BYTES if settings.response_cache else 0),
        ]
        control_layers: Sequence[Layer] = [
            partial(
                Admission,
                any_host=settings.insecure_admin or bool(settings.admin_token),
                origins=settings.control_origins,
            ),
            *adapter.routing(control_routes),
            *([partial(NoWorlds, upstream=settings.upstream.url)] if settings.upstream else []),
            *adapter.answering(control_api),
        ]
        fallback = Fallback(routes, pages)
        proxy = self._proxy(api, routes, fallback) if settings.upstream else None
        self.app = wrap(
            [
                partial(Entrance, address=settings.address),
                # Outside all that answers: it tells the time that the client waited.
                RequestLog,
                # Before all that alters answers: a client gets what the real implementation sent.
                *([partial(ProxyBranch, proxy=proxy)] if proxy else []),
                # Outside all that refuses: a page of another origin may read why.
                partial(Web, control_origins=settings.control_origins),
                Head,
                Body,
                # Outside the sandboxes: a sign-in names its own by its path, a code or a parameter.
                self._sign_in,
                # Outside the journal: what is late or lost on its way was answered all the same.
                Delivery,
            ],
            Addressing(
                self.sandboxes,
                control=adapter.serve(control_api, control_layers, Fallback(control_routes, pages)),
                my_account=adapter.serve(api, my_account_layers, fallback),
            ),
        )

    def _proxy(self, api: Api, routes: Routes, fallback: ASGIApp) -> ASGIApp:
        """Finds the operation of each request and forwards it to the real implementation."""
        upstream, sandbox = self.settings.upstream, self.sandboxes.get(DEFAULT_SANDBOX)
        assert upstream
        self.sandboxes.upstream = upstream.url
        forwarding = partial(
            Proxy,
            upstream=upstream,
            sandbox=sandbox,
            errors=self.settings.proxy_errors,
            trust_pages=self.settings.trust_pages,
            on_entry=self.recorder.add if self.recorder else None,
        )
        return adapter.serve(api, [*adapter.routing(routes), forwarding], fallback)

    def _sign_in(self, app: ASGIApp) -> ASGIApp:
        return SignInMiddleware(
            app,
            self.sandboxes.get,
            customer.details,
            customer.refusal_reason,
            self.settings.redirects,
        )


def wrap(layers: Sequence[Layer], inside: ASGIApp) -> ASGIApp:
    """An application with layers round it, the first of them outermost."""
    return reduce(lambda app, layer: layer(app), reversed(layers), inside)


def build_app(settings: Settings | None = None) -> ASGIApp:
    """The ASGI application of a server with these settings."""
    return Mock(settings or Settings()).app


def _my_account_api(settings: Settings, document: Document, handlers: Mapping[str, Handler]) -> Api:
    authentication = Authentication(
        customer.refusal_reason, settings.staff_read_status, settings.staff_write_status
    )
    return Api(
        document,
        {**handlers_of(RESOURCES), **handlers},
        authentication.customer,
        authentication.anybody,
        wraps_data=True,
    )


def _control_api(settings: Settings, document: Document, sandboxes: Sandboxes) -> Api:
    def admin(context: Context) -> Sandboxes:
        if settings.admin_token is not None:
            check_admin(context, settings.admin_token)
        return sandboxes

    # The document says that a token may be asked for; with one set, it is.
    closed = document if settings.admin_token is None else document.without_optional_security
    return Api(closed, handlers_of(control.SUBJECTS), admin, lambda _context: sandboxes)


def _sandboxes(settings: Settings, routes: Routes) -> Sandboxes:
    opening = Opening(settings.scenario, settings.seed, settings.now)
    storage = Storage(settings.persist) if settings.persist else None
    sandboxes = Sandboxes(
        opening,
        Worlds(KINDS, load_catalogue(), describe),
        routes.all,
        settings.limits,
        storage,
        settings.shard,
    )
    if settings.snapshot:
        saved = snapshot.from_file(settings.snapshot)
        sandboxes.add(sandboxes.restore(saved, DEFAULT_SANDBOX))
    return sandboxes
