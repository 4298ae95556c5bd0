"""Stand-ins for a package index and a checkout: tiny wheels that pip itself reads, and a few files of facepatch."""

from __future__ import annotations

import zipfile
from pathlib import Path

CP311 = "cp311-cp311-manylinux2014_x86_64"
CP39 = "cp39-cp39-manylinux2014_x86_64"
CP310 = "cp310-cp310-manylinux2014_x86_64"
ABI3 = "cp312-abi3-manylinux_2_28_x86_64"


def write_wheel(folder: Path, name: str, version: str, tag: str, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\nRoot-Is-Purelib: false\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def write_index(folder: Path) -> Path:
    """Wheels for Python 3.9, 3.10, 3.11 and 3.13 on Linux, with newer ones that must not be taken."""
    for tag in (CP39, CP310, CP311):
        write_wheel(
            folder, "numpy", "1.26.4", tag, {"numpy/__init__.py": "", "numpy.libs/libblas.so": "blas"}
        )
        write_wheel(folder, "numpy", "2.1.0", tag, {"numpy/__init__.py": ""})
        write_wheel(folder, "pyzmq", "27.0.0", tag, {"zmq/__init__.py": "", "zmq/_zmq.so": tag})
        write_wheel(folder, "pyzmq", "28.0.0", tag, {"zmq/__init__.py": ""})
    write_wheel(folder, "numpy", "2.2.6", "cp313-cp313-manylinux2014_x86_64", {"numpy/__init__.py": ""})
    write_wheel(folder, "pyzmq", "27.0.0", ABI3, {"zmq/__init__.py": ""})
    return folder


def write_checkout(folder: Path, version: str, files: dict[str, str]) -> Path:
    backend = folder / "backend" / "facepatch"
    scripts = folder / "maya_module" / "scripts"
    everything = {
        backend / "__init__.py": f'"""facepatch."""\n\n__version__ = "{version}"\n',
        backend / "core" / "__init__.py": "",
        backend / "core" / "errors.py": "one = 1\n",
        backend / "pipelines" / "run.py": "not for Maya\n",
        scripts / "facepatch_maya" / "__init__.py": f"# {version}\n",
        scripts / "facepatch_maya" / "__pycache__" / "x.cpython-311.pyc": "compiled",
        scripts / "facepatch.mel": "global proc facepatch() {}\n",
        folder / "maya_module" / "install.py": "for the sources\n",
        folder / "maya_module" / "README.md": "for the sources\n",
        folder / "LICENSE": "Apache\n",
        **{folder / name: text for name, text in files.items()},
    }
    for path, text in everything.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
