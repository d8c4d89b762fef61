"""Encoders that can be added by name: where they are, and what is known of them for certain."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownEncoder:
    """A checkpoint of open_clip on Hugging Face, under a licence that allows every use."""

    repository: str
    licence: str
    languages: str
    dimension: int
    image_size: int


KNOWN = {
    "siglip2-b32-256": KnownEncoder("timm/ViT-B-32-SigLIP2-256", "Apache-2.0", "many", 768, 256),
    "siglip2-b16-256": KnownEncoder("timm/ViT-B-16-SigLIP2-256", "Apache-2.0", "many", 768, 256),
    "siglip2-so400m-256": KnownEncoder("timm/ViT-SO400M-16-SigLIP2-256", "Apache-2.0", "many", 1152, 256),
    "pe-core-b16-224": KnownEncoder("timm/PE-Core-B-16", "Apache-2.0", "English", 1024, 224),
    "pe-core-l14-336": KnownEncoder("timm/PE-Core-L-14-336", "Apache-2.0", "English", 1024, 336),
}
"""Those of which neither speed nor recall was measured here: their weights cannot be had where this is made."""
