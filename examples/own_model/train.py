"""Train the example's network: ``python train.py`` writes ``small_net.pt``."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from nets import small_net

HERE = Path(__file__).parent


def main() -> None:
    """Train for 30 epochs and store the state dict."""
    torch.manual_seed(0)
    with np.load(HERE / "digits.npz") as stored:
        inputs = torch.from_numpy(stored["x_train"]).float() / 255  # as PruneKit reads uint8
        targets = torch.from_numpy(stored["y_train"]).long()
    model = small_net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(30):
        for rows in torch.randperm(len(inputs)).split(50):
            loss = F.cross_entropy(model(inputs[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    torch.save(model.state_dict(), HERE / "small_net.pt")


if __name__ == "__main__":
    main()
