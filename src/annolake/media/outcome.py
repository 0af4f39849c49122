"""What became of each input: one `Outcome` a file, which lands as a row of `bronze.landing_outcome`.

| code | is_ok | meaning |
|---|---|---|
| none | yes | registered as new |
| `wrong_extension` | yes | registered; its content is another format than its name says |
| `not_playable` | yes | registered; browsers do not play it, and no copy that they play could be made |
| `duplicate_of` | yes | the same content is registered under another name |
| `not_media` | yes | skipped: neither its name nor its content claims to be media (notes, licences, ...) |
| `not_media` | no | its name says media, its content is not |
| `empty_file` `truncated` `no_stream` `no_duration` `decode_error` | no | broken |
| `timed_out` `too_large_memory` | no | beyond the limits of one probe |
| `unreadable` `symlink_loop` `changed_while_reading` | no | could not be read whole |
"""

from __future__ import annotations

from dataclasses import dataclass, field

from annolake.errors import MediaError


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file of one ingest: landed, skipped, or the reason why not."""

    source_uri: str
    name: str
    source_version: str | None
    is_ok: bool
    reason_code: str | None = None
    reason: str | None = None
    seconds: float = 0.0
    asset_id: str | None = None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. `outcomes` has a row a file that was not known before, in the order of the files."""

    n_registered: int = 0
    n_known: int = 0
    n_refused: int = 0
    n_duplicate: int = 0
    n_skipped: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def n_files(self) -> int:
        return self.n_registered + self.n_known + self.n_refused + self.n_duplicate + self.n_skipped


def refused(source_uri: str, name: str, error: MediaError, version: str | None = None, seconds: float = 0) -> Outcome:
    """The outcome of a file that cannot be used."""
    reason = f"{error.message} {error.hint}" if error.hint else error.message
    return Outcome(source_uri, name, version, False, error.code, reason, seconds)


def skipped(source_uri: str, name: str, version: str | None, why: str) -> Outcome:
    """The outcome of a file that never claimed to be media."""
    return Outcome(source_uri, name, version, True, "not_media", why)
