"""Broken and hostile RSTeller files: what each is told, and that the others come in."""

from __future__ import annotations

import ast
import json
import os
import tarfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.errors import RecordError
from pairlens.importers.formats import rsteller
from pairlens.importers.formats.rsteller_shards import MAX_IMAGE_BYTES
from pairlens.importers.formats.rsteller_text import MAX_BYTES, is_literal, load, parse, text_lines
from pairlens.importers.records import CaptionedImage, Packed
from tests.unit.tars import annotation, jpeg, patched, put, sample, special, tar

TAR = "train-000000.tar"


def read(root: Path) -> tuple[list[CaptionedImage], list[str]]:
    errors: list[RecordError] = []
    images = list(rsteller.read(root, on_error=errors.append))
    for error in errors:
        assert len(str(error)) < 300
        str(error).encode()
    return images, [str(e) for e in errors]


def meta(**members: Any) -> bytes:
    return json.dumps({"metadata": {"patch_id": 1}, "annotations": []} | members).encode()


# --------------------------------------------------------------------------- odd but harmless


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf" + annotation(1), id="byte order mark"),
        pytest.param(annotation(1, licence="none", annotations_v2=[{}]), id="unknown fields"),
        pytest.param(annotation("1"), id="id as text"),
        pytest.param(annotation(None), id="no id"),
        pytest.param(annotation(1, name=""), id="no image name"),
        pytest.param(annotation(1, "caf\xe9 \U0001f6f0"), id="not ascii"),
        pytest.param(annotation(1, ""), id="an empty caption"),
        pytest.param(annotation(1, *["A field."] * 1000), id="a thousand captions"),
        pytest.param(annotation(1) + b"\r\n", id="line end"),
    ],
)
def test_no_fault(tmp_path: Path, data: bytes):
    put(tmp_path, [("1.jpg", jpeg()), ("1.json", data)])
    images, errors = read(tmp_path)
    assert ([image.image_id for image in images], errors) == (["1"], [])


# ---------------------------------------------------------------------------------- annotations

ANNOTATIONS = [
    pytest.param(b"", "is empty", id="empty"),
    pytest.param(b" \n", "is empty", id="blank"),
    pytest.param(annotation(1)[:-9], "is not valid JSON", id="truncated"),
    pytest.param(annotation(1).decode().encode("utf-16"), "is not utf-8 text", id="utf-16"),
    pytest.param(annotation(1)[:-1] + b"\xff", "is not utf-8 text", id="latin"),
    pytest.param(b"[]", "holds no object", id="list"),
    pytest.param(b'"text"', "is not valid JSON", id="text"),
    pytest.param(b"null", "holds no object", id="null"),
    pytest.param(b"{}", "has no object 'metadata'", id="no metadata"),
    pytest.param(meta(metadata=[1]), "has no object 'metadata'", id="metadata list"),
    pytest.param(meta(annotations={"a": 1}), "'annotations' that are no list", id="no list"),
    pytest.param(meta(annotations=[{}] * 1001), "1,001 annotations, over 1,000", id="many"),
    pytest.param(meta(), "1.json has no captions", id="no annotation"),
    pytest.param(annotation(-1), "has a patch id that is none: -1", id="negative id"),
    pytest.param(annotation(True), "has a patch id that is none: True", id="bool id"),
    pytest.param(annotation(1.5), "has a patch id that is none: 1.5", id="fraction id"),
    pytest.param(annotation("../1"), "has a patch id that is none: '../1'", id="path id"),
    pytest.param(annotation("x" * 101), "has a patch id that is none: 'xxx", id="long id"),
    pytest.param(annotation(1 << 63), "has a patch id that is none: 922", id="large id"),
    pytest.param(meta(metadata={"image_name": 5}), "image name that is no text", id="name 5"),
    pytest.param(b"[" * 100_000, "is not valid JSON (nested too deep", id="deep"),
    pytest.param(b"{'a':" * 100_000, "is not valid JSON", id="deep literal"),
    pytest.param(b"'" * 200_001, "is not valid JSON", id="quotes"),
    pytest.param(b"'" + b"\\'" * 100_000, "is not valid JSON", id="escapes"),
    pytest.param(b"-" * 100_000 + b"1", "is not valid JSON", id="signs"),
    pytest.param(b"9" * 100_000, "is neither JSON nor a Python literal", id="a large number"),
    pytest.param(b"__import__('os').abort()", "is not valid JSON", id="code"),
    pytest.param(b"{'a': [x for x in ()]}", "is not valid JSON", id="comprehension"),
    pytest.param(b"{[]: 1}", "is neither JSON nor a Python literal", id="unhashable"),
    pytest.param(b"{'a': '\\ud800'", "is neither JSON nor a Python literal", id="open literal"),
    pytest.param(b" " * MAX_BYTES + annotation(1), "too many for an annotation", id="over 1 MB"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), ANNOTATIONS)
