"""Mistakes in YAML, each with its line, in words that help whoever made it."""

import pytest

from mock_server.http.yaml_text import YamlError, line_of, tree_of

TEXT = """\
# People
customers:
  ada:
    orders:
      - id: 1
      - id: 2
        site: north
  7: {x: 1}
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 1),
        (("customers",), 2),
        (("customers", "ada", "orders"), 4),
        (("customers", "ada", "orders", 0), 5),
        (("customers", "ada", "orders", 1, "site"), 7),
        (("customers", 7, "x"), 8),
        # What is not there is told at the innermost that is.
        (("customers", "ada", "credits", "open"), 3),
        (("customers", "ada", "orders", 2), 4),
        (("customers", "ada", "orders", "x"), 4),
        (("nobody",), 1),
    ],
)
def test_a_place_is_on_the_line_where_its_innermost_part_begins(
    place: tuple[str | int, ...], line: int
) -> None:
    assert line_of(TEXT, place) == line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: b: c", "1: mapping values are not allowed in this context; a text with ': ' in it"),
        ("a:\n\t- b", "2: found character that cannot start any token; lines are indented by"),
        ("a: 1\nb: {c: d: e}", "2: did not find expected ',' or '}'; a text with ': ' in it goes"),
        ("a: *b", "1: found undefined alias"),
        ("- a\nb: c", "2: did not find expected '-' indicator"),
        ("a: [", "2: did not find expected node content"),
        ("a: \x00", "1: "),
        ("--- a\n--- b", "2: expected a single document in the stream, but found another document"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line_and_what_may_have_been_meant(
    text: str, told: str
) -> None:
    with pytest.raises(YamlError) as error:
        tree_of(text)

    assert str(error.value).startswith(told)
