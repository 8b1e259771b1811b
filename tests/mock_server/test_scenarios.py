"""Scenarios that testers write: what is read as it was written, and every mistake at its place."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from mock_server.app import Settings
from mock_server.http.yaml_text import tree_of
from mock_server.resources import KINDS
from mock_server.resources.credits import COUPONS
from mock_server.worlds.catalogue import load_catalogue
from mock_server.worlds.scenario import ScenarioError, load
from tests.conftest import Caller

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
ACCOUNT = "/customers/my-account"
SANDBOXES = "/__mock__/sandboxes"


@pytest.fixture(scope="module")
def mock() -> Caller:
    return Caller(Settings(scenario="empty", now=NOW))


@pytest.fixture
def served(tmp_path: Path) -> Any:
    """Serves the customers of a YAML text."""

    def serve(text: str) -> Caller:
        file = tmp_path / "mine.yaml"
        file.write_text(f"title: Mine\ncustomers:\n{text}", "utf-8")
        return Caller(Settings(scenario=str(file), now=NOW))

    return serve


def mistakes(served: Any, text: str) -> list[str]:
    """The lines told of a text, less the file's name; its customers begin on line 3."""
    with pytest.raises(ScenarioError) as caught:
        served(text)
    return [line.partition("mine.yaml:")[2] for line in str(caught.value).splitlines()]


def test_scenarios_are_listed_with_their_titles(mock: Caller) -> None:
    listed = mock.control("GET", "/__mock__/scenarios")
    titles = {
        file.stem: tree_of(file.read_text("utf-8"))["title"]
        for file in Path("fixtures/scenarios").glob("*.yaml")
    }

    assert {each["name"]: each["title"] for each in listed} == titles


def test_texts_are_read_as_they_were_written(served: Any) -> None:
    call = served(
        """
  no:
    customer: {first_name: No, last_name: 0123, dob: 1990-02-03, phone: +447700900123}
    payment_methods: {card: {last_4: 0042, card_expiry: 09/28}}
    credits: {dated: {issued: 2026-01-01T00:00:00Z, expires: 2027-03-05T09:00:00Z}, open: 2}
"""
    )
    said = call.json("GET", ACCOUNT, "customer-no")["data"]
    (card,) = call.json("GET", f"{ACCOUNT}/payment-methods", "customer-no")["data"]
    credits = call.json("GET", f"{ACCOUNT}/credits", "customer-no")["data"]

    assert (said["first_name"], said["last_name"], said["dob"]) == ("No", "0123", "1990-02-03")
    assert (said["phone"], card["last_4"], card["card_expiry"]) == (
        "+447700900123",
        "0042",
        "09/28",
    )
    assert [each["expires_at"] for each in credits].count("2027-03-05T09:00:00Z") == 1
    assert len(credits) == 3


