"""Networks with random weights of both kinds, and scenes for them to look at."""

from dataclasses import replace

import pytest
import torch

from engine.captioning.config import CaptionArchitecture
from engine.captioning.folder import create_decoder
from engine.captioning.scene import Scene
from engine.captioning.words import BOUNDARY

TINY = CaptionArchitecture(num_channels=10, dimension=6, width=16, layers=2, heads=2, max_words=5)


@pytest.fixture(params=["recurrent", "transformer"])
def kind(request):
    """Of the network."""
    return request.param


@pytest.fixture(scope="session")
def make_decoder():
    """A decoder whose words depend on the photo and on each other, and whose sentences end at different lengths."""

    def make(kind, seed=0, num_words=8, architecture=TINY, contrast=2.5):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            decoder = create_decoder(replace(architecture, decoder=kind), torch.randn(num_words + 1) * 0.5)
            with torch.no_grad():
                for name, parameter in decoder.named_parameters():
                    if parameter.dim() > 1 and name != "hidden.weight":
                        parameter.mul_(contrast)
                if kind == "transformer":
                    decoder.words.weight.mul_(20)  # they begin almost equal
        return decoder.eval().requires_grad_(False)

    return make


@pytest.fixture(scope="session")
def make_scene():
    """Some photos of random regions."""

    def make(count, seed=0, regions=4, architecture=TINY):
        random = torch.Generator().manual_seed(seed)
        corners = torch.rand((count, regions, 2, 2), generator=random).sort(dim=2).values
        return Scene(
            torch.randn((count, regions, architecture.num_channels), generator=random),
            torch.randn((count, regions, architecture.dimension), generator=random),
            corners.flatten(2),
        )

    return make


@pytest.fixture(scope="session")
def log_probability():
    """The log-probability of a sentence with its END about one photo, by one pass over all of its words."""

    @torch.inference_mode()
    def of(decoder, scene, words):
        inputs = torch.tensor([[[BOUNDARY, *words]]])
        logits, _ = decoder(inputs, decoder.start(scene))
        steps = logits[0, 0].log_softmax(dim=-1)
        return sum(float(steps[place, word]) for place, word in enumerate([*words, BOUNDARY]))

    return of
