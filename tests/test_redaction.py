"""What a text may hold before it is shown, and what it holds afterwards."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.redaction import cut_queries, redact

SIGNATURE = "43e5cfcca828314675f91b001390566a"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("https://h/p?a=1 failed", "https://h/p failed"),
        ("HTTP://h#token=1", "HTTP://h"),
        ("see http://127.0.0.1:10317/metrics", "see http://127.0.0.1:10317/metrics"),
        (f"url: /?Action=X&Signature={SIGNATURE}&Z=1", "url: /?Action=X&Signature=...&Z=1"),
        (f"{{'Signature': '{SIGNATURE}', 'AppId': 1}}", "{'Signature': '...', 'AppId': 1}"),
        (f'{{"Signature":"{SIGNATURE}"}}', '{"Signature":"..."}'),
        ("SignatureNonce=4fd24687296dd9f3", "SignatureNonce=4fd24687296dd9f3"),
        ("refused the signature: it is wrong", "refused the signature: it is wrong"),
    ],
)
def test_what_opens_something_is_taken_out(text: str, redacted: str) -> None:
    """Queries of URLs and values of signatures, and nothing else."""
    assert redact(text) == redacted


@settings(deadline=None)
@given(st.text(), st.text("abc?&=#/%", max_size=20), st.text())
def test_no_query_and_no_signature_is_left(before: str, query: str, after: str) -> None:
    """Wherever they stand."""
    text = f"{before} https://host/{query}?token=hidden&{query}\n{after} Signature={SIGNATURE} "
    assert "token=hidden" not in cut_queries(text)
    assert SIGNATURE not in redact(text)
