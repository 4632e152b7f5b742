"""Which names a session may have, and what becomes of titles and of markers' file names."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.strategies import names, titles
from wfsession.core.names import (
    MARKER_PREFIX,
    MAX_BYTES,
    check_name,
    encode_marker,
    find_fault,
    fold,
    is_session_name,
    make_slug,
    nfc,
    number_name,
    parse_marker,
)
from wfsession.errors import InvalidName

STAMP = "20250907-100000"
NFC_NAME = unicodedata.normalize("NFC", "WFS-ü")
NFD_NAME = unicodedata.normalize("NFD", "WFS-ü")

VALID = [
    "a",
    "7",
    "WFS-user-profile",
    "WFS-b.2_c",
    "wfs--x",
    "WFS-",
    "x.y.z",
    "集成",
    "WFS-oauth-集成",
    "Ünïcode",
    NFC_NAME,
    "हिन्दी",
    "الجلسة",
    "سجل٣",
    "x" * MAX_BYTES,
    "é" * (MAX_BYTES // 2),
    # Only the whole name is reserved, and only what stands before the first dot.
    "completed-2",
    "my-sessions",
    "com",
    "com10",
    "com0x",
    "context",
    "nullable",
    "x.con",
]

INVALID = {
    "": "it is empty",
    "x" * (MAX_BYTES + 1): "it has 201 bytes, and 200 is the most",
    "é" * (MAX_BYTES // 2) + "x": "it has 201 bytes, and 200 is the most",
    "集" * 100: "it has 300 bytes, and 200 is the most",
    "a/b": "it contains '/'",
    "..": "it begins with '.'",
    "../a": "it contains '/'",
    "a\\b": "it contains '\\\\'",
    "a b": "it contains ' '",
    "a\0": "it contains '\\x00'",
    "a\n": "it contains '\\n'",
    "a\x7f": "it contains '\\x7f'",
    "a\x85": "it contains '\\x85'",
    "a~": "it contains '~'",
    "a*": "it contains '*'",
    "a(1)": "it contains '('",
    "a:b": "it contains ':'",
    "a$": "it contains '$'",
    "com¹": "it contains '¹'",
    "a½": "it contains '½'",
    "Ⅷ": "it contains 'Ⅷ'",
    "a🎉": "it contains '🎉'",
    "a€": "it contains '€'",
    "a\u2013b": "it contains '–'",
    "a\u00a0b": "it contains '\\xa0'",
    "a\u200bb": "it contains '\\u200b'",
    "a\u200db": "it contains '\\u200d'",
    "a\u202eb": "it contains '\\u202e'",
    "a\u2066b": "it contains '\\u2066'",
    "a\u061cb": "it contains '\\u061c'",
    "\ufeffa": "it contains '\\ufeff'",
    "a\ue000": "it contains '\\ue000'",
    "a\U000e0041": "it contains '\\U000e0041'",
    "a\ud800": "it is not valid UTF-8",
    "-a": "it begins with '-'",
    "---": "it begins with '-'",
    "_a": "it begins with '_'",
    ".a": "it begins with '.'",
    "\u0301a": "it begins with '\u0301'",
    "\u093fa": "it begins with '\u093f'",
    "a.": "it ends with a dot",
    "completed.": "it ends with a dot",
    NFD_NAME: "it is not in Unicode's composed form (NFC)",
    "\u212b": "it is not in Unicode's composed form (NFC)",
}

RESERVED = ["completed", "active", "archives", "sessions", "issues", "specs"]
DEVICES = ["con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(10))]


@pytest.mark.parametrize("name", VALID)
def test_a_name_of_letters_digits_and_three_signs_is_valid(name: str) -> None:
    assert find_fault(name) == ""
    check_name(name)
    assert is_session_name(name)


@pytest.mark.parametrize("name", INVALID)
def test_any_other_name_is_refused_with_its_reason(name: str) -> None:
    assert find_fault(name) == INVALID[name]
    with pytest.raises(InvalidName, match=re.escape(INVALID[name])) as caught:
        check_name(name)
    assert (caught.value.name, caught.value.reason) == (name, INVALID[name])


@pytest.mark.parametrize("name", RESERVED)
def test_names_of_the_layout_are_reserved_in_any_case(name: str) -> None:
    long_s = name.replace("s", "ſ")
    for form in {name, name.upper(), name.capitalize(), long_s}:
        assert find_fault(form) == "that name is reserved for a directory of the layout"
    assert find_fault(f"{name}.x") == ""


@pytest.mark.parametrize("name", DEVICES)
def test_names_of_windows_devices_are_reserved_in_any_case_and_with_any_extension(
    name: str,
) -> None:
    for form in (name, name.upper(), f"{name}.txt", f"{name.title()}.tar.gz"):
        assert find_fault(form) == "Windows reserves that name"
    assert find_fault(f"WFS-{name}") == ""


@given(names() | titles())
def test_a_valid_name_is_safe_in_a_path_and_a_listing(name: str) -> None:
    if find_fault(name):
        return
    assert len(name.encode()) <= MAX_BYTES
    assert name == nfc(name)
    assert name[0].isalnum()
    assert name.isprintable()
    assert not set(name) & set(" /\\:*?\"<>|~\0'`$;&()[]{}!#%\n\r\t")
    assert not name.endswith(".")


@given(names() | titles())
def test_on_reading_every_unicode_form_of_a_valid_name_is_one(name: str) -> None:
    if not find_fault(name):
        assert is_session_name(unicodedata.normalize("NFD", name))
    if is_session_name(name):
        assert find_fault(nfc(name)) == ""


@given(names() | titles())
@example("WFS-Straße")
@example("İ")
def test_names_that_differ_in_case_or_form_fold_to_one(name: str) -> None:
    assert fold(unicodedata.normalize("NFD", name)) == fold(name)
    assert fold(fold(name)) == fold(name)
    if name.isascii():
        assert fold(name.upper()) == fold(name.lower()) == name.lower()


def test_every_letter_folds_once_and_for_all() -> None:
    for letter in map(chr, range(0x110000)):
        if letter != letter.casefold():
            assert fold(fold(letter)) == fold(letter)


@given(names())
def test_a_marker_gives_back_the_name_that_it_was_made_of(name: str) -> None:
    entry = encode_marker(name)
    assert entry == ".active-" + name
    assert parse_marker(entry) == (None if find_fault(name) else name)


def test_a_marker_keeps_the_form_that_the_disk_has() -> None:
    assert parse_marker(MARKER_PREFIX + NFD_NAME) == NFD_NAME


@pytest.mark.parametrize(
    "entry",
    [
        ".active-",
        ".active",
        "active-WFS-x",
        ".ACTIVE-WFS-x",
        "WFS-x",
        "",
        "..active-WFS-x",
        "#.active-WFS-x#",
        ".active-WFS-x~",
        ".active-WFS-x (1)",
        ".active-WFS-x (conflicted copy 2025-09-07)",
        ".active-WFS-x copy",
        ".active-.WFS-x",
        ".active-..",
        ".active-WFS-x.",
        ".active--x",
        ".active-completed",
        ".active-CON",
        ".active-a/b",
        ".active-WFS-\udcff",
        ".active-WFS-x\n",
        ".active-" + "x" * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_marker_names_no_session(entry: str) -> None:
    assert parse_marker(entry) is None


SLUGS = {
    "OAuth 集成: phase 2": "WFS-oauth-集成-phase-2",
    "User profile": "WFS-user-profile",
    "  A  --  B  ": "WFS-a-b",
    "WFS-user-profile": "WFS-user-profile",
    "wfs user": "WFS-user",
    "wfs": "WFS-wfs",
    "../../etc/passwd": "WFS-etc-passwd",
    "v1.2_beta.": "WFS-v1.2_beta",
    "CON": "WFS-con",
    "completed": "WFS-completed",
    "A\u0308pfel": "WFS-äpfel",
    "İstanbul": "WFS-i\u0307stanbul",
    "ملف المستخدم": "WFS-ملف-المستخدم",
    "हिन्दी": "WFS-हिन्दी",
    "a\u202eb\u0000c\ud800d": "WFS-a-b-c-d",
    "☀\ufe0f sun": "WFS-sun",
    "don't": "WFS-don-t",
    "a . _ b": "WFS-a-b",
    # Nothing that anybody could read.
    "": f"WFS-{STAMP}",
    "🎉✨": f"WFS-{STAMP}",
    "☀\ufe0f": f"WFS-{STAMP}",
    "---": f"WFS-{STAMP}",
    "._.": f"WFS-{STAMP}",
    "_\u0301": f"WFS-{STAMP}",
    "\u0301": f"WFS-{STAMP}",
    "!?": f"WFS-{STAMP}",
}


@pytest.mark.parametrize("title", SLUGS)
def test_a_title_becomes_a_name(title: str) -> None:
    assert make_slug(title, STAMP) == SLUGS[title]


@given(titles(), st.integers(1, 9999))
def test_a_slug_is_valid_whatever_the_title_and_however_many_there_are(
    title: str, number: int
) -> None:
    slug = make_slug(title, STAMP)
    assert find_fault(slug) == ""
    assert find_fault(number_name(slug, number)) == ""
    assert slug.startswith("WFS-")
    assert any(character.isalnum() for character in slug.removeprefix("WFS-"))
    assert "--" not in slug
    assert len(slug) <= len("WFS-") + 60


@given(titles())
def test_a_slug_made_of_a_slug_is_the_same(title: str) -> None:
    slug = make_slug(title, STAMP)
    assert make_slug(slug, STAMP) == slug


def test_a_long_title_is_cut_between_words() -> None:
    slug = make_slug("word " * 2000, STAMP)
    assert slug == "WFS-" + "-".join(["word"] * 12)
    exact = "a" * 30 + "-" + "b" * 29
    assert make_slug(exact, STAMP) == f"WFS-{exact}"
    assert make_slug(exact + " c", STAMP) == f"WFS-{exact}"
    assert make_slug("a" * 40 + " " + "b" * 20 + " c", STAMP) == "WFS-" + "a" * 40


def test_a_long_title_is_cut_within_a_word_if_little_were_left_of_it() -> None:
    assert make_slug("a" * 31 + " " + "b" * 40, STAMP) == "WFS-" + "a" * 31
    assert make_slug("a" * 30 + " " + "b" * 40, STAMP) == "WFS-" + "a" * 30 + "-" + "b" * 29


def test_a_long_word_is_cut_where_it_must_be() -> None:
    assert make_slug("x" * 10_000, STAMP) == "WFS-" + "x" * 60
    assert make_slug("a " + "x" * 10_000, STAMP) == "WFS-a-" + "x" * 58


def test_a_long_title_of_wide_letters_is_cut_by_bytes_at_a_whole_letter() -> None:
    slug = make_slug("𠀀" * 100, STAMP)
    assert slug == "WFS-" + "𠀀" * 47
    assert len(number_name(slug, 9999).encode()) <= MAX_BYTES
    assert make_slug("𠀀" * 47 + " " + "𠀀" * 10, STAMP) == slug


def test_the_first_of_a_name_has_no_number() -> None:
    assert [number_name("WFS-x", number) for number in (1, 2, 3)] == ["WFS-x", "WFS-x-2", "WFS-x-3"]
