"""Load resnet8: 5,142 parameters, pruned. Needs torch, safetensors and the network's class.

    from load_resnet8 import load
    model = load()
"""

import json
from pathlib import Path

from safetensors import safe_open
from torch import nn

from prunekit.tasks.resnet import resnet8 as factory


def load(path=Path(__file__).with_name("resnet8.safetensors")):
    """Return the pruned network in eval mode."""
    with safe_open(path, framework="pt") as file:
        facts = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    model = factory()
    # The fresh network takes the pruned sizes: out_channels, in_features, groups, num_features, ...
    for module, sizes in json.loads(facts["sizes"]).items():
        for attribute, size in sizes.items():
            setattr(model.get_submodule(module), attribute, tuple(size) if isinstance(size, list) else size)
    # Every place takes its stored tensor; a tensor that sits in several places is one tensor again.
    places = {name: name for name in tensors} | json.loads(facts["tied"])
    for place, name in places.items():
        module, _, leaf = place.rpartition(".")
        owner = model.get_submodule(module)
        old = getattr(owner, leaf)
        if isinstance(old, nn.Parameter) and not isinstance(tensors[name], nn.Parameter):
            tensors[name] = nn.Parameter(tensors[name], requires_grad=old.requires_grad)
        setattr(owner, leaf, tensors[name])
    missing = model.state_dict().keys() - places.keys()
    if missing:
        raise KeyError(f"{path} does not hold {sorted(missing)}: is this the network it was pruned from?")
    return model.eval()
