"""TensorFlow Lite: one file, for phones and small devices."""

import pathlib

import numpy as np

from salgan_jax.export.chain import POOL, UPSAMPLE, Chain

FILE = "salgan.tflite"


def write(chain: Chain, directory: pathlib.Path) -> None:
    """Writes `salgan.tflite`: one image at a time, built-in operations only."""
    import tensorflow as tf  # pyright: ignore[reportMissingImports, reportMissingModuleSource]

    image_spec = tf.TensorSpec((1, *chain.image_size, 3), tf.float32, name="image")

    @tf.function(input_signature=[image_spec])
    def saliency_map(image):
        height, width = chain.image_size
        x = image * chain.scale + chain.shift
        x = tf.gather(x, [2, 1, 0], axis=3) if chain.reverses_channels else x
        for layer in chain.layers:
            if layer.before == POOL:
                height, width = height // 2, width // 2
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            elif layer.before == UPSAMPLE:
                height, width = 2 * height, 2 * width
                x = tf.image.resize(x, (height, width), method="nearest")
            x = tf.nn.conv2d(x, layer.kernel, 1, "SAME") + layer.bias
            x = tf.nn.relu(x) if layer.is_rectified else x
        return tf.nn.sigmoid(x)

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [saliency_map.get_concrete_function()]
    )
    (directory / FILE).write_bytes(converter.convert())


def run(directory: pathlib.Path, images: np.ndarray) -> np.ndarray:
    """Returns what the interpreter makes of the images, [N, height, width, 1]."""
    import tensorflow as tf  # pyright: ignore[reportMissingImports, reportMissingModuleSource]

    interpreter = tf.lite.Interpreter(str(directory / FILE))
    interpreter.allocate_tensors()
    (given,), (made,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    maps = []
    for image in images:
        interpreter.set_tensor(given["index"], image[None])
        interpreter.invoke()
        maps.append(interpreter.get_tensor(made["index"]))
    return np.concatenate(maps)
