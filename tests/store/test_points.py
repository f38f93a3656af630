from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

from prunekit.records import Mode, Point
from prunekit.store import ScanKey, Workspace

KEY = ScanKey(model="feed", data="beef", criterion="l2", mode=Mode.CHANNELS, limit=200, code="1")


def _points(make_reading, names="ab", levels=(0.1, 0.3, 0.7)):
    return [Point(Mode.CHANNELS, name, level, make_reading(value=level)) for name in names for level in levels]


def test_points_come_back_equal_in_the_order_they_were_stored(store, make_reading):
    points = _points(make_reading)[::-1]
    for point in points:
        store.add_point(KEY, point)
    assert Workspace(store.path).points(KEY) == tuple(points)


def test_a_cell_measured_again_replaces_its_point(store, make_reading):
    first, second = _points(make_reading, "a", (0.1, 0.2))
    better = replace(first, reading=make_reading(n=1000))
    for point in (first, second, better):
        store.add_point(KEY, point)
    assert store.points(KEY) == (better, second)


def test_every_part_of_the_key_separates_scans(store, make_reading):
    store.add_point(KEY, _points(make_reading)[0])
    others = {
        "model": "f",
        "data": "b",
        "criterion": "l1",
        "mode": Mode.WEIGHTS,
        "limit": None,
        "code": "2",
        "half_width": 0.1,
    }
    assert set(others) == {field.name for field in fields(ScanKey)}
    for name, value in others.items():
        other = replace(KEY, **{name: value})
        assert other.digest != KEY.digest
        assert store.points(other) == ()
    assert len(KEY.digest) == 16
    assert replace(KEY).digest == KEY.digest


def test_threads_may_store_points_together(store, make_reading):
    points = _points(make_reading, names="abcd", levels=[level / 10 for level in range(10)])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda point: store.add_point(KEY, point), points))
    assert set(store.points(KEY)) == set(points)
    assert len(store.points(KEY)) == 40
