"""The API under /api/v1/: who may knock, what it reads and answers, how it describes itself."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    # The token comes first: its challenge is what makes an unauthenticated request a 401 and not a 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "trialsite.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["trialsite.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["trialsite.api.renderers.PlainJSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_FILTER_BACKENDS": [],
    "DEFAULT_SCHEMA_CLASS": "trialsite.api.schema.ApiSchema",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    # Per user and scope: generous for a ward at work, small for a script that runs away.
    "DEFAULT_THROTTLE_RATES": {"read": "1200/min", "command": "300/min", "description": "60/min"},
    "EXCEPTION_HANDLER": "trialsite.api.problems.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
    "LIST_SERIALIZER_ERRORS_AS_DICT": True,
}

API_MAX_BODY_BYTES = 256 * 1024
API_MAX_JSON_DEPTH = 32

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "trialsite API",
    "VERSION": "1",
    "DESCRIPTION": (
        "The participants of a CAR-T trial, what is due for them and what was recorded. Errors are problem "
        "details (RFC 9457). Every POST but the stateless evaluation, which stores nothing, carries an "
        "`Idempotency-Key`, every PATCH an `If-Match` with the `ETag` that was read. Instants carry an offset; lists are read page by page through `next` and `previous`."
    ),
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False, "validatorUrl": None},
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["trialsite.api.schema.split_by_method"],
    "POSTPROCESSING_HOOKS": [],  # enums stay where they are used: no invented names, no collisions
}
