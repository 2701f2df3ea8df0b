"""Trials in a pack compute what they do alone on stock peft, whatever their company; and no failure is shared."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.trainers.sft.packed.linear import PassRoute
from tests.trainers.sft import tiny
from tests.trainers.sft.packs import ALIKE, UNLIKE, Pack, alone, assert_same, precise

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.study(tmp_path_factory.mktemp("pack"), "qwen2")


@pytest.mark.parametrize(("trials", "start"), [(UNLIKE, 100), (ALIKE, 200)], ids=["unlike", "alike"])
def test_a_pack_computes_what_peft_computes_for_each_trial_alone(
    folder: Path, trials: tuple[dict[str, object], ...], start: int
) -> None:
    """In 64 bits; some join later, one leaves; slices of tokens, or products of all trials at once."""
    with precise():
        pack, together = Pack(folder), []
        for n, settings in enumerate(trials[:-1]):
            pack.join(settings, start + n)
        leaving = pack.join({"steps": 30}, start + 50)
        for _ in range(3):
            pack.step()
        pack.base.leave(leaving)
        last = start + len(trials) - 1
        pack.join(trials[-1], last)
        with pytest.MonkeyPatch.context() as patch:
            made = PassRoute.__init__
            patch.setattr(
                PassRoute, "__init__", lambda self, *a, **k: (made(self, *a, **k), together.append(self.together))[0]
            )
            found = pack.finish()
        assert any(x is not None for x in together) == (trials is ALIKE)
        assert leaving.result is None
        for n, settings in enumerate(trials):
            expected = alone(folder, settings, start + 60 + n, seed=start + n)
            assert_same(found[start + n], expected, 1e-12, 1e-10)
