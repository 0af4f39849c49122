"""Register media: probe, copy to the media bucket, note in the lake. Each content once, each refusal with its reason.

What browsers do not play gets a copy that they do beside it (`playable/`); where none can be made it is registered
all the same, and its outcome says so.

A local file is copied to a private place while it is hashed, so that what is probed, uploaded and registered is one
and the same content whatever happens to the original. Objects of a bucket stay in place. The order of effects is
upload, asset, media object, outcomes; each is idempotent, so a run that was killed is simply run again.
"""

from __future__ import annotations

import contextlib
import logging
import mimetypes
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as S3ConnectionError

from annolake.config import Settings
from annolake.errors import LabelingUnavailable, MediaError
from annolake.labeling.clients import s3 as s3_client
from annolake.media.headers import claims_media
from annolake.media.outcome import IngestReport, Outcome, refused, skipped
from annolake.media.playable import copy_extension, plays
from annolake.media.probe import Limits, Probe, Prober
from annolake.media.register import Landing, Register, asset_row, object_row
from annolake.media.sources import Candidate, Source, Staged, open_source, wants_probe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

CHUNK_FILES = 64
CHUNK_BYTES = 1 << 30
"""A chunk is staged, probed and committed together; a killed run repeats one chunk at most."""
STALE_S = 24 * 3600
REGISTERED = (None, "wrong_extension", "not_playable")
"""Codes of outcomes that are new assets."""
SAME_FORMAT = ({".wav", ".wave"}, {".aif", ".aiff", ".aifc"}, {".mp4", ".m4a", ".m4v", ".m4b", ".mov", ".3gp"},
               {".ogg", ".oga", ".ogv", ".opus", ".spx"}, {".mkv", ".mka", ".webm", ".weba"}, {".mpg", ".mpeg"},
               {".ts", ".mts", ".m2ts"}, {".mp3", ".mp2"}, {".wmv", ".wma", ".asf"}, {".au", ".snd"})  # fmt: skip
TYPES = {".flac": "audio/flac", ".m4a": "audio/mp4", ".mkv": "video/x-matroska", ".mka": "audio/x-matroska",
         ".opus": "audio/ogg", ".ogg": "audio/ogg", ".wav": "audio/wav", ".aiff": "audio/aiff"}  # fmt: skip

Progress = Callable[[str], object]


def ingest(
    settings: Settings,
    source: str,
    on_progress: Progress | None = None,
    *,
    workers: int = 2,
    limits: Limits | None = None,
) -> IngestReport:
    """Register every good media file of a folder, file or s3:// prefix; a rerun adds only what is new.

    Raises `MediaError` where the source is missing, empty or unreadable as a whole, and `LabelingUnavailable` where
    the object store does not answer. A single bad file never stops the rest: it becomes an outcome.
    """
    from annolake.lake.catalog import open_lake

    place = open_source(settings, source)
    landing = Landing(f"media-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}", datetime.now(UTC))
    with _store_errors(settings), contextlib.ExitStack() as stack:
        candidates, problems = place.candidates()
        client = s3_client(settings)
        client.list_objects_v2(Bucket=settings.media_bucket, Prefix="assets/", MaxKeys=1)  # there, before any work
        staging = stack.enter_context(_staging(settings))
        lake = stack.enter_context(open_lake(settings))
        run = _Run(
            settings, place, client, Register(lake, landing), staging,
            prober=stack.enter_context(Prober(workers, limits)),
            threads=stack.enter_context(ThreadPoolExecutor(workers)),
        )  # fmt: skip
        run.known = run.register.known_versions(place.prefix)
        run.finish_chunk([], problems)
        done = 0
        for chunk in _chunks(candidates):
            run.chunk(chunk)
            done += len(chunk)
            if on_progress:
                on_progress(f"{done:,} of {len(candidates):,} files, {run.n_refused:,} refused")
    return run.report()


