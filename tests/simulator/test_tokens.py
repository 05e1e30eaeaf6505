from __future__ import annotations

from exporter.simulator.tokens import TOKENS_KEPT, Cursor, TokenTable


def test_tokens_are_fresh_and_lead_back() -> None:
    """Two tokens for one place differ; each leads to its place; others are not known."""
    table = TokenTable()
    first, second = table.issue(Cursor(2, 50)), table.issue(Cursor(2, 50))
    assert first != second
    assert len(first) >= 32
    assert table.find(first) == table.find(second) == Cursor(2, 50)
    assert TokenTable().find(first) is None


def test_a_chosen_token_moves() -> None:
    """A token with a fixed text leads to the place that it was last issued for."""
    table = TokenTable()
    assert table.issue(Cursor(2, 50), "A") == "A"
    table.issue(Cursor(3, 100), "A")
    assert table.find("A") == Cursor(3, 100)


def test_old_tokens_are_forgotten() -> None:
    """However many walks there are, the table is bounded and the newest tokens are good."""
    table = TokenTable()
    tokens = [table.issue(Cursor(page)) for page in range(TOKENS_KEPT + 10)]
    assert table.find(tokens[9]) is None
    assert table.find(tokens[10]) == Cursor(10)
