"""The client of ZEGO's API: signs, limits, sends and retries requests, and decodes the answers.

`requests` is imported here, before any module of the package imports it, without the packages that
guess the encoding of a text. Answers are JSON, which is UTF-8: nothing is guessed. The packages
take 3 MiB of memory and a tenth of the time to load the program.
"""

import warnings

from exporter.logs import hidden

with hidden("charset_normalizer"), hidden("chardet"), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # requests reports that they are missing
    import requests  # noqa: F401
