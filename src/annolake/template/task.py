"""What a template is tried out with: a line of a manifest, as the task type's function hands it to the template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from annolake.config import Settings
from annolake.errors import AnnolakeError, ManifestError
from annolake.labeling import clients
from annolake.service.manifests import parse_labels
from annolake.service.templates import TemplateFault, render
from transforms import strict_json

SIGNED_SECONDS = 3600


@dataclass
class Trial:
    """A template and a task. Both files are read anew at each `render`, so that an edit shows on reload."""

    settings: Settings
    template: Path
    manifest: Path | None = None
    line_no: int = 1
    labels: list[str] = field(default_factory=list)
    """Labels of a built-in task type; none for a custom one, whose template sees the line as it is."""
    media: dict[str, Path] = field(default_factory=dict)
    """Address in the page -> local file, of the sources that lie on this machine."""

    def input(self) -> dict[str, Any]:
        """`task.input`. Raises `ManifestError` where the manifest has no such line."""
        values = self._line()
        if not self.labels:
            return values
        given = {"taskObject": values.get("source-ref", values.get("source")), "labels": self.labels}
        return given | {"manifestLine": values}

    def render(self, origin: str) -> str:
        """The page; raises `TemplateFault` with line and column, `AnnolakeError` where a file cannot be read."""
        try:
            text = self.template.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise AnnolakeError(f"{self.template} cannot be read: {error}.") from None
        values = self.input()
        return render(text, values, self._grant(origin, set(addresses(values))), origin)

    def _line(self) -> dict[str, Any]:
        if self.manifest is None:
            return {}
        try:
            lines = self.manifest.read_bytes().splitlines()
        except OSError as error:
            raise AnnolakeError(f"{self.manifest} cannot be read: {error.strerror}.") from None
        if not 1 <= self.line_no <= len(lines):
            raise ManifestError(str(self.manifest), self.line_no, f"there are {len(lines)} lines")
        try:
            values = strict_json.load(lines[self.line_no - 1])
        except ValueError as error:
            raise ManifestError(str(self.manifest), self.line_no, f"not JSON: {error}") from None
        if not isinstance(values, dict):
            raise ManifestError(str(self.manifest), self.line_no, "a JSON object is expected")
        return values

    def _grant(self, origin: str, allowed: set[str]) -> Callable[[str], str]:
        """Local files are served by the preview, `s3://` ones signed for the object store of the settings."""

        def grant(uri: str) -> str:
            if uri not in allowed:
                raise TemplateFault("GrantRefused", f"grant_read_access: {uri!r} does not stand in this task's input")
            if uri.startswith("s3://"):
                bucket, _, key = uri.removeprefix("s3://").partition("/")
                with closing(clients.s3(self.settings)) as s3:
                    return str(
                        s3.generate_presigned_url(
                            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=SIGNED_SECONDS
                        )
                    )
            path = Path(uri.removeprefix("file://"))
            file = path if path.is_absolute() else (self.manifest or self.template).parent / path
            if not file.is_file():
                raise TemplateFault("GrantRefused", f"grant_read_access: {uri!r} is neither s3:// nor a file here")
            address = f"/media/{len(self.media)}/{quote(file.name)}"
            known = next((a for a, f in self.media.items() if f == file), None)
            self.media[known or address] = file
            return origin + (known or address)

        return grant


def addresses(value: Any) -> Iterator[str]:
    """Every text in a task's input; a template is untrusted, so that it may show these and nothing else."""
    if isinstance(value, str):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from addresses(child)


def read_labels(text: str | None) -> list[str]:
    """Labels from a comma-separated list or a label category configuration file."""
    if not text:
        return []
    if not Path(text).is_file():
        return [label.strip() for label in text.split(",") if label.strip()]
    try:
        return parse_labels(Path(text).read_bytes())
    except (OSError, ValueError) as error:
        raise AnnolakeError(f"{text}: {error}.") from None
