"""Browser files: third-party scripts copied from installed wheels, and addresses that change with content."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for

from marketplace.config import PROJECT_ROOT

HASH_LENGTH = 12


class AssetError(RuntimeError):
    """A browser file is missing or is not the file that was reviewed; the text says which."""


@dataclass(frozen=True)
class VendorScript:
    """One script that a wheel carries: where it lies and what its bytes must be."""

    package: str
    path: str
    sha256: str


# The pinned sums make a changed wheel stop the set-up instead of reaching a browser.
VENDOR_SCRIPTS = {
    "htmx.js": VendorScript(
        "js_lib_htmx",
        "static/htmx/htmx.min.js",
        "491955cd1810747d7d7b9ccb936400afb760e06d25d53e4572b64b6563b2784e",
    ),
    "echarts.js": VendorScript(
        "vizly",
        "assets/echarts.min.js",
        "e84270bd0cd5bdf60fefc26d00c2a391cb2e81f4d26a7a9ee16185a54773a3cf",
    ),
}


def vendor_file_name(name: str, script: VendorScript) -> str:
    """The installed name carries the hash: `htmx.491955cd1810.js`."""
    stem, suffix = name.rsplit(".", 1)
    return f"{stem}.{script.sha256[:HASH_LENGTH]}.{suffix}"


def find_package_folder(package: str) -> Path:
    """Folder of an installed package, found without running its code."""
    specification = importlib.util.find_spec(package)
    if specification is None or not specification.submodule_search_locations:
        raise AssetError(f"package {package} is not installed, so its browser files cannot be copied")
    return Path(next(iter(specification.submodule_search_locations)))


def install_assets(
    static_folder: Path = PROJECT_ROOT / "static", *, scripts: Mapping[str, VendorScript] = VENDOR_SCRIPTS
) -> list[Path]:
    """Copy the pinned scripts to `vendor/` in the static folder, a gzip copy beside each; safe to run twice."""
    target = static_folder / "vendor"
    installed = []
    for name, script in scripts.items():
        source = find_package_folder(script.package) / script.path
        if not source.is_file():
            raise AssetError(f"{name}: {script.package} has no file {script.path}")
        content = source.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest != script.sha256:
            raise AssetError(f"{name}: SHA-256 is {digest}, expected {script.sha256}; nothing was copied")
        destination = target / vendor_file_name(name, script)
        _write_whole(destination, content)
        # mtime 0 keeps the compressed copy identical between two installs.
        _write_whole(destination.with_name(destination.name + ".gz"), gzip.compress(content, 9, mtime=0))
        installed.append(destination)
    return installed


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside and rename, so that a running server never serves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_bytes() == content:
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@lru_cache(maxsize=256)
def _content_hash(path: Path, modified_ns: int, size: int) -> str:
    """Hash of a file; time and size are part of the key so that an edited file is read again."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_LENGTH]


def resolve_asset(name: str, static_folder: Path) -> tuple[str, str | None]:
    """File name under `static/` and the version to add, or None where the name carries its hash."""
    if name.startswith("vendor/"):
        script = VENDOR_SCRIPTS.get(name.removeprefix("vendor/"))
        if script is None:
            raise AssetError(f"{name} is not a known third-party script")
        return "vendor/" + vendor_file_name(name.removeprefix("vendor/"), script), None
    path = static_folder / name
    try:
        status = path.stat()
    except FileNotFoundError:
        raise AssetError(f"static file {name} does not exist") from None
    return name, _content_hash(path, status.st_mtime_ns, status.st_size)


def register(app: Flask) -> None:
    """Give templates `asset_url("css/base.css")`, an address that may be cached for ever."""

    def asset_url(name: str) -> str:
        file_name, version = resolve_asset(name, Path(app.static_folder or PROJECT_ROOT / "static"))
        return url_for("static", filename=file_name, v=version)

    app.jinja_env.globals["asset_url"] = asset_url
