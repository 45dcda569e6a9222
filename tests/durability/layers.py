"""Compiles the preloaded layers (unsynced.c, faults.c) once per change."""

import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


def layer(name, build):
    source, made = os.path.join(HERE, name + ".c"), os.path.join(build, name + ".so")
    os.makedirs(build, exist_ok=True)
    if not os.path.exists(made) or os.path.getmtime(made) < os.path.getmtime(source):
        fresh = f"{made}.{os.getpid()}"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wno-address", "-o", fresh, source, "-ldl"],
                       check=True)
        os.rename(fresh, made)
    return made