def test_merge_keys_and_aliases_are_read(served: Any) -> None:
    call = served("  ada: &a {credits: {open: 1}}\n  ben: {<<: *a}\n  zoe: *a\n")

    for who in ("ada", "ben", "zoe"):
        assert len(call.json("GET", f"{ACCOUNT}/credits", f"customer-{who}")["data"]) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("  mia: {}\n  mia: {}", "4: mia: 'mia' stands here a second time; the first is on line 3"),
        (
            "  mia:\n    credits: {open: 1}\n    credits: {open: 2}",
            "5: mia.credits: 'credits' stands here a second time; the first is on line 4",
        ),
        (
            "  mia:\n    customer: {dob: 2026-02-30}",
            "4: mia.customer.dob: '2026-02-30' is not a date such as 1990-05-17",
        ),
        (
            "  mia: {credits: {x: {expires: 2027-03-05T09:00:00}}}",
            "3: mia.credits.x.expires: expires '2027-03-05T09:00:00' has no time zone; write"
            " 2027-03-05T09:00:00Z for UTC",
        ),
        (
            "  mia: {memberships: {x: {started: 2026-01-05}}}",
            "3: mia.memberships.x.started: started '2026-01-05' has no time zone; write"
            " 2026-01-05T00:00:00Z for UTC",
        ),
        ("  mia: {? [credits] : 1}", "3: mia: a name is a text, not a list or a mapping"),
        (
            "  mia: {credits: {x: {expires: 2301-01-01T00:00:00Z}}}",
            "expires '2301-01-01T00:00:00Z' is not in the years 1900 to 2300",
        ),
        ("  mia: {credits: {x: {coupon: gest}}}", "did you mean 'guest'?"),
        ("  mia: {credits: {opne: 2}}", "did you mean 'open'?"),
        ("  mia: {credits: {x: {isued: P1D}}}", "did you mean 'issued'?"),
        ("  mia: {creditz: {open: 1}}", "did you mean 'credits'?"),
        (
            "  mia: {credits: {open: 1.5}}",
            "3: mia.credits.open: must be how many, or a mapping of what they are like; got '1.5'",
        ),
        ('  mia: {customer: {email: "a\\0@b"}}', "is not an e-mail address such as"),
        ("  mia: {customer: {email: a..b@c.de}}", "is not an e-mail address such as"),
        ("  mia: {customer: {email: mia}}", "'mia' is not an e-mail address such as ada@example"),
        ("  mia: {customer: {phone: 01225 12}}", "'01225 12' is not a phone number such as +44"),
        ("  mia: {payment_methods: {a: {last_4: 42}}}", "'42' is not four digits such as 0042"),
        (
            "\tmia: {}",
            "3: found character that cannot start any token; lines are indented by blanks",
        ),
        ("  mia: {description: a: b}", "a text with ': ' in it goes in quotes"),
        ("  mia:\n    description: a: b", "a text with ': ' in it goes in quotes"),
        ("  mia: {}\n---\ntitle: x", "expected a single document in the stream, but found another"),
        ("  mia: {credits: {open: {count: 1.5}}}", "'1.5' is not a whole number from 0 to"),
        ("  mia: {customer: {visits: maybe}}", "'maybe' is not true or false"),
        ("  mia: {customer: {labels: VIP}}", "'VIP' is not a list, of which each is text"),
        ("  mia: [credits]", "3: mia: a customer is a mapping"),
        ("  mia.torres: {}", "3: mia.torres: the name 'mia.torres' stands in a token, so it is"),
        ("  Mia Torres: {}", "letters from a to z"),
        ("  mia~x: {}", "letters from a to z"),
        ("  zoë: {}", "letters from a to z"),
        (
            "  mia: {marketing_preferences: {opted_in: [fax]}}",
            "preference 'fax' is archived",
        ),
        ("  mia: {credits: {x: {expires: midnight Atlantis}}}", "names no time zone"),
        ("  mia: &a\n    <<: *a", "aliases make it too large or too deep"),
        (
            "  a0: &a0 {}\n"
            + "".join(f"  a{n + 1}: &a{n + 1} {{<<: [*a{n}, *a{n}]}}\n" for n in range(40)),
            "aliases make it too large or too deep",
        ),
        ("  mia: {credits: {x: {issued: 0001-01-01T00:00:00+14:00}}}", "outside the calendar"),
        ("  mia: {customer: {locale: ''}}", "'' is not a language such as en-GB"),
        ("  mia: {customer: {labels: [VIP, '']}}", "is not a list, of which each is text of 1 to"),
        (f"  mia: {{customer: {{first_name: {'x' * 201}}}}}", "is not text of at most 200"),
        ("  mia: {customer: {dob: 2999-12-31}}", "dob '2999-12-31' is later than now"),
        ("  mia: {credits: {x: !secret {}}}", "tags such as !secret are not read"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    served: Any, text: str, told: str
) -> None:
    (line,) = mistakes(served, text)

    assert told in line


def test_who_shares_a_membership_is_spared_the_mistakes_in_the_others(served: Any) -> None:
    told = mistakes(
        served,
        "  mia:\n"
        "    payment_methods: {p: {added: never}}\n"
        "    memberships:\n"
        "      m: {rate: thermal-monthly, members: [ben], payment_method: p}\n"
        "      n: {lead: mia/n}\n"
        "  ben: {memberships: {m: {lead: mia/m}}}\n",
    )

    assert [line.split(": ")[1] for line in told] == [
        "mia.payment_methods.p.added",
        "mia.memberships.n.lead",
    ]


