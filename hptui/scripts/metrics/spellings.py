"""Numbers that are printed in other spellings than Python's, brought into that one before a line is read."""

from __future__ import annotations

import re

GROUPED = re.compile(r"(?<![\w.,'’])(\d{1,3})((?:['’]\d{3})+|(?:_\d{3})+|(?:[\u00a0\u2009\u202f]\d{3})+)(?![\d'’_])")
"""`12'345`, `12_345` and groups apart by a narrow space: no other meaning is known."""
SPACED = re.compile(r"([:=]\s{0,2}[-+]?)(\d{1,3})((?: \d{3})+)(?=\.\d|\s*(?:$|[,;|)\]]))")
"""`reward: 1 234.5`: groups apart by a plain space, where a value and no other number stands."""
_ROUNDED, _SPACED = r"\d+(?:\.\d+)?[kKM]", r"\d{1,3}(?: \d{3})+"
COUNTED = re.compile(
    r"(?<![\w/.-])((?:global[_ ]?step|step|iter(?:ation)?|it|update|batch)['\"]?\s{0,2}[:=#]?\s{0,2}[\[(]?\s?)"
    rf"({_ROUNDED}|{_SPACED}(?=\s*[|,;:)\]/]))(?![\w.])(?:(\s?/\s?)({_ROUNDED}|{_SPACED})(?![\w.]))?",
    re.IGNORECASE,
)
"""`step 1.5k/10k`, `step 1 234 |`: a counter that is rounded, or in groups."""
ROUNDED = re.compile(r"([:=]\s{0,2}[-+]?)(\d+(?:\.\d+)?[kKM])(?![\w.])")
"""`reward: 1.5k`."""
MULTIPLES = {"k": 1000, "K": 1000, "M": 1_000_000}
FORTRAN = re.compile(r"(?<![\w.])(\d+\.\d*|\.\d+)[dD]([-+]?\d{1,3})(?![\w.])")
"""`0.25D-02`."""
COMMAS = re.compile(r"(?<=[\s:=])([-+]?)(\d+(?:,\d+)+)(\.\d+)?([eE][-+]?\d+)?(?!\w|[.,]\d|\s*[)\]])")
"""`0,25`, `12,345.5` and `1,250`: not in brackets, where a comma is between two values."""
POINTS_APART = re.compile(r"(?<=[\s:=])([-+]?)([1-9]\d{0,2}(?:\.\d{3})+),(\d+)(?!\w|[.,]\d)")
"""`1.234,5`, which is a number where commas stand before decimals."""
THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
HAS_POINT = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.])")
MINUS = re.compile(r"\u2212(?=[\d.])")


class Spellings:
    """Follows one output: whether its numbers have commas or points before their decimals, or some have one each."""

    _has_points = _has_commas = False

    def plain(self, text: str, *, is_asked: bool) -> str:
        """Return a line with its numbers as Python writes them.

        Commas are read in a line that `is_asked` for a metric only. `1,250` is a thousand where the output has points
        before decimals, and a little more than one where it has commas; before that is known, it is no number.
        """
        if not text.isascii():
            text = MINUS.sub("-", text)
        if GROUPED.search(text):
            text = GROUPED.sub(lambda match: match[1] + re.sub(r"\D", "", match[2]), text)
        if " " in text:
            text = SPACED.sub(lambda match: match[1] + match[2] + match[3].replace(" ", ""), text)
            text = COUNTED.sub(_counted, text)
        if "d" in text or "D" in text:
            text = FORTRAN.sub(r"\1e\2", text)
        if not self._has_points and HAS_POINT.search(POINTS_APART.sub("", text) if "," in text else text):
            self._has_points = True
        if is_asked:
            text = ROUNDED.sub(lambda match: f"{match[1]}{_whole(match[2])}", text)
        if not is_asked or "," not in text:
            return text
        text = COMMAS.sub(self._without_commas, text)
        if not self._has_commas:
            return text
        return POINTS_APART.sub(lambda match: f"{match[1]}{match[2].replace('.', '')}.{match[3]}", text)

    def _without_commas(self, match: re.Match[str]) -> str:
        sign, digits, decimals, exponent = match[1], match[2], match[3] or "", match[4] or ""
        is_grouped = THOUSANDS.fullmatch(digits) is not None
        has_one = digits.count(",") == 1 and not decimals
        if is_grouped and not has_one:
            self._has_points = True
        elif has_one and not is_grouped:
            self._has_commas = True
        is_thousands = is_grouped and (not has_one or (self._has_points and not self._has_commas))
        if is_thousands:
            return sign + digits.replace(",", "") + decimals + exponent
        if has_one and self._has_commas and not (is_grouped and self._has_points):
            return sign + digits.replace(",", ".") + exponent
        return match[0]


def _counted(match: re.Match[str]) -> str:
    total = f"{match[3]}{_whole(match[4])}" if match[4] else ""
    return f"{match[1]}{_whole(match[2])}{total}"


def _whole(text: str) -> int:
    """Return the whole number of `1.5k` or `1 234`."""
    multiple = MULTIPLES.get(text[-1], 1)
    return round(float(text.rstrip("kKM").replace(" ", "")) * multiple)


def plain_cell(text: str) -> str:
    """Return a cell of a table that is divided by semicolons, with a point before its decimals."""
    return re.sub(r"^(\s*[-+]?\d+),(\d+(?:[eE][-+]?\d+)?\s*)$", r"\1.\2", text)
