"""However large, deep or odd what strangers send is, it is answered 4xx and leaves nothing."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from mock_server.app import Settings
from mock_server.http import bounds, near
from mock_server.http.bounds import DEEPEST_KEPT, BoundsError
from mock_server.http.exchange import Response
from mock_server.worlds import scenario
from tests.conftest import Caller

SANDBOXES = "/__mock__/sandboxes"
DEEP: Any = reduce(lambda inner, _: [inner], range(DEEPEST_KEPT - 1), [])
Json = dict[str, Any]


@pytest.fixture(scope="module")
def mock() -> Caller:
    return Caller(Settings(now=datetime(2026, 3, 1, 9, tzinfo=UTC)))


@pytest.fixture
def answer(mock: Caller) -> Iterator[Callable[[bytes | Json], Response]]:
    """Opens a sandbox with a body; nothing may be left of those that are refused."""
    before = mock.control("GET", SANDBOXES)

    def sent(body: bytes | Json) -> Response:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return mock("POST", SANDBOXES, body=text)

    yield sent
    assert mock.control("GET", SANDBOXES) == before


def snapshot(mock: Caller, *place: str, **spoilt: Any) -> Json:
    """The default sandbox's snapshot, with something else in one place of it."""
    saved: Json = mock.control("GET", f"{SANDBOXES}/default/snapshot")
    node = saved
    for name in place:
        node = node[name]
    node.update(spoilt)
    return saved


@pytest.mark.parametrize("depth", [60, 2_000, 100_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_deeply_nested_json_is_refused(
    answer: Callable[[bytes], Response], brackets: tuple[str, str], depth: int
) -> None:
    begin, end = brackets
    overrides = f"{begin * depth}1{end * depth}"
    refused = answer(f'{{"overrides": {{"customers": {overrides}}}}}'.encode())

    assert refused.status == 400
    assert b"nested deeper than 50 levels" in refused.body


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "".join(f"{' ' * depth}a:\n" for depth in range(900)),
        "? " * 100_000,
    ],
    ids=["flow list", "flow mapping", "list in lists", "indented", "complex keys"],
)
def test_deeply_nested_yaml_is_refused(
    mock: Caller, answer: Callable[[Json], Response], text: str
) -> None:
    refused = answer({"snapshot": snapshot(mock, "scenario", text=text)})

    assert refused.status == 409
    assert b"nested deeper than 50 levels" in refused.body


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("title: x\n" + "a: &a [1]\n" + "b: [" + "*a, " * 2000 + "]", "3: it has more than 1000"),
        ("title: " + "1:" * 20_000, "1: a text is longer than"),
        ("[" + "a," * 250_000 + "]", "1: it has more than 200000 values"),
        ("#" * 2_000_000, "1: the text is longer than"),
    ],
)
def test_the_size_of_yaml_is_bounded(text: str, what: str) -> None:
    with pytest.raises(BoundsError, match=what):
        bounds.check_yaml(text)


@pytest.mark.parametrize(
    ("text", "most", "what"),
    [
        (lambda n: "[" * n + "]" * n, 50, "1: it is nested deeper than 50 levels"),
        (lambda n: "- []\n- {a: " + "[" * (n - 2) + "]" * (n - 2) + "}", 50, "2: it is nested"),
        (lambda n: "a: &a 1\nb: [" + "*a, " * n + "]", 1000, "2: it has more than 1000 aliases"),
        (lambda n: "a: " + "x" * n, 10_000, "1: a text is longer than 10000 characters"),
        (lambda n: "#" * n, 1 << 20, "1: the text is longer than 1048576 characters"),
    ],
    ids=["depth", "depth of one branch", "aliases", "a text", "all of it"],
)
def test_of_yaml_so_much_is_read_and_no_more(
    text: Callable[[int], str], most: int, what: str
) -> None:
    bounds.check_yaml(text(most))
    with pytest.raises(BoundsError, match=f"^{what}"):
        bounds.check_yaml(text(most + 1))


@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"a":[], "b":', b"}")])
def test_so_deep_may_json_be_and_no_deeper(begin: bytes, end: bytes) -> None:
    def nested(depth: int) -> bytes:
        return begin * depth + b"1" + end * depth

    for read in (bounds.json_tree, bounds.json_values):
        read(nested(49))
        with pytest.raises(BoundsError, match="^it is nested deeper than 50 levels$"):
            read(nested(50))