@pytest.mark.parametrize("value", ["P", "5", "[]", "true", "{m: x, p: x}"])
@pytest.mark.parametrize(
    "kind",
    ["customer", "marketing_preferences", "memberships", "payment_methods", "charges", "orders"],
)
def test_what_refers_to_a_holding_that_is_none_does_not_stumble(
    served: Any, kind: str, value: str
) -> None:
    ada = {
        "customer": "{site: bath}",
        "marketing_preferences": "{opted_in: [newsletter]}",
        "memberships": "{m: {rate: thermal-monthly, payment_method: p, members: [ben]}}",
        "payment_methods": "{p: {}}",
        "credits": "{x: {membership: m}}",
    } | {kind: value}
    people = "".join(f"    {name}: {text}\n" for name, text in ada.items())
    told = mistakes(served, f"  ada:\n{people}  ben: {{memberships: {{m: {{lead: ada/m}}}}}}\n")

    assert all(f"ada.{kind}" in each for each in told)


def test_every_mistake_of_a_file_is_told_at_once(served: Any) -> None:
    told = mistakes(
        served,
        "  mia: {credits: {x: {isued: P1D, state: opne}}, creditz: 1}\n"
        "  b.c:\n"
        "    customer: {dob: never}\n"
        "    customer: {}\n",
    )

    assert [line.split(": ")[0] for line in told].count("3") == 3
    assert len(told) == 6


def test_all_references_are_told_at_once(served: Any) -> None:
    told = mistakes(
        served,
        "  mia: {customer: {site: bth}, credits: {x: {membership: y}}}\n"
        "  ben: {memberships: {y: {payment_method: z}}}\n",
    )

    assert len(told) == 3
    assert "did you mean 'bath'?" in told[0]


MANY = """
  mia:
    customer: {site: bth, dob: 2026-02-30}
    memberships:
      m:
        rate: nope
        attention: payment_failed
    credits: {x: {isued: P1D, coupon: gest}, opne: 2}
  ben:
    creditz: 1
    orders: {x: {every: P1M}}
    memberships: {shared: {lead: mia/m}}
    charges: {failed: 3}
  zoe:
    memberships: {m: {started: -P1D}}
    charges: {failed: 300}
"""


def test_mistakes_of_form_and_of_meaning_are_told_together_in_their_order(served: Any) -> None:
    told = mistakes(served, MANY)

    assert [line.split(": ")[:2] for line in told] == [
        ["5", "mia.customer.site"],
        ["5", "mia.customer.dob"],
        ["8", "mia.memberships.m.rate"],
        ["9", "mia.memberships.m.attention"],
        ["10", "mia.credits.x.isued"],
        ["10", "mia.credits.x.coupon"],
        ["10", "mia.credits.opne.state"],
        ["12", "ben.creditz"],
        ["13", "ben.orders.x.every"],
        ["14", "ben.memberships.shared.lead"],
        ["18", "zoe.charges"],
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # The site is not known, so what is sold there is not.
        ("  mia: {customer: {sit: york}, memberships: {m: {rate: swim-monthly}}}", "customer.sit"),
        ("  mia: {credits: {x: {stat: redeemed, redeemed: -P1D}}}", "credits.x.stat"),
        ("  mia: {credits: {x: {state: redemed, redeemed: -P1D}}}", "credits.x.state"),
        ("  mia: {payment_method: {c: 1}, memberships: {m: {payment_method: c}}}", "payment_"),
        ("  mia: {membership: {m: {}}, credits: {x: {membership: m}}}", "membership"),
        (
            "  mia: {memberships: {m: {members: [ben]}}}\n  ben: {memberships: {m: {leed: mia/m}}}",
            "leed",
        ),
    ],
)
def test_nothing_is_told_that_only_follows_from_a_mistake(
    served: Any, text: str, told: str
) -> None:
    (line,) = mistakes(served, text)

    assert told in line.split(": ")[1]


