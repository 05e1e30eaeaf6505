"""YAML to plain values."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.yaml import MAX_DEPTH, load_yaml
from exporter.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1:30", "1:30"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("0o10", "0o10"),
        ("1_000", "1_000"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("=", "="),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("'5'", "5"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("[1, a]", [1, "a"]),
        ("9" * 5000, float("inf")),
    ],
)
def test_scalars_are_read_as_in_yaml_1_2(text: str, value: Any) -> None:
    """Only decimal numbers, booleans and null are anything but text."""
    assert load_yaml(f"key: {text}") == {"key": value}


@pytest.mark.parametrize("text", ["", "# only this\n", "\ufeff"])
def test_empty_text_is_none(text: str) -> None:
    """Nothing, or only comments, is no value."""
    assert load_yaml(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(
            "80: a\ntrue: b\nnull: c\n010: d",
            {"80": "a", "true": "b", "null": "c", "010": "d"},
            id="keys stay text",
        ),
        pytest.param(
            "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc:\n  <<: [*a, {z: 4}]\nd: *a",
            {
                "a": {"x": 1, "y": 2},
                "b": {"x": 1, "y": 3},
                "c": {"x": 1, "y": 2, "z": 4},
                "d": {"x": 1, "y": 2},
            },
            id="own keys win over merged ones, and the anchored mapping does not change",
        ),
        pytest.param(
            "a: &a 5\n*a : b\nc: *a",
            {"a": 5, "5": "b", "c": 5},
            id="a node is text as a key and a number as a value",
        ),
        pytest.param(
            "a: <<\n'<<': b", {"a": "<<", "<<": "b"}, id="<< is a merge key as a plain key only"
        ),
    ],
)
def test_keys_aliases_and_merge_keys(text: str, value: dict[str, Any]) -> None:
    """Keys are text as written; aliases and merge keys work."""
    assert load_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", 'line 3, column 1: duplicate key "a" (first in line 1)'),
        ("{1: a, '1': b}", 'line 1, column 8: duplicate key "1" (first in line 1)'),
        ("a:\n\t- 1", "line 2, column 1: a tab (YAML is indented with spaces)"),
        ("a: 1\n---\nb: 2", "line 2, column 1: a second document (keep one, without a --- "
         "between)"),
        ("a: {b: ${C}}", "line 1, column 9: a ${NAME} within { } or [ ] (put it in quotes)"),
        ("a: [${C}, d]", "line 1, column 6: a ${NAME} within { } or [ ] (put it in quotes)"),
        ("a: 'b", "line 1, column 6: a quote is not closed (end the text with its quote)"),
        ("a: \"\\q\"", "line 1, column 6: an unknown escape (use single quotes, or \\\\ for a "
         "backslash)"),
        *(
            (text, f"line 1, column {column}: \\ud800 to \\udfff are not characters (write the "
             "character itself)")
            for text, column in (
                ('a: "b\\ud83c\\udfac"', 4), ('[["\\udfff"]]', 3), ('"\\ud800": 1', 1)
            )
        ),
        ("a: *b", "line 1, column 4: an alias (*) without its anchor (put the value in quotes)"),
        ("a: !b c", "line 1, column 4: a tag (!) has no meaning here (use quotes for text)"),
        ("a: !!int 1", "line 1, column 4: a tag (!) has no meaning here (use quotes for text)"),
        ("<<: 1", "line 1, column 5: a merge key (<<) without a mapping (name one with *)"),
        ("a: }", "line 1, column 4: is not valid YAML (check this line and the one above it)"),
        *(
            (text, f"line {line}, column {column}: a {what}")
            for text, line, column, what in (
                ("a\uff1a\n  b: 1", 1, 2, "full-width colon (write : and a space)"),
                ("x:\n  - a\uff1a 1\n    b: 2", 2, 6, "full-width colon (write : and a space)"),
                ("b\uff1a2\n# c\uff1a\n\nd: 3", 1, 2, "full-width colon (write : and a space)"),
                ("a:\n  b: 1\n\u3000c: 2\n  d: 3", 3, 1, "space that YAML does not know (use the "
                 "one of the space key)"),
                ("a:\n  - b: 1\n  \u00a0\u00a0c: 2", 3, 3, "space that YAML does not know (use the "
                 "one of the space key)"),
                ("a:\n  \uff0d b: 1\n    c: 2", 2, 3, "dash that YAML does not know (write - and a "
                 "space)"),
                ("a: \u7532\uff1a\u4e59\nb: 'c", 2, 6, "quote is not closed (end the text with its "
                 "quote)"),
            )
        ),
        ("a: b\nc: \x07", "line 2, column 4: a control character (remove it)"),
        ("? {a: b}\n: c", "line 1, column 3: a list or mapping as a key (keys are text)"),
    ],
)  # fmt: skip
def test_an_error_names_the_place_and_the_remedy(text: str, problem: str) -> None:
    """The messages are our own."""
    with pytest.raises(ConfigError) as caught:
        load_yaml(text)
    assert caught.value.problems == (problem,)


def test_all_duplicate_keys_are_reported_together() -> None:
    """At every level, in the order of the file."""
    with pytest.raises(ConfigError) as caught:
        load_yaml("a: {x: 1, x: 2}\nb: 1\nb: 2\na: 3")
    assert [problem.split(" ")[:2] for problem in caught.value.problems] == [
        ["line", "1,"],
        ["line", "3,"],
        ["line", "4,"],
    ]


def test_nesting_is_limited() -> None:
    """The deepest allowed value is read, one deeper is an error and no RecursionError."""
    inner = MAX_DEPTH - 1
    assert load_yaml("[" * inner + "x" + "]" * inner)
    with pytest.raises(ConfigError, match=f"nested more than {MAX_DEPTH} deep"):
        load_yaml("[" * 100_000)


def test_aliases_that_multiply_are_refused() -> None:
    """A few lines cannot become a billion values, in lists or through merge keys."""
    lists = "a: &a [x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(ConfigError, match="more than 100000 values"):
        load_yaml(lists)
    with pytest.raises(ConfigError, match="more than 100000 values"):
        load_yaml(lists.replace("[x]", "{x: y}").replace("[*", "{<<: [*").replace("]\n", "]}\n"))


def test_aliases_do_not_nest_deeper_than_the_limit() -> None:
    """Each line is one level deeper than the line above it: code that recurses would overflow."""
    lines = [f"a{n + 1}: &a{n + 1} [*a{n}]" for n in range(2000)]
    with pytest.raises(ConfigError, match=f"^line 49, .*nested more than {MAX_DEPTH} deep"):
        load_yaml("\n".join(["a0: &a0 [x]", *lines]))


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "a: &a\n  <<: *a", "&a [[*a]]"])
def test_an_alias_within_its_own_anchor_is_refused(text: str) -> None:
    """Its value would contain itself."""
    with pytest.raises(ConfigError, match="within its own anchor"):
        load_yaml(text)


@pytest.mark.parametrize("lines", [("'<<': b", "<<: *x"), ("<<: *x", "'<<': b")])
def test_a_quoted_key_beside_a_merge_key_is_no_duplicate(lines: tuple[str, str]) -> None:
    """In quotes it is a text like any other, in any order."""
    loaded = load_yaml("x: &x {y: 1}\nz:\n" + "".join(f"  {line}\n" for line in lines))
    assert loaded["z"] == {"<<": "b", "y": 1}
    with pytest.raises(ConfigError, match="duplicate key"):
        load_yaml("'<<': a\n'<<': b")


def test_a_key_that_looks_like_a_secret_is_not_shown() -> None:
    """A secret may be in the wrong place."""
    with pytest.raises(ConfigError) as caught:
        load_yaml(f"{'0a' * 16}: 1\n{'0a' * 16}: 2")
    assert "0a0a" not in str(caught.value)


@pytest.mark.parametrize("text", ["a: hunter2: b", "a: *hunter2", "a: !hunter2 b", "a: 'hunter2"])
def test_no_content_in_messages_or_tracebacks(text: str) -> None:
    """The line may contain a secret, even where it breaks the syntax."""
    with pytest.raises(ConfigError) as caught:
        load_yaml(text)
    assert "hunter" not in "".join(traceback.format_exception(caught.value))


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="ab:-[]{},&*!|>'\"%@`#?<~ \n\t.0123456789\x00\u2028é", max_size=40))
def test_any_text_is_read_or_a_config_error(text: str) -> None:
    """Nothing else escapes."""
    try:
        load_yaml(text)
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - most texts raise, some do not


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="ab1:-é\n", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet="abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(alphabet="abc", max_size=3), _PLAIN, max_size=4))
def test_what_pyyaml_writes_is_read_back(values: dict[str, Any]) -> None:
    """A file that PyYAML wrote has the same values here."""
    assert load_yaml(yaml.safe_dump(values, allow_unicode=True)) == values