@dataclass
class _Run:
    """One ingest: what it works with and what it has found."""

    settings: Settings
    source: Source
    client: S3Client
    register: Register
    staging: Path
    prober: Prober
    threads: ThreadPoolExecutor
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    n_known: int = 0

    @property
    def n_refused(self) -> int:
        return sum(not o.is_ok for o in self.outcomes)

    def report(self) -> IngestReport:
        told = self.outcomes
        return IngestReport(
            n_registered=sum(o.is_ok and o.reason_code in REGISTERED for o in told),
            n_known=self.n_known,
            n_refused=self.n_refused,
            n_duplicate=sum(o.reason_code == "duplicate_of" for o in told),
            n_skipped=sum(o.is_ok and o.reason_code == "not_media" for o in told),
            outcomes=told,
        )

    # -- one chunk ---------------------------------------------------------------------------------------------------

    def chunk(self, chunk: list[Candidate]) -> None:
        """Stage, tell apart, probe and upload, then commit the chunk."""
        found = list(self.threads.map(self._stage, chunk))
        self.n_known += sum(f is None for f in found)
        staged = [f for f in found if isinstance(f, Staged)]
        names = self.register.asset_names(s.asset_id for s in staged)
        firsts: dict[str, Staged] = {}
        for one in staged:
            if one.asset_id not in names:
                firsts.setdefault(one.asset_id, one)
        made = dict(zip(firsts, self.threads.map(self._make, firsts.values()), strict=True))
        assets = [row for row in made.values() if not isinstance(row, MediaError)]
        self.register.add_assets([row.row for row in assets])
        outcomes: list[Outcome] = []
        objects: list[Staged] = []
        for item in found:
            if isinstance(item, Outcome):
                outcomes.append(item)
            elif item is not None:
                outcomes.append(self._verdict(item, made.get(item.asset_id), names, firsts))
                if outcomes[-1].is_ok:
                    objects.append(item)
                item.path.unlink(missing_ok=True)
        self.finish_chunk(objects, outcomes)

    def finish_chunk(self, objects: list[Staged], outcomes: list[Outcome]) -> None:
        """Commit media objects and outcomes."""
        if objects:
            self.register.add_objects([object_row(s) for s in objects])
        self.register.add_outcomes(outcomes)
        self.outcomes += outcomes

    def _stage(self, candidate: Candidate) -> Staged | Outcome | None:
        """A private copy; an outcome where there can be none; None where this version is known."""
        started = time.monotonic()
        try:
            if not wants_probe(self.source, candidate):
                why = "Skipped: neither its name nor its content says that it is audio or video."
                return skipped(candidate.uri, candidate.name, candidate.version or None, why)
            versions = self.known.get(candidate.uri)
            if versions and self.source.version(candidate) in versions:
                return None
            staged = self.source.fetch(candidate, self.staging / secrets.token_hex(8))
        except MediaError as error:
            return refused(candidate.uri, candidate.name, error, candidate.version or None, time.monotonic() - started)
        if versions and staged.version in versions:
            staged.path.unlink()
            return None
        return staged

    def _make(self, staged: Staged) -> _Made | MediaError:
        """Probe a new content and upload it with its peaks."""
        started = time.monotonic()
        peaks_path = staged.path.with_suffix(".peaks")
        try:
            probe = self.prober.probe(staged.path, peaks_path)
        except MediaError as error:
            return error
        media_bucket = self.settings.media_bucket
        peaks_uri = None
        if probe.has_peaks:
            key = f"peaks/{staged.asset_id}.json"
            self._upload(peaks_path, key, "application/json")
            peaks_uri = f"s3://{media_bucket}/{key}"
            peaks_path.unlink()
        uri = staged.candidate.uri
        if not self.source.is_in_place:
            extension = fitting_extension(staged.candidate.name, probe)
            key = f"assets/{staged.asset_id[:2]}/{staged.asset_id}{extension}"
            self._upload(staged.path, key, content_type(extension, probe))
            uri = f"s3://{media_bucket}/{key}"
        playable_uri, problem = (None, None) if plays(probe) else self._copy(staged, probe)
        row = asset_row(staged, probe, uri, peaks_uri, playable_uri)
        return _Made(row, probe, time.monotonic() - started, problem)

    def _copy(self, staged: Staged, probe: Probe) -> tuple[str | None, MediaError | None]:
        """Location of the copy that browsers play, or why there is none."""
        extension = copy_extension(probe)
        path = staged.path.with_suffix(f".play{extension}")
        try:
            self.prober.copy(staged.path, probe, path)
            key = f"playable/{staged.asset_id}{extension}"
            self._upload(path, key, content_type(extension, probe))
        except MediaError as error:
            return None, error
        finally:
            path.unlink(missing_ok=True)
        return f"s3://{self.settings.media_bucket}/{key}", None

    def _upload(self, path: Path, key: str, kind: str) -> None:
        self.client.upload_file(str(path), self.settings.media_bucket, key, ExtraArgs={"ContentType": kind})

    def _verdict(
        self, staged: Staged, made: _Made | MediaError | None, names: dict[str, str], firsts: dict[str, Staged]
    ) -> Outcome:
        uri, name = staged.candidate.uri, staged.candidate.name
        if isinstance(made, MediaError):
            if made.code == "not_media" and not claims_media(name):
                return skipped(uri, name, staged.version, "Skipped: its content is not audio or video.")
            return refused(uri, name, made, staged.version)
        first = firsts.get(staged.asset_id)
        if made is None or first is not staged:
            other = names.get(staged.asset_id) or (first.candidate.name if first else "")
            why = f"The same content is registered as {other}."
            return Outcome(uri, name, staged.version, True, "duplicate_of", why, 0.0, staged.asset_id)
        return _registered(staged, made)


