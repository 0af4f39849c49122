"""What a landing found and did, for people and programs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LandReport:
    """What one landing found and did."""

    job_name: str
    landing_id: str
    n_sources: int = 0
    """Files read: manifests and worker responses."""
    n_lines: int = 0
    """Manifest lines that this landing added; those that another one added meanwhile are not counted."""
    n_answers: int = 0
    """Answers of worker-response files that it added, likewise."""
    n_rows: dict[str, int] = field(default_factory=dict)
    """Table -> rows appended."""
    quarantined: dict[str, int] = field(default_factory=dict)
    """`table rule` -> rows that broke it."""
    faults: tuple[str, ...] = ()
    """Why inputs did not land, in words."""
    failed_checks: tuple[str, ...] = ()
    """Checks of severity fail that do not hold: they hold the release."""

    def __str__(self) -> str:
        if not self.n_sources:
            return f"{self.job_name}: nothing new."
        parts = [f"{self.job_name}: {self.n_lines} lines and {self.n_answers} answers of {self.n_sources} files landed"]
        if self.quarantined:
            parts.append(f"{sum(self.quarantined.values())} rows quarantined")
        if self.faults:
            parts.append(f"{len(self.faults)} inputs refused, the first: {self.faults[0]}")
        if self.failed_checks:
            parts.append(f"checks that hold the release: {', '.join(self.failed_checks)}")
        return "; ".join(parts)