def test_a_broken_annotation_is_told_and_the_rest_read(tmp_path: Path, data: bytes, reason: str):
    put(tmp_path, [("1.jpg", jpeg()), ("1.json", data), *sample(2)])
    images, errors = read(tmp_path)
    assert [image.key for image in images] == ["rsteller/train/2"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{TAR}[0]: ")
    assert reason in errors[0]
    with pytest.raises(RecordError, match=f"{TAR}.0.: "):
        list(rsteller.read(tmp_path))


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param("A field.", "is str, not an object", id="text alone"),
        pytest.param({"task": 1}, "has NoneType for its text", id="no text"),
        pytest.param({"text": ["A"]}, "has list for its text", id="list"),
        pytest.param({"text": "x" * 65_537}, "a text longer than 65,536", id="long"),
        pytest.param({"text": "\ud800"}, "half a character", id="surrogate"),
        pytest.param({"text": "A", "task": "1"}, "a task that is no number: '1'", id="task text"),
        pytest.param({"text": "A", "task": 1 << 40}, "a task that is no number", id="task large"),
        pytest.param({"text": "A", "annotator": 7}, "annotator that is no text", id="annotator"),
    ],
)
def test_a_broken_caption_leaves_the_others(tmp_path: Path, item: Any, reason: str):
    data = meta(annotations=[{"text": "A field."}, item, {"text": "A road."}])
    put(tmp_path, [("1.jpg", jpeg()), ("1.json", data)])
    (image,), errors = read(tmp_path)
    assert [caption.text for caption in image.captions] == ["A field.", "A road."]
    assert len(errors) == 1
    assert f"{TAR}[0]: 1.json: annotation 1 {reason}" in errors[0] or reason in errors[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "1.txt has no captions", id="empty"),
        pytest.param(b"\xff\xfe", "1.txt is not utf-8 text", id="encoding"),
        pytest.param(b"x" * (MAX_BYTES + 1), "1.txt has 1,048,577 bytes", id="large"),
        pytest.param(b"x" * 70_000, "1.txt holds more or longer lines", id="long line"),
        pytest.param(b"x\n" * 1001, "1.txt holds more or longer lines", id="many lines"),
    ],
)
def test_broken_lists_of_captions(tmp_path: Path, data: bytes, reason: str):
    put(tmp_path, [("1.jpg", jpeg()), ("1.txt", data), *sample(2)])
    images, errors = read(tmp_path)
    assert [image.image_id for image in images] == ["2"]
    assert len(errors) == 1 and reason in errors[0]


# -------------------------------------------------------------------------------- hostile shards

_HUGE = tarfile.TarInfo("9.jpg")

MEMBERS = [
    pytest.param(("/etc/9.jpg", b""), "//etc/9.jpg: has a name that leads out", id="absolute"),
    pytest.param(("../9.jpg", b""), "/../9.jpg: has a name that leads out", id="parent"),
    pytest.param(("a/../../9.json", b""), "has a name that leads out", id="parent within"),
    pytest.param(("C:/9.jpg", b""), "has a name that leads out", id="drive"),
    pytest.param(("..\\9.jpg", b""), "has a name that leads out", id="backslash"),
    pytest.param(special("9.jpg", tarfile.SYMTYPE, "/etc/passwd"), "is a link", id="symlink"),
    pytest.param(special("9.json", tarfile.LNKTYPE, "1.json"), "is a link", id="hard link"),
    pytest.param(special("9.jpg", tarfile.CHRTYPE), "is a device", id="device"),
    pytest.param(special("9.jpg", tarfile.FIFOTYPE), "is a device or a pipe", id="pipe"),
    pytest.param(special("9.jpg", b"Z"), "of a kind that no tar format knows", id="kind"),
    pytest.param(("1.jpg", jpeg(9)), "1.jpg: stands there twice; the first", id="twice"),
    pytest.param(("1.JPEG", jpeg(9)), "1.JPEG: stands there twice; the first", id="twice alike"),
    pytest.param(("./1.json", b"{}"), "stands there twice; the first", id="twice by path"),
]


