"""`haversack completion`: what a shell needs to complete words."""

from __future__ import annotations

from typing import Literal

from haversack.cli.here import Here


def completion(shell: Literal["bash", "zsh", "fish"], /, *, here: Here) -> None:
    """Print the shell's completion script.

    Example: haversack completion bash > ~/.local/share/bash-completion/completions/haversack

    Parameters
    ----------
    shell
        Which shell.
    """
    from haversack.cli.app import app

    here.around.stdout.write(app.generate_completion(prog_name="haversack", shell=shell) + "\n")
