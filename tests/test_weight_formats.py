"""Every file format is read by its content, and no pickle is ever executed."""

import os
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
import weight_files

from salgan_jax.errors import UserError
from salgan_jax.weights import formats

ARRAYS = {
    "features.0.weight": weight_files.numbers(4, 3, 3, 3),
    "features.0.bias": weight_files.numbers(4, start=50),
}


def read_all(path):
    contents = formats.read(str(path))
    return {name: stored.read() for name, stored in contents.arrays.items()}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_torch_file_made_by_hand_is_read_in_either_byte_order(tmp_path, order):
    path = tmp_path / "model"
    weight_files.write_torch_zip_by_hand(path, ARRAYS, order=order)
    assert formats.read(str(path)).file_format == "PyTorch"
    assert_same(read_all(path), ARRAYS)


@pytest.mark.parametrize("is_zip", [True, False])
def test_files_of_torch_save_are_read(tmp_path, is_zip):
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    path = tmp_path / "misleading.npz"
    state = {name: torch.from_numpy(array) for name, array in ARRAYS.items()}
    # Views share a storage, lie in its middle or are turned; halves and doubles mix.
    block = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state |= {"view": block[1:3, ::2], "turned": block.T, "whole": block}
    state["half"], state["double"] = block.half(), block.double()
    state["parameter"] = torch.nn.Parameter(block * 2)
    torch.save(state, path, _use_new_zipfile_serialization=is_zip)
    expected = {name: x.detach().float().numpy() for name, x in state.items()}
    assert_same(read_all(path), expected)


