"""
Requests that carry more than the document knows: many names at once, so that one request tries
them all, and where the answer is another one, the one name that makes it so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from contract_tests.actor import Customer
from contract_tests.client import Client
from contract_tests.document import Contract, Operation
from contract_tests.exchange import NO_ANSWER, Exchange, Query
from contract_tests.queries import malformed_queries
from contract_tests.vocabulary import (
    ASKING,
    ASKING_HEADERS,
    CLAIM_HEADERS,
    CLAIMING,
    CLAIMING_HEADERS,
    CLAIMS,
    CLIENT_HEADERS,
    HEADERS,
    INCLUDING,
    OVERRIDING,
    OVERRIDING_HEADERS,
    PARAMETERS,
    REPEATED,
    REWRITING,
    SUPPRESSING,
    YES,
    Words,
)

LONGEST_QUERY = 1900
"""Letters of a query; more than 2,000 are too many for some servers."""
LONGEST_VALUE = 60
"""Letters of a value of a record; texts are no filters."""
ROUNDS = 2
"""How many values of each name one customer sends."""
OWN_HEADERS = {"authorization", "origin", "content-type"}
"""Headers that a request has anyway."""
KINDS = (
    *("id", "email", "stripe_id", "membership_number", "external_ref", "phone", "full_name"),
    *("token", "order_ref"),
)
"""Kinds of value that name a customer, those that are the likeliest to do first."""
PLACES = ("brand_id", "site_id")
"""Kinds of value that tell where a customer belongs."""
NUMBERS = ("membership_number", "order_ref")
"""Those that stand in records of lists."""
_Choices = Mapping[str, Sequence[str]]
"""Names, each with the values that are tried in turn."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What a request carries besides what the document knows."""

    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.query) + len(self.headers)

    @property
    def names(self) -> set[str]:
        return {name for name, _ in (*self.query, *self.headers)}

    @property
    def halves(self) -> "tuple[Extras, Extras]":
        """Two parts of nearly the same size: parameters and headers apart, if there are both."""
        if self.query and self.headers:
            return Extras(query=self.query), Extras(headers=self.headers)
        middle, headers = len(self.query) // 2, len(self.headers) // 2
        return (
            Extras(self.query[:middle], self.headers[:headers]),
            Extras(self.query[middle:], self.headers[headers:]),
        )

    def without(self, names: Iterable[str]) -> "Extras":
        """The rest of it."""
        left_out = set(names)
        return Extras(
            tuple(pair for pair in self.query if pair[0] not in left_out),
            tuple(pair for pair in self.headers if pair[0] not in left_out),
        )


@dataclass(frozen=True, slots=True)
class Deviation:
    """A read that is answered otherwise with extras than without."""

    plain: Exchange
    answer: Exchange
    extras: Extras
    claiming: bool
    """Whether the extras name another customer."""


@dataclass(frozen=True, slots=True)
class SteeredDecision:
    """A decision made with extras, where the contrary had been decided before."""

    customer: Customer
    preference: str
    expected: Mapping[str, bool]
    """Every preference as it must be afterwards."""
    done: Sequence[Exchange]
    """What was decided before it to prepare it."""
    answer: Exchange
    extras: Extras


def unanswered(exchange: Exchange) -> bool:
    """Whether the API itself did not answer: something before it refused."""
    return exchange.from_the_edge or exchange.status == NO_ANSWER


def narrowed(extras: Extras, shows: Callable[[Extras], bool]) -> Extras:
    """The one extra that shows a difference; as few as do together, if none of them does alone."""
    while len(extras) > 1:
        part = next((half for half in extras.halves if shows(half)), None)
        if part is None:
            return _needed(extras, shows)
        extras = part
    return extras


def _needed(extras: Extras, shows: Callable[[Extras], bool]) -> Extras:
    for name in sorted(extras.names):
        rest = extras.without([name])
        if rest and shows(rest):
            extras = rest
    return extras


