"""What to print where a stream cannot hold a glyph: one plain character for each, so that columns stay aligned."""

from __future__ import annotations

import codecs
import unicodedata
from typing import TextIO

PLAIN = str.maketrans(
    {
        **dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)),
        **{"┆": "|", "│": "|", "▲": "^", "▼": "v", "→": ">", "✓": "+", "●": "o", "✗": "x", "★": "*", "−": "-"},
        **{
            "Δ": "d",
            "·": "-",
            "–": "-",
            "—": "-",
            "…": "~",
            "×": "x",
            "≥": ">",
            "≤": "<",
            "○": "o",
            "∙": ".",
            "•": "o",
        },
        **{"€": "E", "£": "L", "¥": "Y", "\u00a0": " ", "‘": "'", "’": "'", "“": '"', "”": '"'},
        **dict(zip("▏▎▍▌▋▊▉", "---####", strict=True)),
        **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)),
    }
)
HANDLER = "saasmetrics.glyphs"


def plain(text: str) -> str:
    """The text in ASCII, character for character: a glyph by its stand-in, a letter without its accent, else `?`."""
    return "".join(map(_plain, text.translate(PLAIN)))


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base.isascii() else "?"


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


def tolerate(stream: TextIO) -> None:
    """Let a stream print any text, whatever its encoding.

    Edges: only what the encoding lacks is replaced; a stream that is not backed by bytes needs nothing.
    """
    codecs.register_error(HANDLER, _stand_in)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=HANDLER)