@pytest.mark.parametrize(("entry", "reason"), MEMBERS)
def test_a_hostile_member_is_told_and_the_rest_read(tmp_path: Path, entry: Any, reason: str):
    put(tmp_path, [*sample(1), entry, *sample(2)])
    images, errors = read(tmp_path)
    assert [image.image_id for image in images] == ["1", "2"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{TAR}/")
    assert reason in errors[0]
    for image in images:
        assert isinstance(image.image, Packed)
        assert image.image.name == f"train-000000/{image.image_id}.jpg"
        stored = image.image.archive.read_bytes()[image.image.offset :][: image.image.size]
        assert stored == jpeg(int(image.image_id))


def test_a_name_that_is_no_text(tmp_path: Path):
    data = tar([("9.jpg", b"x"), *sample(1)])
    (tmp_path / TAR).write_bytes(patched(data, 0, b"\xff.jpg"))
    images, errors = read(tmp_path)
    assert [image.image_id for image in images] == ["1"]
    assert errors == [f"{TAR}/\\udcff.jpg: has a name that is not utf-8"]


def test_an_image_that_is_too_large(tmp_path: Path):
    data = tar([*sample(1), ("2.jpg", b""), *sample(3)])
    at = data.index(b"2.jpg")
    size = MAX_IMAGE_BYTES + 1
    claimed = patched(data, at + 124, b"%011o\0" % size)
    with open(tmp_path / TAR, "wb") as stream:  # with a hole where the image would be
        stream.write(claimed[: at + 512])
        stream.seek(-(-size // 512) * 512, os.SEEK_CUR)
        stream.write(claimed[at + 512 :])
    images, errors = read(tmp_path)
    assert [image.image_id for image in images] == ["1", "3"]
    assert errors == [f"{TAR}/2.jpg: has 67,108,865 bytes, too many for an image"]


@pytest.mark.parametrize(
    ("keep", "images", "reason"),
    [
        pytest.param(0, [], "is empty: 0 images before it", id="empty"),
        pytest.param(100, [], "ends in the middle of a header, at byte 100: 0", id="100 bytes"),
        pytest.param("2.jpg", ["1"], "ends in the middle of 2.jpg", id="in an image"),
        pytest.param("2.json", ["1"], "1 images before it are read; 1 of its", id="between halves"),
    ],
)
def test_a_truncated_shard_gives_its_good_images_and_one_line(
    tmp_path: Path, keep: int | str, images: list[str], reason: str
):
    data = tar([*sample(1), *sample(2), *sample(3)])
    end = keep if isinstance(keep, int) else data.index(keep.encode()) + 520
    put(tmp_path, sample(7), "train-000001.tar")
    (tmp_path / TAR).write_bytes(data[:end])
    found, errors = read(tmp_path)
    assert [image.image_id for image in found] == [*images, "7"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{TAR}: ") and reason in errors[0]


def test_a_missing_end_mark_is_noted(tmp_path: Path):
    data = tar(sample(1)).rstrip(b"\0")
    (tmp_path / TAR).write_bytes(data + bytes(-len(data) % 512))
    notes: list[str] = []
    assert len(list(rsteller.read(tmp_path, on_note=notes.append))) == 1
    assert notes[0].endswith("without an end mark; it may have been cut short")


@pytest.mark.parametrize("data", [b"no archive" * 200, b"\x1f\x8b" * 600, jpeg()])
def test_what_is_no_archive(tmp_path: Path, data: bytes):
    put(tmp_path, sample(1))
    (tmp_path / "train-000001.tar").write_bytes(data)
    images, errors = read(tmp_path)
    assert len(images) == 1
    assert len(errors) == 1 and errors[0].startswith("train-000001.tar: ")


def test_a_shard_that_cannot_be_opened(tmp_path: Path):
    put(tmp_path, sample(1))
    (tmp_path / "train-000001.tar").symlink_to(tmp_path / "train-000001.tar")
    assert len(read(tmp_path)[0]) == 1


def test_files_of_an_extracted_shard(tmp_path: Path):
    for name, data in [*sample(1), *sample(2), ("3.jpg", jpeg()), ("4.json", b"{")]:
        (tmp_path / name).write_bytes(data)
    (tmp_path / "2.json").unlink()
    (tmp_path / "2.json").mkdir()
    images, errors = read(tmp_path)
    assert [image.image_id for image in images] == ["1"]
    assert [e.split(":")[0] for e in errors] == ["2.json[0]", "3.jpg[0]", "4.json[0]"]
    assert "cannot be read (Is a directory)" in errors[0]


def test_a_large_annotation_is_not_held(tmp_path: Path):
    put(tmp_path, [("1.jpg", jpeg()), ("1.json", b" " * (40 << 20)), *sample(2)])
    tracemalloc.start()
    images, errors = read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(images), len(errors)) == (1, 1)
    assert peak < 4 * MAX_BYTES


# ------------------------------------------------------------------------------------- any text


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=4))
def test_a_literal_is_read_as_what_it_was_written_of(content: dict[str, Any]):
    finite = "inf" not in repr(content)
    if finite and is_literal(repr(content)):
        assert ast.literal_eval(repr(content)) == content
        assert load(repr(content).encode("utf-8", "ignore")) is not None


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text()))
def test_literals_of_texts_are_taken_whatever_is_in_them(content: dict[str, str]):
    text = repr(content)
    assert is_literal(text)
    assert (
        load(text.encode("utf-8", "surrogatepass") if text.isascii() else text.encode()) == content
    )


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore")))
def test_any_bytes_are_an_annotation_or_refused(data: bytes):
    for function in (parse, text_lines):
        try:
            function(data)
        except ValueError as error:
            assert str(error)


@given(st.text(alphabet="{}[]()'\",:0123456789.eE-+ \\\nuNTFonealsr", max_size=60))
def test_what_looks_like_a_literal_never_surprises(text: str):
    try:
        parse(text.encode())
    except ValueError as error:
        assert str(error)


@given(_VALUES, _VALUES)
def test_any_content_is_captions_or_refused(metadata: Any, annotations: Any):
    data = json.dumps({"metadata": metadata, "annotations": annotations}).encode()
    try:
        said = parse(data)
    except ValueError as error:
        assert str(error)
        return
    assert all(isinstance(caption.text, str) for _, caption in said.captions)
