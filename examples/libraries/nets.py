"""Networks of other libraries as PruneKit takes them: one tensor in, logits out."""

import torch
from torch import nn


class LogitsOnly(nn.Module):
    """A network of transformers, which answers with a record, as one that answers with its logits."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images ``(batch, channels, height, width)`` to logits ``(batch, classes)``."""
        logits: torch.Tensor = self.model(pixel_values=x, return_dict=False)[0]
        return logits


def vit(image_size: int = 32, num_labels: int = 3) -> nn.Module:
    """Make a small vision transformer of transformers, untrained."""
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=96,
        num_hidden_layers=3,
        num_attention_heads=3,
        intermediate_size=192,
        image_size=image_size,
        patch_size=8,
        num_labels=num_labels,
    )
    return LogitsOnly(ViTForImageClassification(config))
