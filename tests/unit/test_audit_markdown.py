"""Texts of a dataset in Markdown: they show as they are, and nothing of them acts."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.fiftyone_plugin.audit.markdown import MAX_QUERY, escape


@pytest.mark.parametrize(
    "text",
    [
        "The plain car, in the top-left (near) road.",
        'Who\'s "that"? 50% of it; 3.5 m',
        "gres/train/lisat_gres_000000004779",
        "note: the mask, 106x195 pixels",
        "le bâtiment à l'est",
    ],
)
def test_plain_texts_stay_readable(text: str):
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("![x](http://a.b/c.png)",
                     "&#33;&#91;x&#93;(http&#58;&#47;&#47;a&#46;b/c&#46;png)", id="image"),
        pytest.param("[x](javascript:alert(1))", "&#91;x&#93;(javascript&#58;alert(1))", id="link"),
        pytest.param("www.evil.example", "www&#46;evil&#46;example", id="bare address"),
        pytest.param("a@b.co", "a&#64;<!-- -->b&#46;co", id="mail and mention"),
        pytest.param("<script>x</script>", "&#60;script&#62;x&#60;&#47;script&#62;", id="HTML"),
        pytest.param("&lt;", "&#38;lt;", id="entity"),
        pytest.param("a|b", "a&#124;b", id="table cell"),
        pytest.param("`a` *b* __c__ ~~d~~ $e$", "&#96;a&#96; &#42;b&#42; &#95;&#95;c&#95;&#95; "
                     "&#126;&#126;d&#126;&#126; &#36;e&#36;", id="emphasis, code, formula"),
        pytest.param("# head", "&#35; head", id="heading"),
        pytest.param("- a", "&#45; a", id="list"),
        pytest.param("1. a", "1&#46; a", id="numbered list"),
        pytest.param("a\n\n# b\r\n> c", "a &#35; b &#62; c", id="lines"),
        pytest.param("a\\b", "a&#92;b", id="backslash"),
        pytest.param("a\u202eb\x00", "a&#91;U&#43;202E&#93;b&#91;U&#43;0000&#93;", id="unseen"),
        pytest.param("", "", id="nothing"),
    ],
)  # fmt: skip
def test_whatever_acts_is_taken_out(text: str, expected: str):
    assert escape(text) == expected


def test_long_texts_are_cut():
    cut = escape("word " * 1000)
    assert len(cut) <= MAX_QUERY
    assert cut.endswith(" …")
    assert len(escape("\u202e" * 10**6)) < 20 * MAX_QUERY


@given(st.text(max_size=80))
def test_it_reads_as_it_was_and_holds_no_markup(text: str):
    escaped = escape(text)
    assert "\n" not in escaped
    assert not re.search(r"[`*<>|\[\]\\$~]", escaped.replace("<!-- -->", ""))
    shown = html.unescape(escaped.replace("<!-- -->", ""))
    if text.isascii() and text.isprintable():
        assert shown == " ".join(text.split())
