"""Print the JSON Schema of `profile.json`, which goes with every export: `make format` keeps it."""

import json

from backend.schemas.export import ProfileFile

schema = ProfileFile.model_json_schema(mode="serialization")
schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
print(json.dumps(schema, indent=2, sort_keys=True))
