"""YAML text to plain values: the only place that knows PyYAML.

Rules that this file keeps:

- A key that stands twice in one mapping is an error, never a silent winner.
- Plain scalars are read as in YAML 1.2: `1:30`, `010`, `no`, `on` and dates stay text. Only decimal
  numbers, `true`, `false`, `null` and their capitalised forms are anything else.
- Keys are text, as written. Aliases and merge keys (`<<`) work, within limits; tags do not.
- A message names line and column and never shows what stands there: it may be a secret.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from exporter.errors import ConfigError

MAX_DEPTH = 50
"""Mappings and lists within one another; a limit of ours, far above any real file."""

MAX_VALUES = 100_000
"""Values of one file after its aliases are expanded, so that a few lines cannot fill the memory."""

_PREFIX = "tag:yaml.org,2002:"
_MERGE = _PREFIX + "merge"

_SYNTAX = (
    (r"found character '\\t'", "a tab (YAML is indented with spaces)"),
    (r"found character", "a value cannot begin with this character (put the value in quotes)"),
    (
        r"mapping values are not allowed",
        "a colon that does not fit here (mend the indentation, or put the value in quotes)",
    ),
    (r"could not find expected ':'", "a line without a colon (write key: value)"),
    (r"expected <block end>", "the indentation does not fit the lines above (keep it the same)"),
    (r"found undefined alias", "an alias (*) without its anchor (put the value in quotes)"),
    (r"found unexpected end of stream", "a quote is not closed (end the text with its quote)"),
    (r"found unknown escape", "an unknown escape (use single quotes, or \\\\ for a backslash)"),
    (r"expected ',' or", "a bracket is not closed, or a comma is missing (mend the list)"),
    (r"expected a mapping or list", "a merge key (<<) without a mapping (name one with *)"),
    (r"but found another document", "a second document (keep one, without a --- between)"),
)
"""What PyYAML says, as far as people meet it, and what it means. Its own words can hold a value."""


def load_yaml(text: str) -> Any:
    """Return the one document of `text` as dict, list, str, int, float, bool or None.

    An empty text is None. Raises ConfigError with `line L, column C: what is wrong`.
    """
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        raise ConfigError([_control_character(text, error.position)]) from None
    try:
        values = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        # The mark of the error holds the text around it, so the error is not kept as the cause.
        mark = error.problem_mark or error.context_mark
        raise _refused(mark, _explain(text, str(error.problem), mark)) from None
    finally:
        loader.dispose()
    if loader.duplicates:
        raise ConfigError(loader.duplicates)
    return values


def _refused(mark: Any, what: str) -> ConfigError:
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return ConfigError([place + what])


def _explain(text: str, problem: str, mark: Any) -> str:
    """Return what is wrong in words of ours; a tab in the indentation is behind many errors."""
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return _SYNTAX[0][1]
    known = (meaning for pattern, meaning in _SYNTAX if re.match(pattern, problem))
    return next(known, "is not valid YAML (mend this line or the one above it)")


def _control_character(text: str, position: int) -> str:
    before = text[:position]
    line, column = before.count("\n") + 1, position - before.rfind("\n")
    return f"line {line}, column {column}: a control character (remove it)"


class _Loader(yaml.SafeLoader):
    """SafeLoader with the rules of this file, kept while the nodes are composed."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own way to begin without the 1.1 rules

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0
        self._sizes: dict[yaml.Node, int] = {}
        self.duplicates: list[str] = []

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call] # untyped in its stubs
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if node not in self._sizes:
                raise _refused(event.start_mark, "an alias (*) within its own anchor (remove it)")
            self._values += self._sizes[node]
        else:
            node = self._compose_value(event, parent, index)
        if self._values > MAX_VALUES:
            what = f"more than {MAX_VALUES} values (shorten the file or use fewer aliases)"
            raise _refused(event.start_mark, what)
        return node

    def _compose_value(self, event: Any, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if event.tag is not None:
            raise _refused(event.start_mark, "a tag (!) has no meaning here (use quotes for text)")
        if self._depth == MAX_DEPTH:
            raise _refused(event.start_mark, f"nested more than {MAX_DEPTH} deep (flatten it)")
        before = self._values
        self._values += 1
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None:
            self._sizes[node] = self._values - before
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        node.value = [(_text_key(key), value) for key, value in node.value]
        self._note_duplicates([key for key, _ in node.value])
        return node

    def _note_duplicates(self, keys: list[yaml.ScalarNode]) -> None:
        first: dict[str, yaml.ScalarNode] = {}
        for key in keys:
            earlier = first.setdefault(key.value, key)
            if earlier is not key:
                line = earlier.start_mark.line + 1
                what = f"the key {_shown(key.value)} stands already in line {line} (keep one)"
                self.duplicates += _refused(key.start_mark, what).problems


def _text_key(key: yaml.Node) -> yaml.ScalarNode:
    """Return `key` as text, so that `80: x` has the key "80"; a new node, `key` may be shared."""
    if not isinstance(key, yaml.ScalarNode):
        raise _refused(key.start_mark, "a list or mapping as a key (keys are text)")
    tag = key.tag if key.tag == _MERGE else _PREFIX + "str"
    return yaml.ScalarNode(tag, key.value, key.start_mark, key.end_mark)


def _shown(key: str) -> str:
    """Return the key for a message: short, and nothing in it that moves a cursor."""
    text = "".join(c if c.isprintable() else "?" for c in key)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'  # noqa: PLR2004 - a line's worth


_WHOLE = r"(?:0|[1-9][0-9]*)"
_FLOAT = rf"[-+]?(?:\.[0-9]+|{_WHOLE}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_NOT_FINITE = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    # Longer ones are read as decimal numbers: Python refuses whole ones of thousands of digits.
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,99})", list("-+0123456789")),
    ("float", f"{_FLOAT}|{_NOT_FINITE}", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(_PREFIX + _tag, re.compile(rf"(?:{_pattern})\Z"), _first)
