"""The worker UIs that jobs name by `HumanTaskUiArn` where Ground Truth takes no template: frames of a video."""

from __future__ import annotations

from annolake.service.task_types import TaskType

VIDEO_FRAMES = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Frames of a video</title>
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
<annolake-frames name="ELEMENT"
  frames="[
    {%- for frame in task.input.frames -%}
    {%- unless forloop.first -%},{%- endunless -%}
    [{{ frame.frame-no }},{{ frame.frame | to_json }},{{ frame.ref | grant_read_access | to_json }}]
    {%- endfor -%}
  ]"
  categories="{{ task.input.categories | to_json }}"
  {% if task.input.audited %}initial-src="{{ task.input.audited | grant_read_access }}"{% endif %}>
  {% assign instructions = task.input.categories.instructions %}
  {% if instructions.shortInstruction %}
  <short-instructions>{{ instructions.shortInstruction | skip_autoescape }}</short-instructions>
  {% endif %}
  {% if instructions.fullInstruction %}
  <full-instructions>{{ instructions.fullInstruction | skip_autoescape }}</full-instructions>
  {% endif %}
</annolake-frames>
</crowd-form>
"""
"""Liquid as of any job: what it shows is escaped, what it grants stands in the task's input, its frame is as closed."""

ELEMENTS = {"tracks": "trackingAnnotations", "detections": "detectionAnnotations"}


def built_in_ui(kind: TaskType) -> str | None:
    """The template behind a task type's worker UI; None for types that bring their own."""
    return VIDEO_FRAMES.replace("ELEMENT", ELEMENTS[kind.kind or ""]) if kind.ui else None
