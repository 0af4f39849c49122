"""Ground Truth's output files, read leniently where real files vary and strictly about meaning.

A worker-response file holds the answers on one object; an output manifest holds a line for every input object.
What cannot be read comes back as a `Fault` with its place and a reason, and stops nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from transforms import strict_json

LABEL_FILE_PATH = re.compile(r"/annotations/consolidated-annotation/output/([^/]+)/SeqLabel\.json$")
FRAME_LISTS = ("tracking-annotations", "detection-annotations")
RESPONSE_PATH = re.compile(r"/annotations/worker-response/iteration-(\d+)/([^/]+)/[^/]+\.json$")


@dataclass(frozen=True, slots=True)
class Fault:
    """One input that could not be read: 0 is the whole file, else the 1-based line or answer."""

    line_no: int
    code: str
    reason: str


class Answer(NamedTuple):
    """One worker's answer as the file has it; `content` is answerContent as JSON text."""

    answer_no: int
    backend_worker_id: str
    provider: str | None
    issuer: str | None
    subject: str | None
    accepted_at: datetime | None
    submitted_at: datetime
    time_spent_s: float | None
    content: str

    @property
    def revision(self) -> int:
        return round(self.submitted_at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Line:
    """One manifest line: its object, and where its data is."""

    line_no: int
    object_id: str
    text: str
    hash: str
    source: str
    is_text: bool
    """Whether `source` is the text itself, not where the object is."""
    asset_id: str | None
    duration_s: float | None


def content_hash(text: str | bytes) -> str:
    """32 hex digits of BLAKE2b: names a line or an answer by its content."""
    return hashlib.blake2b(text.encode() if isinstance(text, str) else text, digest_size=16).hexdigest()


def object_of_response(uri: str) -> str | None:
    """The data set object that a worker-response file is about; None for any other path."""
    found = RESPONSE_PATH.search(uri)
    return found.group(2) if found else None


def object_of_label_file(uri: str) -> str | None:
    """The data set object whose labels stand in a file of their own; None for any other path."""
    found = LABEL_FILE_PATH.search(uri)
    return found.group(1) if found else None


def read_label_file(raw: bytes, pseudonym: Callable[[str], str]) -> str | Fault:
    """The text of a SeqLabel.json with the worker ids in it replaced, or the reason why it cannot be used."""
    try:
        document = strict_json.load(raw)
    except ValueError as error:
        return Fault(0, "malformed_json", f"The label file is not JSON: {error}.")
    if not isinstance(document, dict) or not any(isinstance(document.get(name), list) for name in FRAME_LISTS):
        found = f"keys: {', '.join(list(document)[:8]) or 'none'}" if isinstance(document, dict) else _kind(document)
        return Fault(
            0, "no_frames", f"The label file has no list of frames under {' or '.join(FRAME_LISTS)} ({found})."
        )
    text = raw.decode().strip()
    return strict_json.dump(_without_identities(document, pseudonym)) if _names_workers(text) else text


def read_answers(raw: bytes) -> tuple[list[Answer], list[Fault]]:
    """Every answer of a worker-response file, and a fault for each that cannot be used."""
    try:
        document = strict_json.load(raw)
    except ValueError as error:
        what = "is empty" if not raw.strip() else f"is not JSON: {error}"
        return [], [Fault(0, "malformed_json", f"The worker-response file {what}.")]
    answers = None
    if isinstance(document, dict):
        answers = document.get("answers", document.get("humanAnswers"))  # the latter in human loops of Augmented AI
    if not isinstance(answers, list):
        found = f"is {_kind(answers)}" if isinstance(document, dict) and "answers" in document else "is missing"
        return [], [Fault(0, "answers_not_list", f'"answers" must be a list of answers; it {found}.')]
    good: list[Answer] = []
    faults: list[Fault] = []
    for number, answer in enumerate(answers):
        read = _answer(number, answer)
        if isinstance(read, Fault):
            faults.append(read)
        else:
            good.append(read)
    return good, faults


def _answer(number: int, answer: Any) -> Answer | Fault:
    def fault(code: str, reason: str) -> Fault:
        return Fault(number + 1, code, f"Answer {number + 1}: {reason}.")

    if not isinstance(answer, dict):
        return fault("answer_not_object", f"an object was expected, {_kind(answer)} was found")
    content = answer.get("answerContent")
    if isinstance(content, str):  # some tools encode it twice
        try:
            content = strict_json.load(content)
        except ValueError as error:
            return fault("malformed_answer", f"answerContent is text that is not JSON: {error}")
    if not isinstance(content, dict):
        what = "is missing" if "answerContent" not in answer else f"must be an object, not {_kind(content)}"
        return fault("malformed_answer", f"answerContent {what}")
    worker = answer.get("workerId")
    if not isinstance(worker, str) or not worker:
        return fault("no_worker", "workerId is missing, so nobody can be asked about it")
    submitted = parse_time(answer.get("submissionTime"))
    if submitted is None:
        return fault("no_submission_time", f"submissionTime is not a time: {answer.get('submissionTime')!r}")
    metadata = answer.get("workerMetadata")
    identity = metadata.get("identityData") if isinstance(metadata, dict) else None
    identity = identity if isinstance(identity, dict) else {}
    spent = answer.get("timeSpentInSeconds")
    return Answer(
        answer_no=number,
        backend_worker_id=worker,
        provider=_text(identity.get("identityProviderType")),
        issuer=_text(identity.get("issuer")),
        subject=_text(identity.get("sub")),
        accepted_at=parse_time(answer.get("acceptanceTime")),
        submitted_at=submitted,
        time_spent_s=_seconds(spent),
        content=strict_json.dump(content),
    )


def read_line(line_no: int, object_id: str, raw: bytes, pseudonym: Callable[[str], str]) -> Line | Fault:
    """One manifest line with the worker ids in it replaced, or the reason why it cannot be used."""
    try:
        line = strict_json.load(raw)
    except ValueError as error:
        return Fault(line_no, "malformed_json", f"Line {line_no} is not JSON: {error}.")
    if not isinstance(line, dict):
        return Fault(line_no, "line_not_object", f"Line {line_no}: an object was expected, {_kind(line)} was found.")
    source = line.get("source-ref", line.get("source"))
    if not isinstance(source, str) or not source:
        keys = ", ".join(list(line)[:8]) or "none"
        return Fault(
            line_no, "missing_source", f"Line {line_no}: neither source-ref nor source names an object (keys: {keys})."
        )
    text = raw.decode().strip()
    if _names_workers(text):
        text = strict_json.dump(_without_identities(line, pseudonym))
    duration = line.get("duration")
    return Line(
        line_no=line_no,
        object_id=object_id,
        text=text,
        hash=content_hash(raw.strip()),
        source=source,
        is_text="source-ref" not in line,
        asset_id=_text(line.get("asset-id")),
        duration_s=_seconds(duration),
    )


def parse_time(value: Any) -> datetime | None:
    """A time as Ground Truth writes it, in any of its forms; without a zone it is UTC. None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):  # the first or last day there is, in another zone, is out of range
        return None


def _seconds(value: Any) -> float | None:
    """A number of seconds; None where it is none, or too long for one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _names_workers(text: str) -> bool:
    return "workerId" in text or "workerMetadata" in text


def _without_identities(value: Any, pseudonym: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_without_identities(v, pseudonym) for v in value]
    if not isinstance(value, dict):
        return value
    return {
        k: pseudonym(v) if k == "workerId" and isinstance(v, str) else _without_identities(v, pseudonym)
        for k, v in value.items()
        if k != "workerMetadata"
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
