"""Signatures, compared with ZEGO's published test vector."""

from __future__ import annotations

import pytest

from exporter.zego.signing import sign, signed_parameters

APP_ID = 12345
NONCE = "4fd24687296dd9f3"
SECRET = "9193cc662a4c0ec135ec71fb57194b38"
TIMESTAMP = 1615186943
SIGNATURE = "43e5cfcca828314675f91b001390566a"


def test_the_published_vector() -> None:
    """`docs/zego-api.md`, Requests."""
    signature = sign(app_id=APP_ID, nonce=NONCE, secret=SECRET, timestamp=TIMESTAMP)
    assert signature == SIGNATURE


@pytest.mark.parametrize(
    ("is_test", "expected"), [(None, {}), (True, {"IsTest": "true"}), (False, {"IsTest": "false"})]
)
def test_the_parameters_of_a_request(is_test: bool | None, expected: dict[str, str]) -> None:
    """Every parameter is a string; IsTest is there only when it is set."""
    assert signed_parameters(
        action="DescribeUploadTasks",
        app_id=APP_ID,
        secret=SECRET,
        nonce=NONCE,
        timestamp=TIMESTAMP,
        is_test=is_test,
    ) == {
        "Action": "DescribeUploadTasks",
        "AppId": "12345",
        "SignatureNonce": NONCE,
        "Timestamp": "1615186943",
        "Signature": SIGNATURE,
        "SignatureVersion": "2.0",
        **expected,
    }


def test_a_secret_of_any_characters_can_be_signed_with() -> None:
    """Even one that came undecodable from the environment."""
    assert len(sign(app_id=1, nonce="n", secret="é\udcff", timestamp=1)) == 32
