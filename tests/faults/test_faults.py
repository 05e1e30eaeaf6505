from __future__ import annotations

import pytest

from tests.faults.faults import FAULTS, Fault, Faults


def test_every_fault_has_a_word_and_a_line() -> None:
    """A document can be made from the list: words are unique, descriptions one line."""
    assert len(FAULTS) == len(Fault)
    assert all(FAULTS[fault.value] is fault for fault in Fault)
    assert all(fault.description and "\n" not in fault.description for fault in Fault)


def test_a_fault_happens_until_it_is_switched_off() -> None:
    """It happens to every request, with its default parameter or the given one."""
    faults = Faults()
    assert faults.draw(1) == {}
    faults.switch_on(Fault.HTML)
    faults.switch_on(Fault.CODE, 350006001)
    assert faults.draw(1) == faults.draw(9) == {Fault.HTML: 502, Fault.CODE: 350006001}
    faults.switch_off(Fault.HTML)
    assert faults.draw(1) == {Fault.CODE: 350006001}
    faults.switch_off()
    assert faults.draw(1) == {}


def test_a_fault_for_the_next_requests_ends_by_itself() -> None:
    """It happens to that many requests and is then switched off."""
    faults = Faults()
    faults.switch_on(Fault.RESET, next_requests=2)
    assert [bool(faults.draw(1)) for _ in range(4)] == [True, True, False, False]
    assert not faults.is_on(Fault.RESET)


def test_a_fault_at_a_page_waits_for_it() -> None:
    """Other pages pass and do not use it up."""
    faults = Faults()
    faults.switch_on(Fault.RESET, page=3, next_requests=1)
    assert [bool(faults.draw(page)) for page in (1, 2, 3, 1, 2, 3)] == [0, 0, 1, 0, 0, 0]


def test_a_chance_is_decided_by_the_seed() -> None:
    """About as often as its probability says, and the same again with the same seed."""
    runs = []
    for _ in range(2):
        faults = Faults(seed=5)
        faults.switch_on(Fault.RESET, chance=0.25)
        runs.append([bool(faults.draw(1)) for _ in range(1000)])
    assert runs[0] == runs[1]
    assert 200 < sum(runs[0]) < 300


def test_a_number_must_be_a_number() -> None:
    """A parameter that could not be used is refused when it is given."""
    with pytest.raises(TypeError, match="http_status is a number"):
        Faults().switch_on(Fault.HTTP_STATUS, "teapot")
