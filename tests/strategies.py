"""Strategies for property tests: each makes mostly what the property is about, where chance would hardly ever."""

from hypothesis import strategies as st

Piece = str | None
"""A letter, `?`, or None for a star."""


@st.composite
def starred(draw: st.DrawFn, letters: str, *, ones: bool = False) -> tuple[tuple[Piece, ...], str]:
    """A pattern with two stars or more, and a text that fits it, or did until one character was changed."""
    pieces = st.sampled_from((None, None, *letters, *(("?",) if ones else ())))
    between = st.lists(pieces, max_size=3)
    pattern = (*draw(between), None, *draw(between), None, *draw(between))
    text = "".join(
        draw(st.text(letters, max_size=3))
        if piece is None
        else draw(st.sampled_from(letters))
        if piece == "?"
        else piece
        for piece in pattern
    )
    return pattern, draw(st.just(text) | one_changed(text, letters))


@st.composite
def one_changed(draw: st.DrawFn, text: str, letters: str) -> str:
    """The text with one character added, taken away or replaced."""
    at = draw(st.integers(0, len(text)))
    letter: str = draw(st.sampled_from(("", *letters)))
    return text[:at] + letter + text[at + draw(st.integers(0, 1)) :]


def pairs(texts: st.SearchStrategy[str], letters: str) -> st.SearchStrategy[tuple[str, str]]:
    """Two texts: the same, alike but for one character, or any."""
    return texts.flatmap(
        lambda text: st.tuples(st.just(text), st.just(text) | one_changed(text, letters) | texts)
    )
