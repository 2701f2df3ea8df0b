"""Trials and proposals as JSON, on their way to an engine's process and back. What comes out is equal to what went in.

NaN and infinities cross as Python's JSON writes them: both ends are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from hptui.model.trial import Reason, Rejection, Role, Trial, TrialStatus
from hptui.search.engine import Proposal


def _defaults() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(Trial):
        made = field.default_factory() if field.default_factory is not MISSING else field.default
        found[field.name] = made
    return found


DEFAULTS = _defaults()
"""What every field of a trial is when nothing is said; such fields do not cross."""


def trial_to_json(trial: Trial) -> dict[str, Any]:
    """All that differs from the defaults."""
    found = {name: value for name, usual in DEFAULTS.items() if (value := getattr(trial, name)) != usual}
    if trial.rejections:
        found["rejections"] = [_rejection_to_json(one) for one in trial.rejections]
    return found


def trial_from_json(found: Mapping[str, Any]) -> Trial:
    """The trial that `trial_to_json` wrote."""
    special: dict[str, Any] = {"status": TrialStatus(found["status"]), "role": Role(found["role"])}
    if "reason" in found:
        special["reason"] = Reason(found["reason"])
    if "rejections" in found:
        special["rejections"] = tuple(map(_rejection_from_json, found["rejections"]))
    if "seen" in found:
        special["seen"] = tuple(found["seen"])
    return Trial(**{**found, **special})


def proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    """A proposal with its rejections."""
    return {
        "params": proposal.params,
        "rejections": [_rejection_to_json(one) for one in proposal.rejections],
        "engine": proposal.engine,
    }


def proposal_from_json(found: Mapping[str, Any]) -> Proposal:
    """The proposal that `proposal_to_json` wrote."""
    return Proposal(found["params"], tuple(map(_rejection_from_json, found["rejections"])), found["engine"])


def _rejection_to_json(one: Rejection) -> list[Any]:
    return [one.params, one.why, one.margin]


def _rejection_from_json(found: list[Any]) -> Rejection:
    return Rejection(*found)
