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

from exporter.config.fields import shown
from exporter.errors import ConfigError
from exporter.logs import hidden

# PyYAML imports its binding to libyaml too, which is not used here: 0.3 MiB of memory.
with hidden("yaml.cyaml"):
    import yaml

MAX_DEPTH = 50
"""Mappings and lists within one another; a limit of ours, far above any real file."""

MAX_VALUES = 100_000
"""Keys and values of one file after its aliases are expanded. Without a limit, aliases of lists of
aliases turn a few lines into billions of values."""

_SURROGATE = re.compile("[\ud800-\udfff]")

_MEANINGS = (
    (r"found character '\\t'", "a tab (YAML is indented with spaces)"),
    (r"found character", "a value cannot begin with this character (put the value in quotes)"),
    (r"mapping values", "a colon that does not fit here (check the indentation, or use quotes)"),
    (r"could not find expected ':'", "a line without a colon (write key: value)"),
    (r"expected <block end>", "the indentation does not fit the lines above (keep it the same)"),
    (r"expected a mapping", "a merge key (<<) without a mapping (name one with *)"),
    (r"found undefined alias", "an alias (*) without its anchor (put the value in quotes)"),
    (r"found unexpected end of stream", "a quote is not closed (end the text with its quote)"),
    (r"found unknown escape", "an unknown escape (use single quotes, or \\\\ for a backslash)"),
    (r"expected ',' or", "a bracket is not closed, or a comma is missing (check the list)"),
    (r"but found another document", "a second document (keep one, without a --- between)"),
)
"""PyYAML's messages, as far as people meet them, and their meaning. Its own can show a value."""

# A key of the file has only ASCII; a Chinese sentence that goes on in a new line can have such a
# colon. The last character of a match is the wrong one.
_LOOK_ALIKES = (
    (re.compile("[ -]*[A-Za-z0-9_]+\uff1a"), "a full-width colon (write : and a space)"),
    (
        re.compile("[ -]*[\u00a0\u2000-\u200b\u3000]"),
        "a space that YAML does not know (use the one of the space key)",
    ),
    (
        re.compile("[ -]*[\u2010-\u2015\u2212\uff0d]"),
        "a dash that YAML does not know (write - and a space)",
    ),
)
"""Characters of Chinese keyboards, word processors and web pages in the place of YAML's."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2, strict keys, and limits."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.duplicates: list[tuple[int, str]] = []  # index of the character, message
        self._depth = 0  # of the node that is composed
        self._values = 0  # so far
        self._height = 0  # of the highest node so far within the one that is composed
        self._sizes: dict[yaml.Node, tuple[int, int]] = {}  # values and height of complete nodes

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call] # untyped in its stubs
        mark, values, height = event.start_mark, self._values, self._height
        if getattr(event, "tag", None) is not None:
            raise _refused(mark, "a tag (!) has no meaning here (use quotes for text)")
        if self._depth == MAX_DEPTH:
            raise _refused(mark, f"nested more than {MAX_DEPTH} deep (flatten it)")
        self._depth, self._height = self._depth + 1, 0
        node: Any = super().compose_node(parent, index)
        self._depth -= 1
        if not isinstance(event, yaml.AliasEvent):
            self._sizes[node] = self._values + 1 - values, self._height + 1
            if isinstance(node, yaml.MappingNode):
                self._check_keys(node)
        elif node not in self._sizes:
            raise _refused(mark, "an alias (*) within its own anchor (remove it)")
        self._values = values + self._sizes[node][0]
        self._height = max(height, self._sizes[node][1])
        if self._values > MAX_VALUES:
            what = f"more than {MAX_VALUES} values (shorten the file or use fewer aliases)"
            raise _refused(mark, what)
        if self._depth + self._sizes[node][1] > MAX_DEPTH:  # through aliases
            raise _refused(mark, f"nested more than {MAX_DEPTH} deep (flatten it)")
        return node  # type: ignore[no-any-return] # see above

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node: Any = super().compose_scalar_node(anchor)
        if _SURROGATE.search(node.value):  # written as an escape
            what = r"\ud800 to \udfff are not characters (write the character itself)"
            raise _refused(node.start_mark, what)
        return node  # type: ignore[no-any-return] # see above

    def _check_keys(self, node: yaml.MappingNode) -> None:
        # Not in `construct_mapping`: there, merged keys are already among the mapping's own.
        lines: dict[str, int] = {}
        for key, _ in node.value:
            mark = key.start_mark
            if not isinstance(key, yaml.ScalarNode):
                raise _refused(mark, "a list or mapping as a key (keys are text)")
            if key.tag == _MERGE:
                continue
            if key.value in lines:
                what = f"duplicate key {shown(key.value)} (first in line {lines[key.value]})"
                self.duplicates.append((mark.index, str(_refused(mark, what))))
            else:
                lines[key.value] = mark.line + 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep) for key, value in node.value}


_MERGE = "tag:yaml.org,2002:merge"
_WHOLE = r"(?:0|[1-9][0-9]*)"
_Loader.yaml_implicit_resolvers = {}  # without those of YAML 1.1
for _type, _form in {
    "merge": "<<",
    # Longer whole numbers are read as decimal ones: Python refuses those of thousands of digits.
    "int": r"[-+]?(?:0|[1-9][0-9]{0,99})",
    "float": rf"[-+]?(?:\.[0-9]+|{_WHOLE}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    "bool": "true|True|TRUE|false|False|FALSE",
    "null": "~|null|Null|NULL|",
}.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_type}", re.compile(rf"(?:{_form})\Z"), None)
_Loader.add_constructor(_MERGE, _Loader.construct_yaml_str)  # type: ignore[type-var] # `<<` as a value is text


def load_yaml(text: str) -> Any:
    """Return the one document of `text` as dict, list, str, int, float, bool or None.

    An empty text is None. Raises ConfigError with `line L, column C: the problem`.
    """
    try:
        loader = _Loader(text)
        value = loader.get_single_data()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        what = f"line {line}, column {column}: a control character (remove it)"
        raise ConfigError([what]) from None
    except yaml.MarkedYAMLError as error:
        # The mark of the error contains the text around it: the error is not kept as the cause.
        mark = error.problem_mark or error.context_mark
        if problem := _look_alike(text, mark):
            raise ConfigError([problem]) from None
        raise _refused(mark, _meaning(text, str(error.problem), mark)) from None
    if loader.duplicates:
        raise ConfigError([line for _, line in sorted(loader.duplicates)])
    return value


def _refused(mark: Any, what: str) -> ConfigError:
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return ConfigError([place + what])


def _look_alike(text: str, mark: Any) -> str:
    """Return the last character before `mark` that only looks like one of YAML's, as a problem."""
    lines = text.splitlines()[: mark.line + 1] if mark else []
    for number, line in reversed([*enumerate(lines, 1)]):
        for form, meaning in _LOOK_ALIKES:
            if match := form.match(line):
                return f"line {number}, column {match.end()}: {meaning}"
    return ""


def _meaning(text: str, problem: str, mark: Any) -> str:
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "${" in line and problem.startswith("expected ',' or"):
        return "a ${NAME} within { } or [ ] (put it in quotes)"
    if "\t" in line[: len(line) - len(line.lstrip())]:  # behind many different errors
        return _MEANINGS[0][1]
    known = (meaning for pattern, meaning in _MEANINGS if re.match(pattern, problem))
    return next(known, "is not valid YAML (check this line and the one above it)")
