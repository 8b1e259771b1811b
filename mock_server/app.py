"""Puts the server together: the only file that knows all the others."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

import msgspec
from msgspec.structs import replace
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server import control
from mock_server.addressing import is_control
from mock_server.http import adapter, problems, site
from mock_server.http.document import Document
from mock_server.http.exchange import Answer, Request, Response
from mock_server.http.operation import handlers_of
from mock_server.http.problems import Problem
from mock_server.http.router import Api, Router, refusal
from mock_server.middleware import quirks
from mock_server.middleware.admission import Admission
from mock_server.middleware.faults import Injector
from mock_server.middleware.prefer import Preferring, examples_of
from mock_server.middleware.quirks import QUIRKS
from mock_server.middleware.signin import SignInMiddleware
from mock_server.resources import KINDS, RESOURCES, customer
from mock_server.resources.everything import about
from mock_server.worlds import scenario_schema, snapshot
from mock_server.worlds.account import Account
from mock_server.worlds.catalogue import load_catalogue
from mock_server.worlds.changes import Change
from mock_server.worlds.registry import Limits, Opening, Sandboxes
from mock_server.worlds.sandbox import PlantedFault, Sandbox, Staff
from mock_server.worlds.storage import Storage
from mock_server.worlds.tokens import DEFAULT_SANDBOX

API = ("/customers/", "/shop/")
"""What stands under these is meant for the My Account API, even where it does not exist."""
READS = ("GET", "HEAD", "OPTIONS")
NO_CORS = (b"X-Mock-No-Cors", b"1")
MIXED_UP = (
    "This is a staff token. The My Account API answers customer tokens only; the two kinds of"
    " token are not interchangeable."
)


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
    breakages: tuple[str, ...] = ()
    snapshot: Path | None = None
    """A file to make the default sandbox from, in place of the scenario."""
    persist: Path | None = None
    """A file that sandboxes are kept in across restarts."""
    limits: Limits = Limits()
    """How many sandboxes may be open, and for how long unused."""
    redirects: tuple[str, ...] = ()
    """Prefixes of addresses that a sign-in may lead back to, beside those of this machine."""
    admin_token: str | None = None
    """What the control API asks for; None leaves it open to this machine."""
    insecure_admin: bool = False
    """Whether the control API is open to all who can reach it."""
    staff_read_status: int = HTTPStatus.UNAUTHORIZED
    """How a staff token is refused on a GET; AUTH-05 of the document."""
    staff_write_status: int = HTTPStatus.FORBIDDEN
    """How a staff token is refused on opt-in and opt-out."""


class Mock:
    """The server, short of its socket."""

    def __init__(self, settings: Settings) -> None:
        """
        Raises:
            ScenarioError: the scenario cannot be used.
            ClockError: no clock shows the time it is to open at.
            SnapshotError: the snapshot cannot be read.
            StorageError: sandboxes cannot be kept there.
            DocumentMismatch: the handlers and the document do not agree.
        """
        self.settings = settings
        document, control_document = Document.of("openapi.yaml"), Document.of("control.yaml")
        opening = Opening(
            settings.scenario, settings.seed, settings.now, breakages=settings.breakages
        )
        self._admission = Admission(settings.admin_token, settings.insecure_admin)
        storage = Storage(settings.persist) if settings.persist else None
        self.sandboxes = Sandboxes(
            opening, KINDS, load_catalogue(), about, settings.limits, storage
        )
        if settings.snapshot:
            saved = snapshot.from_file(settings.snapshot)
            self.sandboxes.add(self.sandboxes.restored(saved, DEFAULT_SANDBOX))
        business = Api(document, handlers_of(RESOURCES), self._customer, wraps_data=True)
        steering = Api(
            control_document, handlers_of(control.SUBJECTS), lambda _request: self.sandboxes
        )
        schemas = {scenario_schema.PATH: msgspec.json.encode(scenario_schema.schema(KINDS))}
        pages = site.pages(document, control_document, schemas)
        # Two tables, so that no path of the one API ever leads to an operation of the other.
        self._router, self._control_router = Router(pages), Router(pages)
        apis = ((business, self._router), (steering, self._control_router))
        chosen = {name: QUIRKS[name] for name in settings.quirks}
        self._business = quirks.altered_by(chosen, self._router)
        self._preferring = Preferring(self._router, examples_of(document))
        self._inject = Injector(self._router.route)
        served = adapter.serve(apis, self.answer)
        signing_in = SignInMiddleware(
            served, self.sandboxes.get, customer.details, customer.refused, settings.redirects
        )
        self.app = _open_to_the_web(signing_in)
        self.sandboxes.business = self._router.routes

    def answer(self, request: Request) -> Response:
        """The answer to a request, in the sandbox that it belongs to."""
        if is_control(request.path):
            return self._control(request)
        try:
            inside = self.sandboxes.addressed(request)
        except Problem as problem:
            return refusal(problem)
        sandbox, changes = self.sandboxes.get(inside.sandbox), list[Change]()
        with sandbox.heard_by(changes.append):
            response = self._delayed(self._inside(sandbox, inside))
        route = self._router.route(inside.method, inside.path)
        if route is not None or inside.path.startswith(API):
            shown = [text for each in changes if (text := each.shown()) is not None]
            sandbox.record(route, inside, response, shown)
        return response

    def _inside(self, sandbox: Sandbox, request: Request) -> Response:
        """What a sandbox answers, with all that goes wrong in it."""
        answer = _broken(sandbox, self._business)
        if sandbox.faults:
            answer = partial(self._inject, answer, sandbox)
        return self._preferring(request, answer)

    def _delayed(self, response: Response) -> Response:
        if not self.settings.delay_ms:
            return response
        return replace(response, delay_s=response.delay_s + self.settings.delay_ms / 1000)

    def _control(self, request: Request) -> Response:
        names_operation = self._control_router.route(request.method, request.path) is not None
        try:
            self._admission.check(request, names_operation=names_operation)
        except Problem as problem:
            return refusal(problem)
        return self._control_router(request)

    def _customer(self, request: Request) -> Account:
        sandbox = self.sandboxes.get(request.sandbox)
        caller = sandbox.caller(request.headers.get("authorization"))
        if isinstance(caller, Staff):
            raise self._staff_refused(request.method)
        if reason := customer.refused(caller):
            raise problems.invalid_token(reason).under("AUTH-10")
        return caller

    def _staff_refused(self, method: str) -> Problem:
        reads = method in READS
        status = self.settings.staff_read_status if reads else self.settings.staff_write_status
        if status == HTTPStatus.UNAUTHORIZED:
            return problems.invalid_token(MIXED_UP).under("AUTH-04")
        return Problem(status, MIXED_UP, rule="AUTH-04")


def build_app(settings: Settings | None = None) -> ASGIApp:
    """The ASGI application of a server with these settings."""
    return Mock(settings or Settings()).app


def _open_to_the_web(app: ASGIApp) -> ASGIApp:
    """The same application with gzip, and with CORS but for the control API."""
    shared = CORSMiddleware(app, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        private = scope["type"] != "http" or is_control(scope["path"])
        await (app if private else shared)(scope, receive, send if private else _hiding(send))

    return GZipMiddleware(chosen)


def _hiding(send: Send) -> Send:
    """Take the CORS headers off an answer that a planted fault wants without them."""

    async def hidden(message: Message) -> None:
        headers = message.get("headers", ())
        if NO_CORS in headers:
            kept = [each for each in headers if not each[0].startswith(b"access-control-")]
            message = {**message, "headers": [each for each in kept if each != NO_CORS]}
        await send(message)

    return hidden


def _broken(sandbox: Sandbox, answer: Answer) -> Answer:
    """The same server with the sandbox's faults planted in it."""
    for fault in sandbox.breakages.values():
        answer = partial(_faulted, fault, answer, sandbox)
    return answer


def _faulted(fault: PlantedFault, answer: Answer, sandbox: Sandbox, request: Request) -> Response:
    return fault(request, answer, sandbox)
