"""The first screen of large networks: ResNet-50 and MobileNetV3-Large with random weights, on 64×64 images."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests import golden_nets, mobile_nets
from tests.browser.bars import measured
from tests.browser.conftest import SCREENSHOTS
from tests.browser.screens import SCREENS, shows_its_desk
from tools.app_server import serving

pytestmark = pytest.mark.more
SOURCE = """from torch import nn

import golden_nets
import mobile_nets


def resnet50():
    net = golden_nets.resnet50()
    net.fc = nn.Linear(2048, 10)
    return net


def mobilenet_v3_large():
    return mobile_nets.mobilenet_v3_large()
"""


def write_project(folder: Path, factory: str, net: nn.Module) -> str:
    for module in (golden_nets, mobile_nets):
        shutil.copy(module.__file__, folder)
    (folder / "nets.py").write_text(SOURCE)
    torch.save(net.state_dict(), folder / "net.pt")
    draw = np.random.default_rng(0)
    np.savez(folder / "data.npz", X=draw.random((60, 3, 64, 64), dtype=np.float32), y=draw.integers(0, 10, 60))
    project = folder / "prunekit.toml"
    project.write_text(
        f'name = "{factory}"\nfactory = "nets.py:{factory}"\ncheckpoint = "net.pt"\n'
        'input = [3, 64, 64]\ndata = "data.npz"\n'
    )
    return str(project)


def resnet50() -> nn.Module:
    net = golden_nets.resnet50()
    net.fc = nn.Linear(2048, 10)
    return net


@pytest.mark.parametrize("make", [resnet50, mobile_nets.mobilenet_v3_large], ids=lambda make: make.__name__)
def test_the_first_screen_of_a_large_network(tab, port, tmp_path, make):
    torch.manual_seed(0)
    project = write_project(tmp_path, make.__name__, make())
    SCREENSHOTS.mkdir(exist_ok=True)
    with serving(tmp_path / "workspace", tmp_path / "log", task=project, port=port) as address:
        tab.goto(address)
        measured(tab)
        for screen in SCREENS:
            shows_its_desk(tab, screen)
            for scheme in ("dark", "light"):
                tab.emulate_media(color_scheme=scheme)
                tab.screenshot(path=SCREENSHOTS / f"desk-{make.__name__}-{screen}-{scheme}.png")