def test_a_module_s_own_state_dict_is_read(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    torch.save({"state_dict": module.state_dict()}, tmp_path / "a.pth")
    found = read_all(tmp_path / "a.pth")
    assert found["0.weight"].shape == (4, 3, 3, 3)
    assert "1.running_mean" in found


@pytest.mark.parametrize("protocol", [0, 2])
def test_pickles_of_lasagne_are_read(tmp_path, protocol):
    arrays = [np.asfortranarray(weight_files.numbers(4, 3)), weight_files.numbers(2)]
    path = tmp_path / "vgg16.pkl"
    weight_files.write_lasagne(path, arrays, protocol=protocol)
    assert formats.read(str(path)).file_format == "pickle"
    assert_same(read_all(path), {"arr_0": arrays[0], "arr_1": arrays[1]})


def test_a_python_2_pickle_with_strings_for_bytes_is_read(tmp_path):
    array = weight_files.numbers(2, 3)
    raw = array.tobytes()
    out = b"\x80\x02}U\x0cparam values](cnumpy.core.multiarray\n_reconstruct\n"
    out += b"cnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02K\x03\x86cnumpy\ndtype\n"
    out += b"U\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
    out += b"K\x00tb\x89T" + struct.pack("<I", len(raw)) + raw + b"tbes."
    path = tmp_path / "python2.pkl"
    path.write_bytes(out)
    assert_same(read_all(path), {"arr_0": array})


def test_npz_safetensors_and_hdf5_are_read(tmp_path):
    weight_files.write_named(tmp_path / "a.npz", ARRAYS)
    weight_files.write_safetensors(tmp_path / "b.pth", ARRAYS, {"key": "value"})
    assert_same(read_all(tmp_path / "a.npz"), ARRAYS)
    assert_same(read_all(tmp_path / "b.pth"), ARRAYS)
    assert formats.read(str(tmp_path / "b.pth")).metadata == {"key": "value"}
    weight_files.write_keras(tmp_path / "c")
    stored = formats.read(str(tmp_path / "c")).arrays["block1_conv2/block1_conv2_W_1:0"]
    assert stored.shape == (3, 3, 64, 64)
    np.testing.assert_array_equal(stored.read(), weight_files.numbers(3, 3, 64, 64))


class Executes:
    """What a hostile pickle does: calls a function with arguments of its choice."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def hostile_pickles(marker):
    touch = f"open({str(marker)!r}, 'w').close()"
    rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n"
    return {
        "system": pickle.dumps(Executes(os.system, f"touch {marker}"), 2),
        "eval": pickle.dumps({"param values": [Executes(eval, touch)]}, 2),
        "exec inside a dict": pickle.dumps({"a": [{"b": Executes(exec, touch)}]}, 2),
        "getattr": b"\x80\x02c__builtin__\ngetattr\n(cos\nsystem\nU\x01atR.",
        "instance": b"\x80\x02(ios\nsystem\n.",
        "object": b"\x80\x02(cos\nsystem\nX\x01\x00\x00\x00ao.",
        "new object": b"\x80\x02cos\n_Environ\n)\x81.",
        "dotted name": b"\x80\x04\x8c\x05torch\x8c\x09os.system\x93.",
        "attribute of a recorder": b"\x80\x02"
        + rebuild
        + b"}X\x08\x00\x00\x00__call__"
        + weight_files.unicode("x")
        + b"sb.",
        "defaults of a recorder": b"\x80\x02"
        + rebuild
        + b"N}X\x0c\x00\x00\x00__defaults__)s\x86b.",
        "state of a recorder": b"\x80\x02cnumpy\ndtype\n(K\x01K\x02tb.",
        "extension": b"\x80\x02\x82\x01.",
        "persistent id": b"\x80\x02X\x01\x00\x00\x00aQ.",
        "objects in an array": object_array(),
        "memo bomb": b"\x80\x02]r\xff\xff\xff\x7f.",
        "long string": b"\x80\x02T\xff\xff\xff\x7fabc.",
        "long number": b"\x80\x02\x8b\xff\xff\xff\x7fabc.",
        "deep": b"\x80\x02" + b"(" * 30_000 + b"t" * 30_000 + b".",
        "deep key": b"\x80\x02}" + b")" + b"\x85" * 19_000 + b"K\x01s.",
        "endless": b"\x80\x02" + b"]" * 100_000,
        "huge array": huge_array(),
    }


def object_array():
    values = [np.array([Executes(print, "executed")], dtype=object)]
    return pickle.dumps({"param values": values}, 2)


def huge_array():
    out = pickle.dumps({"param values": [np.zeros((3, 5), np.float32)]}, 2)
    assert out.count(b"K\x03K\x05\x86") == 1
    return out.replace(b"K\x03K\x05\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86")


NAMES = list(hostile_pickles("marker"))


@pytest.mark.parametrize("wrapping", ["bare", "torch zip"])
@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_pickle_is_refused_in_one_line_and_not_executed(
    tmp_path, name, wrapping
):
    marker, path = tmp_path / "executed", tmp_path / "hostile.pth"
    data = hostile_pickles(marker)[name]
    if wrapping == "bare":
        path.write_bytes(data)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model/data.pkl", data)
            archive.writestr("model/data/0", bytes(64))
    tracemalloc.start()
    with pytest.raises(UserError, match=r"hostile\.pth") as caught:
        read_all(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert not marker.exists()
    assert peak < 100e6


@pytest.mark.parametrize(
    ("number", "opcodes"),
    [
        ("offset", weight_files.integer(90)),
        ("stride", weight_files.integer(10**6)),
        ("negative", weight_files.integer(-1)),
    ],
)
def test_a_tensor_outside_of_its_storage_is_refused(tmp_path, number, opcodes):
    arrays = {"a": np.zeros((4, 25), np.float32)}
    data = weight_files.torch_pickle(arrays)
    if number == "offset":
        before = weight_files.integer(100) + b"tQ" + weight_files.integer(0)
        after = weight_files.integer(100) + b"tQ" + opcodes
    else:
        before = weight_files.integer(25) + weight_files.integer(1) + b"t"
        after = opcodes + weight_files.integer(1) + b"t"
    assert data.count(before) == 1
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", data.replace(before, after))
        archive.writestr("a/data/0", bytes(400))
    with pytest.raises(UserError, match=r"a\.pth"):
        read_all(path)


def test_a_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", bytes(50_000_000))
    with pytest.raises(UserError, match=r"bomb\.npz: it would unpack to 0\.1 GB"):
        formats.read(str(path))
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(50_000_000))
    with pytest.raises(UserError, match="too long"):
        formats.read(str(path))


def test_an_npz_of_python_objects_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{}], dtype=object))
    with pytest.raises(UserError, match=r"a\.npz"):
        formats.read(str(tmp_path / "a.npz"))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"PK\x03\x04 torn", b"\x93", b"\x89HDF\r\n\x1a\n", b"x" * 100,
     struct.pack("<Q", 2**60) + b"{}", b"\x80\x02", b"\x80\x02}.",
     b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."],
)  # fmt: skip
def test_a_torn_file_is_named(tmp_path, content):
    (tmp_path / "torn").write_bytes(content)
    with pytest.raises(UserError, match="torn"):
        formats.read(str(tmp_path / "torn"))


def test_a_folder_is_no_weight_file(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        formats.read(str(tmp_path))
