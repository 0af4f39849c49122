"""Every error that Annolake raises on purpose.

    AnnolakeError                what failed, where, what was expected, what to do next
    ├── ConfigError              a setting is unknown, malformed or contradicts another
    ├── MediaError               a media file cannot be used
    ├── ManifestError            a manifest line breaks the contract
    ├── LabelingError            a labeling backend refused, or a job failed
    │   └── LabelingUnavailable  ... does not answer now                        (Retryable)
    ├── LakeError                catalog, table or release
    │   └── CommitConflict       ... another writer was faster                  (Retryable)
    ├── QualityError             a check of severity `fail` holds a release
    ├── DeliveryError            a mail server or webhook did not take a message   (Retryable)
    ├── SqlRefused               an analyst's statement is not one read-only SELECT
    └── ProcessError             a port is taken, a process died, another run holds the lock
        └── ReaderLost           ... one that read files for a landing          (Retryable)

`Retryable` decides, once for all, whether Airflow tries again.
"""

from __future__ import annotations


class Retryable:
    """Mixin: the same call may succeed later."""


class AnnolakeError(Exception):
    """What failed, where and what was expected, with what to do next in `hint`."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigError(AnnolakeError):
    """A setting is unknown, malformed or contradicts another."""


class MediaError(AnnolakeError):
    """A media file cannot be used; `code` is the reason that lands in `bronze.landing_outcome`."""

    def __init__(self, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class ManifestError(AnnolakeError):
    """A manifest line breaks the Ground Truth contract."""

    def __init__(self, uri: str, line_no: int, problem: str, *, hint: str | None = None) -> None:
        super().__init__(f"{uri} line {line_no}: {problem}", hint=hint)
        self.uri = uri
        self.line_no = line_no
        self.problem = problem


class LabelingError(AnnolakeError):
    """A labeling backend refused a request, or a job ended without its labels."""


class LabelingUnavailable(Retryable, LabelingError):
    """The labeling backend does not answer now."""


class LakeError(AnnolakeError):
    """A catalog, table or release is not as it must be."""


class CommitConflict(Retryable, LakeError):
    """Another writer committed first, more often than the bounded retries allow."""


class QualityError(AnnolakeError):
    """A check of severity `fail` did not hold; nothing was released."""


class DeliveryError(Retryable, AnnolakeError):
    """A mail server or a webhook did not take a message."""


class SqlRefused(AnnolakeError):
    """An analyst's statement is not one read-only SELECT, or ran past its limits."""


class ProcessError(AnnolakeError):
    """A port is taken, a process died, or another run holds the lock."""


class ReaderLost(Retryable, ProcessError):
    """A process that read files for a landing ended before it was done; `code` is negative for a signal."""

    def __init__(self, code: int, what: str) -> None:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        super().__init__(
            f"The process that read {what} {how}.",
            hint="Nothing half-read was kept: try again. The kernel ends processes where memory is short.",
        )
        self.code = code
