"""Give the built package the dependencies that requirements/runtime.in lists."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class RequirementsHook(MetadataHookInterface):
    """Read the dependencies, so that they are written down once."""

    def update(self, metadata: dict[str, object]) -> None:
        """Add the dependencies to the project's metadata."""
        lines = (Path(self.root) / "requirements" / "runtime.in").read_text("utf-8").splitlines()
        names = (line.partition(" #")[0].strip() for line in lines)
        metadata["dependencies"] = [name for name in names if name and name != "hatchling"]