@pytest.mark.slow
def test_the_command_line_tells_them_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("title: x\ncustomers:\n  a b: {}\n  mia: {credits: {opne: 1}}\n")
    command = [sys.executable, "-m", "mock_server", "scenarios", "check", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True)

    assert ran.returncode == 2
    assert [line.split(":")[2] for line in ran.stderr.splitlines()] == ["3", "4"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"overrides": {"customers": {"mia": {"credits": {"opne": 1}}}}},
            "overrides.customers.mia.credits.opne.state: 'opne' is not one of",
        ),
        (
            {"overrides": {"customers": {"mia": {"customer": {"site": "bth"}}}}},
            "overrides.customers.mia.customer.site: site 'bth' is not one of",
        ),
        (
            {"scenario": {"title": "x", "customers": {"mia": {"credits": 3}}}},
            "scenario.customers.mia.credits: must map names to holdings",
        ),
    ],
)
def test_a_mistake_in_a_body_is_told_at_its_place_in_the_body(
    mock: Caller, body: dict[str, Any], told: str
) -> None:
    answer = mock("POST", SANDBOXES, body=json.dumps(body).encode())

    assert answer.status == 409
    assert json.loads(answer.body)["message"].startswith(told)


def test_midnight_can_be_that_of_a_place(served: Any) -> None:
    call = served("  mia: {credits: {x: {expires: midnight America/New_York}}}\n")
    (credit,) = call.json("GET", f"{ACCOUNT}/credits", "customer-mia")["data"]

    assert credit["expires_at"] == "2026-03-02T05:00:00Z"


def test_a_charge_is_found_by_its_day(served: Any) -> None:
    text = """
  mia:
    payment_methods: {card: 1}
    memberships: {m: {started: 2025-11-10T09:00:00Z, payment_method: card}}
    charges: {failed: {status: failed, billed: DAY}}
"""
    call = served(text.replace("DAY", "2026-01-10"))
    charges = call.json("GET", f"{ACCOUNT}/charges", "customer-mia")["data"]

    assert [each["billed_at"][:10] for each in charges if each["status"] == "failed"] == [
        "2026-01-10"
    ]
    (told,) = mistakes(served, text.replace("DAY", "2026-01-11"))
    assert "say 2026-01-10 or " in told


CATALOGUE = """
catalogue:
  brands: {dales: {name: Dales Spa, organisation: stillwater}}
  sites: {leeds: {name: Leeds, brand: dales}}
  membership_types: {dips: {name: Dips, brand: dales}}
  rates: {dips-monthly: {membership_type: TYPE, name: Monthly, price: 1900}}
"""


def test_a_scenario_can_bring_a_catalogue_of_its_own(served: Any) -> None:
    text = "  mia: {customer: {site: leeds}, memberships: {m: {rate: dips-monthly}}}\n" + CATALOGUE
    call = served(text.replace("TYPE", "dips"))
    (membership,) = call.json("GET", f"{ACCOUNT}/memberships", "customer-mia")["data"]
    waiting, told = mistakes(served, text.replace("TYPE", "dip"))

    assert "looked up once this is right" in waiting
    assert membership["rate"]["price"] == 1900
    assert told.startswith("9: catalogue.rates.dips-monthly.membership_type: membership_type 'dip'")
    assert "did you mean 'dips'?" in told


@pytest.mark.parametrize(
    ("catalogue", "told"),
    [
        ("{rates: {swim-monthly: {price: -5}}}", "'-5' is not a whole number from 0 to"),
        ("{rates: {swim-monthly: {default_duration: soon}}}", "such as P1Y or P30D"),
        ("{rates: {swim-monthly: {default_duration: P}}}", "such as P1Y or P30D"),
        ("{rates: {swim-monthly: {name: ''}}}", "'' is not text of 1 to 200 characters"),
        ("{preferences: {newsletter: {text: ''}}}", "'' is not text of at most 2000"),
        ("{brands: {stillwater: {vat: 101}}}", "'101' is not a whole number from 0 to 100"),
        ("{sites: null}", "catalogue.sites: is missing"),
        ("{practitioners: []}", "catalogue.practitioners: a list is not"),
        ("{sites: {bath: {}}}", ""),
        (
            "{packages: {NONE}, offerings: {NONE}}",
            "at bath, no bookings and no packages and no pur",
        ),
    ],
)
def test_a_catalogue_that_nothing_can_be_made_of_is_refused(
    served: Any, catalogue: str, told: str
) -> None:
    shared = load_catalogue()
    nothing = ", ".join(f"{name}: null" for name in (*shared.packages, *shared.offerings))
    people = "  mia: {orders: {x: 9}, memberships: {m: {}}}\n"
    text = f"{people}catalogue: {catalogue.replace('NONE', nothing)}\n"
    if not told:
        served(text)
        return
    assert told in "\n".join(mistakes(served, text))


