"""What the end-to-end tests share: real photos, a library of them, the packaged model, and ways to run a command."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from photo_folders import library_of
from PIL import ExifTags, Image, ImageFilter
from typer.testing import CliRunner, Result

from engine.runtime.settings import SETTINGS

if TYPE_CHECKING:
    from postgres_server import PostgresServer
    from tiny_encoders import TinyEncoder

    from engine.encoders.clip_encoder import ClipEncoder
    from engine.models.multimodal import MultimodalModel

ROOT = Path(__file__).resolve().parents[1]

PACKAGED_PHOTOS = {
    "skimage.data": ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "coins.png"),
    "sklearn.datasets.images": ("china.jpg", "flower.jpg"),
    "matplotlib": ("mpl-data/sample_data/grace_hopper.jpg",),
}
SENTENCES = (
    "A woman in an orange space suit smiles in front of a flag.",
    "A cat looks at the camera.",
    "A cup of coffee stands on a wooden table.",
    "A rocket stands on the launch pad at night.",
    "Old coins lie in rows.",
    "A temple with a curved roof under a blue sky.",
    "A pink flower with green leaves.",
    "An officer in uniform poses for a portrait.",
    "Two dogs run through the snow.",
    "A boy jumps into the water.",
)
NUM_MANY = 160


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a GPU where there is none."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device is usable here"))


@pytest.fixture(scope="session", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's library is never touched, and the exported network is kept: made once, or taken from ENGINE_CACHE."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGINE_LIBRARY", str(tmp_path_factory.mktemp("home") / "no library here"))
        if not os.environ.get("ENGINE_CACHE"):
            base = tmp_path_factory.getbasetemp()  # of one worker; exports are replaced in one step, so all share them
            patch.setenv("ENGINE_CACHE", str((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"))
        patch.setenv("ENGINE_CONFIG", str(tmp_path_factory.mktemp("settings") / "no settings here.toml"))
        settings = {setting.variable for setting in SETTINGS.values()} - {"ENGINE_LIBRARY"}
        patch.setenv("ENGINE_MODELS", str(tmp_path_factory.mktemp("added") / "models"))
        for name in (*settings, "ENGINE_DEBUG", "ENGINE_LOG", "PYTHONPATH"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def model() -> "MultimodalModel":
    """The packaged model ``default`` on the CPU."""
    from engine.alignment.folder import load_model
    from engine.models.multimodal import MultimodalModel

    return MultimodalModel(load_model("default"), "cpu")


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained model named ``other`` with the architecture of ``default``."""
    import torch

    from engine.alignment.config import ModelConfig
    from engine.alignment.folder import find_model, save_model
    from engine.alignment.model import AlignmentModel
    from engine.language.vocabulary import Vocabulary

    architecture = ModelConfig.load(find_model("default") / "config.json").architecture
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        untrained = AlignmentModel(architecture)
    folder = tmp_path_factory.mktemp("models") / "other"
    save_model(folder, ModelConfig("other", architecture), untrained, Vocabulary({"dog": 5}))
    return folder


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> "Callable[[str], tuple[TinyEncoder, ClipEncoder]]":
    """The network of a kind as open_clip has it, untrained and small, and the encoder that was made of its checkpoint.

    It is added under the name of the kind, and converted once for all tests.
    """
    made: dict[str, tuple[TinyEncoder, ClipEncoder]] = {}

    def convert(kind: str) -> "tuple[TinyEncoder, ClipEncoder]":
        from tiny_encoders import tiny_encoder

        from engine.encoders.clip_encoder import ClipEncoder
        from engine.encoders.installed import add_encoder
        from engine.runtime.settings import models_folder

        if kind not in made:
            tiny = tiny_encoder(kind, tmp_path_factory.mktemp("checkpoints") / kind)
            add_encoder(kind, tiny.folder)
            made[kind] = tiny, ClipEncoder(models_folder() / kind, "cpu")
        return made[kind]

    return convert