def extras_of(exchange: Exchange, operation: Operation) -> Extras:
    """What a request carried that the document does not know."""
    known = {each.name for each in operation.parameters}
    return Extras(
        tuple(pair for pair in exchange.query if pair[0] not in known),
        tuple(pair for pair in exchange.sent.items() if pair[0].lower() not in OWN_HEADERS),
    )


def plainer(
    client: Client, operation: Operation, exchange: Exchange, fails: Callable[[Exchange], bool]
) -> Exchange:
    """The same request with as few extras as still fail; as it is where it has none."""
    extras = extras_of(exchange, operation)
    if not extras:
        return exchange
    known = tuple(pair for pair in exchange.query if pair not in extras.query)
    own = {name: value for name, value in exchange.sent.items() if name.lower() in OWN_HEADERS}
    path = exchange.url.partition("?")[0].removeprefix(client.target.base_url)

    def send(part: Extras) -> Exchange:
        return client.send(
            exchange.method,
            path,
            actor=exchange.actor,
            query=(*known, *part.query),
            headers=own | dict(part.headers),
            payload=exchange.payload,
            operation=operation,
        )

    part = narrowed(extras, lambda part: fails(send(part)))
    answer = send(part) if len(part) < len(extras) else exchange
    return answer if fails(answer) else exchange


def bundles(
    contract: Contract, operation: Operation, sample: Mapping[str, object], turn: int = 0
) -> list[Extras]:
    """
    Everything that a request might carry, in as few as it takes. Each field of `sample`, a record,
    may be a filter; in another `turn` names have other values.
    """
    known = {each.name for each in operation.parameters}
    words = (*PARAMETERS, *(ASKING if operation.reads else OVERRIDING))
    tried = _tried(_without(known, _flat(words) | _filters(sample)), turn)
    steady = _without(known, dict(_in_each_request(contract, operation, sample)))
    longest = sum(max(_length((name, each)) for each in values) for name, values in steady.items())
    packed = _packed(tried, LONGEST_QUERY - longest)
    headers = _dealt(_tried(_headers(contract, operation), turn), len(packed))
    made = list[Extras]()
    for place, names in enumerate(packed):
        number = turn * len(packed) + place
        query = (*names.items(), *_chosen(steady, number), *REPEATED)
        beside = headers[place].items()
        made.append(Extras(query, (*_chosen(_flat(CLIENT_HEADERS), number), *beside)))
    return made


def claims(
    identity: Mapping[str, str], turn: int = 0, sample: Mapping[str, object] | None = None
) -> Extras:
    """
    Parameters and headers that name another customer beside the token, or in place of one: by
    `identity`, which is values by kind, or by the fields of a record of theirs.
    """
    headers = _chosen(dict(_claims(CLAIM_HEADERS, CLAIMING_HEADERS, identity)), turn)
    by_name = CLAIMS if sample is None else {}
    named = dict(_claims(by_name, CLAIMING, identity))
    named |= {name: text for name, value in (sample or {}).items() if (text := _text(value))}
    return Extras(_chosen(named, turn), (*headers, *_bearing(identity)))


