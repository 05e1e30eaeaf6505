"""Rules of Chinese typography that texts can be searched for."""

from __future__ import annotations

import re

_CHINESE = "[一-鿿]"

NARROW_PUNCTUATION = re.compile(rf"{_CHINESE}[,.:;!?()]|[,:;!?()]{_CHINESE}")
"""Chinese text has full-width punctuation."""

WITHOUT_SPACE = re.compile(rf"{_CHINESE}[A-Za-z0-9]|[A-Za-z0-9%]{_CHINESE}")
"""There is a space between Chinese and Latin letters or digits."""
