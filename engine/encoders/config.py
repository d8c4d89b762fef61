"""What a converted encoder is made of, in one JSON file."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, with_config

from engine.runtime.configuration import Configuration, Finite, Side, Size

GPU_WEIGHTS = "image.safetensors"
"""Weights of an image tower in half precision, which are kept where there is a GPU to run them on."""

KIND: Literal["open_clip"] = "open_clip"
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class Encoder:
    """The two towers and how photos and texts are made ready for them; all of it changes vectors.

    ``network`` is the SHA-256 of open_clip's configuration, ``weights`` that of the file that was converted,
    ``tokenizer`` that of ``tokenizer.json``; ``mean`` and ``deviation`` are of the colours. By ``own`` pooling a region
    becomes a vector as a whole photo does, restricted to the box; by ``uniform`` pooling all in the box counts alike.
    ``proposals`` and the two settings after it say where regions are.
    """

    network: Hash
    weights: Hash
    tokenizer: Hash
    dimension: Size
    image_size: Side
    context_length: Size
    mean: tuple[Finite, Finite, Finite]
    deviation: tuple[Finite, Finite, Finite]
    resize: Literal["shortest", "squash"] = "shortest"
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    clean: Literal["canonicalize", "lower", "whitespace"] = "lower"
    removed_token: int | None = None  # becomes 0, as open_clip's strip_sep_token has it
    pooling: Literal["own", "uniform"] = "own"
    proposals: str = "learned"
    proposal_backbone: str = "efficientnet_lite2"
    proposal_size: Side = 320


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class Scoring:
    """How photos are ranked and phrases are shown; nothing here changes a vector.

    ``phrase_weight`` is λ of photo · sentence + (λ / K) Σ_k max_i region_i · phrase_k; with 0 a search ranks as the
    network's own cosine does. ``sharpness`` is as in ``alignment.localisation.likely_regions``. ``sigmoid`` is the
    scale and the bias by which a network trained on single pairs, as SigLIP was, makes a cosine a probability.
    """

    phrase_weight: Annotated[float, Field(ge=0, le=10)] = 0.0
    sharpness: Annotated[float, Field(ge=0, le=1000)] = 2.0
    sigmoid: tuple[Finite, Finite] | None = None


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class Source:
    """Where an encoder came from: the file, or the repository at a commit; and the bytes of each of its files."""

    file: str
    architecture: str = ""
    repository: str = ""
    commit: str = ""
    licence: str = ""
    sizes: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EncoderConfig(Configuration):
    """A named encoder."""

    kind: Literal["open_clip"]
    encoder: Encoder
    scoring: Scoring = Scoring()
    source: Source = Source("")

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors could: with weights, tokenizer, preparation, pooling and proposals.

        It does not hang on the machine that converted a checkpoint, nor on what a calibration sets.
        """
        content = f"{self.kind}/1|{json.dumps(dataclasses.asdict(self.encoder), sort_keys=True)}"
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def scored(self) -> str:
        """Names what scores depend on, which a calibration is fitted to: the vectors, and λ."""
        return f"{self.fingerprint} {self.scoring.phrase_weight:g}"
