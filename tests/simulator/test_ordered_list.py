from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.ordered_list import OrderedList


@settings(deadline=None)
@given(st.data())
def test_a_shelf_is_a_dictionary_in_order(data: st.DataObject) -> None:
    """Whatever is put in and taken out, length, order and pages are those of a plain dictionary."""
    shelf: OrderedList[str] = OrderedList()
    model: dict[int, str] = {}
    for key in range(1, data.draw(st.integers(1, 400))):
        shelf.put(key, f"item {key}")
        model[key] = f"item {key}"
    for key in data.draw(st.lists(st.sampled_from([0, *model]), unique=True)):
        if key in model:
            shelf.take(key)
            del model[key]
    place = data.draw(st.integers(0, 400))
    assert len(shelf) == len(model)
    assert list(shelf) == list(model.values())
    assert shelf.after(place, 7) == [item for item in model.items() if item[0] > place][:7]


def test_holes_are_closed() -> None:
    """A shelf that a million items have passed over takes no more room than what it holds."""
    shelf: OrderedList[int] = OrderedList()
    for key in range(10_000):
        shelf.put(key, key)
        if key >= 10:
            shelf.take(key - 10)
    assert list(shelf) == list(range(9_990, 10_000))
    assert len(shelf._items) < 200
