"""The REST API's root."""

from __future__ import annotations

from ninja import NinjaAPI

api = NinjaAPI(title="Onloan", version="1", urls_namespace="api")
