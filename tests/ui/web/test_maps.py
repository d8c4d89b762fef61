"""How far a small map is zoomed in."""

import pytest

from ui.web.maps import CLOSEST, zoom


def test_all_places_fit_into_the_map_with_a_margin() -> None:
    degree = 512 * 2 ** zoom([(0.0, 10.0), (0.0, 40.0)], height=300, width=400) / 360  # pixels of it
    assert 30 * degree == pytest.approx(0.8 * 400)


def test_north_and_south_count_as_the_projection_stretches_them() -> None:
    assert zoom([(0.0, 0.0), (10.0, 0.0)], 300) > zoom([(60.0, 0.0), (70.0, 0.0)], 300) + 1


@pytest.mark.parametrize(
    ("places", "expected"),
    [([(48.85, 2.35)], CLOSEST), ([(48.85, 2.35), (48.85, 2.35001)], CLOSEST), ([(-90.0, -180.0), (90.0, 180.0)], 0.0)],
)
def test_neither_too_close_nor_farther_than_the_world(places: list[tuple[float, float]], expected: float) -> None:
    assert zoom(places, 300) == expected
