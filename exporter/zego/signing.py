"""Signs requests to the API. Tests compare the signature with the example that ZEGO published.

Source: `docs/zego-api.md`, Requests. MD5 is ZEGO's choice, not ours.
"""

from __future__ import annotations

import hashlib

SIGNATURE_VERSION = "2.0"


def sign(*, app_id: int, nonce: str, secret: str, timestamp: int) -> str:
    """Return the signature of one request, 32 lower-case hexadecimal digits.

    `nonce` is 16 hexadecimal digits, new for every request; `timestamp` is Unix seconds.
    """
    text = f"{app_id}{nonce}{secret}{timestamp}"
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def signed_parameters(
    *, action: str, app_id: int, secret: str, nonce: str, timestamp: int, is_test: bool | None
) -> dict[str, str]:
    """Return the query parameters of a request; `is_test` None leaves IsTest out.

    `nonce` and `timestamp` are those of `sign`.
    """
    parameters = {
        "Action": action,
        "AppId": str(app_id),
        "SignatureNonce": nonce,
        "Timestamp": str(timestamp),
        "Signature": sign(app_id=app_id, nonce=nonce, secret=secret, timestamp=timestamp),
        "SignatureVersion": SIGNATURE_VERSION,
    }
    if is_test is not None:
        parameters["IsTest"] = "true" if is_test else "false"
    return parameters
