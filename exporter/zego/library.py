"""The library `requests`, imported without the packages that guess the encoding of a text.

Answers are JSON, which is UTF-8: nothing is guessed here. The packages take 3 MiB of memory and a
tenth of the time to load the program.
"""

from __future__ import annotations

import warnings

from exporter.logs import hidden

with hidden("charset_normalizer"), hidden("chardet"), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # requests reports that they are missing
    import requests
    import requests.adapters
    import requests.utils

__all__ = ["requests"]
