"""The hooks are in the code that is deployed, and the handler leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.operations.doctor.check import Check
from cirrus_callbacks_plugin.package.contents import inspect
from cirrus_callbacks_plugin.package.plugin import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.doctor.parts import Parts
    from cirrus_callbacks_plugin.package.archive import Files

AREA = "hooks"
_PACKAGE_DO = "deploy a zip with the hooks: docs/installing"
_FILMDROP_DO = (
    "On FilmDrop its name is cirrus_lambda_zip_filepath of modules/cirrus, and lambda_zip_filepath "
    "in cirrus_inputs of the root: Terraform drops any other one there without a word"
)


def hooks(parts: Parts, function: str, name: str | None) -> Iterator[Check]:
    """Whether a function of cirrus's runs wrapped.

    Args:
        parts: the deployment's parts.
        function: ``process`` or ``update-state``.
        name: what it is called here.
    """
    configuration = parts.function(name)
    if configuration is None:
        finding = f"there is no function {name}" if name else "its name is not known"
        yield Check(AREA, function, False, finding, "is it the right deployment?")
        return
    if configuration.get("PackageType") == "Image":
        finding = f"{name} is a container image, which cannot be looked into"
        do = f"its command must be {PACKAGE}.lambda_functions.{_module(function)}.lambda_handler"
        yield Check(AREA, function, None, finding, do)
        return
    yield _judge(function, configuration, parts.files_of(str(name)), str(name))


def _module(function: str) -> str:
    return function.replace("-", "_")


def _judge(function: str, configuration: dict[str, Any], files: Files, name: str) -> Check:
    handler = str(configuration.get("Handler", ""))
    ours = f"{PACKAGE}.lambda_functions.{_module(function)}"
    source = files.get(f"{handler.rpartition('.')[0].replace('.', '/')}.py")
    leads = handler.startswith(ours) or (source is not None and ours.encode() in source.data)
    held = f"{PACKAGE}/__init__.py" in files
    layers = bool(configuration.get("Layers"))
    if not leads and not held and not layers:
        finding = f"{name} runs {handler} from a zip without hooks"
        return Check(AREA, function, False, finding, f"{_PACKAGE_DO}. {_FILMDROP_DO}")
    if not leads:
        finding = f"{name} runs {handler}, which is not wrapped"
        return Check(AREA, function, False, finding, _PACKAGE_DO)
    if not held and not layers:
        finding = f"the handler of {name} wants {PACKAGE}, which is not in its zip"
        return Check(AREA, function, False, finding, _PACKAGE_DO)
    version = inspect(files, name).plugin if held else None
    if held and version is None:
        finding = f"{name} holds {PACKAGE} without its *.dist-info: its hooks are not found"
        return Check(AREA, function, False, finding, "keep its *.dist-info when slimming the zip")
    finding = f"{name} runs wrapped" + (f", plugin {version}" if version else " (from a layer)")
    return Check(AREA, function, True, finding)
