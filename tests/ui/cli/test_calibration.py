"""A model is calibrated with ``scripts/calibrate`` and measured with ``engine evaluate calibration``."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Cli = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def captioned(photos: Path, tmp_path: Path) -> Path:
    """The photos as validation set with a sentence and a concept each, and three of them as training set."""
    folder, images, names = tmp_path / "captioned", [], sorted(photo.name for photo in photos.iterdir())
    for split, chosen in (("val", names), ("train", names[:3])):
        (folder / "images" / split).mkdir(parents=True)
        for name in chosen:
            shutil.copy(photos / name, folder / "images" / split)
            sentences = [{"raw": f"A photo of {name.split('.')[0]} ."}]
            images.append({"filename": name, "split": split, "sentences": sentences})
    concepts = {"photos": names, "concepts": {"cat": {"chelsea.png": [[0, 0, 50, 50]]}}}
    (folder / "dataset.json").write_text(json.dumps({"images": images}))
    (folder / "concepts.json").write_text(json.dumps(concepts))
    return folder


def test_a_model_is_calibrated_and_measured(cli: Cli, captioned: Path, other_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(other_model, tmp_path / "model")
    evaluate = ("evaluate", "calibration", "--data", captioned, "--model", folder, "--device", "cpu")
    missing = cli(*evaluate)
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "'other' has no calibration" in missing.stderr

    script: list[str | Path] = [
        sys.executable,
        ROOT / "scripts" / "calibrate",
        folder,
        "--data",
        captioned,
        "--device",
        "cpu",
    ]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "calibration.safetensors").is_file()

    figures = json.loads(cli(*evaluate, "--json").stdout)
    assert {"expected_calibration_error", "cross_fitted_error", "bins", "cut", "answered_when_present",
            "right_shown_when_present", "silent_when_removed", "queries", "model"} <= set(figures)  # fmt: skip
    num_photos = len(list((captioned / "images" / "val").iterdir()))
    assert figures["queries"] == num_photos + 1
    assert set(figures["by_kind"]) == {"sentence", "concept"}
    assert figures["cross_fitted_error"] is None  # too few photos to be cut in halves
    # Each query once among all photos, and once without its own.
    assert sum(row["hits"] for row in figures["bins"]) == (num_photos + 1) * (2 * num_photos - 1)
    assert 0 <= figures["expected_calibration_error"] <= 1
    plain = cli(*evaluate).stdout
    assert f"other on val: {num_photos + 1} queries" in plain
    assert "expected calibration error" in plain


def test_calibrating_says_what_is_wrong(captioned: Path, other_model: Path) -> None:
    script: list[str | Path] = [
        sys.executable,
        ROOT / "scripts" / "calibrate",
        other_model,
        "--data",
        captioned / "nowhere",
    ]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: " in done.stderr
    assert "does not exist" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (other_model / "calibration.safetensors").exists()
