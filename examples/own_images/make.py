"""Make the example's images and train its network: ``python make.py`` writes ``photos/`` and ``shapes.pth``."""

import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from nets import shape_net
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
SHAPES = ("circle", "square", "triangle")
COUNTS = {"train": 20, "val": 12}
MEAN, STD = 0.5, 0.25
EPOCHS = 120


def draw(shape: str, chance: random.Random) -> Image.Image:
    """Draw one filled shape of random colour, size and place on a plain ground."""
    image = Image.new("RGB", (32, 32), tuple(chance.randrange(100) for _ in range(3)))
    ink, radius = tuple(chance.randrange(130, 256) for _ in range(3)), chance.randrange(6, 11)
    x, y = (chance.randrange(radius + 1, 31 - radius) for _ in range(2))
    pen, box = ImageDraw.Draw(image), (x - radius, y - radius, x + radius, y + radius)
    if shape == "circle":
        pen.ellipse(box, ink)
    elif shape == "square":
        pen.rectangle(box, ink)
    else:
        pen.polygon([(x, y - radius), (x - radius, y + radius), (x + radius, y + radius)], ink)
    return image


def main() -> None:
    """Draw the images, then train on those of ``train`` and store a checkpoint as training scripts do."""
    chance = random.Random(0)
    inputs, targets = [], []
    for split, count in COUNTS.items():
        for target, shape in enumerate(SHAPES):
            folder = HERE / "photos" / split / shape
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                image = draw(shape, chance)
                image.save(folder / f"{number:02}.png", optimize=True)
                if split == "train":
                    inputs.append(np.asarray(image).transpose(2, 0, 1))
                    targets.append(target)
    x, y = (torch.from_numpy(np.stack(inputs)).float() / 255 - MEAN) / STD, torch.tensor(targets)
    torch.manual_seed(0)
    model = shape_net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(20):
            loss = F.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    torch.save({"epoch": EPOCHS - 1, "state_dict": state}, HERE / "shapes.pth")


if __name__ == "__main__":
    main()
