"""What the parts of the service share: settings, store, objects, and how workers are named."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass, field

from annolake.config import ACCOUNT_ID, Settings
from annolake.service.buckets import Buckets
from annolake.service.objects import Objects, bucket_names, open_objects
from annolake.service.store import Store


@dataclass
class Service:
    """One running service."""

    settings: Settings
    store: Store
    buckets: Buckets
    objects: Objects
    wake: threading.Event = field(default_factory=threading.Event)
    """Set when the engine has something to do before its next look around."""

    @classmethod
    def open(cls, settings: Settings) -> Service:
        """Open store and buckets; makes them where they are not yet."""
        buckets = Buckets(settings.buckets_folder, bucket_names(settings))
        objects = open_objects(settings, buckets)
        return cls(settings, Store(settings.service_database_url), buckets, objects)

    def arn(self, resource: str) -> str:
        """ARN of a SageMaker resource of this service."""
        return f"arn:aws:sagemaker:{self.settings.region}:{ACCOUNT_ID}:{resource}"

    def worker_id(self, subject: str) -> str:
        """`private.<region>.<16 hex>`: the same worker in every job, not to be turned back without the secret."""
        return f"private.{self.settings.region}.{self.digest('worker', subject)[:16]}"

    def digest(self, purpose: str, text: str) -> str:
        """Keyed hex digest; each purpose has its own key."""
        key = hmac.new(self.settings.service_secret.encode(), purpose.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
