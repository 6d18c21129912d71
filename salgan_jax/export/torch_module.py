"""SalGAN's generator in PyTorch: image in, saliency map out.

    python salgan_torch.py photo.jpg map.png

Needs torch, safetensors, numpy and pillow; the weights lie beside this file. Exported
by salgan_jax (MIT licence); MODEL_CARD.md says what the network was trained on.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from torch import nn

WEIGHTS = pathlib.Path(__file__).with_suffix(".safetensors")


class SalGAN(nn.Module):
    """VGG-16 encoder and mirrored decoder (Pan et al. 2017, Sec. 3.1)."""

    def __init__(self, layers, *, scale, shift, reverses_channels):
        super().__init__()
        self.plan = layers  # [name, "pool", "upsample" or "", is_rectified, shape]
        self.reverses_channels = reverses_channels
        self.register_buffer("scale", torch.tensor(scale), persistent=False)
        self.register_buffer("shift", torch.tensor(shift), persistent=False)
        for name, _, _, (out, channels, size, _) in layers:
            conv = nn.Conv2d(channels, out, size, padding=size // 2)
            self.add_module(name.replace(".", "_"), conv)

    def forward(self, image):
        """[N, H, W, 3] RGB in 0..255 to the saliency map [N, H, W, 1] in [0, 1]."""
        x = image * self.scale + self.shift
        x = (x.flip(-1) if self.reverses_channels else x).permute(0, 3, 1, 2)
        for name, before, is_rectified, _ in self.plan:
            if before == "pool":
                x = nn.functional.max_pool2d(x, 2)
            elif before == "upsample":
                x = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
            x = self.get_submodule(name.replace(".", "_"))(x)
            x = torch.relu(x) if is_rectified else x
        return torch.sigmoid(x).permute(0, 2, 3, 1)


def load(weights=WEIGHTS):
    """Returns the network with its weights, and the (height, width) it wants."""
    with safe_open(weights, "pt") as file:
        plan = json.loads(file.metadata()["plan"])
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    height, width = plan.pop("image_size")
    network = SalGAN(**plan)
    network.load_state_dict(state)
    return network.eval(), (height, width)


if __name__ == "__main__":
    network, (height, width) = load()
    photo = Image.open(sys.argv[1]).convert("RGB")
    pixels = np.array(photo.resize((width, height), Image.Resampling.BOX), np.float32)
    with torch.inference_mode():
        saliency_map = network(torch.from_numpy(pixels)[None])[0, ..., 0].numpy()
    grey = Image.fromarray(np.rint(255 * saliency_map).astype(np.uint8))
    grey.resize(photo.size, Image.Resampling.BILINEAR).save(sys.argv[2])