def test_a_number_of_json_is_whole_where_its_value_is() -> None:
    text = b"[3, 3.0, 3e0, -0.5, 9007199254740991.0, 9007199254740992.0]"
    values = bounds.json_values(text)

    assert list(map(type, values)) == [int, int, int, float, int, float]
    assert values == bounds.json_tree(text) == [3, 3, 3, -0.5, 2**53 - 1, 2**53]
    with pytest.raises(BoundsError, match="^Number out of range: 1e999"):
        bounds.json_values(b"[1e999]")


def test_a_text_that_yaml_could_not_have_is_found_where_it_stands() -> None:
    long, short = "x" * 10_001, "x" * 10_000

    assert list(bounds.long_texts({"a": [short, {"b": long}], short: 1})) == [("a", "1", "b")]
    assert list(bounds.long_texts({"a": {long: 1}})) == [("a",)]
    assert list(bounds.long_texts(long)) == [()]


@pytest.mark.parametrize(
    ("overrides", "what"),
    [
        ({"ada": {"credits": {"open": 1_000_000}}}, "ada.credits.open: too many records"),
        ({"ada": {"payment_methods": {"card": 100_000}}}, "payment_methods.card: too many"),
        ({"ada": {"memberships": {"x": {"rate": "thermal-monthly", "count": 300}}}}, "too many"),
        ({f"c{number}": {} for number in range(20_000)}, "a scenario may have 500"),
        ({"ada": {"credits": {"x": {"issued": "-P1000Y"}}}}, "1900 to 2300"),
    ],
)
def test_a_scenario_of_too_much_is_refused_with_what_is_allowed(
    answer: Callable[[Json], Response], overrides: Json, what: str
) -> None:
    refused = answer({"scenario": "empty", "overrides": {"customers": overrides}})

    assert refused.status == 409
    assert what in json.loads(refused.body)["message"]


SPOILT: list[tuple[tuple[str, ...], Json]] = [
    (("clock",), {"since": "9999-12-31T23:59:59Z"}),
    (("clock",), {"since": "0001-01-01T00:00:00Z"}),
    (("first_clock",), {"since": "9999-12-31T23:59:59Z"}),
    (("clock",), {"since": "2026-03-01T09:00:00"}),
    (("clock",), {"base": "2026-03-01T09:00:00"}),
    (("clock",), {"base": "9999-03-01T09:00:00Z"}),
    (("clock",), {"months": 10**15}),
    (("clock",), {"months": -(10**30)}),
    (("clock",), {"seconds": 1e300}),
    ((), {"saved_at": "2026-03-01T09:00:00"}),
    (
        (),
        {
            "saved_at": "0001-01-01T00:00:00Z",
            "clock": {
                "base": "2026-03-01T09:00:00Z",
                "months": 0,
                "seconds": 0,
                "since": "2026-03-01T09:00:00Z",
            },
        },
    ),
    ((), {"opened": "9999-12-31T23:59:59Z"}),
    ((), {"opened": "0001-01-01T00:00:00Z"}),
    ((), {"opened": "2026-03-01T09:00:00"}),
    ((), {"seed": -1}),
    ((), {"seed": 10**30}),
    (("scenario",), {"name": ""}),
    (("scenario",), {"text": "title: x\ncustomers: {ada: {customer: {dob: 2026-02-30}}}"}),
    (("scenario",), {"text": "title: x\ncustomers: {ada: {customer: {joined: 2026-02-30}}}"}),
    *(
        ((), {"faults": [{"id": "1", "rule": {"kind": "latency"} | rule}]})
        for rule in (
            {"delay_ms": 10**12},
            {"delay_ms": -1},
            {"delay_ms": {"uniform": [0, 10**12]}},
            {"delay_ms": {"lognormal": {"median_ms": 10**9, "sigma": 1}}},
            {"delay_ms": {"lognormal": {"median_ms": 1, "sigma": 1000}}},
            {"kind": "status"},
            {"kind": "status", "status": 10**6},
            {"kind": "answer", "headers": {"a\r\nb": "c"}},
            {"kind": "answer", "headers": {"a": "b\r\nc: d"}},
            {"kind": "answer", "headers": {"Transfer-Encoding": "chunked"}},
            {"kind": "drip", "duration_ms": 10**9},
            {"kind": "rate_limit", "retry_after_s": -5},
            {"probability": 7},
            {"skip": -1},
        )
    ),
    ((), {"faults": [{"id": "x", "rule": {"kind": "drip"}}]}),
    ((), {"faults": [{"id": "1", "rule": {"kind": "drip"}}] * 2}),
    ((), {"faults": [{"id": "1", "rule": {"kind": "drip", "operation": "nope"}}]}),
    ((), {"faults": [{"id": "1", "rule": {"kind": "status", "status": 599}}]}),
    ((), {"faults": [{"id": "1", "rule": {"kind": "latency", "delay_ms": {}}}]}),
    ((), {"faults": [{"id": "1", "rule": {"kind": "drip"}}] * 101}),
]


