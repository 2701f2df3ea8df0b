"""What a trial has left: images in terminals that show them, texts by their step."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest

from hptui.store.store import Store
from hptui.tui.images import image_protocol, image_sequence
from hptui.tui.sources.records import series_of
from tests.operations.made import TRIALS, make
from tests.tui.walk import walking

SIZE = (24, 13)


def picture(form: str) -> bytes:
    from PIL import Image

    image = Image.new("RGB", SIZE, (200, 30, 30))
    for x in range(SIZE[0]):
        image.putpixel((x, x % SIZE[1]), (0, 0, 255))
    target = io.BytesIO()
    image.save(target, form)
    return target.getvalue()


@pytest.mark.parametrize(
    ("environ", "protocol"),
    [
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-kitty", "TMUX": "x"}, ""),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-kitty", "TEXTUAL_DRIVER": "web"}, ""),
    ],
)
def test_a_terminal_is_known_by_its_environment(environ, protocol):
    assert image_protocol(environ) == protocol


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_kitty_gets_the_image_as_png_in_chunks_and_iterm_gets_the_file(form):
    data = picture(form)
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b", image_sequence(data, "kitty", 9))
    assert all(len(part) <= 4096 for _, part in parts)
    assert [("m=1" in options) for options, _ in parts] == [True] * (len(parts) - 1) + [False]
    assert "r=9" in parts[0][0]
    assert base64.b64decode("".join(part for _, part in parts)).startswith(b"\x89PNG")
    sequence = image_sequence(data, "iterm2", 9)
    assert base64.b64decode(sequence.partition(":")[2].rstrip("\a")) == data


def test_sixels_are_the_pixels():
    """Read back: every pixel is set by exactly one colour, and it is the right one."""
    text = image_sequence(picture("PNG"), "sixel", 30)
    assert text.startswith(f'\x1bPq"1;1;{SIZE[0]};{SIZE[1]}')
    body = text.removeprefix("\x1bPq").removesuffix("\x1b\\")
    colours = {int(n): (int(r), int(g), int(b)) for n, r, g, b in re.findall(r"#(\d+);2;(\d+);(\d+);(\d+)", body)}
    drawn = re.sub(r'"[\d;]*|#\d+;2;\d+;\d+;\d+', "", body)
    pixels: dict[tuple[int, int], int] = {}
    for band, line in enumerate(drawn.split("-")[:-1]):
        for colour, signs in re.findall(r"#(\d+)([^#$]*)\$", line):
            x = 0
            for count, sign in re.findall(r"(?:!(\d+))?([?-~])", signs):
                for _ in range(int(count or 1)):
                    for row in range(6):
                        if (ord(sign) - 63) >> row & 1:
                            assert (x, band * 6 + row) not in pixels
                            pixels[x, band * 6 + row] = int(colour)
                    x += 1
            assert x == SIZE[0]
    assert len(pixels) == SIZE[0] * SIZE[1]
    blue = {place for place, colour in pixels.items() if colours[colour][2] > 90}
    assert blue == {(x, x % SIZE[1]) for x in range(SIZE[0])}


def test_the_same_text_of_other_steps_is_found_by_its_number():
    names = ["sample-2.txt", "sample-10.txt", "sample-1.txt", "other-1.txt", "sample.txt", "a/sample-1.txt"]
    series = ["sample-1.txt", "sample-2.txt", "sample-10.txt", "sample.txt"]
    assert series_of("sample-2.txt", names) == series
    assert series_of("sample.txt", names) == series, "without a number it holds the newest"
    assert series_of("other-1.txt", names) == ["other-1.txt"]


async def test_records_of_other_steps_are_one_key_away(home):
    """Whether a trial has written a file per step, or one file of records with steps."""
    sd = make(home, TRIALS)
    files = ["generations-00000050.jsonl", "generations-00000100.jsonl", "generations.jsonl"]
    for file in files:
        path = sd.trial(3) / "artifacts" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"output": f"says {file}", "category": "correct"}) + "\n")
        with Store.open(sd) as store:
            store.add_artifact(3, 1, f"artifacts/{file}")
    async with walking(home, study=sd) as walk:
        await walk.until("winner")
        await walk.press("asterisk", "enter")
        await walk.until("attempt 1")
        await walk.press("enter")
        await walk.until("Artifact")
        await walk.press(*"-00000050", "enter")
        await walk.until("says generations-00000050.jsonl")
        for file in files[1:]:
            await walk.press("right_square_bracket")
            await walk.until(f"says {file}")
            assert f"{files.index(file) + 1} of 3" in walk.text
        await walk.press("right_square_bracket")
        await walk.until_said("that is the last of 3 steps")
        await walk.press("left_square_bracket")
        await walk.until(f"says {files[1]}")
