"""A table of fixations is read as any program writes it, or its line is named."""

import pytest

from salgan_jax.data.builders import fixation_table
from salgan_jax.errors import UserError


@pytest.fixture
def read(tmp_path):
    def read(data):
        path = tmp_path / "fixations.csv"
        path.write_bytes(data)
        return fixation_table.read(path)

    return read


@pytest.mark.parametrize(
    "data",
    [
        b"image,x,y\na.jpg,1.5,2\nb/c,3,4e0\n",
        b"image,x,y\r\na.jpg,1.5,2\r\nb/c,3,4e0\r\n",
        b"\xef\xbb\xbfimage,x,y\r\na.jpg,1.5,2\r\n\r\nb/c,3,4e0",
        b'"image","x","y"\n"a.jpg","1.5","2"\n"b\\c","3","4"\n',
        b" image , y , x \n a.jpg , 2 , 1.5 \n b/c , 4 , 3 \n",
    ],
)
def test_table_is_read_however_it_was_written(data, read):
    rows = read(data)
    assert [row[1:] for row in rows] == [
        ("a.jpg", 1.5, 2.0, -1),
        ("b/c", 3.0, 4.0, -1),
    ]


def test_observers_are_numbered_in_order_of_appearance(read):
    rows = read(b"image,x,y,observer\na,1,2,P7\nb,1,2,3\na,3,4,P7\nb,0,0,-\n")
    assert [row.observer for row in rows] == [0, 1, 0, 2]
    assert [row.line for row in rows] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"csv:1: '': the columns must be image,x,y or image,x,y,observer"),
        (b"\n\n", r"the columns must be"),
        (b"image,x,y\n", r"csv has no fixations"),
        (b"a.jpg,1,2\n", r"csv:1: 'a.jpg,1,2': the columns must be"),
        (b"image,x,y,subject\na,1,2,3\n", r"the columns must be"),
        (b"image,x\na,1\n", r"the columns must be"),
        (b"image,x,y,x\na,1,2,3\n", r"the columns must be"),
        (
            b"image;x;y\na;1,5;2\n",
            r"separate columns by commas, and decimals by points",
        ),
        (b"image\tx\ty\na\t1\t2\n", r"separate columns by commas"),
        (b"image,x,y\na,1,5,2\n", r"csv:2: 4 cells instead of 3; separate decimals"),
        (b"image,x,y\na,1,2\na,one,2\n", r"csv:3: 'one' is not a number of pixels"),
        (b"image,x,y\na,1,nan\n", r"csv:2: 'nan' is not a number"),
        (b"image,x,y\na,1,inf\n", r"csv:2: 'inf' is not a number"),
        (b"image,x,y\n,1,2\n", r"csv:2: the image is missing"),
        (b"image,x,y,observer\na,1,2,\n", r"csv:2: the observer is missing"),
        (b'image,x,y\na,"1,2\n', r"csv:2: unexpected end of data"),
        ("image,x,y\na,1,2\n".encode("utf-16"), r"csv is not text in UTF-8"),
        (b"image,x,y\n\xff,1,2\n", r"csv is not text in UTF-8"),
    ],
)
def test_wrong_table_is_refused_by_line(data, message, read):
    with pytest.raises(UserError, match=message) as caught:
        read(data)
    assert len(str(caught.value).splitlines()) == 1
