"""What the control API takes and gives, as types; `spec/control.yaml` has the words to each."""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

JsonObject = dict[str, object]
Words = Mapping[str, object]
"""What a scenario file says, or a part of it."""
Method = Literal["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"]
FaultKind = Literal[
    "status",
    "answer",
    "latency",
    "rate_limit",
    "drip",
    "truncated",
    "malformed_json",
    "wrong_type",
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
    "CONNECTION_RESET_BY_PEER",
]


class NewScenario(TypedDict, total=False):
    """How a scenario differs from its file."""

    seed: int
    overrides: Words


class NewSandbox(NewScenario, total=False):
    """What a sandbox is opened with, beside its scenario."""

    now: str
    snapshot: Words


class SandboxCustomer(TypedDict):
    """A customer of a sandbox."""

    persona: str
    name: str | None
    id: str
    token: str
    description: str
    summary: list[str]
    facts: JsonObject


class SandboxData(TypedDict):
    """A sandbox, as the control API shows it."""

    id: str
    scenario: str
    seed: int
    now: str
    base_path: str
    customers: list[SandboxCustomer]
    tokens: dict[str, str]


class ResourceState(TypedDict):
    """What an operation shows of a customer."""

    operation: str
    status: int
    message: str | None
    data: JsonObject | list[JsonObject] | None
    total: int
    marks: dict[str, Literal["new", "changed"]]
    removed: list[JsonObject]


class CustomerState(TypedDict):
    """Everything that a customer has now."""

    persona: str
    token: str
    description: str
    now: str
    holdings: JsonObject
    preference_names: dict[str, str]
    resources: list[ResourceState]


class ClockChange(TypedDict, total=False):
    """How to change a clock; `now` or `advance`, not both."""

    now: str
    advance: str
    running: bool
    force: bool


class WorldChange(TypedDict):
    """What became of a customer when the clock moved."""

    persona: str
    text: str


class ClockMove(TypedDict):
    """A clock, and what its move changed."""

    now: str
    running: bool
    opened: str
    changes: list[WorldChange]


class Uniform(TypedDict):
    """A delay between two bounds, in milliseconds."""

    uniform: tuple[int, int]


class LognormalShape(TypedDict):
    """The middle of a distribution, in milliseconds, and its spread."""

    median_ms: int
    sigma: float


class Lognormal(TypedDict):
    """A delay as networks have it."""

    lognormal: LognormalShape


class NewFault(TypedDict, total=False):
    """How a fault strikes, beside its kind and operation."""

    status: int
    message: str
    body: object
    headers: Mapping[str, str]
    delay_ms: int | Uniform | Lognormal
    retry_after_s: int
    duration_ms: int
    probability: float
    skip: int
    count: int
    count_by: Literal["attempt", "request"]
    off_contract: bool


class Fault(NewFault):
    """A fault at work."""

    id: str
    kind: FaultKind
    operation: NotRequired[str]
    documented: bool
    seen: int
    hits: int


class RequestFilter(TypedDict, total=False):
    """Which requests of a journal are meant, beside those of one operation."""

    status: int
    persona: str
    method: Method
    since: int


class OperationFilter(RequestFilter, total=False):
    """Which requests of a journal are meant."""

    operation: str


class Change(TypedDict):
    """A decision on a preference, or, of a change of the world, its text."""

    persona: str | None
    preference_id: NotRequired[str]
    opted_in: NotRequired[bool]
    text: NotRequired[str]


class JournalRequest(TypedDict):
    """A request, as the journal shows it."""

    valid: bool
    problem: str | None
    headers: dict[str, str]
    body: str
    body_bytes: int


class JournalResponse(TypedDict):
    """
    A response, as the journal shows it; `headers` are pairs, in their order, and `valid` is None
    where it was not judged.
    """

    valid: bool | None
    problem: str | None
    headers: list[list[str]]
    body: str
    body_bytes: int


class JournalEntry(TypedDict):
    """A request that came, and why it was answered so."""

    number: int
    at: str
    operation: str | None
    persona: str | None
    role: str | None
    method: str
    path: str
    query: str
    status: int
    fault: str | None
    rule: str | None
    reason: str
    changes: list[Change]
    request: JournalRequest
    response: JournalResponse


class Journal(TypedDict):
    """Requests that came: how many there are, and the latest of them."""

    count: int
    forgotten: int
    last_event_id: str
    entries: list[JournalEntry]


class AwaitedJournal(Journal):
    """Requests that were waited for."""

    met: bool


class OperationCoverage(TypedDict):
    """What clients have covered of an operation."""

    operation: str
    statuses: dict[str, int]
    states: dict[str, bool]
    personas: list[str]


class Coverage(TypedDict):
    """What clients have covered."""

    percent: float
    met: int
    known: int
    operations: list[OperationCoverage]


class Snapshot(TypedDict):
    """A sandbox as one document."""

    format: str
    version: int
    saved_at: str
    scenario: dict[str, str]
    seed: int
    overrides: JsonObject
    opened: str
    first_clock: JsonObject
    clock: JsonObject
    decisions: list[JsonObject]
    faults: list[JsonObject]
    begun_as: NotRequired[JsonObject | None]
