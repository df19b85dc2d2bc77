"""The contract: `openapi.json`, made from the code and from `backend/data/contract`.

The framework knows paths, parameters and bodies. What a reader needs beyond is added here, in one pass:
problems, headers, limits, examples and links.
"""

from backend.api.contract.document import install

__all__ = ["install"]
