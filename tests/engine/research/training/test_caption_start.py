"""A caption model that is trained on keeps what it knows of each word, whatever number the word has now."""

from pathlib import Path

import pytest
import torch

from engine.captioning.config import CaptionArchitecture, CaptionConfig
from engine.captioning.folder import create_decoder, load_captioner, save_captioner
from engine.captioning.words import WordNumbers
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.research.training.caption_start import lean_back, take_over

BEFORE, NOW = {"a": 9, "dog": 5, "runs": 5}, {"a": 12, "cup": 7, "dog": 6, "of": 5}


@pytest.mark.parametrize(
    ("decoder", "of_words"),
    [("transformer", ("words.weight", "bias")), ("recurrent", ("words.weight", "output.weight"))],
)
def test_words_keep_their_rows_and_new_ones_begin_new(tmp_path: Path, decoder: str, of_words: tuple[str, str]) -> None:
    architecture = CaptionArchitecture(decoder=decoder, num_channels=6, dimension=4, width=8, layers=1, heads=2)  # type: ignore[arg-type]
    earlier = create_decoder(architecture, torch.randn(len(BEFORE) + 1))
    save_captioner(tmp_path, CaptionConfig("tiny", architecture=architecture), earlier, Vocabulary(BEFORE))
    known, numbers = load_captioner(str(tmp_path)).decoder.state_dict(), WordNumbers(Vocabulary(NOW))
    network = create_decoder(architecture, torch.randn(len(NOW) + 1))
    first = {name: values.clone() for name, values in network.state_dict().items()}
    take_over(network, numbers, str(tmp_path))
    for name, values in network.state_dict().items():
        if name not in of_words and len(values) != len(first["words.weight"]) - 1:
            torch.testing.assert_close(values, known[name])
    for name in of_words:
        values = network.state_dict()[name]
        torch.testing.assert_close(values[[0, 1, 3]], known[name][[0, 1, 2]])  # the start and the end, "a", "dog"
        torch.testing.assert_close(values[[2, 4]], first[name][[2, 4]])  # "cup" and "of"
    torch.testing.assert_close(network.state_dict()["words.weight"][5], known["words.weight"][4])  # any other word


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    architecture = CaptionArchitecture(num_channels=6, dimension=4, width=8, layers=1, heads=2)
    save_captioner(
        tmp_path, CaptionConfig("tiny", architecture=architecture), create_decoder(architecture, torch.zeros(4)),
        Vocabulary(BEFORE),
    )  # fmt: skip
    wider = CaptionArchitecture(num_channels=7, dimension=4, width=8, layers=1, heads=2)
    with pytest.raises(ModelError, match="has another architecture"):
        take_over(create_decoder(wider, torch.zeros(5)), WordNumbers(Vocabulary(NOW)), str(tmp_path))


def test_a_trained_network_leans_back_by_a_share_of_what_it_began_with(tmp_path: Path) -> None:
    architecture = CaptionArchitecture(num_channels=6, dimension=4, width=8, layers=1, heads=2)
    earlier = create_decoder(architecture, torch.randn(len(BEFORE) + 1))
    save_captioner(tmp_path, CaptionConfig("tiny", architecture=architecture), earlier, Vocabulary(BEFORE))
    numbers = WordNumbers(Vocabulary(NOW))
    network, begun = (create_decoder(architecture, torch.randn(len(NOW) + 1)) for _ in range(2))
    trained = {name: values.clone() for name, values in network.state_dict().items()}
    begun.load_state_dict(trained)
    take_over(begun, numbers, str(tmp_path))
    lean_back(network, numbers, str(tmp_path), 0.25)
    for name, values in network.state_dict().items():
        torch.testing.assert_close(values, 0.75 * trained[name] + 0.25 * begun.state_dict()[name])
    torch.testing.assert_close(
        network.state_dict()["words.weight"][[2, 4]], trained["words.weight"][[2, 4]]
    )  # "cup", "of"
