"""Image towers that see regions: a tower's own way to make one vector of a photo, restricted to boxes.

c (B, R, N) is the share of patch or cell n that lies in box r, and the photo is a region of which every share is 1. So
the vector of the photo is the one that open_clip gives, and that of a box around the whole photo is the same.

Where ``own`` is 0 in the place of 1, a region's patches count as far as they lie in it and otherwise alike, whatever
the network attends to; the photo stays as it is.
"""

import torch
from open_clip.timm_model import TimmModel
from open_clip.transformer import ResidualAttentionBlock, VisionTransformer
from timm.layers.attention_pool import AttentionPoolLatent
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import ModelError

SMALLEST = 1e-4  # of the photo, a side: a box of no size is widened to this
_OUTSIDE = -1e4  # in the place of the logarithm of 0


def shares_in_boxes(boxes: Tensor, height: int, width: int) -> Tensor:
    """The share of each cell of a grid that lies in each box (B, R, 4): (B, R, height · width), and 1 for the photo.

    The photo is one region more: (B, R + 1, height · width).
    """
    low = boxes[..., :2].relu().clamp(max=1 - SMALLEST)
    high = torch.maximum(boxes[..., 2:].clamp(max=1), low + SMALLEST)
    columns = _overlap(low[..., 0], high[..., 0], width)  # (B, R, w)
    rows = _overlap(low[..., 1], high[..., 1], height)  # (B, R, h)
    shares = (rows[..., :, None] * columns[..., None, :]).flatten(2)
    return torch.cat([shares, torch.ones_like(shares[:, :1])], dim=1)


def _overlap(low: Tensor, high: Tensor, count: int) -> Tensor:
    """The share of each of ``count`` cells of a side between ``low`` and ``high`` (B, R): (B, R, count)."""
    starts = torch.arange(count, dtype=low.dtype, device=low.device)
    inside = torch.minimum(high[..., None] * count, starts + 1) - torch.maximum(low[..., None] * count, starts)
    return inside.relu().clamp(max=1)


def _attended(query: Tensor, key: Tensor, value: Tensor, shares: Tensor, num_prefix: int, own: Tensor) -> Tensor:
    """One query (B, H, 1, d) that looks at regions of the keys and values (B, H, P + N, d): (B, R + 1, H · d).

    The P tokens before the patches are of no place: they are seen as they are, or not at all where all count alike.
    """
    logarithms = torch.where(shares > 0, shares.clamp(min=1e-30).log(), torch.full_like(shares, _OUTSIDE))
    rows = torch.arange(shares.shape[1], device=own.device)
    owned = torch.where(rows == shares.shape[1] - 1, torch.ones_like(own), own)[:, None]  # the photo's is its own
    before = ((1 - owned) * _OUTSIDE).expand(shares.shape[0], -1, num_prefix)
    bias = torch.cat([before, logarithms], dim=-1)[:, None]  # (B, 1, R + 1, P + N)
    logits = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5  # (B, H, 1, P + N)
    attended: Tensor = ((logits * owned + bias).softmax(dim=-1) @ value).transpose(1, 2).flatten(2)
    return attended


def _in_heads(tokens: Tensor, heads: int) -> Tensor:
    """(B, N, C) → (B, H, N, d)."""
    return tokens.reshape(*tokens.shape[:2], heads, -1).transpose(1, 2)


