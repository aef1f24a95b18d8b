"""Writes docs/openapi.json, the description of the API, from the code; a test fails when it is stale."""

import json
from pathlib import Path

from api.app import build_routes, description

FILE = Path(__file__).resolve().parent / "openapi.json"

if __name__ == "__main__":
    FILE.write_text(json.dumps(description(build_routes()), indent=1) + "\n", "utf-8")
