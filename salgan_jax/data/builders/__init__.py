"""One builder for each dataset, by the name under which users ask for it."""

import tensorflow_datasets as tfds

from salgan_jax.data.builders import (
    cat2000,
    dut_omron,
    eyecrowd,
    fiwi,
    image_folder,
    mit1003,
    osie,
    pascal_s,
    popout,
    salicon,
    toronto,
)

BUILDERS: dict[str, type[tfds.core.GeneratorBasedBuilder]] = {
    "cat2000": cat2000.Cat2000,
    "dut_omron": dut_omron.DutOmron,
    "eyecrowd": eyecrowd.Eyecrowd,
    "fiwi": fiwi.Fiwi,
    "image_folder": image_folder.ImageFolder,
    "mit1003": mit1003.Mit1003,
    "osie": osie.Osie,
    "pascal_s": pascal_s.PascalS,
    "popout": popout.Popout,
    "salicon": salicon.Salicon,
    "toronto": toronto.Toronto,
}
