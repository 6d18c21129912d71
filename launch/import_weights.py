"""Turns a weight file of another program into a checkpoint of this one.

  python launch/import_weights.py --source=vgg16-397923af.pth --output=runs/vgg16
  python launch/import_weights.py --source=gen_modelWeights0090.npz \
      --source=discrim_modelWeights0090.npz --output=runs/authors

Read are torchvision's and timm's VGG-16 (.pth, .safetensors), Keras' (.h5), Lasagne's
(.pkl), the authors' generator and discriminator (.npz) and our own exports. What is in
a file decides, not its name; no pickle is executed. A whole generator can be used at
once (--checkpoint=DIR), any import as the start of a run (--config.init_from=DIR).
"""

from absl import flags

from salgan_jax import doors, importing

_SOURCE = flags.DEFINE_multi_string(
    "source", None, "A weight file; may be repeated.", required=True
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "A new folder for the checkpoint.", required=True
)


def main(argv: list[str]) -> None:
    """Reads, prints what was recognised, and writes the checkpoint."""
    del argv
    sources = importing.read(_SOURCE.value)
    print(importing.table(sources))
    importing.write(sources, _OUTPUT.value)
    print(f"written to {_OUTPUT.value}")


if __name__ == "__main__":
    doors.run(main)