class ClassTokenTower(nn.Module):
    """A vision transformer of CLIP: in its last block each region has a copy of the class token, which sees it alone.

    The patches do not see the copies, so the photo stays as it is.
    """

    def __init__(self, visual: VisionTransformer) -> None:
        super().__init__()
        blocks = visual.transformer.resblocks
        if visual.pool_type != "tok" or visual.attn_pool is not None or visual.proj is None:
            raise ModelError("The image tower does not end with its class token; no regions of it are known here.")
        if not all(type(block) is ResidualAttentionBlock for block in blocks) or not visual.transformer.batch_first:
            raise ModelError("The image tower has another attention than CLIP's; no regions of it are known here.")
        self.visual = visual

    def forward(self, pixels: Tensor, boxes: Tensor, own: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) as the tower takes them, boxes (B, R, 4) and ``own`` (1,) → (B, R + 1, D)."""
        visual = self.visual
        *before, last = visual.transformer.resblocks
        tokens = visual._embeds(pixels)
        for block in before:
            tokens = block(tokens)
        attention, given = last.attn, last.ln_1(tokens)
        of_query, of_key, of_value = attention.in_proj_weight.chunk(3)
        query, key, value = (
            _in_heads(functional.linear(rows, weight, bias), attention.num_heads)
            for rows, weight, bias in zip(
                (given[:, :1], given, given), (of_query, of_key, of_value), attention.in_proj_bias.chunk(3), strict=True
            )
        )
        shares = shares_in_boxes(boxes, *visual.grid_size)
        copies = tokens[:, :1] + last.ls_1(attention.out_proj(_attended(query, key, value, shares, 1, own)))
        copies = copies + last.ls_2(last.mlp(last.ln_2(copies)))
        vectors: Tensor = visual.ln_post(copies) @ visual.proj
        return vectors


class AttentionPoolingTower(nn.Module):
    """A vision transformer of timm that pools its patches by attention, as SigLIP's and the Perception Encoder's do.

    For a region o_h = Σ_n c_n e^(a_hn) v_hn / Σ_n c_n e^(a_hn); what follows is the tower's own.
    """

    def __init__(self, visual: TimmModel) -> None:
        super().__init__()
        pool = visual.trunk.attn_pool
        if not isinstance(pool, AttentionPoolLatent) or pool.latent_len != 1 or pool.pool != "token":
            raise ModelError("The image tower pools in another way than SigLIP's; no regions of it are known here.")
        self.visual = visual
        self._prefix = visual.trunk.num_prefix_tokens
        self._sees_prefix = bool(getattr(visual.trunk, "pool_include_prefix", True))

    def forward(self, pixels: Tensor, boxes: Tensor, own: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) as the tower takes them, boxes (B, R, 4) and ``own`` (1,) → (B, R + 1, D)."""
        trunk = self.visual.trunk
        pool = trunk.attn_pool
        tokens = trunk.forward_features(pixels)
        if not self._sees_prefix:
            tokens = tokens[:, self._prefix :]
        if pool.pos_embed is not None:
            tokens = tokens + pool.pos_embed[None]
        key, value = (_in_heads(part, pool.num_heads) for part in pool.kv(tokens).chunk(2, dim=-1))
        query = pool.q_norm(_in_heads(pool.q(pool.latent), pool.num_heads))
        shares = shares_in_boxes(boxes, *trunk.patch_embed.grid_size)
        pooled = pool.proj(_attended(query, pool.k_norm(key), value, shares, self._prefix * self._sees_prefix, own))
        if pool.mlp is not None:
            pooled = pooled + pool.mlp(pool.norm(pooled))
        vectors: Tensor = self.visual.head(trunk.head(trunk.fc_norm(pooled)))
        return vectors


class MeanPoolingTower(nn.Module):
    """A convolutional tower of timm, which takes the mean over its last map: of a region Σ_n c_n f_n / Σ_n c_n."""

    def __init__(self, visual: TimmModel) -> None:
        super().__init__()
        pooling = getattr(getattr(visual.trunk, "head", None), "global_pool", None)
        if "avg" not in str(getattr(pooling, "pool_type", "")):
            raise ModelError("The image tower does not pool by a mean; no regions of it are known here.")
        self.visual = visual

    def forward(self, pixels: Tensor, boxes: Tensor, own: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) as the tower takes them, boxes (B, R, 4) and ``own`` (1,) → (B, R + 1, D)."""
        features = self.visual.trunk.forward_features(pixels)  # (B, C, h, w)
        shares = shares_in_boxes(boxes, *features.shape[2:])
        means = (shares / shares.sum(dim=-1, keepdim=True)) @ features.flatten(2).transpose(1, 2)  # (B, R + 1, C)
        vectors: Tensor = self.visual.head(self.visual.trunk.forward_head(means.flatten(0, 1)[..., None, None]))
        return vectors.reshape(*means.shape[:2], -1)


class RegionalTower(nn.Module):
    """Eight-bit pixels (B, 3, H, W), boxes (B, R, 4) and ``own`` (1,) → unit vectors (B, R + 1, D), the photo's last.

    ``own`` is 1 for the tower's own pooling, and 0 for a uniform one.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, tower: nn.Module, mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        super().__init__()
        self.tower = tower
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor, boxes: Tensor, own: Tensor) -> Tensor:
        """See the class."""
        return functional.normalize(self.tower((pixels.float() / 255 - self.mean) / self.deviation, boxes, own), dim=-1)


def regional(visual: nn.Module) -> nn.Module:
    """The tower that sees regions.

    Raises:
        ModelError: it is of a kind whose regions are not known here.
    """
    if isinstance(visual, VisionTransformer):
        return ClassTokenTower(visual)
    if isinstance(visual, TimmModel):
        if getattr(visual.trunk, "attn_pool", None) is not None:
            return AttentionPoolingTower(visual)
        if not hasattr(visual.trunk, "patch_embed"):
            return MeanPoolingTower(visual)
    raise ModelError(
        f"The image tower is a {type(visual).__name__} whose regions are not known here; vision transformers of CLIP, "
        "those that pool by attention as SigLIP's do, and convolutional ones that take a mean are."
    )
