"""Coordinates → the names that people use."""

import pytest

from engine.photos.places import place_texts


@pytest.mark.parametrize(
    ("coordinates", "names"),
    [
        ((-33.8568, 151.2153), {"Sydney", "Australia", "New South Wales"}),
        ((48.1374, 11.5755), {"Bavaria", "Germany"}),
        ((45.75, 4.85), {"Lyon", "France"}),
    ],
)
def test_a_place_has_its_town_region_and_country(coordinates: tuple[float, float], names: set[str]) -> None:
    (texts,) = place_texts([coordinates])
    assert names <= {text.text for text in texts}
    assert {text.source for text in texts} == {"place"}


def test_the_middle_of_an_ocean_has_no_name() -> None:
    assert place_texts([(-30.0, -110.0), (0.0, -150.0)]) == [(), ()]


def test_several_are_named_in_their_order() -> None:
    lyon, sydney = place_texts([(45.75, 4.85), (-33.8568, 151.2153)])
    assert [lyon[-1].text, sydney[-1].text] == ["France", "Australia"]
    assert place_texts([]) == []
