from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.ordered_list import OrderedList


@settings(deadline=None)
@given(st.data())
def test_the_list_is_a_dictionary_in_order(data: st.DataObject) -> None:
    """Length, order and pages are those of a plain dictionary, after any puts and takes."""
    listing: OrderedList[str] = OrderedList()
    model: dict[int, str] = {}
    for key in range(1, data.draw(st.integers(1, 400))):
        listing.put(key, f"item {key}")
        model[key] = f"item {key}"
    for key in data.draw(st.lists(st.sampled_from([0, *model]), unique=True)):
        if key in model:
            listing.take(key)
            del model[key]
    place = data.draw(st.integers(0, 400))
    assert len(listing) == len(model)
    assert list(listing) == list(model.values())
    assert listing.after(place, 7) == [item for item in model.items() if item[0] > place][:7]


def test_holes_are_closed() -> None:
    """Memory depends on the items in the list, not on those that it has had."""
    listing: OrderedList[int] = OrderedList()
    for key in range(10_000):
        listing.put(key, key)
        if key >= 10:
            listing.take(key - 10)
    assert list(listing) == list(range(9_990, 10_000))
    assert len(listing._items) < 200
