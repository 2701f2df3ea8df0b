"""Ask a Ray cluster, without a runner, whether trials could run there."""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.study import Study
from hptui.execution.remote.link import Link
from hptui.execution.remote.ray_places import MAX_CONNECT_S, bridge_command, demand_of, explain, unfit, wanted_places

MAX_PROBE_S = MAX_CONNECT_S + 70.0
"""Seconds that bridge and nodes have to answer."""


@dataclass(frozen=True, slots=True)
class ClusterAnswer:
    """What a cluster answers: `problem` says why it cannot be used; `unfit` why no node of it can hold a trial.

    `demand` is what a trial takes, `wanted` how many places the study would have, `total` and `used` what there is of
    each resource and what is in use. `nodes` are the answers of the nodes, each with `node_host`.
    """

    problem: str = ""
    unfit: str = ""
    ray: str = ""
    demand: Mapping[str, float] = field(default_factory=dict)
    wanted: int = 0
    total: Mapping[str, float] = field(default_factory=dict)
    used: Mapping[str, float] = field(default_factory=dict)
    nodes: Sequence[Mapping[str, Any]] = ()

    def refusals(self) -> Iterator[tuple[str, str]]:
        """Yield the nodes that cannot run trials, and why."""
        for node in self.nodes:
            if node.get("k") == "refused":
                yield str(node["node_host"]), str(node.get("why"))


def probe_cluster(study: Study, *, ask_nodes: bool) -> ClusterAnswer:
    """Connect to the cluster of a study, ask it and, if that is wanted, each node, and disconnect.

    Nodes are asked by an actor on each, which holds nothing of the cluster; nothing else is started or changed.
    """
    resources, root = study.resources, os.path.join(study.ray.dir, "probe")
    nodes = {"verb": "open", "probe": True, "directory": study.directory, "root": root, "table": "ray"}
    nodes["resources"] = {"gpus": 0, "parallel": 1}
    opening = {"verb": "open", "probe": True, "address": study.ray.address, "identity": ""}
    opening |= {"opening": nodes} if ask_nodes else {}
    link = Link("Ray", bridge_command(study.ray), lambda: opening, explain, MAX_PROBE_S)
    deadline = time.monotonic() + MAX_PROBE_S
    logging.disable(logging.WARNING)  # the answer says it
    while not link.up and link.state not in ("down", "refused") and time.monotonic() < deadline:
        link.poll()
        poll = select.poll()
        for descriptor in link.descriptors():
            poll.register(descriptor, select.POLLIN)
        poll.poll(100)
    hello, up, why = link.hello, link.up, link.why
    link.close()
    logging.disable(logging.NOTSET)
    if not up:
        return ClusterAnswer(problem=why or f"no answer within {MAX_PROBE_S:g} s")
    resources, total = replace(resources, ray=study.ray), hello["total"]
    demand = demand_of(resources, total)
    return ClusterAnswer(
        unfit=unfit(demand, hello["nodes"]),
        ray=str(hello["ray"]),
        demand=demand,
        wanted=wanted_places(resources, total),
        total=total,
        used=hello["used"],
        nodes=hello.get("answers") or (),
    )