@dataclass(frozen=True, slots=True)
class _Made:
    row: dict[str, Any]
    probe: Probe
    seconds: float
    not_playable: MediaError | None = None
    """Why browsers play neither the file nor a copy of it."""


def _registered(staged: Staged, made: _Made) -> Outcome:
    name, probe = staged.candidate.name, made.probe
    code, reasons = None, [f"Registered, but {note}." for note in probe.notes]
    if claims_media(name) and not _fits(name, probe.extension):
        code = "wrong_extension"
        reasons = [f"Registered: its content is {probe.container}, though its name ends in {PurePath(name).suffix}."]
    if made.not_playable:
        code = "not_playable"
        reasons.append(
            "Registered, but browsers do not play it, and no copy that they play could be made: "
            f"{made.not_playable.message} Convert it with another program, then ingest that file."
        )
    reason = " ".join(reasons) or None
    if reason:
        log.warning("%s: %s", staged.candidate.uri, reason)
    return Outcome(staged.candidate.uri, name, staged.version, True, code, reason, made.seconds, staged.asset_id)


def fitting_extension(name: str, probe: Probe) -> str:
    """The name's own extension where it fits the content, else the one that does."""
    suffix = PurePath(name).suffix.lower()
    return suffix if _fits(name, probe.extension) else probe.extension


def content_type(extension: str, probe: Probe) -> str:
    """The MIME type to serve it as."""
    return TYPES.get(extension) or mimetypes.types_map.get(extension) or f"{probe.media_type}/{probe.container}"


def _fits(name: str, extension: str) -> bool:
    suffix = PurePath(name).suffix.lower()
    return suffix == extension or any(suffix in group and extension in group for group in SAME_FORMAT)


def _chunks(candidates: list[Candidate]) -> Iterator[list[Candidate]]:
    chunk: list[Candidate] = []
    size = 0
    for candidate in candidates:
        if chunk and (len(chunk) == CHUNK_FILES or size + candidate.bytes > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(candidate)
        size += candidate.bytes
    if chunk:
        yield chunk


@contextlib.contextmanager
def _staging(settings: Settings) -> Iterator[Path]:
    """A private folder; those that killed runs left behind go after a day."""
    root = settings.home / "staging"
    root.mkdir(parents=True, exist_ok=True)
    for old in root.iterdir():
        if time.time() - old.stat().st_mtime > STALE_S:
            shutil.rmtree(old, ignore_errors=True)
    folder = root / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _store_errors(settings: Settings) -> Iterator[None]:
    where = settings.s3_endpoint_url or "Amazon S3"
    try:
        yield
    except (S3ConnectionError, HTTPClientError) as error:
        raise LabelingUnavailable(
            f"The object store at {where} does not answer: {error}.", hint="Start it with: annolake up"
        ) from None
    except ClientError as error:
        told = error.response.get("Error", {})
        raise MediaError(
            "store_refused",
            f"The object store at {where} refused {error.operation_name} on bucket {settings.media_bucket}: "
            f"{told.get('Code')} {told.get('Message', '')}".rstrip(),
            hint="Compare media_bucket, access_key and s3_endpoint: annolake config show",
        ) from None
