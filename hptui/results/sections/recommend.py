"""What to do next, as far as the trials speak for it; and the author's own list."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from hptui.results.analysis.cohort import replicates
from hptui.results.document import Block, Bullets, Code, Heading, Paragraph
from hptui.results.facts import Fact, Line, Words, line
from hptui.results.teller import Teller


def recommendations(t: Teller) -> Iterator[Block]:
    """Each follows from a finding above; the command carries it out."""
    lines = [*_narrow(t), *_edges(t), *_avoid(t), *_repeat(t), *_more(t), *_longer(t)]
    if not lines:
        return
    yield Heading(2, ("Recommendations",))
    yield Bullets(tuple(lines), "1.")
    if t.record.narrower:
        words = " ".join(f"{quote(one.setting)}={quote(one.then)}" for one in t.record.narrower)
        trials = tuple(trial.number for trial in t.record.narrower[0].trials)
        text = f"hptui space {t.view.row.name} {words}"
        yield Code("sh", ((Fact("recommend.space", words, text, trials),),))


def _narrow(t: Teller) -> Iterator[Line]:
    for one in t.record.narrower:
        yield line(
            "Search {name} in {then} next, instead of {now}: the best {n} trials lie there{wider}.",
            name=t.name(one.setting),
            then=Fact(f"recommend.{one.setting}", one.then, one.then, tuple(trial.number for trial in one.trials)),
            now=Fact(f"space.{one.setting}.now", one.now, one.now, (), f"space.{one.setting}"),
            n=t.count(f"recommend.{one.setting}.n", one.trials),
            wider=", and the best of them at the edge of what was searched" if one.wider else "",
        )


def _edges(t: Teller) -> Iterator[Line]:
    known = {one.setting for one in t.record.narrower}
    for edge in t.record.edges:
        if edge.setting not in known and t.record.best is not None:
            yield line(
                "Widen {name} {side} {value}: the best lies at that end, and trials got better towards it.",
                name=t.name(edge.setting),
                side="below" if edge.low else "beyond",
                value=t.setting(t.record.best, edge.setting),
            )


def _avoid(t: Teller) -> Iterator[Line]:
    told = {"zero": "had nothing right", "oom": "ran out of memory", "nan": "diverged"}
    for region in t.record.regions:
        if region.exceptions:
            continue
        trial = next(one for one in region.bad if t.view.settings(one).get(region.setting) == region.bound)
        yield line(
            "Avoid {name} {side} {bound}: {n} trials there {told}.",
            name=t.name(region.setting),
            side="at or above" if region.above else "at or below",
            bound=t.setting(trial, region.setting),
            told=told[region.kind],
            n=(
                "both"
                if len(region.bad) == 2
                else ("all ", t.count(f"region.{region.kind}.{region.setting}.bad", region.bad))
            ),
        )


def _repeat(t: Teller) -> Iterator[Line]:
    found, best = t.record.comparisons, t.record.best
    if found is None or best is None:
        return
    if found.others and found.alike:
        yield line(
            "Before believing the best: evaluate it and its rivals on more examples or more seeds; "
            "{n} cannot be told apart from it.",
            n=t.many("alike.same.n", found.alike, "other"),
        )
    elif not found.others and len(replicates(t.view, best)) < 2:
        yield ("Before believing the best: repeat it with other seeds; nothing is known of the noise between runs.",)


def _more(t: Teller) -> Iterator[Line]:
    found = t.record.outlook
    if found is None or len(t.study.objectives) > 1:
        return
    told = line(
        "The best came {when} of {n}. Were trials drawn at random, {more} more would hold a "
        "better one with a chance of {chance}",
        when=("as number ", t.plain("outlook.best_at", found.best_at, found.order)),
        n=t.many("outlook.n", found.order, "ranked trial"),
        more=t.plain("outlook.more", found.more, found.order),
        chance=t.share("outlook.chance", found.chance, found.order, digits=0),
    )
    told += (
        ("; but noise hides the order already, so repeating says more than more trials.",)
        if found.noise
        else ("; a search that learns may do better.",)
    )
    yield told


def _longer(t: Teller) -> Iterator[Line]:
    best = t.record.best
    found = t.record.diagnoses.get(best.number) if best else None
    if best is not None and found is not None and found.kind == "improving":
        yield line("Train longer: {trial} was {what}.", what=found.line, trial=t.trial(best))


def future(t: Teller) -> Iterator[Block]:
    """The author's list, as a check list."""
    own = t.study.notes.future
    if own:
        yield Heading(2, ("Future experiments",))
        yield Paragraph(("As the author wrote them in the study file:",))
        yield Bullets(tuple((Words(text),) for text in own), "- [ ]")


def rationale(t: Teller) -> Iterator[Block]:
    """Why these values: the author's own words."""
    notes = t.study.notes
    if not notes.rationale and not notes.settings:
        return
    yield Heading(2, ("Rationale",))
    yield Paragraph(("In the author's words, from the study file:",))
    lines: list[Line] = [(Words(notes.rationale),)] if notes.rationale else []
    lines += [line("{name}: {text}", name=t.name(name), text=Words(text)) for name, text in notes.settings.items()]
    yield Bullets(tuple(lines))
