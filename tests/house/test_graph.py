"""Apps lean on each other in one direction, and the database follows the models."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp

from tests.house.checkout import apps, none_of


def test_the_graph_of_apps_has_no_cycle() -> None:
    graph = grimp.build_graph("banyan", cache_dir=None)
    leans_on: dict[str, set[str]] = {app.name: set() for app in apps()}
    for module in graph.modules:
        home = _app(module)
        if home in leans_on and ".tests" not in module:
            leans_on[home] |= {_app(other) for other in graph.find_modules_directly_imported_by(module)} - {"", home}

    try:
        TopologicalSorter(leans_on).prepare()
    except CycleError as error:
        raise AssertionError("These apps lean on each other in a circle: " + " -> ".join(error.args[1])) from None


def test_every_change_of_the_models_has_its_migration() -> None:
    from django.apps import apps as installed
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(installed))
    ours = {config.label for config in installed.get_app_configs() if config.name.startswith("banyan.")}
    changes = detector.changes(graph=loader.graph)

    assert ours, "no app of ours is installed"
    none_of(
        (
            f"{label}: {operation.describe()}"
            for label, migrations in changes.items()
            if label in ours
            for migration in migrations
            for operation in migration.operations
        ),
        sentence="Models and migrations differ: django-admin makemigrations, then read what it wrote.",
    )


def _app(module: str) -> str:
    parts = module.split(".")
    return parts[2] if parts[:2] == ["banyan", "apps"] and len(parts) > 2 else ""
