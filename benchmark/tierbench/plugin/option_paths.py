"""Answers an option whose value pytest took for a test folder, before it knew the option.

Every session of an environment that has tierbench installed comes here: nothing heavy is imported.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence

import pytest


def check_option_paths(config: pytest.Config, parser: pytest.Parser, arguments: Sequence[str]) -> None:
    """Answer an option whose value pytest took for a test folder, before it knew the option.

    pytest settles the top of the repository from whatever looks like a path, before it asks plugins for their
    options: with `--robust-reports /somewhere/else` it looks for its settings there.

    Raises:
        pytest.UsageError: a line for each such option.
    """
    strayed = [
        (option, value)
        for option, value in itertools.pairwise(arguments)
        if option.startswith("--robust-") and "=" not in option and not value.startswith("-") and _exists(config, value)
    ]
    if not strayed:
        return
    # The same rules once more, with the options known; pytest has no public name for them.
    from _pytest.config.findpaths import determine_setup

    known = parser.parse_known_args(list(arguments), namespace=copy.copy(config.option))
    root, file, *_ = determine_setup(
        inifile=known.inifilename,
        override_ini=known.override_ini,
        args=known.file_or_dir,
        rootdir_cmd_arg=known.rootdir or None,
        invocation_dir=config.invocation_params.dir,
    )
    if (root, file) != (config.rootpath, config.inipath):
        lines = [
            f"{name} {path}: pytest takes the path for one of tests; write {name}={path}" for name, path in strayed
        ]
        raise pytest.UsageError(*lines)


def _exists(config: pytest.Config, value: str) -> bool:
    try:
        return (config.invocation_params.dir / value).exists()
    except OSError:
        return False