@pytest.mark.parametrize(("place", "spoilt"), SPOILT)
def test_a_snapshot_of_impossible_values_is_refused_whole(
    mock: Caller, answer: Callable[[Json], Response], place: tuple[str, ...], spoilt: Json
) -> None:
    refused = answer({"snapshot": snapshot(mock, *place, **spoilt)})

    assert refused.status == 409, refused.body


def test_a_scenario_is_a_name_or_a_document_and_never_a_file(
    mock: Caller, answer: Callable[[Json], Response], tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("root:x:0:0: not a scenario\n")
    for path in (str(file), "/etc/shadow", "/dev/zero", "../../secret", "fixtures/catalogue.yaml"):
        refused = answer({"scenario": path})
        assert refused.status == 409
        assert "root" not in refused.body.decode().replace(path, "")

    own = {"title": "Mine", "customers": {"zoe": {"credits": {"open": 2}}}}
    made = mock.control("POST", SANDBOXES, {"scenario": own})
    assert [each["persona"] for each in made["customers"]] == ["zoe"]
    mock.control("DELETE", f"{SANDBOXES}/{made['id']}")
    assert answer({"scenario": {"customers": {}}}).status == 409


def test_a_server_of_a_file_opens_sandboxes_of_that_file(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text("title: Mine\ncustomers: {zoe: {}}\n")
    mock = Caller(Settings(scenario=str(file)))
    made = [mock.control("POST", SANDBOXES, body) for body in ({}, {"scenario": "people"})]

    assert [each["customers"][0]["persona"] for each in made] == ["zoe", "zoe"]


def test_what_is_laid_over_a_scenario_is_bounded_as_its_text_is(
    answer: Callable[[Json], Response],
) -> None:
    refused = answer({"overrides": {"customers": {"ada": {"description": "x" * 20_000}}}})

    assert refused.status == 409
    assert b"overrides.customers.ada.description: a text is longer" in refused.body


def test_faults_are_counted(mock: Caller) -> None:
    id = mock.control("POST", SANDBOXES, {"scenario": "empty"})["id"]
    for _ in range(100):
        mock.control("POST", f"{SANDBOXES}/{id}/faults", {"kind": "drip"})
    body = json.dumps({"kind": "drip"}).encode()
    refused = mock("POST", f"{SANDBOXES}/{id}/faults", body=body)
    mock.control("DELETE", f"{SANDBOXES}/{id}")

    assert refused.status == 409


def test_the_bodies_of_faults_are_bounded_together(mock: Caller) -> None:
    id = mock.control("POST", SANDBOXES, {"scenario": "empty"})["id"]
    fault = {"kind": "answer", "body": "x" * 400_000}
    faults = f"{SANDBOXES}/{id}/faults"
    for _ in range(2):
        mock.control("POST", faults, fault)
    refused = mock("POST", faults, body=json.dumps(fault).encode())
    mock.control("DELETE", f"{faults}/1")
    again = mock("POST", faults, body=json.dumps(fault).encode())
    mock.control("DELETE", f"{SANDBOXES}/{id}")

    assert (refused.status, again.status) == (409, 201)
    assert "921600 is the most" in json.loads(refused.body)["message"]


def test_what_follows_from_memberships_is_bounded_at_every_time(
    mock: Caller, answer: Callable[[Json], Response]
) -> None:
    def members(count: int, started: str) -> Json:
        memberships = {"a": {"rate": "thermal-monthly", "started": started}}
        customers = {f"c{number}": {"memberships": memberships} for number in range(count)}
        return {"title": "x", "customers": customers}

    assert b"30000 is the most" in answer({"scenario": members(200, "-P99Y")}).body
    made = mock.control("POST", SANDBOXES, {"scenario": members(100, "-P1M")})
    home = f"{SANDBOXES}/{made['id']}"
    changed = {"memberships": {"b": {"rate": "thermal-monthly", "started": "-P99Y", "count": 30}}}
    refused = [
        mock("PATCH", f"{home}/clock", body=b'{"now": "2199-01-01T00:00:00Z"}'),
        mock("PATCH", f"{home}/customers/c1", body=json.dumps(changed).encode()),
        mock(
            "POST", f"{home}/scenario", body=json.dumps({"scenario": members(99, "-P99Y")}).encode()
        ),
        mock(
            "POST",
            SANDBOXES,
            body=json.dumps(
                {
                    "snapshot": snapshot_of(mock, made["id"], "2199-01-01T00:00:00Z"),
                }
            ).encode(),
        ),
    ]
    mock.control("DELETE", home)

    for each in refused:
        assert (each.status, b"30000 is the most" in each.body) == (409, True), each.body


def snapshot_of(mock: Caller, id: str, now: str) -> Json:
    """A sandbox's snapshot, with its clock at another time."""
    saved: Json = mock.control("GET", f"{SANDBOXES}/{id}/snapshot")
    saved["clock"] |= {"base": now, "since": None}
    return saved


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("", {"scenario": "empty", "seed": 3}),
        ("", {"overrides": {"customers": {"ada": {"credits": {"open": 2}}}}}),
        ("/default/faults", {"kind": "status", "status": 401, "count": 1, "skip": 1}),
        (
            "/default/faults",
            {"kind": "status", "status": 429, "retry_after_s": 2, "off_contract": True},
        ),
        ("/default/faults", {"kind": "latency", "delay_ms": {"uniform": [1, 2]}}),
        ("/default/faults", {"kind": "answer", "status": 200, "body": {"data": [3]}}),
        ("/default/faults", {"kind": "drip", "duration_ms": 100}),
    ],
)
def test_a_whole_number_may_be_written_with_a_fraction_or_an_exponent(
    mock: Caller, place: str, body: Json
) -> None:
    plain = json.dumps(body)
    results = []
    for written in (r"\g<0>", r"\g<0>.0", r"\g<0>e0"):
        text = re.sub(r"\b[0-9]+\b", written, plain)
        answered = mock("POST", SANDBOXES + place, body=text.encode())
        assert answered.status == 201, answered.body
        made = json.loads(answered.body)
        id, again = made.pop("id"), f"{SANDBOXES}{place}"
        if not place:
            saved = mock("GET", f"{again}/{id}/snapshot").body
            reopened = mock("POST", SANDBOXES, body=b'{"snapshot": ' + saved + b"}")
            assert reopened.status == 201, reopened.body
        mock("DELETE", f"{again}/{id}")
        results.append((made.get("seed"), {k: made[k] for k in body.keys() & made.keys()}))

    assert [json.dumps(each) for each in results] == [json.dumps(results[0])] * 3


