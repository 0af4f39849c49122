"""RenderUiTemplate: a template with data, without a job."""

from __future__ import annotations

import json
from typing import Any

from annolake.service.core import Service
from annolake.service.faults import invalid
from annolake.service.grants import grant_for
from annolake.service.templates import TemplateFault, render

SECONDS = 3600


def render_ui_template(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """RenderUiTemplate: faults of the template come in `Errors`, with HTTP 200."""
    if request.get("HumanTaskUiArn"):
        raise invalid("HumanTaskUiArn: built-in worker UIs are not supported by this service; give UiTemplate.Content")
    if not request.get("UiTemplate"):
        raise invalid("UiTemplate is needed")
    try:
        values = json.loads(request["Task"]["Input"])
    except (ValueError, RecursionError):
        raise invalid("Task.Input is not JSON") from None
    if not isinstance(values, dict):
        raise invalid("Task.Input must be a JSON object")
    origin = service.settings.service_url
    try:
        grant = grant_for(service, values, origin, SECONDS)
        content = render(request["UiTemplate"]["Content"], values, grant, origin)
    except TemplateFault as fault:
        return {"RenderedContent": "", "Errors": [{"Code": fault.code, "Message": str(fault)}]}
    return {"RenderedContent": content, "Errors": []}
