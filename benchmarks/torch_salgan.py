"""The peer: SalGAN in PyTorch, as a careful PyTorch user would write it.

Both networks, their three updates and the paper's AdaGrad. Convolutions are
channels_last, frozen layers need no gradient and run without a tape, gradients are
taken for the player that moves and for no other, and the optimizer is fused where
PyTorch has it.
"""

import contextlib
import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def conv(channels: int, features: int, size: int = 3) -> nn.Conv2d:
    """Returns a convolution that keeps the size of the picture."""
    return nn.Conv2d(channels, features, size, padding=size // 2)


class Generator(nn.Module):
    """VGG-16 encoder and mirrored decoder; [n, 3, h, w] in 0..255 to logits."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, width: float = 1.0, frozen_blocks: int = 3) -> None:
        super().__init__()
        self.frozen_blocks = frozen_blocks
        blocks = [tuple(max(1, round(c * width)) for c in block) for block in BLOCKS]
        channels = 3
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for mirrored, stack in ((False, self.encoder), (True, self.decoder)):
            for block in reversed(blocks) if mirrored else blocks:
                layers = nn.ModuleList()
                for features in block:
                    layers.append(conv(channels, features))
                    channels = features
                stack.append(layers)
        self.output = conv(channels, 1, size=1)
        self.encoder[:frozen_blocks].requires_grad_(False)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Returns saliency logits [n, 1, h, w]."""
        x = (image - self.mean) / self.std
        for index, block in enumerate(self.encoder):
            is_frozen = index < self.frozen_blocks
            with torch.no_grad() if is_frozen else contextlib.nullcontext():
                x = functional.max_pool2d(x, 2) if index else x
                x = rectified(block, x)
        for index, block in enumerate(self.decoder):
            if index:
                x = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = rectified(block, x)
        return self.output(x)


class Discriminator(nn.Module):
    """The article's variant: image [n, 3, h, w] and map [n, 1, h, w] to logits [n]."""

    def __init__(self, image_size: Sequence[int], width: float = 1.0) -> None:
        super().__init__()
        narrow = [max(1, round(c * width)) for c in (32, 64, 64, 64, 64)]
        wide = [4, 3, *narrow]
        layers = [conv(a, b) for a, b in itertools.pairwise(wide)]
        self.blocks = nn.ModuleList(
            nn.ModuleList(layers[start : start + 2]) for start in (0, 2, 4)
        )
        pixels = (image_size[0] // 8) * (image_size[1] // 8)
        self.fc4 = nn.Linear(pixels * wide[-1], 100)
        self.fc5, self.fc6 = nn.Linear(100, 2), nn.Linear(2, 1)

    def forward(self, image: torch.Tensor, saliency_map: torch.Tensor) -> torch.Tensor:
        """Returns a logit per example."""
        x = torch.cat([image, saliency_map.to(image.dtype)], 1)
        for block in self.blocks:
            x = functional.max_pool2d(rectified(block, x), 2)
        x = torch.tanh(self.fc4(x.flatten(1)))
        return self.fc6(torch.tanh(self.fc5(x))).squeeze(1)


def rectified(layers: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Returns `x` after each layer and a ReLU."""
    for layer in layers.children():
        x = functional.relu(layer(x))
    return x


class Steps:
    """Prediction and the three updates, on uint8 batches [n, h, w, c] of the device."""

    def __init__(
        self,
        image_size: Sequence[int],
        *,
        width: float = 1.0,
        frozen_blocks: int = 3,
        alpha: float = 5e-3,
        device: str = "cpu",
        bfloat16: bool = False,
        compiled: bool = False,
    ) -> None:
        """Makes networks, optimizers and losses; `compiled` by torch.compile."""
        self.device, self.bfloat16, self.alpha = device, bfloat16, alpha
        place: Any = {"device": device, "memory_format": torch.channels_last}
        self.generator = Generator(width, frozen_blocks).to(**place)
        self.discriminator = Discriminator(image_size, width).to(**place)
        self._players = {
            "generator": self._player(self.generator),
            "discriminator": self._player(self.discriminator),
        }
        compiler: Callable = lambda function: function  # noqa: E731
        if compiled:
            # For this size alone, as JAX compiles.
            torch._dynamo.reset()
            compiler = functools.partial(torch.compile, dynamic=False)
        self._predict = compiler(self._predict)
        self._losses = {
            "bootstrap": compiler(self._content_loss),
            "discriminator": compiler(self._discriminator_loss),
            "generator": compiler(self._generator_loss),
        }

    def load(self, generator: Any, discriminator: Any) -> None:
        """Takes over Flax parameters of both networks."""
        encoder = [
            [generator["encoder"][f"conv{b + 1}_{i + 1}"] for i in range(len(block))]
            for b, block in enumerate(BLOCKS)
        ]
        decoder = [
            [
                generator["decoder"][f"decoder_conv{b + 1}_{i + 1}"]
                for i in range(len(block))
            ]
            for b, block in reversed(list(enumerate(BLOCKS)))
        ]
        for stack, params in (
            (self.generator.encoder, encoder),
            (self.generator.decoder, decoder),
        ):
            for block, of_block in zip(stack, params, strict=True):
                for layer, of_layer in zip(block.children(), of_block, strict=True):
                    _load_conv(layer, of_layer)
        _load_conv(self.generator.output, generator["decoder"]["decoder_output"])
        for index, block in enumerate(self.discriminator.blocks, start=1):
            for place, layer in enumerate(block.children(), start=1):
                _load_conv(layer, discriminator[f"conv{index}_{place}"])
        features = len(discriminator["conv3_2"]["bias"])
        kernel = np.asarray(discriminator["fc4"]["kernel"])
        channels_first = kernel.reshape(-1, features, kernel.shape[1]).swapaxes(0, 1)
        fc4 = {**discriminator["fc4"], "kernel": channels_first.reshape(kernel.shape)}
        for name, params in (("fc4", fc4), *((n, discriminator[n]) for n in DENSE)):
            _load(getattr(self.discriminator, name), params, (1, 0))

    def to_device(self, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns a batch of arrays or tensors as uint8 tensors [n, h, w, c]."""
        image, saliency_map = (torch.as_tensor(x) for x in batch[:2])
        return (
            image.to(self.device, non_blocking=True),
            saliency_map.to(self.device, non_blocking=True),
        )

    @torch.no_grad()
    def predict(self, image: torch.Tensor) -> torch.Tensor:
        """Returns saliency maps [n, 1, h, w]."""
        with self._precision():
            return self._predict(_channels_first(image))

    def update(self, kind: str, batch: tuple[torch.Tensor, torch.Tensor]) -> Any:
        """Makes a "bootstrap", "discriminator" or "generator" update; its loss."""
        image, saliency_map = map(_channels_first, batch)
        moves = "discriminator" if kind == "discriminator" else "generator"
        params, optimizer = self._players[moves]
        with self._precision():
            loss = self._losses[kind](image, saliency_map / 255)
        gradients = torch.autograd.grad(loss, params)
        for parameter, gradient in zip(params, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        return loss.detach()

    def _player(self, network: nn.Module) -> tuple[list[nn.Parameter], Any]:
        params = [p for p in network.parameters() if p.requires_grad]
        optimizer = torch.optim.Adagrad(
            params,
            3e-4,
            weight_decay=2e-4,
            eps=1e-6,
            **{"fused" if self.device == "cpu" else "foreach": True},
        )
        return params, optimizer

    def _precision(self) -> Any:
        return torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16)

    def _predict(self, image: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.generator(image).float())

    def _content(
        self, logits: torch.Tensor, saliency_map: torch.Tensor
    ) -> torch.Tensor:
        with torch.autocast(self.device, enabled=False):
            predicted = functional.avg_pool2d(torch.sigmoid(logits.float()), 4)
            return functional.binary_cross_entropy(
                predicted, functional.avg_pool2d(saliency_map, 4)
            )

    def _content_loss(self, image, saliency_map):
        return self._content(self.generator(image), saliency_map)

    def _generator_loss(self, image, saliency_map):
        logits = self.generator(image)
        fake = self.discriminator(image, torch.sigmoid(logits)).float()
        content = self._content(logits, saliency_map)
        return self.alpha * content + functional.softplus(-fake).mean()

    def _discriminator_loss(self, image, saliency_map):
        with torch.no_grad():
            predicted = torch.sigmoid(self.generator(image)).to(image.dtype)
        judged = self.discriminator(
            torch.cat([image, image]), torch.cat([saliency_map, predicted])
        )
        real, fake = judged.float().chunk(2)
        return functional.softplus(-real).mean() + functional.softplus(fake).mean()


class Examples(torch.utils.data.Dataset):
    """The rows of two arrays: images and saliency maps, uint8."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self._arrays = arrays

    def __len__(self) -> int:
        return len(self._arrays[0])

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        return tuple(np.array(array[index]) for array in self._arrays)


DENSE = ("fc5", "fc6")


def _channels_first(x: torch.Tensor) -> torch.Tensor:
    """Returns float [n, c, h, w], channels last in memory as they were."""
    return x.permute(0, 3, 1, 2).float()


def _load_conv(layer: nn.Module, params: Any) -> None:
    _load(layer, params, (3, 2, 0, 1))


@torch.no_grad()
def _load(layer: Any, params: Any, order: tuple[int, ...]) -> None:
    kernel = torch.from_numpy(np.array(params["kernel"])).permute(order)
    layer.weight.copy_(kernel)
    layer.bias.copy_(torch.from_numpy(np.array(params["bias"])))
