"""YAML text to plain values: the only place that knows PyYAML.

Rules that this file keeps:

- A duplicate key is an error, never a silent winner. Keys are text, as written.
- Plain scalars are read as in YAML 1.2: `1:30`, `010`, `no`, `on` and dates stay text. Only decimal
  numbers, `true`, `false`, `null` and their capitalised forms are anything else.
- Aliases and merge keys (`<<`) work, within limits; tags do not.
- A message names line and column and never shows the text there: it may be a secret.
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

_MEANINGS = (
    (r"found character '\\t'", "a tab (YAML is indented with spaces)"),
    (r"found character", "a value cannot begin with this character (put the value in quotes)"),
    (r"mapping values", "a colon that does not fit here (check the indentation, or use quotes)"),
    (r"could not find expected ':'", "a line without a colon (write key: value)"),
    (r"expected <block end>", "the indentation does not fit the lines above (keep it the same)"),
    (r"found undefined alias", "an alias (*) without its anchor (put the value in quotes)"),
    (r"found unexpected end of stream", "a quote is not closed (end the text with its quote)"),
    (r"found unknown escape", "an unknown escape (use single quotes, or \\\\ for a backslash)"),
    (r"expected ',' or", "a bracket is not closed, or a comma is missing (check the list)"),
    (r"but found another document", "a second document (keep one, without a --- between)"),
)
"""PyYAML's messages, as far as people meet them, and their meaning. Its own can show a value."""


def _not_finite(text: str) -> float:
    return float(text.replace(".", "", 1))


_WHOLE = r"(?:0|[1-9][0-9]*)"
_SCALARS = (
    # Longer whole numbers are read as decimal ones: Python refuses those of thousands of digits.
    (re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})"), int),
    (re.compile(rf"[-+]?(?:\.[0-9]+|{_WHOLE}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), _not_finite),
    (re.compile("true|True|TRUE"), lambda _: True),
    (re.compile("false|False|FALSE"), lambda _: False),
    (re.compile("~|null|Null|NULL|"), lambda _: None),
)


def load_yaml(text: str) -> Any:
    """Return the one document of `text` as dict, list, str, int, float, bool or None.

    An empty text is None. Raises ConfigError with `line L, column C: what is wrong`.
    """
    try:
        root = _Composer(text).get_single_node()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        what = f"line {line}, column {column}: a control character (remove it)"
        raise ConfigError([what]) from None
    except yaml.MarkedYAMLError as error:
        # The mark of the error contains the text around it: the error is not kept as the cause.
        mark = error.problem_mark or error.context_mark
        raise _refused(mark, _meaning(text, str(error.problem), mark)) from None
    if root is None:
        return None
    builder = _Builder()
    value = builder.build(root)
    if builder.duplicates:
        raise ConfigError(builder.duplicates)
    return value


def _refused(mark: Any, what: str) -> ConfigError:
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return ConfigError([place + what])


def _meaning(text: str, problem: str, mark: Any) -> str:
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "${" in line and problem.startswith("expected ',' or"):
        return "a ${NAME} within { } or [ ] (put it in quotes)"
    if "\t" in line[: len(line) - len(line.lstrip())]:  # behind many different errors
        return _MEANINGS[0][1]
    known = (meaning for pattern, meaning in _MEANINGS if re.match(pattern, problem))
    return next(known, "is not valid YAML (check this line and the one above it)")


class _Alias(yaml.Node):
    """An alias: `value` is the anchor's node, `start_mark` the place of the alias itself."""


class _Composer(yaml.BaseLoader):
    """Makes nodes of the text; every scalar is text to it."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call] # untyped in its stubs
        if isinstance(event, yaml.AliasEvent):
            anchored = super().compose_node(parent, index)
            mark: Any = event.start_mark
            return _Alias("", anchored, mark, None)
        if event.tag is not None:
            raise _refused(event.start_mark, "a tag (!) has no meaning here (use quotes for text)")
        if self._depth == MAX_DEPTH:
            raise _refused(event.start_mark, f"nested more than {MAX_DEPTH} deep (flatten it)")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Builder:
    """Makes values of nodes, and notes duplicate keys."""

    def __init__(self) -> None:
        self.duplicates: list[str] = []
        self._left = MAX_VALUES
        self._alias: yaml.Node | None = None  # the outermost one that is being followed
        self._open: list[yaml.Node] = []  # the mappings and lists that are being built

    def build(self, node: yaml.Node) -> Any:
        """Return the value of `node`."""
        if isinstance(node, _Alias):
            outermost, self._alias = self._alias, self._alias or node
            try:
                return self.build(node.value)
            finally:
                self._alias = outermost
        place = (self._alias or node).start_mark
        self._left -= 1
        if self._left < 0:
            what = f"more than {MAX_VALUES} values (shorten the file or use fewer aliases)"
            raise _refused(place, what)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if node in self._open:
            raise _refused(place, "an alias (*) within its own anchor (remove it)")
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._build_mapping(node)
            return [self.build(item) for item in node.value]
        finally:
            self._open.pop()

    def _build_mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for alias_or_key, value in node.value:
            key = _anchored(alias_or_key)
            if not isinstance(key, yaml.ScalarNode):
                raise _refused(key.start_mark, "a list or mapping as a key (keys are text)")
            if key.value == "<<" and key.style is None:
                merged |= self._merged(value)
                continue
            line = alias_or_key.start_mark.line + 1
            if lines.setdefault(key.value, line) != line or key.value in own:
                what = f"duplicate key {_shown(key.value)} (first in line {lines[key.value]})"
                self._note(alias_or_key.start_mark, what)
            own[key.value] = self.build(value)
        return merged | own

    def _note(self, mark: Any, what: str) -> None:
        line = _refused(mark, what).problems[0]
        if line not in self.duplicates:  # a mapping with aliases is built several times
            self.duplicates.append(line)

    def _merged(self, node: yaml.Node) -> dict[str, Any]:
        """Return the keys that `<<` brings in; of several mappings, the first wins."""
        target = _anchored(node)
        nodes = target.value if isinstance(target, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for mapping in reversed(nodes):
            if not isinstance(_anchored(mapping), yaml.MappingNode):
                what = "a merge key (<<) without a mapping (name one with *)"
                raise _refused(mapping.start_mark, what)
            merged |= self.build(mapping)
        return merged


def _anchored(node: yaml.Node) -> yaml.Node:
    return node.value if isinstance(node, _Alias) else node


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style is None:  # not in quotes, not a block
        for pattern, convert in _SCALARS:
            if pattern.fullmatch(text):
                return convert(text)
    return text


def _shown(key: str) -> str:
    """Return the key for a message: short, and nothing in it that moves a cursor."""
    text = "".join(c if c.isprintable() else "?" for c in key)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'  # noqa: PLR2004 - a line's worth
