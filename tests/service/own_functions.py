"""Annotation functions as a user of Ground Truth has them: handlers for Lambda, with a plain boto3 client."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import boto3


def before(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Ask people about all but the lines that say otherwise."""
    print("what a function prints goes to the log")  # noqa: T201 - functions do
    line = event["dataObject"]
    assert event["version"] == "2018-10-16" and context.get_remaining_time_in_millis() > 0
    if line.get("do") == "raise":
        raise RuntimeError("no such clip")
    if line.get("do") == "hang":
        time.sleep(60)
    if line.get("do") == "exit":
        sys.exit(3)
    return {
        "taskInput": {
            "question": f"What is {line['source']}?",
            "secrets": sorted(k for k in os.environ if "ANNOLAKE" in k),
        },
        "isHumanAnnotationRequired": "false" if line.get("do") == "skip" else "true",
    }


def after(event: dict[str, Any], _context: Any) -> list[dict[str, Any]]:
    """Everything that anybody said, but nothing about the first object."""
    place = urlparse(event["payload"]["s3Uri"])
    body = boto3.client("s3").get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
    attribute = event["labelAttributeName"]
    entries = []
    for item in json.loads(body):
        said = {a["workerId"]: json.loads(a["annotationData"]["content"]) for a in item["annotations"]}
        content = {attribute: {"said": said}, f"{attribute}-metadata": {"colour": "red", "type": "mine"}}
        if item["datasetObjectId"] != "0":
            entries.append({"datasetObjectId": item["datasetObjectId"], "consolidatedAnnotation": {"content": content}})
    return entries


def broken(_event: dict[str, Any], _context: Any) -> list[dict[str, Any]]:
    """A function with a bug."""
    raise KeyError("answers")


def slow(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """A function that waits for a file."""
    while not Path(event["dataObject"]["source"]).exists():
        time.sleep(0.02)
    return {"taskInput": {"question": "Is it there?"}}
