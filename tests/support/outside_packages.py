"""A contract for import-linter: which packages from outside a part of the package may reach."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class OutsidePackages(Contract):
    """A list of what is allowed: one of what is not would never be complete.

    Attributes:
        source_modules: folders and modules, with everything that they reach.
        allowed_modules: packages from outside; the standard library is allowed in any case.
    """

    type_name = "outside_packages"

    source_modules = fields.SetField(subfield=fields.ModuleField())
    allowed_modules = fields.SetField(subfield=fields.ModuleField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look for the shortest way from each source to each package that is not allowed."""
        del verbose
        allowed = {module.name for module in self.allowed_modules} | sys.stdlib_module_names
        outside = {
            name for name in graph.modules if graph.is_module_squashed(name) and name not in allowed
        }
        ways = {
            tuple(chain)
            for source in self.source_modules
            for package in outside
            for chain in graph.find_shortest_chains(source.name, package, as_packages=True)
        }
        return ContractCheck(kept=not ways, metadata={"ways": sorted(ways)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Every way, an import after the other."""
        for way in check.metadata["ways"]:
            output.print_error("- " + " -> ".join(way))
