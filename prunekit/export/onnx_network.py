"""A network that ONNX Runtime runs."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


class OnnxNetwork(nn.Module):
    """An ONNX file that ONNX Runtime runs, as a network; loaded when it first runs.

    Args:
        path: the file.
        threads: threads a forward pass may use; torch's number for ``None``.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        super().__init__()
        self.path, self.threads = str(path), threads
        self._session: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None}  # a session belongs to its process

    def forward(self, inputs: Tensor) -> Tensor:
        """Map ``(batch, …)`` to ``(batch, classes)``."""
        if self._session is None:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.threads or torch.get_num_threads()
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        (name,) = (value.name for value in self._session.get_inputs())
        (answer,) = self._session.run(None, {name: inputs.contiguous().numpy()})
        return torch.from_numpy(answer)
