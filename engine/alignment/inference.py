"""The towers of a trained model on a CPU, in ONNX Runtime: numpy in, numpy out, and torch only to export them once."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from engine.alignment.folder import ModelFolder
from engine.runtime.onnx import Traced, open_session


class Towers:
    """Both towers of a model; each is exported and opened when it is first needed."""

    def __init__(self, folder: ModelFolder) -> None:
        self._folder = folder

    def embed_sentence(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Word vectors (T, E) of one sentence → words (T, D) and, in models with a global term, the sentence (D,)."""
        words, *sentence = self._sentence_tower.run(None, {"vectors": vectors})
        return words, sentence[0] if sentence else None

    def embed_regions(self, features: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Region features (B, R, C), the whole image last, and boxes (B, R, 4) from 0 to 1 → records (B, S, D)."""
        given = {"features": features, "boxes": boxes}
        inputs = {node.name: given[node.name] for node in self._image_tower.get_inputs()}
        records: NDArray[np.float32] = self._image_tower.run(None, inputs)[0]
        return records

    @cached_property
    def _sentence_tower(self) -> InferenceSession:
        def trace() -> Traced:
            from engine.alignment.exported import traced_sentence

            return traced_sentence(self._folder.model)

        # A sentence is short, and several threads ask at a time: one thread each takes the least of the processor.
        return open_session(f"sentence|{self._folder.fingerprint}", trace, threads=1)

    @cached_property
    def _image_tower(self) -> InferenceSession:
        def trace() -> Traced:
            from engine.alignment.exported import traced_regions

            return traced_regions(self._folder.model)

        return open_session(f"regions|{self._folder.fingerprint}", trace)
