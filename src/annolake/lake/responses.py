"""Worker-response files, read with care: bronze rows of the good answers, a fault for each of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from annolake.lake.fetch import Body, Source
from annolake.lake.ledger import Ledger
from transforms.frames import Folder, join_frames
from transforms.ground_truth import Answer, Fault, content_hash, object_of_response, read_answers
from transforms.identity import worker_pseudonym


@dataclass
class Responses:
    """Answers of some files, and who gave them."""

    key: str
    """Of the pseudonyms."""
    answers: list[dict[str, Any]] = field(default_factory=list)
    workers: dict[str, dict[str, Any]] = field(default_factory=dict)
    _pseudonyms: dict[str, str] = field(default_factory=dict)

    def read(self, body: Body, ledger: Ledger) -> None:
        """Add what one file says; what cannot be read goes to the ledger."""
        faults = self._read(body, ledger.job_name)
        for fault in faults:
            ledger.note("worker_response", body.source, fault)
        if not any(fault.line_no == 0 for fault in faults):
            bad = Fault(0, "bad_answers", f"{len(faults)} answers did not land.") if faults else None
            ledger.note("worker_response", body.source, bad, is_ok=True)

    def read_frames(self, folder: Folder, bodies: Sequence[Body], ledger: Ledger) -> None:
        """Add the one answer that the files of a worker's frames are together.

        While a file cannot be read the answer waits: without it, it would say that nothing is on that frame.
        """
        files = [(body.source.uri, body.content) for body in bodies if body.content is not None]
        if len(files) < len(bodies):
            for body in bodies:
                if body.content is None:
                    unreadable = Fault(0, "unreadable", f"Not readable: {body.problem}.")
                    ledger.note("worker_response", body.source, unreadable)
            return
        content, faults = join_frames(files)
        for body in bodies:
            fault = faults.get(body.source.uri)
            ledger.note("worker_response", body.source, fault, is_ok=fault is None)
        if content is not None:
            newest = max(body.source.modified_at for body in bodies)
            # Stores tell whole seconds: a frame that came in the same one makes a newer answer all the same.
            submitted = newest + timedelta(milliseconds=len(files))
            version = content_hash(" ".join(sorted(body.source.version for body in bodies)))
            whole = Body(Source(folder.uri, version, newest), None)
            answer = Answer(0, folder.worker, None, None, None, None, submitted, None, content)
            self._add(whole, ledger.job_name, folder.object_id, answer)

    def _read(self, body: Body, job_name: str) -> list[Fault]:
        if body.content is None:
            return [Fault(0, "unreadable", f"Not readable: {body.problem}.")]
        object_id = object_of_response(body.source.uri)
        if object_id is None:
            return [Fault(0, "unknown_path", "The path is not worker-response/iteration-<n>/<object>/<time>.json.")]
        answers, faults = read_answers(body.content)
        for answer in answers:
            self._add(body, job_name, object_id, answer)
        return faults

    def _add(self, body: Body, job_name: str, object_id: str, answer: Answer) -> None:
        name = answer.backend_worker_id
        worker = self._pseudonyms.get(name) or self._pseudonyms.setdefault(name, worker_pseudonym(self.key, name))
        self.workers.setdefault(
            worker,
            {
                "worker_id": worker,
                "backend_worker_id": answer.backend_worker_id,
                "provider": answer.provider,
                "issuer": answer.issuer,
                "subject": answer.subject,
            },
        )
        self.answers.append(
            {
                "job_name": job_name,
                "object_id": object_id,
                "source_uri": body.source.uri,
                "source_version": body.source.version,
                "answer_no": answer.answer_no,
                "worker_id": worker,
                "revision": answer.revision,
                "accepted_at": answer.accepted_at,
                "submitted_at": answer.submitted_at,
                "time_spent_s": answer.time_spent_s,
                "answer": answer.content,
                "answer_hash": content_hash(answer.content),
            }
        )
