"""Give the built package the dependencies that requirements/*.in list."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class RequirementsHook(MetadataHookInterface):
    """Read the dependencies, so that they are written down once."""

    def update(self, metadata: dict[str, object]) -> None:
        """Add the dependencies to the project's metadata."""
        metadata["dependencies"] = [name for name in self._names("runtime") if name != "hatchling"]
        metadata["optional-dependencies"] = {"telemetry": self._names("telemetry")}

    def _names(self, name: str) -> list[str]:
        lines = (Path(self.root) / "requirements" / f"{name}.in").read_text("utf-8").splitlines()
        names = (line.partition(" #")[0].strip() for line in lines)
        return [name for name in names if name and not name.startswith("-r ")]