def surroundings(turn: int = 0) -> Extras:
    """The headers of other clients and of what stands before the API, and a wish for success."""
    # Half of them at each turn: many servers take no more than a hundred headers.
    headers = [*_flat(HEADERS).items()][turn % 2 :: 2]
    chosen = _chosen(_flat(CLIENT_HEADERS) | dict(headers), turn // 2)
    return Extras(_chosen(_flat(SUPPRESSING), turn), chosen)


def _without(known: Iterable[str], choices: _Choices) -> _Choices:
    return {name: values for name, values in choices.items() if name not in known}


def _filters(sample: Mapping[str, object]) -> dict[str, Sequence[str]]:
    """The fields of a record, as if they were filters: a value that none has, and its own."""
    return {
        name: ["true", "false"] if isinstance(value, bool) else ["none", *_text(value)]
        for name, value in sample.items()
    }


def _text(value: object) -> list[str]:
    """A value as a parameter has it; nothing, where it is too long or none."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return [text] if 0 < len(text) <= LONGEST_VALUE else []


def _flat(words: Words) -> dict[str, Sequence[str]]:
    return {name: values for names, values in words for name in names.split()}


def _chosen(choices: _Choices, number: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, values[number % len(values)]) for name, values in choices.items())


def _length(pair: tuple[str, str]) -> int:
    return sum(len(quote(part, safe="")) + 1 for part in pair)


def _tried(choices: _Choices, turn: int) -> list[tuple[str, str]]:
    """Every name with the values of this turn: `ROUNDS` of them, or the one word for yes."""
    pairs = list[tuple[str, str]]()
    for again in range(ROUNDS):
        for name, values in choices.items():
            if values == YES:
                pairs += [(name, YES[turn % len(YES)])] if again == 0 else []
            elif again < len(values):
                pairs.append((name, values[(turn * ROUNDS + again) % len(values)]))
    return pairs


def _packed(pairs: Query, room: int) -> list[dict[str, str]]:
    """The pairs in parts, none of which needs more room than there is, or has a name twice."""
    parts, left = list[dict[str, str]](), list[int]()
    for name, value in pairs:
        length = _length((name, value))
        fitting = (at for at, part in enumerate(parts) if name not in part and left[at] >= length)
        place = next(fitting, len(parts))
        if place == len(parts):
            parts.append({})
            left.append(room)
        parts[place][name] = value
        left[place] -= length
    return parts


def _dealt(pairs: Query, count: int) -> list[dict[str, str]]:
    """The pairs in so many parts of about one size, none of which has a name twice."""
    parts: list[dict[str, str]] = [{} for _ in range(count)]
    for number, (name, value) in enumerate(pairs):
        following = (parts[(number + further) % count] for further in range(count))
        for part in islice((each for each in following if name not in each), 1):
            part[name] = value
    return parts


def _claims(
    by_kind: Mapping[str, str], generic: str, identity: Mapping[str, str]
) -> Iterator[tuple[str, Sequence[str]]]:
    for kind, names in by_kind.items():
        if kind in identity:
            yield from ((name, [identity[kind]]) for name in names.split())
    values = [identity[kind] for kind in KINDS if kind in identity]
    if values:
        yield from ((name, values) for name in generic.split())


def _in_each_request(
    contract: Contract, operation: Operation, sample: Iterable[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Parameters of which many values are worth trying: orders, what to include, other pages."""
    dates = [name for name in sample if name.endswith("_at")]
    orders = [form for name in dates for form in (name, f"-{name}")]
    orders = [*orders[:6], "oldest", "asc", *orders[6:], "newest", "desc", "date", "price", "-id"]
    for name in ("sort", "sort_by", "sortBy", "order", "order_by", "orderBy", "ordering"):
        yield name, orders
    yield from _flat(INCLUDING).items()
    values = {"boolean": ("true", "false"), "integer": ("2", "1")}
    for other in contract.operations.values():
        for query in malformed_queries(other):
            for name, malformed in query:
                [type] = [each.type for each in other.parameters if each.name == name]
                obeyed = values.get(type, ())
                yield name, (malformed, *obeyed)
    for type, obeyed in values.items():
        for name in operation.queries(type):
            for spelling in (name.title(), name.upper(), f"{name}[]", name.replace("_", "")):
                yield spelling, obeyed


def _headers(contract: Contract, operation: Operation) -> _Choices:
    others = [each.path for each in contract.reads if each.path != operation.path]
    words = (*HEADERS, *(ASKING_HEADERS if operation.reads else OVERRIDING_HEADERS))
    return _flat(words) | dict.fromkeys(REWRITING, others)


def _bearing(identity: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Credentials of another customer beside those that count."""
    if "id" in identity:
        id, token = identity["id"], identity.get("token")
        cookie = f"customer_id={id}; user_id={id}"
        yield "Cookie", f"{cookie}; token={token}; session={token}" if token else cookie
        if token:
            yield "X-Authorization", f"Bearer {token}"
