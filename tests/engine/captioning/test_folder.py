"""A caption model on disk writes what it wrote before; one that is damaged or does not fit is refused by name."""

import dataclasses
import json

import numpy as np
import pytest

from engine.alignment.folder import find_model
from engine.captioning.config import CaptionArchitecture, CaptionConfig
from engine.captioning.decode import beam_search
from engine.captioning.folder import load_captioner, require_fit, save_captioner
from engine.captioning.network import TorchDecoder
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary

WORDS = ("a", "dog", "runs", "on", "café", "red", "two", "men")
ARCHITECTURE = CaptionArchitecture(num_channels=10, dimension=6, width=16, layers=2, heads=2, max_words=5)


@pytest.fixture
def saved(kind, make_decoder, tmp_path):
    """A decoder whose weights fit into half precision, and the folder it was written to."""
    decoder = make_decoder(kind)
    decoder.load_state_dict({name: tensor.half().float() for name, tensor in decoder.state_dict().items()})
    config = CaptionConfig("toy", "f" * 64, dataclasses.replace(ARCHITECTURE, decoder=kind))
    save_captioner(tmp_path / "toy", config, decoder, Vocabulary(dict.fromkeys(WORDS, 7)))
    return decoder, config, tmp_path / "toy"


def change(folder, section, **settings):
    content = json.loads((folder / "config.json").read_text())
    (content[section] if section else content).update(settings)
    (folder / "config.json").write_text(json.dumps(content))


def test_what_is_loaded_is_what_was_saved(saved, make_scene):
    decoder, config, folder = saved
    loaded = load_captioner(str(folder))
    assert (loaded.name, loaded.config, tuple(loaded.numbers.words)) == ("toy", config, WORDS)
    scene = make_scene(4)
    before, after = (beam_search(TorchDecoder(network), scene, 3, 5, 0.7) for network in (decoder, loaded.decoder))
    assert np.array_equal(before.tokens, after.tokens)
    assert np.array_equal(before.log_probabilities, after.log_probabilities)
    assert load_captioner(str(folder)).fingerprint == loaded.fingerprint


def test_the_fingerprint_follows_the_sentences(saved, make_decoder, kind):
    _, config, folder = saved
    found = [load_captioner(str(folder)).fingerprint]
    change(folder, None, name="another name")
    change(folder, "training", seed=9)
    assert load_captioner(str(folder)).fingerprint == found[0]
    change(folder, "architecture", length_power=0.0)
    found.append(load_captioner(str(folder)).fingerprint)
    Vocabulary(dict.fromkeys(reversed(WORDS), 7)).save(folder / "vocabulary.json")
    found.append(load_captioner(str(folder)).fingerprint)
    save_captioner(folder, config, make_decoder(kind, seed=1), Vocabulary(dict.fromkeys(WORDS, 7)))
    found.append(load_captioner(str(folder)).fingerprint)
    assert len(set(found)) == 4


def test_whole_numbers_stay_as_they_are_written_in_a_fingerprint(saved):
    change(saved[2], "architecture", length_power=1)
    change(saved[2], "training", clip=5)
    whole = load_captioner(str(saved[2]))
    assert repr(whole.config.architecture.length_power) == "1"
    change(saved[2], "architecture", length_power=1.0)
    assert load_captioner(str(saved[2])).fingerprint != whole.fingerprint


@pytest.mark.parametrize("name", ["weights.safetensors", "vocabulary.json", "config.json"])
@pytest.mark.parametrize("damage", ["lost", "cut", "other", "number"])
def test_damaged_files_are_named(saved, name, damage):
    path = saved[2] / name
    content = path.read_bytes()
    if damage == "lost":
        path.unlink()
    else:
        path.write_bytes({"cut": content[: len(content) // 2], "other": b"\x00damaged", "number": b"5"}[damage])
    with pytest.raises(ModelError, match="toy") as caught:
        load_captioner(str(saved[2]))
    assert "\n" not in str(caught.value)


def test_files_that_do_not_belong_together_are_refused(saved, kind):
    folder = saved[2]
    Vocabulary(dict.fromkeys(WORDS[:-1], 7)).save(folder / "vocabulary.json")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_captioner(str(folder))
    Vocabulary(dict.fromkeys(WORDS, 7)).save(folder / "vocabulary.json")
    load_captioner(str(folder))
    change(folder, "architecture", decoder={"recurrent": "transformer", "transformer": "recurrent"}[kind])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_captioner(str(folder))


def test_settings_that_do_not_exist_are_named(saved):
    change(saved[2], "architecture", depth=3)
    with pytest.raises(ModelError, match=r"no setting 'depth'.*width"):
        load_captioner(str(saved[2]))


def test_folders_without_a_caption_model_are_refused(tmp_path):
    for name in ("nowhere", str(tmp_path), str(tmp_path / "missing")):
        with pytest.raises(ModelError, match=r"no caption model .* expected default, paper, regions, or a folder"):
            load_captioner(name)


def test_an_alignment_model_is_no_caption_model():
    with pytest.raises(ModelError, match="there is no setting"):
        load_captioner(str(find_model("default")))


def test_another_alignment_model_is_refused(saved):
    captioner = load_captioner(str(saved[2]))
    require_fit(captioner, "default", "f" * 64)
    with pytest.raises(ModelError, match=r"'toy' was made for the alignment model ffffffff.*'other' \(01234567\)"):
        require_fit(captioner, "other", "0123456789" * 6)
