"""ONNX in eight-bit integers, for ONNX Runtime: another network, measured and proven as itself."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.errors import ExportError
from prunekit.export.formats.format import Format, Runtime
from prunekit.export.formats.onnx import ONNX, quiet, read_onnx, write_onnx
from prunekit.scratch import scratch_folder

if TYPE_CHECKING:  # what is known of a format is known without torch
    from torch import Tensor, nn

    from prunekit.export.measured import Measured
    from prunekit.tasks.task import Task

CALIBRATION = 256
"""Train samples that the ranges of an int8 network's activations are found on."""
BATCH = 32


def write_int8(source: Path, calibration: "Tensor", path: Path) -> None:
    """Quantise an ONNX file to eight-bit integers, weights for each output channel, activations for each tensor.

    Args:
        source: the fp32 file.
        calibration: train samples ``(n, …)`` on which the ranges of the activations are found.
        path: the ``.onnx`` file to write.

    Raises:
        ExportError: the network cannot be quantised.
    """
    import onnx
    import torch
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            self._batches = ({name: batch.contiguous().numpy()} for batch in torch.split(calibration, BATCH))

        def get_next(self) -> Any:
            return next(self._batches, None)

    name = onnx.load(source, load_external_data=False).graph.input[0].name
    with scratch_folder("prunekit-int8") as folder, quiet():
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


def _write(measured: "Measured", path: Path) -> None:
    single = path.with_name(path.name.removesuffix(INT8.suffix) + ONNX.suffix)
    if not measured.pruned.levels:
        write_int8(single, _samples(measured.task), path)
        return
    with scratch_folder("prunekit-onnx") as aside:
        _without_grids(measured.model, measured.task, Path(aside) / single.name, path)


def _without_grids(model: "nn.Module", task: "Task", single: Path, path: Path) -> None:
    """Quantise a network without the grids that it rounds its inputs to: int8 has grids of its own."""
    from prunekit.quantize.activations import without_rounding

    write_onnx(without_rounding(model), task.example, single)
    write_int8(single, _samples(task), path)


def _samples(task: "Task") -> "Tensor":
    if task.data.train is None:
        raise ExportError("int8 needs train data to find the range of its activations, and this task has none.")
    return task.data.train(0).inputs[:CALIBRATION]


def _in_runtime(model: "nn.Module", task: "Task", path: Path) -> "nn.Module":
    from prunekit.export.onnx_network import OnnxNetwork

    _without_grids(model, task, path.with_name("single.onnx"), path)
    return OnnxNetwork(path)


INT8 = Format(
    name="int8",
    title="int8 for ONNX Runtime",
    caption="ONNX in eight bits, for ONNX Runtime: another network, measured and proven as itself.",
    suffix="_int8.onnx",
    write=_write,
    load=read_onnx,
    differs=True,
    made_of=("onnx",),
    needs_train=True,
    packages=ONNX.packages,
    extra=ONNX.extra,
    runtime=Runtime("ONNX Runtime, int8", _in_runtime, ("onnxruntime",)),
)
