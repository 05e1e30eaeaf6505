from __future__ import annotations

import resource
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.deadlines import Limits
from exporter.web.listen import raise_open_files_limit

UNLIMITED = resource.RLIM_INFINITY


class Machine:
    """Limits as the kernel keeps them."""

    def __init__(self, soft: int, hard: int) -> None:
        self.limits = (soft, hard)

    def getrlimit(self, _: int) -> tuple[int, int]:
        """Return both limits."""
        return self.limits

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        """Set both, as far as the kernel lets a process without privileges."""
        soft, hard = limits
        assert hard == self.limits[1]
        assert hard == UNLIMITED or 0 <= soft <= hard
        self.limits = limits


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], Machine]:
    """Return what puts a machine with these limits in place of this one."""

    def put(soft: int, hard: int) -> Machine:
        made = Machine(soft, hard)
        monkeypatch.setattr(resource, "getrlimit", made.getrlimit)
        monkeypatch.setattr(resource, "setrlimit", made.setrlimit)
        return made

    return put


@pytest.mark.parametrize(
    ("soft", "hard", "after"),
    [
        (1024, 524_288, 16_384),
        (1024, 4096, 4096),
        (1024, 1024, 1024),
        (65_536, 524_288, 65_536),
        (1024, UNLIMITED, 16_384),
        (UNLIMITED, UNLIMITED, 16_384),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may_be(
    machine: Callable[[int, int], Machine], soft: int, hard: int, after: int
) -> None:
    """Towards what is wanted, never above the hard limit, and never down."""
    made = machine(soft, hard)
    assert raise_open_files_limit(16_384) == after
    assert made.limits == (soft if soft in (UNLIMITED, after) else after, hard)


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.integers(1, 100_000))
def test_it_never_goes_down(soft: int, hard: int, wanted: int) -> None:
    """Whatever the limits are, the new one is at least the old and at most the hard one."""
    made = Machine(min(soft, hard), hard)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource, "getrlimit", made.getrlimit)
        patch.setattr(resource, "setrlimit", made.setrlimit)
        assert min(soft, hard) <= raise_open_files_limit(wanted) <= hard


def test_this_process_gets_what_its_connections_take() -> None:
    """On this machine the limit really is set, and is enough where the hard limit allows it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        reached = raise_open_files_limit()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft in (reached, UNLIMITED)
        assert reached > Limits().connections or reached == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
