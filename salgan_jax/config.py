"""Every setting of an experiment: its default, its unit and where the number is from.

The defaults are SalGAN as published (Pan et al. 2017, arXiv:1701.01081v3). A file in
`configs/` starts from them and changes the lines that differ.

The comment above or beside a field is its documentation: `--help_config` prints it,
with what stands in [] as its unit and what follows "(from" as its source. What has no
source is our choice.
"""

from ml_collections import ConfigDict

from salgan_jax import limits, relations


def default() -> ConfigDict:
    """Returns the published experiment, complete and locked."""
    config = ConfigDict()
    config.name = "salgan"  # of the experiment, for people
    config.seed = 0  # of the initial weights, the order of the data, the flips
    config.batch_size = 32  # of a step, over all devices [examples] (from Sec. 4.2)
    config.num_devices = 0  # of each process; 0: all that there are [devices]
    # Adversarial steps are D's and G's in turn; "both": each is both, on one batch and
    # one prediction. (from Sec. 4.2)
    config.schedule = "alternate"
    # Sent to the device at once: 1, or an even divisor of logging.every_steps. [steps]
    config.fused_steps = 1
    # A loss or gradient that is not finite: "stop" the run, naming step and network; or
    # "skip" that update, count it, and stop only where they come in a long row.
    config.on_nan = "stop"
    # Where compiled programs are kept: "": beside the workdir; "none": nowhere.
    config.compilation_cache = ""
    # The first weights: VGG-16 as torchvision's vgg16-397923af.pth, or as an .npz; an
    # import; a run to go on from; "random": Glorot weights. (from Sec. 3.1)
    config.init_from = "vgg16-397923af.pth"

    config.data = ConfigDict()  # what is trained on and scored
    # This one: 10,000 train, 5,000 validation images. Several, mixed by weight and
    # scored on all of them: "salicon/2017:3,osie:1". (from Sec. 4)
    config.data.dataset = "salicon/2015"
    config.data.train_split = "train"  # the part that is trained on (from Sec. 4)
    config.data.eval_split = "validation"  # the part that is scored (from Sec. 4)
    # Where prepared data sets lie; "": TFDS_DATA_DIR or ~/tensorflow_datasets.
    config.data.data_dir = ""
    # Cross-validation within train_split; 0: none, eval_split is scored. [folds]
    config.data.num_folds = 0
    config.data.fold = 0  # which fold is held out and scored, from 0
    # (height, width) that the networks see, multiples of 16. [pixels] (from Sec. 3.1)
    config.data.image_size = (192, 256)
    # How an image comes to that size: "pad" keeps its proportions, with bars that count
    # in the content loss as places where nobody looked. (from released code)
    config.data.geometry = "stretch"
    config.data.horizontal_flip = False  # of half the examples (from released code)
    # Where examples at training size wait: "host" memory, memory of the "device", or
    # "none": read and resized anew each epoch. SALICON at 256x192 is 2 GB. "auto": on
    # an accelerator where they fit, else on the host, else, where no disk holds them,
    # nowhere.
    config.data.cache = "auto"
    config.data.num_workers = 0  # readers for cache "none"; 0: threads [processes]

    config.model = ConfigDict()  # the two networks
    # Channels of both networks relative to SalGAN's, above 0 and at most 4. [factor]
    # (from Sec. 3.1)
    config.model.width_multiplier = 1.0
    # The same of the encoder alone; 0: width_multiplier. Only at 1 it is VGG-16, and
    # can have its weights. [factor]
    config.model.encoder_width = 0.0
    config.model.decoder_width = 0.0  # of the decoder; 0: width_multiplier [factor]
    # Of the discriminator; 0: width_multiplier. [factor]
    config.model.discriminator_width = 0.0
    # So many of the first keep VGG-16's channels, and can have its weights, in an
    # encoder that is narrower. [blocks]
    config.model.full_width_blocks = 0
    # So many, conv1_x to conv3_x, keep VGG-16's weights. [blocks] (from Sec. 3.1)
    config.model.frozen_blocks = 3
    # How images are prepared: as the weights of "torchvision" or of "caffe" expect it;
    # "auto": as the initial weights do, and as torchvision's where they are random.
    config.model.input_convention = "auto"
    config.model.kernel_init = "glorot_uniform"  # random weights (from Lasagne)
    # Which description of it: of the "article", the "paper"'s Table 1, or that of the
    # "released_code".
    config.model.discriminator = "article"
    # What it sees of an image: "rgb255"; that "normalized" to values of about 1; or the
    # generator's "frozen_features" of it, which join the map's features.
    config.model.discriminator_input = "rgb255"  # (from released code)
    # What it sees of a map: its values, a "probability"; that "standardized" to mean 0
    # and deviation 1; a "density" with mean 1; or that over its "maximum".
    config.model.discriminator_map = "probability"  # (from released code)
    # Where the map joins the image: in the "first_layer", or in the "second_block",
    # which the image reaches alone.
    config.model.discriminator_map_enters = "first_layer"  # (from Sec. 3.2, Table 1)
    # Channels of its first layer. [channels] (from Sec. 3.2, Table 1)
    config.model.discriminator_first_outputs = 3
    # Its first layer begins "random", or "passes_map": one of its channels is the map.
    config.model.discriminator_first_init = "random"  # (from Lasagne)
    # Of its convolutions; "leaky_relu" lets a fifth of what is negative through.
    config.model.discriminator_activation = "relu"  # (from Sec. 3.2, Table 1)
    # Before its matrices: "none", or the "mean" over all places of the image.
    config.model.discriminator_pooling = "none"  # (from Sec. 3.2, Table 1)
    # Units of its last hidden layer; 0: there is none. [units]
    # (from Sec. 3.2, Table 1)
    config.model.discriminator_bottleneck = 2
    # "spectral": its kernels are divided by their largest singular value.
    config.model.discriminator_norm = "none"
    # The decoder is given what goes into block 4 of the encoder, and into block 3 where
    # that is trained.
    config.model.skip_connections = False
    config.model.dilated = False  # block 5 sees more of the image instead of a pool4
    config.model.centre_prior = False  # a learned Gaussian is added to the logits
    # Standard deviation of a Gaussian that blurs the logits; 0: none. [pixels]
    config.model.smoothing_sigma = 0.0
    # The last layer's bias starts at the logit of the mean value of the training maps,
    # and not at 0, which is a map of 0.5 everywhere.
    config.model.output_bias = False
    # Compute the frozen blocks once for each image and not once a step: 0.39 MB an
    # image of 256x192 in bfloat16, 0.79 MB in float32, twice that with flips.
    config.model.cache_frozen_features = False

    config.precision = ConfigDict()  # of the arithmetic; parameters are float32
    # "float32", "bfloat16", or "auto": bfloat16 on GPU and TPU, float32 on CPU.
    config.precision.generator = "auto"
    # The same; half precision spoils its gradients.
    config.precision.discriminator = "float32"

    config.losses = ConfigDict()  # what the two players minimise
    # Weight of the content loss against the adversarial loss; 0.05 in v2 of the paper
    # and in the released code. [factor] (from Sec. 4.1, v3)
    config.losses.alpha = 5e-3
    # By which both maps are made smaller for the content loss. [factor]
    # (from Sec. 4.1, Table 2)
    config.losses.content_downsample = 4
    # Of the cross-entropies of a map's pixels: their "mean", or, as the article words
    # it, their "sum", which is as many times as loud beside all other losses.
    config.losses.content_reduction = "mean"  # (from released code)
    # What the two players minimise: "cross_entropy", "hinge" or "least_squares".
    config.losses.game = "cross_entropy"  # (from Sec. 4.2, Eq. 3 and 4)
    # The norm of the adversarial loss's gradient at the logits, in norms of the content
    # loss's, which then has no alpha; 0: as alpha has it. [factor]
    config.losses.adversarial_share = 0.0
    config.losses.bce = 1.0  # weight of cross-entropy in the content loss [factor]
    # Weight of the KL divergence from the true map in the content loss. [factor]
    config.losses.kld = 0.0
    # Weight of CC in the content loss, which it lowers. [factor]
    config.losses.cc = 0.0
    # Weight of NSS in the content loss, which it lowers; it needs fixations. [factor]
    config.losses.nss = 0.0
    # Weight of half the squared gradient of D at true maps in its loss. [factor]
    config.losses.r1_penalty = 0.0
    # Where D's loss is lower, D climbs: it never becomes so sure that it teaches G
    # nothing. Two coins are 1.386; 0: no such level. [nats]
    config.losses.discriminator_flood = 0.0

    config.bootstrap_optimizer = _adagrad()  # the generator's, in the first phase
    config.generator_optimizer = _adagrad()  # the generator's, in the adversarial phase
    config.discriminator_optimizer = _adagrad()  # the discriminator's

    config.phases = ConfigDict()  # bootstrap, then the game of the two networks
    config.phases.bootstrap_epochs = 15  # content loss only [epochs] (from Sec. 4.2)
    # Then the discriminator's updates alone, where a game follows. [epochs]
    config.phases.discriminator_warmup_epochs = 0
    # In all, an epoch of steps each. [epochs] (from Sec. 4.2, Fig. 3)
    config.phases.num_epochs = 120
    # Whether the slots of the first phase go on in the second; released code: no.
    config.phases.carry_optimizer_state = True

    # The moving average of G's parameters forgets so slowly, and is what predicts; 0:
    # none is kept, the last ones predict. [factor a step]
    config.phases.average_decay = 0.0

    config.logging = ConfigDict()  # what is shown of a run
    config.logging.every_steps = 20  # scalars, and a look for NaNs [steps]
    config.logging.num_panels = 6  # evaluation images drawn as samples [images]
    # Weights & Biases gets scalars, panels and curves under this project; "": nothing.
    config.logging.wandb_project = ""

    config.evaluation = ConfigDict()  # scores during a run
    # How often, and at the end of each phase; 0: only then. [epochs]
    config.evaluation.every_epochs = 5
    config.evaluation.max_images = 0  # the first ones; 0: all [images]
    config.evaluation.batch_size = 8  # predicted at once [images]

    config.checkpoint = ConfigDict()  # what is saved of a run
    config.checkpoint.every_steps = 0  # how often; 0: once an epoch [steps]
    # The newest ones; the best is kept besides. [checkpoints]
    config.checkpoint.max_to_keep = 3
    config.checkpoint.best_metric = "cc"  # by which one of them is the best
    config.lock()
    return config


def _adagrad() -> ConfigDict:
    optimizer = ConfigDict()
    # How gradients become steps; released code: "nesterov". (from Sec. 4.2)
    optimizer.rule = "adagrad"
    optimizer.learning_rate = 3e-4  # of each step, above 0 [factor] (from Sec. 4.2)
    # Of the learning rate over a phase: "constant", or "warmup_cosine", up to it in the
    # first twentieth of its updates and then down to 0.
    optimizer.schedule = "constant"
    # What the sum of squared gradients begins with; optax: 0.1. (from Lasagne)
    optimizer.initial_accumulator_value = 0.0
    # Keeps the root from being 0, and stands inside it; optax: 1e-7. (from Lasagne)
    optimizer.epsilon = 1e-6
    optimizer.momentum = 0.0  # of "nesterov" only [factor]
    # Coefficient of |w|^2 in the loss; "adamw" applies it beside it. [factor]
    # (from Sec. 4.2)
    optimizer.weight_decay = 1e-4
    return optimizer


def validate(config: ConfigDict) -> None:
    """Checks every field, and every relation between fields, that a run relies on.

    Raises:
        UserError: names the field, its value and what is accepted.
    """
    limits.check(config)
    relations.check(config)