def test_what_is_shared_is_shared_by_who_leads_it(served: Any) -> None:
    told = mistakes(
        served,
        "  mia: {memberships: {m: {lead: ben/m, members: [ben]}}}\n"
        "  ben: {memberships: {m: {lead: mia/m, members: [mia]}}}\n",
    )

    assert [line.split(": ")[0] for line in told] == ["3", "4"]
    assert "ben does not lead ben/m" in told[0]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "wide.yaml").write_bytes("title: x".encode("utf-16"))
    told = {}
    for name in ("wide.yaml", "."):
        with pytest.raises(ScenarioError) as refused:
            load(str(tmp_path / name), KINDS)
        told[name] = str(refused.value)

    assert "it is not text in UTF-8" in told["wide.yaml"]
    assert "Is a directory" in told["."]


def offered(node: Any) -> Iterator[list[str]]:
    """Every list of names that an editor completes from a schema."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and "enum" in node:
        yield node["enum"]
    for each in children:
        yield from offered(each)


def test_a_new_scenario_has_its_schema_beside_it_which_knows_every_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    command = [sys.executable, "-m", "mock_server", "scenarios"]
    subprocess.run([*command, "new", str(file)], check=True, capture_output=True)
    first = file.read_text("utf-8").splitlines()[0]
    schema = json.loads((tmp_path / first.rpartition("$schema=")[2]).read_text("utf-8"))
    shown = subprocess.run([*command, "schema"], check=True, capture_output=True).stdout
    validator = Draft202012Validator(schema)
    name = {"customers": {"ada": {"customer": {"site": "of-my-own"}}}}

    assert json.loads(shown) == schema
    names_offered = list(offered(schema))
    catalogue = load_catalogue()
    for known in (catalogue.sites, catalogue.rates, COUPONS):
        assert list(known) in names_offered
    assert [name for name in catalogue.preferences if name != "fax"] in names_offered
    assert validator.is_valid(name | {"title": "Mine"})
    assert validator.is_valid({"title": "Mine", "catalogue": {"practitioners": ["Zoë"]}})
    assert not validator.is_valid({"title": "Mine", "catalogue": {"site": {}}})
    for shipped in Path("fixtures/scenarios").glob("*.yaml"):
        assert validator.is_valid(tree_of(shipped.read_text("utf-8"))), shipped


@pytest.mark.parametrize("value", ["0", "false", "[]", '""', "no"])
def test_what_is_empty_is_no_mapping(served: Any, value: str) -> None:
    told = mistakes(
        served, f"  mia: {value}\n  ben: {{credits: {{x: {value}}}, charges: {value}}}\n"
    )

    assert len(told) == 3


SEVERAL = """
  mia:
    memberships:
      swim: {rate: single-monthly, payment_method: crad}
      gym: {rate: single-monthly, stauts: active}
    marketing_preferences: {opted_in: [newsletter, no-such], optd_out: [x]}
    payment_methods: {card: {type: card, last_4: 42}}
    charges: {x: {status: failed, membership: swmi}, y: {status: paid}}
    credits: {x: {membership: gmy}, y: {membership: gym, isued: P1D}}
"""


def test_no_mistake_hides_one_that_does_not_follow_from_it(served: Any) -> None:
    told = " ".join(mistakes(served, SEVERAL))

    for name in ("crad", "stauts", "no-such", "optd_out", "42", "swmi", "paid", "gmy", "isued"):
        assert f"'{name}'" in told, told
