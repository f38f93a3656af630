"""The load snippet: a small Python file that makes the pruned network from its own class, without PruneKit."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prunekit.errors import ExportError

_TEXT = '''"""Load {name}: {params:,} parameters, pruned. Needs torch, safetensors and the network's class.

    from load_{name} import load
    model = load({network})
"""

{standard}
from pathlib import Path

{torch}from safetensors import safe_open
from torch import nn
{factory}{nothing}

def load({network}{comma}path=Path(__file__).with_name("{name}.safetensors")):
    """Return the pruned network in eval mode{documented}
    with safe_open(path, framework="pt") as file:
        facts = file.metadata()
        tensors = {{name: file.get_tensor(name) for name in file.keys()}}
{unpack}    model = {fresh}
{fold}{replace}    # The fresh network takes the pruned sizes: out_channels, in_features, groups, num_features, ...
    for module, sizes in json.loads(facts["sizes"]).items():
        for attribute, size in sizes.items():
            setattr(model.get_submodule(module), attribute, tuple(size) if isinstance(size, list) else size)
    # Every place takes its stored tensor; a tensor that sits in several places is one tensor again.
    places = {{name: name for name in tensors}} | json.loads(facts["tied"])
    for place, name in places.items():
        module, _, leaf = place.rpartition(".")
        owner = model.get_submodule(module)
        old = getattr(owner, leaf)
        if isinstance(old, nn.Parameter) and not isinstance(tensors[name], nn.Parameter):
            tensors[name] = nn.Parameter(tensors[name], requires_grad=old.requires_grad)
        setattr(owner, leaf, tensors[name])
    missing = model.state_dict().keys() - places.keys()
    if missing:
        raise KeyError(f"{{path}} does not hold {{sorted(missing)}}: is this the network it was pruned from?")
{round}    return model.eval()
'''

_UNPACK = """    # Weights of few bits: codes in one stream, the highest bit first, and a scale for each channel.
    stream = ((tensors.pop("packed", torch.zeros(0)).int()[:, None] >> torch.arange(7, -1, -1)) & 1).flatten()
    for name, shape, bits, dim, dtype in json.loads(facts["few_bits"]):
        if bits == 16:
            weight = tensors[name]
        else:
            size = bits * torch.Size(shape).numel()
            codes = (stream[:size].view(-1, bits) << torch.arange(bits - 1, -1, -1)).sum(1).view(shape)
            stream = stream[size:]
            values = 2 * codes - 1 if bits == 1 else codes - (2 ** (bits - 1) - 1)
            beside = [-1 if d == dim else 1 for d in range(len(shape))]
            weight = values.float() * tensors.pop(name + ".scale").view(beside)
        tensors[name] = weight.to(getattr(torch, dtype))
"""

_FOLD = """    # Weights that this class computes in each pass are plain ones in the checkpoint.
    for module in model.eval().modules():
        if nn.utils.parametrize.is_parametrized(module):
            names = list(module.parametrizations)
            del module.parametrizations
            module.__class__ = type(module).__bases__[0]
            for name in names:
                module.register_parameter(name, nn.Parameter(torch.empty(0)))
        for key, hook in list(module._forward_pre_hooks.items()):
            if type(hook).__module__.startswith("torch.nn.utils."):
                hook.remove(module)
                del module._forward_pre_hooks[key]
"""

_RESULTS = ", {id(v): v.detach() for m in network.modules() for v in vars(m).values() if torch.is_tensor(v)}"
"""A memo for the copy: a weight that was computed hangs on what computed it, and PyTorch refuses to copy it."""

_REPLACE = """    # Removed blocks: their input goes on, or nothing is added to it.
    for module, what in json.loads(facts["replaced"]).items():
        model.set_submodule(module, nn.Identity() if what == "identity" else Nothing())
"""

_NOTHING = """

class Nothing(nn.Module):
    \"""What is left of a removed branch: a zero, which changes no sum.\"""

    def forward(self, first, *others, **named):
        return torch.zeros((), dtype=first.dtype, device=first.device)
"""

_ROUND = """    # What these modules read is rounded to 256 levels.
    for module, (scale, zero) in json.loads(facts["levels"]).items():

        def near(x, s=scale, z=zero):
            return (((x / s).round() + z).clamp(0, 255) - z) * s

        # The one input that each takes, by position or by name.
        model.get_submodule(module).register_forward_pre_hook(
            lambda _, x, named, near=near: (tuple(map(near, x)), {name: near(y) for name, y in named.items()}),
            with_kwargs=True,
        )
"""

_ONE_LINE = '."""'
_WITH_ARGUMENTS = """, on the CPU.

    Args:
        network: your own dense network, fresh or trained; it is not changed.
        path: the checkpoint.
    \"""
"""

_FROM_FILE = """
NETWORK = Path({file!r})  # where the network's class lives
sys.path.insert(0, str(NETWORK.parent))
factory = runpy.run_path(str(NETWORK))["{function}"]
"""


def load_snippet(
    name: str,
    factory_path: str,
    params: int,
    *,
    arguments: Mapping[str, Any] = MappingProxyType({}),
    few_bits: bool = False,
    rounds_inputs: bool = False,
    replaced: bool = False,
    folded: bool = False,
) -> str:
    """Write the text of ``load_NAME.py``.

    Args:
        name: stem of the checkpoint beside it.
        factory_path: ``module:function`` or ``file.py:function``; empty where the receiver brings a network.
        params: parameters of the pruned network, for the title.
        arguments: what the factory is called with.
        few_bits: whether the checkpoint has weights of few bits.
        rounds_inputs: whether modules round what they read.
        replaced: whether blocks were removed.
        folded: whether weights that the class computes were made plain ones.

    Returns:
        Python source: a fresh network from the factory, or a copy of the one that is brought, takes the checkpoint's
        sizes and tensors.

    Raises:
        ExportError: the factory path cannot be imported by its name.
    """
    modules, factory = _factory(factory_path)
    results = _RESULTS if folded else ""
    return _TEXT.format(
        name=name,
        params=params,
        standard="\n".join(f"import {module}" for module in sorted({"json", *modules})),
        network="" if factory else "network",
        comma="" if factory else ", ",
        documented=_ONE_LINE if factory else _WITH_ARGUMENTS.rstrip(),
        fresh=f"factory({_call(arguments)})" if factory else f"copy.deepcopy(network{results}).cpu()",
        factory=factory,
        torch="import torch\n" if few_bits or replaced or folded else "",
        nothing=_NOTHING if replaced else "",
        fold=_FOLD if folded else "",
        replace=_REPLACE if replaced else "",
        unpack=_UNPACK if few_bits else "",
        round=_ROUND if rounds_inputs else "",
    )


def _factory(path: str) -> tuple[tuple[str, ...], str]:
    """Return the modules and the lines that bring the factory; no line where there is none.

    Raises:
        ExportError: the path cannot be imported by its name.
    """
    if not path:
        return ("copy",), ""
    source, _, function = path.rpartition(":")
    of_file = source.endswith(".py")
    if not function.isidentifier() or not (of_file or re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", source)):
        raise ExportError(
            f"A load snippet imports the network's factory as 'module:function' or 'file.py:function', "
            f"not {path!r}; give the task such a factory."
        )
    if of_file:
        return ("runpy", "sys"), _FROM_FILE.format(file=str(Path(source).resolve()), function=function)
    return (), f"\nfrom {source} import {function}" + ("\n" if function == "factory" else " as factory\n")


def _call(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in arguments.items())
