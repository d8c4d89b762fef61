"""The names of the classes are those of the networks' own package."""

from torchvision.models import ResNet18_Weights

from engine.language.class_names import class_names


def test_the_names_are_torchvisions_in_its_order() -> None:
    assert class_names() == ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
