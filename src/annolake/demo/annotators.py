"""Simulated annotators: programs that sign in to the portal as workers of a team and answer what they are given.

They use the portal's HTTP API and nothing else of the service. Where an annotator would listen and look, they look at
the truth that the sample maker stored apart, and distort it by their skill.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from annolake.config import Settings
from annolake.demo.answers import classification_answer, segmentation_answer
from annolake.demo.portal import PortalWorker
from annolake.demo.report import Person
from annolake.demo.skill import TEAM, Skill, TrueQuality, generator, true_quality
from annolake.demo.truth import ItemTruth, Truth
from annolake.errors import LabelingError

__all__ = ["TEAM", "Member", "Skill", "TrueQuality", "annotate", "make_crew", "true_quality", "work_jobs"]

IDLE_PAUSE_S = 0.3
IDLE_LIMIT_S = 180.0
ASSET_ID = re.compile(r"[0-9a-f]{32}")
MALFORMED = ("too_long", "backwards")

OnAnswer = Callable[[Skill, dict[str, Any]], object]


def annotate(
    settings: Settings,
    team: Sequence[Skill],
    passwords: Mapping[str, str],
    truth: Truth,
    until: Callable[[], bool],
    *,
    on_answer: OnAnswer | None = None,
    jobs: Sequence[str] | None = None,
) -> int:
    """Let the team answer until `until()` says that it is over; returns how many answers counted.

    Each round every annotator answers one task, in an order that changes from round to round, so that each gets a
    fair share and no two always meet. Without `jobs` they take whatever their team is asked; tasks on files that
    `truth` does not know are declined.
    """
    rng = np.random.default_rng((truth.seed, len(team)))
    n_answers = 0
    with contextlib.ExitStack() as stack:
        people = [
            _Annotator(
                skill, stack.enter_context(PortalWorker(settings.service_url, skill.name, passwords[skill.name]))
            )
            for skill in team
        ]
        for round_no in _rounds(until):
            order = [people[int(i)] for i in rng.permutation(len(people))]
            offered = _turned(list(jobs), round_no) if jobs is not None else [None]
            done = [answer for person in order if (answer := person.answer_one(truth, offered, on_answer)) is not None]
            n_answers += sum(done)
            if not done:
                time.sleep(IDLE_PAUSE_S)
    return n_answers


def _rounds(until: Callable[[], bool]) -> Iterator[int]:
    round_no = 0
    while not until():
        yield round_no
        round_no += 1


def _turned(jobs: list[str], by: int) -> list[str | None]:
    at = by % len(jobs) if jobs else 0
    return [*jobs[at:], *jobs[:at]]


@dataclass
class _Annotator:
    """One person at work."""

    skill: Skill
    worker: PortalWorker
    n_malformed: int = 0

    def answer_one(self, truth: Truth, jobs: Sequence[str | None], on_answer: OnAnswer | None) -> bool | None:
        """Answer one task; None where there was none, False where it was handed back or taken back."""
        for job in jobs:
            task = self.worker.take(job)
            if isinstance(task, str):
                continue
            item = find_item(truth, task["input"])
            if item is None:
                self.worker.decline(task["task_id"], "This file is not one of the samples.")
                return False
            is_counted = self.worker.submit(task["task_id"], self._answer(item, truth, task["input"]))
            if is_counted and on_answer:
                on_answer(self.skill, task)
            return is_counted
        return None

    def _answer(self, item: ItemTruth, truth: Truth, asked: Mapping[str, Any]) -> dict[str, Any]:
        rng = generator(self.skill, item.asset_id)
        if item.kind == "clip":
            return classification_answer(item, asked.get("labels") or truth.classes, self.skill, rng)
        return segmentation_answer(item, self.skill, rng, malformed=self._slip(item))

    def _slip(self, item: ItemTruth) -> str | None:
        """How the segmentation goes wrong: by the file, but the first one always does for who makes slips at all."""
        rate = self.skill.malformed_rate
        slips = generator(self.skill, item.asset_id, draw=-1).random() < rate
        if not slips and (not rate or self.n_malformed):
            return None
        self.n_malformed += 1
        return MALFORMED[(self.n_malformed - 1) % len(MALFORMED)]


def find_item(truth: Truth, asked: Mapping[str, Any]) -> ItemTruth | None:
    """The truth of the file that a task shows: the asset id stands in the location that `task.input` names."""
    for name in ("source-ref", "taskObject", "asset-id"):
        for asset_id in ASSET_ID.findall(str(asked.get(name, ""))):
            if item := truth.find(asset_id):
                return item
    return None


# -- a team for the demo ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member(Person):
    """A simulated annotator with an account at the service; `skill` is the agreement with the truth to be expected."""

    how: Skill
    accuracy: float
    """Share of clips labeled right, to be expected."""
    password: str = field(repr=False)


def make_crew(settings: Settings, seed: int, truth: Truth | None = None, team: Sequence[Skill] = TEAM) -> list[Member]:
    """Accounts for the team, in the work team of the settings, with new passwords; what each is truly worth.

    That worth is taken on the files of `truth`; where it is not given, on the samples that were made last.
    """
    from annolake.demo.samples import truth_path
    from annolake.service.accounts import ensure_accounts

    truth = truth or Truth.load(truth_path(settings.home / "demo" / "media"))
    passwords = {skill.name: secrets.token_urlsafe(12) for skill in team}
    subjects = ensure_accounts(settings, passwords)
    crew = []
    for plain in team:
        skill = replace(plain, seed=seed)
        worth = true_quality(skill, truth)
        name = skill.name
        crew.append(Member(name, subjects[name], worth.agreement, habit(skill), skill, worth.accuracy, passwords[name]))
    return crew


def habit(skill: Skill) -> str:
    """A skill in words.

    >>> habit(Skill("x", offset_s=0.3, jitter_s=0.07, miss_rate=0.02))
    '0.30 s late, ± 0.07 s, misses 2 %'
    """
    late = f"{abs(skill.offset_s):.2f} s {'late' if skill.offset_s > 0 else 'early'}" if skill.offset_s else ""
    shares = (("misses", skill.miss_rate), ("invents", skill.invent_rate), ("mislabels", skill.wrong_rate))
    parts = [
        late,
        f"± {skill.jitter_s:.2f} s",
        *(f"{verb} {rate:.0%}".replace("%", " %") for verb, rate in shares if rate),
    ]
    return ", ".join(part for part in parts if part)


def work_jobs(
    settings: Settings,
    truth: Truth,
    crew: Sequence[Member],
    jobs: Sequence[str],
    *,
    on_progress: Callable[[str], object] | None = None,
    check: Callable[[], object] | None = None,
) -> int:
    """Let the crew answer these jobs until all of them are completed; returns how many answers they gave.

    `check` is called again and again and may raise. Raises `LabelingError` where a job ends without being completed,
    or nobody finds anything to do for minutes while a job is open.
    """
    from annolake.labeling.jobs import job_states

    said = 0
    last_answer = time.monotonic()

    def count(skill: Skill, task: dict[str, Any]) -> None:
        nonlocal said, last_answer
        said += 1
        last_answer = time.monotonic()
        if on_progress:
            on_progress(f"Annotators: {said} answers, the last by {skill.name} on {task['job_name']}")

    next_look = 0.0

    def is_over() -> bool:
        nonlocal next_look
        if check:
            check()
        if time.monotonic() < next_look:
            return False
        states = job_states(settings, jobs)
        next_look = time.monotonic() + 1
        if lost := [state for state in states if state.is_ended and not state.is_completed]:
            raise LabelingError(f"{'; '.join(map(str, lost))}.")
        if time.monotonic() - last_answer > IDLE_LIMIT_S:
            waiting = "; ".join(str(state) for state in states if not state.is_completed)
            raise LabelingError(f"The annotators found nothing to do for {IDLE_LIMIT_S:.0f} s, yet {waiting}.")
        return all(state.is_completed for state in states)

    passwords = {member.name: member.password for member in crew}
    return annotate(settings, [m.how for m in crew], passwords, truth, is_over, on_answer=count, jobs=jobs)