@pytest.mark.parametrize("body", [{"data": "x" * 290_000}, DEEP])
def test_what_a_sandbox_keeps_can_be_opened_again(mock: Caller, body: Any) -> None:
    opened = json.loads(mock("POST", SANDBOXES, body=b"{}").body)["id"]
    fault = json.dumps({"kind": "answer", "body": body}).encode()
    taken = [mock("POST", f"{SANDBOXES}/{opened}/faults", body=fault).status for _ in range(8)]
    saved = mock("GET", f"{SANDBOXES}/{opened}/snapshot").body
    again = mock("POST", SANDBOXES, body=b'{"snapshot": ' + saved + b"}")

    assert taken[0] == 201
    assert again.status == 201, again.body[:200]


def test_a_body_that_no_snapshot_could_have_is_refused(mock: Caller) -> None:
    fault = json.dumps({"kind": "answer", "body": [DEEP]}).encode()
    refused = mock("POST", f"{SANDBOXES}/default/faults", body=fault)

    assert (refused.status, b"deeper than 40" in refused.body) == (409, True)


MANY = range(20_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "customer",
    [
        {f"kredits{n}": 1 for n in MANY},
        {"credits": {f"gift{n}": {"stte": "open"} for n in MANY}},
        {"credits": {f"gift{n}": {"state": "opne"} for n in MANY}},
        {"marketing_preferences": {"opted_in": [f"newsleter{n}" for n in MANY]}},
        {"customer": {f"frist_name{n}": "x" for n in MANY}},
    ],
)
@pytest.mark.parametrize("within", ["scenario", "overrides"])
def test_of_thousands_of_mistakes_only_some_are_looked_for(
    mock: Caller, within: str, customer: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    sought = 0

    def counted(name: str, known: Iterable[str]) -> str | None:
        nonlocal sought
        sought += 1
        return None

    monkeypatch.setattr(near, "nearest", counted)
    monkeypatch.setattr(scenario, "nearest", counted)
    document = {"title": "Wrong", "customers": {"ada": customer}}
    if within == "overrides":
        del document["title"]
    refused = mock("POST", SANDBOXES, body=json.dumps({within: document}).encode())

    assert refused.status == 409
    assert len(json.loads(refused.body)["message"].splitlines()) == 101
    assert b"no more than 100 mistakes are looked for" in refused.body
    assert sought <= 400
