"""The public status page: where what runs, since when, and how many joined."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def status_json(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"markets": []})
