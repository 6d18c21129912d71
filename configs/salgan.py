"""SalGAN on SALICON as published (Pan et al. 2017), and as the article tells it.

    python launch/train.py --config=configs/salgan.py --workdir=runs/salgan \
        --config.init_from=vgg16-397923af.pth

`salgan.py:article` trains with batches of 8, 150,000 iterations in 120 epochs, and
words the content loss as the sum over pixels.
Published on SALICON 2015 (Table 3): NSS 2.56, CC 0.786. Not yet run here.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan
from salgan_jax.errors import UserError, did_you_mean

_BATCH_SIZES = {"paper": 32, "article": 8}


def get_config(account: str = "paper") -> ConfigDict:
    """Returns the recipe as the paper or the article gives it."""
    if account not in _BATCH_SIZES:
        hint = did_you_mean(account, _BATCH_SIZES)
        known = ", ".join(_BATCH_SIZES)
        raise UserError(f"salgan.py:{account}: use one of {known}{hint}")
    config = salgan.default()
    config.batch_size = _BATCH_SIZES[account]
    config.losses.content_reduction = "sum" if account == "article" else "mean"
    return config
