"""ONNX: one file, for onnxruntime, OpenVINO, TensorRT and whatever reads ONNX."""

import pathlib

import numpy as np

from salgan_jax.export.chain import POOL, UPSAMPLE, Chain

FILE = "salgan.onnx"
_OPSET = 17  # of 2022: old enough for every runtime in use
_IR_VERSION = 8  # that of opset 17


def write(chain: Chain, directory: pathlib.Path) -> None:
    """Writes `salgan.onnx`: any number of images at the chain's size."""
    import onnx
    from onnx import helper

    nodes, weights = [], []
    names = iter(range(1000))

    def add(operator: str, *inputs: str, output: str = "", **attributes) -> str:
        output = output or f"{operator.lower()}_{next(names)}"
        nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(name: str, array: np.ndarray) -> str:
        weights.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    x = add("Mul", "image", constant("scale", chain.scale))
    x = add("Add", x, constant("shift", chain.shift))
    if chain.reverses_channels:
        x = add("Gather", x, constant("channels", np.array([2, 1, 0])), axis=3)
    x = add("Transpose", x, perm=[0, 3, 1, 2])
    twice = constant("twice", np.array([1, 1, 2, 2], np.float32))
    for layer in chain.layers:
        if layer.before == POOL:
            x = add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        elif layer.before == UPSAMPLE:
            x = add(
                "Resize",
                *(x, "", twice),
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            )
        kernel = constant(f"{layer.name}.kernel", layer.kernel.transpose(3, 2, 0, 1))
        bias = constant(f"{layer.name}.bias", layer.bias)
        x = add("Conv", x, kernel, bias, pads=[layer.kernel.shape[0] // 2] * 4)
        if layer.is_rectified:
            x = add("Relu", x)
    x = add("Transpose", add("Sigmoid", x), perm=[0, 2, 3, 1], output="saliency_map")

    def images(name: str, channels: int) -> onnx.ValueInfoProto:
        shape = ["batch", *chain.image_size, channels]
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes, "salgan", [images("image", 3)], [images(x, 1)], weights
    )
    model = helper.make_model(
        graph,
        producer_name="salgan_jax",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save_model(model, directory / FILE)


def run(directory: pathlib.Path, images: np.ndarray) -> np.ndarray:
    """Returns what onnxruntime makes of the images, [N, height, width, 1]."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        directory / FILE, providers=["CPUExecutionProvider"]
    )
    (saliency_maps,) = session.run(["saliency_map"], {"image": images})
    return np.asarray(saliency_maps)
