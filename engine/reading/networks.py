"""The networks that find lines of text in a picture and read them: those that the package rapidocr carries."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.runtime.extras import extra_command, install_command
from engine.runtime.openvino_import import import_openvino

Pixels = NDArray[np.uint8]
"""(H, W, 3), blue first."""

DETECTOR, RECOGNISER = "PP-OCRv6_det_small", "PP-OCRv6_rec_small"

_ANY_SIZE = 1 << 20  # rapidocr would resize pictures again that have the right size


def model_files() -> tuple[Path, Path]:
    """The files of the two networks, inside the package: nothing is ever downloaded.

    Raises:
        ModelError: rapidocr is not installed, or a version of it that does not carry them.
    """
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"Text in photos is read by rapidocr, which is not installed; run `{extra_command('ocr')}`.")
    folder = Path(spec.submodule_search_locations[0]) / "models"
    files = folder / f"{DETECTOR}.onnx", folder / f"{RECOGNISER}.onnx"
    for file in files:
        if not file.is_file():
            raise ModelError(
                f"rapidocr {version('rapidocr')} does not carry {file.name}; expected a version that does; "
                f"run `{install_command('rapidocr==3.10.*')}`."
            )
    return files


class Networks:
    """Both networks, for one thread at a time. OpenVINO runs them where it is installed, else ONNX Runtime.

    Pictures should come in few sizes: OpenVINO keeps memory for each that it has seen.
    """

    def __init__(self, threads: int) -> None:
        detector, recogniser = map(str, model_files())
        if fast := find_spec("openvino") is not None:
            import_openvino()  # rapidocr imports it too
        rapidocr = _rapidocr()
        runtime = rapidocr.EngineType.OPENVINO if fast else rapidocr.EngineType.ONNXRUNTIME
        self._ocr = rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",  # it warns of each picture without text
                "Global.use_preprocess_img": False,
                "Global.use_vertical_padding": False,
                "Det.engine_type": runtime,
                "Det.model_path": detector,
                "Det.limit_type": "max",
                "Det.limit_side_len": _ANY_SIZE,
                "Rec.engine_type": runtime,
                "Rec.model_path": recogniser,
                "Rec.rec_batch_num": 1,  # lines of different lengths would be padded to the longest
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.openvino.inference_num_threads": threads,
                "EngineConfig.openvino.num_streams": 1,
                "EngineConfig.openvino.enable_cpu_pinning": False,  # two readers would share a core
            }
        )

    def lines_in(self, picture: Pixels) -> NDArray[np.float32]:
        """The corners (N, 4, 2) of N lines, in pixels, from the top to the bottom; both sides multiples of 32."""
        found = self._ocr(picture, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return np.empty((0, 4, 2), np.float32)
        return np.asarray(found.boxes, np.float32)

    def cut_out(self, picture: Pixels, corners: NDArray[np.float32]) -> list[Pixels]:
        """Lines (N, 4, 2) as pictures of their own, straight; what runs up or down in the picture lies on its side."""
        pieces: list[Pixels] = self._ocr.crop_text_regions(picture, corners)
        return pieces

    def read(self, line: Pixels) -> tuple[str, float]:
        """The text of a line, and how sure the network is, from 0 to 1."""
        read = self._ocr.recognize_txt([line])
        return read.txts[0], float(read.scores[0])


def _rapidocr() -> Any:
    """The package, imported late: it takes a second."""
    import rapidocr

    return rapidocr
