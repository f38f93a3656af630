"""ONNX files: the network for other runtimes, and the same in eight-bit integers."""

import copy
import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.errors import CheckpointError, ExportError

CALIBRATION = 256
"""Train samples that the ranges of an int8 network's activations are found on."""
BATCH = 32


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


def write_onnx(model: nn.Module, example: Tensor, path: Path) -> None:
    """Write a network as ONNX with a free batch size; the file names no path or source line of this machine.

    Args:
        model: the network, in eval mode.
        example: zeros ``(2, …)`` of the input's shape.
        path: the ``.onnx`` file to write.

    Raises:
        ExportError: the network cannot be written as ONNX.
    """
    batch = torch.export.Dim("batch", min=1)
    try:
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("ignore")  # of what the exporter itself calls
            program = torch.onnx.export(
                copy.deepcopy(model).eval(),
                (torch.zeros_like(example),),
                dynamo=True,
                dynamic_shapes=({0: batch},),
                verbose=False,
            )
    except Exception as error:  # the exporter raises a dozen unrelated classes
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ExportError(f"This network cannot be written as ONNX: {reason}") from error
    assert program is not None
    proto = program.model_proto
    for owner in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.graph.initializer):
        owner.ClearField("metadata_props")
        owner.ClearField("doc_string")
    for function in proto.functions:
        for owner in (function, *function.node):
            owner.ClearField("metadata_props")
            owner.ClearField("doc_string")
    path.write_bytes(proto.SerializeToString())


def write_int8(source: Path, calibration: Tensor, path: Path) -> None:
    """Quantise an ONNX file to eight-bit integers, weights for each output channel, activations for each tensor.

    Args:
        source: the fp32 file.
        calibration: train samples ``(n, …)`` on which the ranges of the activations are found.
        path: the ``.onnx`` file to write.

    Raises:
        ExportError: the network cannot be quantised.
    """
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            self._batches = ({name: batch.contiguous().numpy()} for batch in torch.split(calibration, BATCH))

        def get_next(self) -> Any:
            return next(self._batches, None)

    name = onnx.load(source, load_external_data=False).graph.input[0].name
    with tempfile.TemporaryDirectory(prefix="prunekit-int8-") as folder, _quiet():
        prepared = Path(folder) / "prepared.onnx"
        try:
            quant_pre_process(source, prepared, skip_symbolic_shape=True)
            quantization.quantize_static(
                prepared,
                path,
                Reader(name),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                # Products of 7-bit weights cannot overflow the 16-bit sums of processors without integer dot products.
                reduce_range=True,
                weight_type=quantization.QuantType.QInt8,
                activation_type=quantization.QuantType.QUInt8,
            )
        except Exception as error:  # as above
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ExportError(f"This network cannot be quantised to int8: {reason}") from error


def read_onnx(path: Path) -> nn.Module:
    """Load an ONNX file as a network that ONNX Runtime runs.

    Raises:
        CheckpointError: it is none.
    """
    network = OnnxNetwork(path)
    try:
        import onnx

        onnx.checker.check_model(onnx.load(path))
    except Exception as error:  # parsers and the checker share no class
        raise CheckpointError(
            f"{path.name} is not a whole ONNX file ({type(error).__name__}); export it again."
        ) from None
    return network


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter and the quantiser from writing their progress to the terminal."""
    loggers = [logging.getLogger(name) for name in (None, "torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