@pytest.fixture(scope="session")
def small_captioner(tmp_path_factory: pytest.TempPathFactory, model: "MultimodalModel") -> Path:
    """The folder of an untrained caption model, small and made for the model ``default``."""
    import torch

    from engine.captioning.config import CaptionArchitecture, CaptionConfig
    from engine.captioning.folder import create_decoder, save_captioner
    from engine.language.vocabulary import Vocabulary

    architecture = CaptionArchitecture(decoder="recurrent", width=32, max_words=6)
    words = ("a", "dog", "cat", "runs", "on", "grass", "red", "two", "men")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        decoder = create_decoder(architecture, torch.randn(len(words) + 1))
    folder = tmp_path_factory.mktemp("captioners") / "small"
    config = CaptionConfig("small", model.fingerprint, architecture)
    save_captioner(folder, config, decoder, Vocabulary(dict.fromkeys(words, 5)))
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small real photos that come with installed packages. Copy it to change it."""
    folder = tmp_path_factory.mktemp("real") / "photos"
    folder.mkdir()
    for package, names in PACKAGED_PHOTOS.items():
        try:
            sources = [files(package).joinpath(name) for name in names]
        except ModuleNotFoundError:
            continue
        for source in sources:
            if source.is_file():
                (folder / source.name).write_bytes(source.read_bytes())
    if len(list(folder.iterdir())) < 4:
        pytest.skip("no photos: install scikit-image, scikit-learn and matplotlib (the extra 'dev' has them)")
    return folder


@pytest.fixture(scope="session")
def sentence_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences about the photos and about others, one a line."""
    path = tmp_path_factory.mktemp("sentences") / "sentences.txt"
    path.write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def library(photos: Path, sentence_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the photos and the sentences. Read it; take ``own_library`` to change it."""
    return library_of(photos, tmp_path_factory.mktemp("indexed") / "library", sentence_file)


@pytest.fixture(scope="session")
def postgres() -> "Iterator[PostgresServer]":
    """A PostgreSQL server of this session; tests take databases of their own."""
    from postgres_server import start_server

    server = start_server(fsync="off")
    yield server
    server.stop()


@pytest.fixture
def own_library(library: Path, tmp_path: Path) -> Path:
    """A copy of the library that a test may change."""
    return shutil.copytree(library, tmp_path / "own library")


@pytest.fixture
def own_photos(photos: Path, tmp_path: Path) -> Path:
    """A copy of the photos that a test may change."""
    return shutil.copytree(photos, tmp_path / "own photos")


@pytest.fixture(scope="session")
def many_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few hundred generated photos, no two alike and some with a description: enough to interrupt a run."""
    folder = tmp_path_factory.mktemp("generated") / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(NUM_MANY):
        coarse = Image.fromarray(random.integers(0, 256, (4, 5, 3), dtype=np.uint8))
        picture = coarse.resize((160, 128)).filter(ImageFilter.GaussianBlur(2))
        exif = Image.Exif()
        if number % 8 == 0:
            exif[ExifTags.Base.ImageDescription] = f"Colours of {number} lamps in the fog"
        picture.save(folder / f"{number:04}.jpg", exif=exif)
    return folder


@pytest.fixture(scope="session")
def many_library(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the generated photos that was made in one go. Read it only."""
    return library_of(many_photos, tmp_path_factory.mktemp("indexed") / "many")


@pytest.fixture(scope="session")
def flickr8k() -> Path:
    """The research data: a folder with ``dataset.json`` and ``images/<split>/``."""
    named = os.environ.get("ENGINE_TEST_DATA")
    folder = Path(named).expanduser() if named else ROOT.parent / "shared" / "data" / "flickr8k"
    if not (folder / "dataset.json").is_file():
        pytest.skip(
            f"no Flickr8k in {folder}: set ENGINE_TEST_DATA to a folder with Karpathy's dataset.json and images/val/"
        )
    return folder


@pytest.fixture(scope="session")
def cli() -> Callable[..., Result]:
    """Runs a command in this process: ``cli("search", "a dog", library=folder)``. It fails where one would crash."""
    from ui.cli.main import app

    def run(*arguments: str | Path, library: Path | None = None, columns: int = 80, stdin: str = "") -> Result:
        variables = {"COLUMNS": str(columns), "TERM": "dumb"} | ({"ENGINE_LIBRARY": str(library)} if library else {})
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], stdin, env=variables)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise AssertionError(f"engine {arguments} crashed") from result.exception
        return result

    return run


@pytest.fixture(scope="session")
def wait_for_batches() -> Callable[["subprocess.Popen[str]", Path, int], None]:
    """Waits until a process that indexes photos has written this many more batches to the library's vectors."""

    def written(library: Path) -> int:
        return sum(path.stat().st_size for path in library.rglob("photos/*.f16"))

    def wait(process: "subprocess.Popen[str]", library: Path, num_batches: int) -> None:
        last = written(library)
        sizes = {last}
        deadline = time.monotonic() + 120
        while len(sizes) <= num_batches:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
            before, last = last, written(library)
            if last == before:  # else it may be in the middle of a batch
                sizes.add(last)

    return wait


@pytest.fixture(scope="session")
def start() -> Callable[..., "subprocess.Popen[str]"]:
    """Starts a command in a process of its own, with pipes as a shell would give it and Ctrl-C as a terminal would."""
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from ui.cli.console import last_resort\n"
        "from ui.cli.main import run\n"
        "with last_resort():\n"  # as `run` has it; here so that nothing is in between it and the announcement
        "    {}run()"
    )

    def popen(
        *arguments: str | Path, library: Path, stdout: int = subprocess.PIPE, announced: bool = False, before: str = ""
    ) -> "subprocess.Popen[str]":
        """With ``announced`` a line on stderr says when the command begins; ``before`` is Python that is run first."""
        announcement = f"{before}; " if before else ""
        announcement += "print('ready', file=sys.stderr, flush=True); " if announced else ""
        return subprocess.Popen(
            [sys.executable, "-c", program.format(announcement), *map(str, arguments)],
            env={**os.environ, "ENGINE_LIBRARY": str(library), "PYTHONPATH": str(ROOT)},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )

    return popen
