from __future__ import annotations

from ringspec.reference.store import Store


def test_oldest_falls_out_of_a_full_store() -> None:
    store = Store(max_broadcasts=2)

    first, second, third = (store.add({"name": name}, 1) for name in "abc")

    assert store.find(first.broadcast_id) is None
    assert store.slice(0, 9) == [second, third]


def test_store_is_full_by_bytes_too() -> None:
    store = Store(max_bytes=10)

    first, second = (store.add({"name": name}, 6) for name in "ab")
    store.change(second, {"name": "c"}, 10)

    assert store.find(first.broadcast_id) is None
    assert len(store) == 1


def test_removed_broadcast_makes_room() -> None:
    store = Store(max_bytes=10)
    first = store.add({"name": "a"}, 6)

    store.remove(first.broadcast_id)
    second, third = (store.add({"name": name}, 5) for name in "bc")

    assert store.slice(0, 9) == [second, third]
