"""Places on a Ray cluster as the runner follows them, by what a bridge says: no process, no Ray."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import StudyError
from hptui.core.ray_cluster import RayCluster
from hptui.core.study import Resources
from hptui.execution.executor import Launch, LaunchRecord, WorkerSpec
from hptui.execution.remote.ray import RayExecutor
from hptui.execution.remote.ray_bridge import _why_not
from hptui.execution.remote.ray_cluster import last_line
from hptui.execution.remote.ray_places import demand_of, unfit, wanted_places
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, read_json
from hptui.studyfile import read_text
from hptui.trainers import registry
from tests.support import until

NODES = [{"host": f"node{n}", "node": f"id{n}", "has": {"CPU": 2.0, "GPU": 1.0}} for n in (1, 2)]
CLUSTER = {"nodes": NODES, "total": {"CPU": 4.0, "GPU": 2.0}, "used": {"CPU": 4.0, "GPU": 0.0}}
STUDY = """
name = "x"
objective = {{ metric = "loss" }}
trainer = {{ kind = "toy" }}
space = {{ learning_rate = "1e-5..1e-1 log" }}
resources = {{ executor = "ray"{resources} }}
ray = {{ {ray} }}
"""


class Bridge:
    """What stands in for the bridge: says what the test wants, and keeps what it is asked."""

    def __init__(self) -> None:
        self.up, self.why, self.state, self.since, self.heard = True, "", "up", 0.0, 0.0
        self.said: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.numbers = itertools.count(1)

    def say(self, kind: str, place: str = "", **facts: Any) -> None:
        self.said.append({"k": kind, "place": place, **facts})

    def hello(self, place: str, host: str, actor: str) -> None:
        facts = {"host": host, "incarnation": actor, "root": f"/far/{host}", "boot": "b", "capacity": 1, "facts": {}}
        self.say("from", place, message={"k": "hello", **facts})

    def poll(self) -> list[dict[str, Any]]:
        said, self.said = self.said, []
        return said

    def send(self, message: dict[str, Any]) -> None:
        self.asked.append(message)
        inner = message.get("message", {})
        if inner.get("verb") == "reserve":
            lease = {"label": "CPU", "gpus": [], "facts": {}, "host": "node1", "boot": "b", "threads": 1}
            self.say("from", message["place"], message={"k": "lease", "id": inner["id"], "lease": lease})

    def told(self, verb: str) -> list[tuple[str, Any]]:
        """Return what places were told: their names and tokens."""
        inner = [(entry["place"], entry["message"]) for entry in self.asked if entry["verb"] == "tell"]
        return [(place, message.get("token")) for place, message in inner if message["verb"] == verb]

    def wanted(self, verb: str) -> list[str]:
        return [entry["place"] for entry in self.asked if entry["verb"] == verb]

    def number(self) -> int:
        return next(self.numbers)

    def descriptors(self) -> list[int]:
        return []

    def close(self) -> None:
        pass


def opened(folder: Path, parallel: int = 2) -> tuple[RayExecutor, Bridge]:
    executor, bridge = RayExecutor(), Bridge()
    resources = Resources(parallel=parallel, gpus=0, ray=RayCluster(python="/nowhere"))
    executor.open(StudyDir(folder / "study"), WorkerSpec(("python",)), resources, lambda: None)
    executor._places.bridge = bridge  # type: ignore[assignment]
    bridge.say("hello", **CLUSTER)
    executor.poll()
    executor.poll()
    return executor, bridge


def started(folder: Path, executor: RayExecutor, token: str = "t") -> Any:
    run = RunDir(StudyDir(folder / "study").attempt(0, 1))
    lease = executor.reserve()
    assert lease is not None
    return executor.start(Launch(token, run, {"token": token}, ["python"]), lease)


def up(executor: RayExecutor, bridge: Bridge, place: str = "place-1", host: str = "node1", actor: str = "a1") -> None:
    bridge.say("place", place, state="new")
    bridge.hello(place, host, actor)
    executor.poll()


def test_places_are_asked_for_counted_and_given_back(tmp_path: Path) -> None:
    executor, bridge = opened(tmp_path)
    assert bridge.wanted("place") == ["place-1", "place-2"]
    assert all(entry["create"] and entry["demand"] == {"CPU": 1.0} for entry in bridge.asked)
    assert executor.capacity() == 0
    up(executor, bridge)
    bridge.say("place", "place-2", state="queued")
    executor.poll()
    assert executor.capacity() == 1
    states = {place.name: (place.state, place.why) for place in executor.places()}
    assert states["place-1"] == ("idle", "on node1")
    assert states["place-2"][0] == "queued"
    assert "4 of 4 CPU" in states["place-2"][1]
    assert "4 of 4 CPU" in executor._places.problems()
    executor.revise(Resources(parallel=1, gpus=0))
    executor.poll()
    assert bridge.wanted("end") == ["place-2"]
    assert [place.name for place in executor.places()] == ["place-1"]


def test_a_place_that_refuses_to_serve_is_ended_and_asked_for_again(tmp_path: Path) -> None:
    executor, bridge = opened(tmp_path, parallel=1)
    bridge.say("place", "place-1", state="new")
    bridge.say("from", "place-1", message={"k": "refused", "why": "hptui is 1 here, 2 at the runner"})
    executor.poll()
    executor.poll()
    assert bridge.wanted("end") == ["place-1"]
    [place] = executor.places()
    assert (place.state, place.why) == ("refused", "hptui is 1 here, 2 at the runner")
    asked = len(bridge.wanted("place"))
    until(lambda: (executor.poll(), len(bridge.wanted("place")) > asked)[1])


def test_what_a_dead_place_left_is_asked_of_its_node(tmp_path: Path) -> None:
    executor, bridge = opened(tmp_path)
    up(executor, bridge)
    handle = started(tmp_path, executor)
    assert read_json(handle.run.executor)["incarnation"] == "a1"
    bridge.say("from", "place-1", message={"k": "state", "token": "t", "kind": "alive"})
    executor.poll()
    assert (handle.state().kind, handle.state().place) == ("alive", "place-1")
    bridge.say("place", "place-1", state="dead", why="killed")
    executor.poll()
    executor.poll()
    assert bridge.wanted("keeper") == ["node1"]
    assert (handle.state().kind, executor.capacity()) == ("unknown", 1)
    bridge.hello("node1", "node1", "k1")
    executor.poll()
    assert bridge.told("adopt") == [("node1", "t")]
    bridge.say("from", "node1", message={"k": "end", "token": "t", "proof": "lock", "why": ""})
    executor.poll()
    assert (handle.state().kind, handle.state().proof) == ("gone", "lock")


def test_a_lost_node_ends_in_doubt_and_what_comes_back_is_fenced(tmp_path: Path) -> None:
    executor, bridge = opened(tmp_path)
    up(executor, bridge)
    handle = started(tmp_path, executor)
    bridge.say("place", "place-1", state="dead", why="node died")
    executor.poll()
    executor.poll()
    bridge.say("place", "node1", state="absent", why="node1 is no node of the cluster any more")
    executor.poll()
    state = handle.state()
    assert (state.kind, state.proof, state.certain) == ("gone", "engine", False)
    handle.fence()
    handle.forget()
    asked = len(bridge.wanted("keeper"))
    bridge.say("nodes", **{**CLUSTER, "nodes": NODES[1:]})
    executor.poll()
    assert len(bridge.wanted("keeper")) == asked, "the node is not back"
    bridge.say("nodes", **CLUSTER)
    executor.poll()
    assert len(bridge.wanted("keeper")) == asked + 1
    bridge.hello("node1", "node1", "k2")
    executor.poll()
    assert bridge.told("fence") == [("node1", "t")]
    assert not read_json(handle.run.executor).get("fence_done")
    bridge.say("from", "node1", message={"k": "fenced", "token": "t"})
    executor.poll()
    assert read_json(handle.run.executor)["fence_done"]


def test_another_runner_finds_a_place_by_its_actor_or_asks_the_node(tmp_path: Path) -> None:
    first, bridge = opened(tmp_path)
    up(first, bridge)
    started(tmp_path, first)
    for actor, told in (("a1", "place-1"), ("a2", "node1")):
        executor, bridge = opened(tmp_path)
        record = LaunchRecord("t", RunDir(StudyDir(tmp_path / "study").attempt(0, 1)))
        handle = executor.adopt(record)
        assert handle.state().kind == "unknown"
        bridge.say("place", "place-1", state="found")
        bridge.hello("place-1", "node1", actor)
        executor.poll()
        executor.poll()
        if told == "node1":
            bridge.hello("node1", "node1", "k1")
            executor.poll()
        assert bridge.told("adopt") == [(told, "t")], actor


@pytest.mark.process
@pytest.mark.parametrize("seed", range(12))
def test_whatever_a_bridge_says_of_places_no_attempt_ends_for_certain_but_by_a_relay(tmp_path: Path, seed: int) -> None:
    """Events in any order: only a relay's `end` is a certain end, and the fence reaches the attempt's node at last."""
    rng = random.Random(seed)
    executor, bridge = opened(tmp_path)
    up(executor, bridge)
    handle = started(tmp_path, executor)
    for n in range(30):
        place = rng.choice(["place-1", "node1"])
        act = rng.randrange(7)
        if act == 0:
            bridge.up = not bridge.up
        elif act == 1:
            bridge.hello(place, "node1", rng.choice(["a1", f"x{n}"]) if place == "place-1" else f"k{n}")
        elif act == 2:
            bridge.say("nodes", **(CLUSTER if rng.random() < 0.7 else {**CLUSTER, "nodes": NODES[1:]}))
        else:
            states = ["found", "new", "queued", "dead", "failed", "unreachable", "absent", "taken"]
            bridge.say("place", place, state=rng.choice(states), why="so")
        executor.poll()
        assert not handle.state().certain, n
        assert not handle.ended
    handle.fence()
    handle.forget()
    bridge.up, bridge.asked = True, []
    bridge.say("hello", **CLUSTER)
    executor.poll()
    bridge.say("place", "place-1", state="new")
    bridge.hello("place-1", "node2", "other")

    def fenced() -> bool:
        if "node1" in bridge.wanted("keeper"):
            bridge.hello("node1", "node1", "last")
        executor.poll()
        return ("node1", "t") in bridge.told("fence")

    until(fenced)
    assert ("place-1", "t") not in bridge.told("adopt")[-1:]


def test_demands_places_and_what_no_node_can_hold() -> None:
    table = RayCluster(cpus=3, resources={"a100": 0.5})
    with_gpus = {"CPU": 8.0, "GPU": 8.0}
    for resources, total, demand, wanted in (
        (Resources(ray=table), {"CPU": 8.0}, {"CPU": 3, "a100": 0.5}, 1),
        (Resources(ray=table, parallel=5), {"CPU": 8.0}, {"CPU": 3, "a100": 0.5}, 5),
        (Resources(ray=table), with_gpus, {"CPU": 3, "a100": 0.5, "GPU": 1}, 8),
        (Resources(ray=table, gpus_per_trial=4), with_gpus, {"CPU": 3, "a100": 0.5, "GPU": 4}, 2),
        (Resources(ray=table, trials_per_gpu=2), with_gpus, {"CPU": 3, "a100": 0.5, "GPU": 0.5}, 16),
        (Resources(ray=table, gpus=2), {"CPU": 8.0}, {"CPU": 3, "a100": 0.5, "GPU": 1}, 2),
        (Resources(ray=table, gpus=0, parallel=7), with_gpus, {"CPU": 3, "a100": 0.5}, 7),
        (Resources(ray=RayCluster(places=3)), with_gpus, {"CPU": 1, "GPU": 1}, 3),
    ):
        assert (demand_of(resources, total), wanted_places(resources, total)) == (demand, wanted)
    assert unfit({"CPU": 2, "GPU": 1}, NODES) == ""
    assert "CPU: 3, the most of a node is 2" in unfit({"CPU": 3, "GPU": 1}, NODES)
    assert "a100: 1, the most of a node is 0" in unfit({"a100": 1}, NODES)
    split = [{"has": {"CPU": 8.0}}, {"has": {"GPU": 8.0}}]
    assert "no single node has 4 CPU, 1 GPU together" in unfit({"CPU": 4, "GPU": 1}, split)


@pytest.mark.parametrize(
    ("resources", "ray", "named"),
    [
        (", gpus = [0, 1]", "", "resources.gpus"),
        (", gpus = 3, gpus_per_trial = 2", "", "resources.gpus"),
        (', checkpoints = "there"', "", "resources.checkpoints"),
        ("", "resources = { GPU = 1 }", "ray.resources.GPU"),
        ("", "resources = { cpu = 1 }", "ray.resources.cpu"),
        ("", "resources = { a100 = 0 }", "ray.resources.a100"),
        ("", "places = 0", "ray.places"),
        ("", "cpus = -1", "ray.cpus"),
        ("", "adress = 'x'", "address"),
    ],
)
def test_a_study_file_that_cannot_run_on_ray_is_refused_by_key(resources: str, ray: str, named: str) -> None:
    with pytest.raises(StudyError) as error:
        read_text(STUDY.format(resources=resources, ray=ray), schema=registry.schema)
    assert named in f"{error.value} {error.value.where} {error.value.hint}"


def test_errors_of_ray_are_told_in_a_line() -> None:
    text = "The actor died.\n\tclass_name: A\nThe actor is dead because its worker process has died. OOM"
    assert last_line(text) == "The actor is dead because its worker process has died. OOM"
    assert last_line("Traceback\n  x\nModuleNotFoundError: No module named 'hptui'") == (
        "ModuleNotFoundError: No module named 'hptui'"
    )
    assert "ray start --head" in _why_not("auto", ConnectionError("Could not find any running Ray instance."))
    assert "python in [ray]" in _why_not("h:1", RuntimeError("Version mismatch: The cluster was started with: Ray: 2"))
