"""The two networks of SalGAN (Pan et al. 2017, Sec. 3), as pure Flax modules."""
