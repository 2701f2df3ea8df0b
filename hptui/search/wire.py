"""Trials and proposals as JSON, for transport between a runner and its engine process. Round trips are exact.

NaN and infinities are written as Python's JSON writes them: both ends are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from hptui.model.trial import Reason, Rejection, Role, Trial, TrialStatus
from hptui.search.engine import Proposal


def _trial_defaults() -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for field in fields(Trial):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        defaults[field.name] = default
    return defaults


TRIAL_DEFAULTS = _trial_defaults()
"""Default of every field of a trial; fields with this value are not sent."""


def trial_to_json(trial: Trial) -> dict[str, Any]:
    """Return the fields of a trial that differ from the defaults."""
    document = {name: value for name, default in TRIAL_DEFAULTS.items() if (value := getattr(trial, name)) != default}
    if trial.rejections:
        document["rejections"] = [_rejection_to_json(rejection) for rejection in trial.rejections]
    return document


def trial_from_json(document: Mapping[str, Any]) -> Trial:
    """Return the trial that `trial_to_json` wrote."""
    special: dict[str, Any] = {"status": TrialStatus(document["status"]), "role": Role(document["role"])}
    if "reason" in document:
        special["reason"] = Reason(document["reason"])
    if "rejections" in document:
        special["rejections"] = tuple(map(_rejection_from_json, document["rejections"]))
    if "seen" in document:
        special["seen"] = tuple(document["seen"])
    return Trial(**{**document, **special})


def proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as JSON, with its rejections."""
    return {
        "params": proposal.params,
        "rejections": [_rejection_to_json(rejection) for rejection in proposal.rejections],
        "engine": proposal.engine,
    }


def proposal_from_json(document: Mapping[str, Any]) -> Proposal:
    """Return the proposal that `proposal_to_json` wrote."""
    return Proposal(document["params"], tuple(map(_rejection_from_json, document["rejections"])), document["engine"])


def _rejection_to_json(rejection: Rejection) -> list[Any]:
    return [rejection.params, rejection.why, rejection.margin]


def _rejection_from_json(values: list[Any]) -> Rejection:
    return Rejection(*values)
