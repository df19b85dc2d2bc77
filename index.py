"""Entry for `uvicorn index:app`, `fastapi dev index.py` and serverless hosts.

On a machine with a disk it prepares the data folder, the keys and the schema as `safeplate serve` does. On a
serverless host, which forgets its disk, the database and the keys come from settings.
"""

from backend.main import create_prepared_app

app = create_prepared_app()
