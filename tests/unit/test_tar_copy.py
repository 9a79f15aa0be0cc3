"""Members copied between archives, and captions edited in the text of annotations."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats.annotation_edit import (
    CaptionEdits,
    edit_annotation,
    edit_lines,
)
from pairlens.importers.formats.rsteller_text import parse, text_lines
from pairlens.importers.formats.tar_copy import RECORD, TarCopy
from pairlens.importers.records import Caption
from pairlens.importers.tar_index import walk
from tests.unit.tars import annotation, tar

FORMS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
MEMBERS = [
    ("1.jpg", b"x" * 700),
    ("d" * 90 + "/" + "é" * 40, b"{}"),
    ("2.jpg", b""),
    ("2.json", b"y" * 512),
]


def copied(data: bytes, keep: set[int], replaced: dict[int, bytes]) -> bytes:
    out = io.BytesIO()
    source = io.BytesIO(data)
    with TarCopy(source, out) as copy:
        for number, member in enumerate(list(walk(source))):
            if number in replaced:
                copy.replace(member, replaced[number])
            elif number in keep:
                copy.keep(member)
    return out.getvalue()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_copy_of_all_members_is_the_archive(form: int):
    assert copied(tar(MEMBERS, form), {0, 1, 2, 3}, {}) == tar(MEMBERS, form)


@given(
    st.sets(st.integers(0, 3)),
    st.dictionaries(st.integers(0, 3), st.binary(max_size=1200), max_size=2),
    st.sampled_from(sorted(FORMS)),
)
def test_what_is_kept_is_kept_and_what_is_replaced_reads_as_it_should(
    keep: set[int], replaced: dict[int, bytes], form: str
):
    data = copied(tar(MEMBERS, FORMS[form]), keep, replaced)
    expected = [
        (name, replaced.get(n, content))
        for n, (name, content) in enumerate(MEMBERS)
        if n in keep or n in replaced
    ]
    assert len(data) % RECORD == 0
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8") as archive:
        found = archive.getmembers()
        assert [m.name for m in found] == [name for name, _ in expected]
        for member, (_, content) in zip(found, expected, strict=True):
            stored = archive.extractfile(member)
            assert stored is not None and stored.read() == content
            assert (member.mtime, member.uname) == (1_700_000_000, "curator")
    assert len(list(walk(io.BytesIO(data)))) == len(expected)


def test_an_archive_cut_in_its_filling_is_filled():
    whole = tar([("1.jpg", b"x" * 700)])
    out, source = io.BytesIO(), io.BytesIO(whole[: 512 + 700])
    with TarCopy(source, out) as copy:
        copy.keep(next(iter(walk(source))))
    assert out.getvalue() == whole


def test_a_size_that_stands_elsewhere_is_not_edited():
    info = tarfile.TarInfo("1.json")
    info.pax_headers = {"size": "2"}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    data = bytearray(stream.getvalue())
    (member,) = walk(io.BytesIO(bytes(data)))
    assert member.size == 2
    with pytest.raises(StateError, match="in a pax header"):
        copied(bytes(data), set(), {0: b"new"})


def test_nothing_is_finished_after_a_failure():
    out = io.BytesIO()
    with pytest.raises(KeyError), TarCopy(io.BytesIO(), out):
        raise KeyError
    assert out.getvalue() == b""


# ------------------------------------------------------------------------------- annotations

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def forms(texts: list[str], number: int) -> list[bytes]:
    """One annotation in the forms that occur."""
    content: dict[str, Any] = json.loads(annotation(number, *texts, odd=[1.50, {"text": "x"}]))
    return [
        json.dumps(content).encode(),
        json.dumps(content, indent=4, ensure_ascii=False).encode(),
        b"\xef\xbb\xbf" + json.dumps(content).encode(),
        repr(content).encode(),
        ("\n" + repr(content).replace(", 'annotations'", ",\n 'annotations'", 1)).encode(),
        json.dumps(repr(content)).encode(),
        json.dumps(json.dumps(content)).encode(),
    ]


@given(st.lists(_TEXTS, min_size=1, max_size=4), st.data())
def test_an_edit_changes_the_caption_and_nothing_else(texts: list[str], draw: st.DataObject):
    numbers = st.integers(0, len(texts) - 1)
    edits = draw.draw(st.dictionaries(numbers, _TEXTS, min_size=1))
    for data in forms(texts, 7):
        before, after = parse(data), parse(edit_annotation(data, CaptionEdits(edits)))
        expected = [edits.get(n, text) for n, text in enumerate(texts)]
        assert [caption.text for _, caption in after.captions] == expected
        rest = [[(c.task, c.annotator) for _, c in said.captions] for said in (before, after)]
        assert rest[0] == rest[1]
        assert (after.patch_id, after.image_name) == (before.patch_id, before.image_name)
        back = edit_annotation(
            edit_annotation(data, CaptionEdits(edits)), CaptionEdits({n: texts[n] for n in edits})
        )
        assert parse(back) == before


@given(st.lists(_TEXTS, min_size=1, max_size=4), st.lists(_TEXTS, max_size=2), st.data())
def test_captions_go_and_come(texts: list[str], new: list[str], draw: st.DataObject):
    numbers = st.integers(0, len(texts) - 1)
    edits = draw.draw(st.dictionaries(numbers, _TEXTS))
    gone = frozenset(draw.draw(st.sets(numbers)))
    added = tuple(Caption(text, task, "ann") for task, text in enumerate(new, 1))
    for data in forms(texts, 7):
        after = parse(edit_annotation(data, CaptionEdits(edits, gone, added)))
        left = [edits.get(n, text) for n, text in enumerate(texts) if n not in gone]
        assert [caption.text for _, caption in after.captions] == left + new
        assert [caption for _, caption in after.captions[len(left) :]] == list(added)
        assert len(after.faults) == len(parse(data).faults)


def test_every_other_byte_stays_where_captions_go_and_come():
    data = b'{"annotations": [\n  {"text": "A"},\n  {"text": "B", "x": 1.50}\n], "metadata": {}}'
    edits = CaptionEdits({}, frozenset({0}), (Caption("C"),))
    assert edit_annotation(data, edits) == data.replace(b'{"text": "A"},\n  ', b"").replace(
        b"1.50}", b'1.50},\n  {"text": "C"}'
    )


def test_every_other_byte_stays():
    data = b'{ "metadata":{"patch_id":1e0},\n "annotations" : [{"text":"A" , "x":[1.50]}] }\r\n'
    assert edit_annotation(data, CaptionEdits({0: 'B"'})) == data.replace(b'"A"', b'"B\\""')
    literal = b"{'metadata': {}, 'caf\xc3\xa9': 1, 'annotations': [{'text' : u'A' , 'x': (1,)}]}\n"
    changed = literal.replace(b"u'A'", b'"it\'s"')
    assert edit_annotation(literal, CaptionEdits({0: "it's"})) == changed


def test_ascii_stays_ascii_and_the_rest_stays_readable():
    assert b"caf\\u00e9" in edit_annotation(annotation(1, "A"), CaptionEdits({0: "café"}))
    readable = '{"metadata": {}, "annotations": [{"text": "é"}]}'.encode()
    assert "café".encode() in edit_annotation(readable, CaptionEdits({0: "café"}))


def test_lines():
    data = b"\xef\xbb\xbfA field.\r\n\r\nA road.\nEnd"
    assert [n for n, _ in text_lines(data)] == [0, 2, 3]
    edited = edit_lines(data, CaptionEdits({0: "One.", 2: "Two."}))
    assert edited == b"\xef\xbb\xbfOne.\r\n\r\nTwo.\nEnd"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_go_and_come(mark: bytes, end: bytes):
    between = end or b"\n"
    data = mark + b"A." + between + b"B." + end
    edits = CaptionEdits({}, frozenset({0}), (Caption("C."), Caption("D.")))
    expected = [b"B.", b"C.", b"D."]
    assert edit_lines(data, edits) == mark + between.join(expected) + end
    everything = CaptionEdits({}, frozenset({0, 1}), (Caption("C."),))
    assert edit_lines(data, everything).removeprefix(mark).strip() == b"C."


@pytest.mark.parametrize("text", ["", " ", "two\nlines", "two\rlines"])
def test_what_is_no_line(text: str):
    with pytest.raises(UsageError, match="cannot be written as a line of captions"):
        edit_lines(b"A field.\n", CaptionEdits({0: text}))
